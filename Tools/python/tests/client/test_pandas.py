"""Columns as pandas has them: nullable types, categories, indices, and times, which are refused."""

from __future__ import annotations

from typing import Any

import pytest

from tessera.client import Axis, Column, ColumnKind, ErrorCode, WireError
from tessera.client.columns import check_column

pandas = pytest.importorskip("pandas", reason="pip install 'tessera[test]' brings pandas")

TIMES = ["2026-11-28T01:30", "2026-11-29T02:00"]


def encode(kind: ColumnKind, values: Any) -> bytes:
    width = 2 if kind == ColumnKind.VECTOR else 1
    return check_column(Column("word", Axis.COUPON, kind, width), values, len(values), 3).encode()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("kind", [ColumnKind.NUMBER, ColumnKind.INTEGER])
def test_a_time_is_refused_in_whatever_unit_pandas_keeps_it(kind: ColumnKind, unit: str) -> None:
    moments = pandas.Series(pandas.to_datetime(TIMES)).dt.as_unit(unit)
    spans = moments - moments.iloc[0]
    for times in (moments, moments.dt.tz_localize("UTC"), spans, moments.dt.to_period("D")):
        for given in (times, times.astype(object), times.array):
            with pytest.raises(WireError, match=r"row 0: .* is a time; give a count of days") as no:
                encode(kind, given)
            assert (no.value.code, no.value.column) == (ErrorCode.BAD_VALUE, 3)


@pytest.mark.parametrize(
    ("kind", "values", "same"),
    [
        (ColumnKind.INTEGER, pandas.array([1, 70_000], "Int64"), [1, 70_000]),
        (ColumnKind.INTEGER, pandas.Series([1, 2], index=[7, 5], dtype="UInt8"), [1, 2]),
        (ColumnKind.INTEGER, pandas.Series([3, 4], dtype=object), [3, 4]),
        (ColumnKind.INTEGER, pandas.Series([3, 4], dtype="category"), [3, 4]),
        (ColumnKind.NUMBER, pandas.array([1, None], "Int64"), [1.0, None]),
        (ColumnKind.NUMBER, pandas.array([0.5, None], "Float64"), [0.5, None]),
        (ColumnKind.NUMBER, pandas.array([True, None], "boolean"), [1.0, None]),
        (ColumnKind.STRING, pandas.Series(["a", "b"], dtype="string"), ["a", "b"]),
        (ColumnKind.STRING, pandas.Series(["a", "b"], dtype="category"), ["a", "b"]),
        (ColumnKind.INTEGER_BAG, pandas.Series([[1], [2, 3]], index=[1, 0]), [[1], [2, 3]]),
        (ColumnKind.VECTOR, pandas.DataFrame({"a": [1], "b": [2]}, dtype="Int64"), [[1, 2]]),
        (ColumnKind.VECTOR, pandas.Series([[0.5, 1.0]]), [[0.5, 1.0]]),
    ],
)
def test_what_means_the_same_is_sent_alike(kind: ColumnKind, values: Any, same: Any) -> None:
    assert encode(kind, values) == encode(kind, same)


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        (ColumnKind.INTEGER, pandas.array([1, None], "Int64"), "row 1: an integer is missing"),
        (ColumnKind.INTEGER, pandas.Series([1, None]), "row 0: 1.0 (float) is no integer"),
        (ColumnKind.STRING, pandas.Series(["a", None], dtype="string"), "is no string; give ''"),
        (ColumnKind.STRING, pandas.Series([35], dtype="category"), "row 0: 35 (int) is no string"),
        (ColumnKind.STRING, pandas.DataFrame({"a": ["x"]}), "(DataFrame) has 2 dimensions"),
        (ColumnKind.STRING_BAG, pandas.DataFrame({"a": ["x"]}), "row 0: 'a' (str) is no bag"),
    ],
)
def test_what_is_missing_or_of_another_kind_is_named(
    kind: ColumnKind, values: Any, words: str
) -> None:
    with pytest.raises(WireError) as caught:
        encode(kind, values)
    assert caught.value.code == ErrorCode.BAD_VALUE and words in str(caught.value)
