"""What callers give as a column: refused with column, row and value, before anything is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tessera.client import Axis, Column, ColumnKind, ErrorCode, ScaledVectors, WireError
from tessera.client.columns import check_column
from tessera.client.limits import BAG_MEMBERS_MAX, STRING_BYTES_MAX, TEXT_VALUE_BYTES_MAX


class NAType:
    """Like the NA of pandas, which is not needed here."""

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")


NA = NAType()
NAN = float("nan")


def encode(kind: ColumnKind, values: Any) -> bytes:
    width = 2 if kind == ColumnKind.VECTOR else 1
    return check_column(Column("word", Axis.COUPON, kind, width), values, len(values), 3).encode()


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        (ColumnKind.STRING, ["MILK", b"BREAD"], "row 1: b'BREAD' (bytes) is no string; decode it"),
        (ColumnKind.STRING, np.array(["BREAD"], "S"), "row 0: np.bytes_(b'BREAD')"),
        (ColumnKind.STRING, [None], "row 0: None (NoneType) is no string; give ''"),
        (ColumnKind.STRING, [NAN], "row 0: nan (float) is no string; give ''"),
        (ColumnKind.STRING, [35], "row 0: 35 (int) is no string; give a str"),
        (ColumnKind.STRING, "MILK", "'MILK' (str) is one value; give a list"),
        (ColumnKind.STRING, ["\ud800"], "row 0: '\\ud800' (str) cannot be written in UTF-8"),
        (ColumnKind.TEXT, [b"BREAD"], "row 0: b'BREAD' (bytes) is no string"),
        (ColumnKind.STRING, {"MILK": 1}, "{'MILK': 1} (dict) has no order of rows; give a list"),
        (ColumnKind.STRING, {"MILK"}, "{'MILK'} (set) has no order of rows"),
        (ColumnKind.NUMBER, {1: 2.5}, "{1: 2.5} (dict) has no order of rows"),
        (ColumnKind.INTEGER, bytearray(b"ab"), "(bytearray) is one value"),
        (ColumnKind.NUMBER, np.zeros((1, 2)), "has 2 dimensions; give one value for each row"),
        (ColumnKind.STRING_BAG, [["MILK"], ["EGGS", 5]], "row 1, member 1: 5 (int) is no string"),
        (ColumnKind.INTEGER_BAG, [[], [1, 2], [3, None]], "row 2, member 1: an integer is missing"),
        (ColumnKind.INTEGER_BAG, [{1: 2}], "row 0: {1: 2} (dict) is no bag; give a list"),
        (ColumnKind.INTEGER_BAG, [np.array(3)], "row 0: array(3) (ndarray) is no bag"),
        (ColumnKind.STRING_BAG, [["MILK"], "EGGS"], "row 1: 'EGGS' (str) is no bag; give a list"),
        (ColumnKind.STRING_BAG, [None], "row 0: None (NoneType) is no bag"),
        (ColumnKind.NUMBER, [datetime(2026, 11, 28)], "row 0: datetime.datetime("),
        (ColumnKind.NUMBER, np.array(["2026-11-28"], "M8[us]"), "row 0: np.datetime64("),
        (ColumnKind.NUMBER, np.array([5], "m8[ns]"), "row 0: np.timedelta64("),
        (ColumnKind.NUMBER, [timedelta(1)], "(timedelta) is a time; give a count of days or"),
        (
            ColumnKind.INTEGER,
            np.array([5], "m8[ns]"),
            "row 0: np.timedelta64(5,'ns') (timedelta64) is",
        ),
        (ColumnKind.INTEGER, [np.datetime64("2026-11-28")], "(datetime64) is a time; give a count"),
        (ColumnKind.NUMBER, np.array([1 + 2j]), "row 0: np.complex128(1+2j) (complex128) is no"),
        (ColumnKind.NUMBER, [1.0, 10**400], "row 1: 1000000000"),
        (ColumnKind.NUMBER, [[1, 2], [3]], "row 0: [1, 2] (list) is no number"),
        (ColumnKind.INTEGER, [[1, 2], [3]], "row 0: [1, 2] (list) is no integer"),
        (ColumnKind.NUMBER, ["1.5"], "row 0: '1.5' (str) is no number"),
        (ColumnKind.NUMBER, [1.0, float("inf")], "row 1: inf (float) is no finite binary32"),
        (ColumnKind.NUMBER, [1e39], "row 0: 1e+39 (float) is no finite binary32"),
        (ColumnKind.INTEGER, np.array([1, NA], object), "row 1: an integer is missing"),
        (ColumnKind.INTEGER, [1, None], "row 1: an integer is missing"),
        (ColumnKind.INTEGER, [1, 0.5], "is no integer"),
        (ColumnKind.INTEGER, np.array([1 << 63], np.uint64), "does not fit 64 signed bits"),
        (ColumnKind.INTEGER, [7, -(1 << 63) - 1], "row 1: -9223372036854775809 (int) does not fit"),
        (ColumnKind.VECTOR, [[1.0, NAN]], "row 0: nan is not finite"),
        (ColumnKind.VECTOR, [[1.0]], "the rows are 1 numbers wide, not 2"),
        (ColumnKind.VECTOR, [[1.0, 2.0], [1.0]], "row 1: the vector is 1 numbers wide, not 2"),
        (ColumnKind.VECTOR, [["a", "b"]], "row 0: np.str_('a') (str_) is no number"),
        (ColumnKind.VECTOR, [[1.0, 2.0], [3.0, None]], "row 1: nan is not finite"),
        (ColumnKind.VECTOR, np.zeros((1, 2), "m8[s]"), "row 0: np.timedelta64(0,'s')"),
        (ColumnKind.VECTOR, [b"ab"], "row 0: b'ab' (bytes) is no vector; give 2 numbers"),
        (
            ColumnKind.VECTOR,
            ScaledVectors(np.array([NAN], np.float32), np.zeros((1, 2), np.int8)),
            "row 0: nan is not finite",
        ),
        (
            ColumnKind.VECTOR,
            ScaledVectors(np.ones(1, np.float32), np.zeros((1, 3), np.int8)),
            "values must be int8 [1, 2], not int8 [1, 3]",
        ),
        (
            ColumnKind.VECTOR,
            ScaledVectors(np.ones((1, 1), np.float32), np.zeros((1, 2), np.int8)),
            "scales must be numbers [rows], not float32 [1, 1]",
        ),
        (
            ColumnKind.INTEGER,
            ScaledVectors(np.ones(1, np.float32), np.zeros((1, 2), np.int8)),
            "ScaledVectors are for columns of vectors",
        ),
    ],
)
def test_a_value_that_the_kind_does_not_take_is_named(
    kind: ColumnKind, values: Any, words: str
) -> None:
    with pytest.raises(WireError) as caught:
        encode(kind, values)
    assert (caught.value.code, caught.value.column) == (ErrorCode.BAD_VALUE, 3)
    assert "column 'word'" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (ColumnKind.STRING, ["x" * (STRING_BYTES_MAX + 1)]),
        (ColumnKind.TEXT, ["x" * (TEXT_VALUE_BYTES_MAX + 1)]),
        (ColumnKind.INTEGER_BAG, [[0] * (BAG_MEMBERS_MAX + 1)]),
        (ColumnKind.INTEGER_BAG, [[0] * BAG_MEMBERS_MAX] * 258),
    ],
)
def test_a_value_that_is_too_long_is_refused_as_a_limit(kind: ColumnKind, values: Any) -> None:
    with pytest.raises(WireError) as caught:
        encode(kind, values)
    assert (caught.value.code, caught.value.column) == (ErrorCode.LIMIT, 3)


@pytest.mark.parametrize(
    ("kind", "values", "same"),
    [
        (ColumnKind.NUMBER, [1, None, NA], [1.0, NAN, NAN]),
        (ColumnKind.NUMBER, np.array([1, 2], object), [1.0, 2.0]),
        (ColumnKind.INTEGER, np.array([1, 70_000], object), [1, 70_000]),
        (ColumnKind.INTEGER, [True, False], [1, 0]),
        (ColumnKind.INTEGER, np.array([7, 300], np.uint64), [7, 300]),
        (ColumnKind.NUMBER, [Decimal("1.5"), Fraction(1, 4), np.float32(2)], [1.5, 0.25, 2.0]),
        (ColumnKind.INTEGER_BAG, np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (ColumnKind.VECTOR, np.array([[1, 2.5]], object), [[1.0, 2.5]]),
        (ColumnKind.STRING, np.array(["MILK", "乳"]), ["MILK", "乳"]),
    ],
)
def test_values_of_the_same_meaning_are_sent_alike(
    kind: ColumnKind, values: Any, same: Any
) -> None:
    assert encode(kind, values) == encode(kind, same)
