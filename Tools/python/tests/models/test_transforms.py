"""The transforms equal their definitions in Registry/MODEL.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tessera.client import WireError
from tessera.models.batches import Batcher
from tessera.models.transforms import (
    fnv1a64,
    hash_id,
    make_transform,
    table_rows,
    transform_numbers,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("data", "value"),
    [(b"", 0xCBF29CE484222325), (b"a", 0xAF63DC4C8601EC8C), (b"foobar", 0x85944171F73967E8)],
)
def test_the_hash_is_fnv1a_with_64_bits(data: bytes, value: int) -> None:
    assert fnv1a64(data) == value


def test_strings_hash_as_utf8_and_integers_as_eight_little_endian_bytes() -> None:
    assert hash_id("茶", 1000) == 1 + fnv1a64("茶".encode()) % 1000
    assert hash_id(-2, 1000) == 1 + fnv1a64(b"\xfe" + b"\xff" * 7) % 1000
    assert hash_id(258, 1000) == 1 + fnv1a64(b"\x02\x01" + b"\0" * 6) % 1000


def test_a_vocabulary_starts_at_row_one_and_unknown_values_are_row_zero() -> None:
    spec = {"kind": "id", "values": "string", "vocabulary": ["tea", "milk"]}
    assert make_transform(spec)(["milk", "tea", "Tea", ""]).tolist() == [2, 1, 0, 0]
    assert table_rows(spec) == 3


def test_hashed_rows_lie_between_one_and_the_number_of_buckets() -> None:
    spec = {"kind": "id", "values": "integer", "hash_buckets": 5}
    rows = make_transform(spec)(range(200))
    assert set(rows.tolist()) == {1, 2, 3, 4, 5}
    assert table_rows(spec) == 6


def test_numbers_are_filled_logged_clipped_and_standardised_in_this_order() -> None:
    spec = {"missing": -7.0, "log1p": True, "clip": [-1.5, 2.0], "mean": 0.5, "deviation": 2.0}
    x = transform_numbers(spec, [NAN, 0.0, 1.0, 100.0])
    expected = [(-1.5 - 0.5) / 2, -0.25, (math.log(2) - 0.5) / 2, 0.75]
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "values", [np.array(["2026-11-28"], "M8[us]"), np.array([5], "m8[s]"), ["1.5"], [1j], [1e39]]
)
def test_what_a_client_would_not_send_as_a_number_is_not_trained_on(values: Any) -> None:
    with pytest.raises(WireError, match="column 'spend', row 0"):
        transform_numbers({"name": "spend"}, values)


@pytest.mark.parametrize("value", [1.5, b"12", None, np.timedelta64(5, "s")])
def test_what_a_client_would_not_send_as_an_integer_has_no_hash(value: Any) -> None:
    with pytest.raises(TypeError):
        hash_id(value, 1000)


def test_a_missing_number_is_zero_when_nothing_else_is_said() -> None:
    assert transform_numbers({}, [NAN, 3.0]).tolist() == [0.0, 3.0]


def test_a_bucket_is_the_count_of_boundaries_not_above_the_value() -> None:
    spec = {"kind": "number", "boundaries": [1.0, 7.0, 30.0], "missing": 7.0}
    assert make_transform(spec)([-5, 0.99, 1, 6.9, 7, 30, 1e9, NAN]).tolist() == [
        *[0, 0, 1, 1, 2, 3, 3],
        2,
    ]
    assert table_rows(spec) == 4


def test_a_batch_pads_rows_and_bags_and_masks_the_events_that_do_not_exist() -> None:
    inputs = [
        {"name": "price", "axis": "event", "kind": "number"},
        {
            "name": "tags",
            "axis": "coupon",
            "kind": "bag",
            "values": "string",
            "vocabulary": ["a", "b"],
        },
    ]
    users = [
        {
            "user": {},
            "events": {"price": [2.0, 3.0]},
            "coupons": {"tags": [["b", "x"]]},
            "event_rows": 2,
            "coupon_rows": 1,
        },
        {
            "user": {},
            "events": {"price": []},
            "coupons": {"tags": [[], ["a"]]},
            "event_rows": 0,
            "coupon_rows": 2,
        },
    ]
    batcher = Batcher({"inputs": inputs})
    batch = batcher.pad(batcher.transform(users))
    assert batch["price"].tolist() == [[2.0, 3.0], [0.0, 0.0]]
    assert batch["event_mask"].tolist() == [[True, True], [False, False]]
    assert batch["tags"].tolist() == [[[2, 0], [-1, -1]], [[-1, -1], [1, -1]]]
    assert batch["coupon_mask"].tolist() == [[True, False], [True, True]]
