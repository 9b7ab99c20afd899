"""The transforms of a model's signature: raw column values in, row ids and float32 numbers out.

Clients send raw values; the server applies exactly these steps. Training applies them too, so a
model sees the same numbers in both places. `Registry/MODEL.md` is the definition.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tessera.client import Axis, Column, ColumnKind
from tessera.client.fnv1a import fnv1a64
from tessera.client.values import Place, numbers


def hash_id(value: str | int, buckets: int) -> int:
    """The row of a hashed id: 1…`buckets`. An integer is hashed as its 8 little-endian bytes."""
    if isinstance(value, str):
        data = value.encode("utf-8")
    else:
        data = operator.index(value).to_bytes(8, "little", signed=True)
    return 1 + fnv1a64(data) % buckets


def is_id(spec: dict[str, Any]) -> bool:
    """Whether the input leaves its transform as a table row (id, bag, or bucketised number)."""
    return spec["kind"] in ("id", "bag") or "boundaries" in spec


def table_rows(spec: dict[str, Any]) -> int:
    """The number of rows of an embedding table that serves this input."""
    if "boundaries" in spec:
        return len(spec["boundaries"]) + 1
    if "vocabulary" in spec:
        return len(spec["vocabulary"]) + 1
    if "rows" in spec:
        return int(spec["rows"])
    return int(spec["hash_buckets"]) + 1


class IdTransform:
    """Vocabulary, hash or range of one input; remembers what it has hashed."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.buckets = spec.get("hash_buckets")
        self.dense_rows = spec.get("rows")
        self.rows: dict[str | int, int] = {}
        if "vocabulary" in spec:
            self.rows = {value: 1 + index for index, value in enumerate(spec["vocabulary"])}

    def __call__(self, values: Iterable[str | int]) -> np.ndarray:
        """int32 rows of `values`; a value outside the vocabulary, or the range, is row 0."""
        if self.dense_rows is not None:
            rows = [value if 0 <= value < self.dense_rows else 0 for value in values]
            return np.array(rows, np.int32)
        if self.buckets is None:
            return np.array([self.rows.get(value, 0) for value in values], np.int32)
        for value in values:
            if value not in self.rows:
                self.rows[value] = hash_id(value, self.buckets)
        return np.array([self.rows[value] for value in values], np.int32)


def transform_numbers(spec: dict[str, Any], values: Sequence[float]) -> np.ndarray:
    """Numbers in float32: missing, log1p, then boundaries (int32 ids) or clip and standardise.

    What is no number to a client is none here: raises WireError.
    """
    x = numbers(values, Place(Column(spec.get("name", ""), Axis.USER, ColumnKind.NUMBER), None))
    x = np.where(np.isnan(x), np.float32(spec.get("missing", 0.0)), x)
    if spec.get("log1p"):
        x = np.sign(x) * np.log1p(np.abs(x))
    if "boundaries" in spec:
        boundaries = np.asarray(spec["boundaries"], np.float32)
        return np.searchsorted(boundaries, x, side="right").astype(np.int32)
    if "clip" in spec:
        low, high = spec["clip"]
        x = np.clip(x, np.float32(low), np.float32(high))
    if "mean" in spec or "deviation" in spec:
        x = (x - np.float32(spec.get("mean", 0.0))) / np.float32(spec.get("deviation", 1.0))
    return x.astype(np.float32)


def make_transform(spec: dict[str, Any]) -> Any:
    """The transform of one input as a function: flat raw values → flat ids or numbers."""
    if spec["kind"] == "number":
        return lambda values: transform_numbers(spec, values)
    if spec["kind"] == "vector":
        return lambda values: np.asarray(values, np.float32).reshape(-1, spec["width"])
    return IdTransform(spec)
