"""Users with raw columns → frames for the server, and padded arrays for Keras.

A user is `{"key": int, "user": {column: value}, "events": {column: [T values]},
"coupons": {column: [N values]}}`; a bag column holds a list per row. The number of rows of an axis
stands in `"event_rows"` and `"coupon_rows"`. Keras needs rectangles, so it gets padding and a mask;
the server gets neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tessera.models.transforms import make_transform

AXIS_PART = {"user": "user", "event": "events", "coupon": "coupons"}


def column_rows(user: dict[str, Any], spec: dict[str, Any]) -> list:
    """The raw values of one input for this user, a list with a value for each row of its axis."""
    values = user[AXIS_PART[spec["axis"]]][spec["name"]]
    return [values] if spec["axis"] == "user" else list(values)


class Batcher:
    """Applies a description's transforms and pads; keeps vocabularies ready between calls."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.inputs = description["inputs"]
        self.transforms = {spec["name"]: make_transform(spec) for spec in self.inputs}

    def transform(self, users: list[dict[str, Any]]) -> list[dict[str, np.ndarray]]:
        """Per user: `{input: [rows] ids or numbers, or [rows, members] ids padded with -1}`."""
        # Households of one campaign share the lists of its coupons' columns.
        shared: dict[tuple[str, int], np.ndarray] = {}
        found = []
        for user in users:
            columns = {}
            for spec in self.inputs:
                key = (spec["name"], id(user[AXIS_PART[spec["axis"]]][spec["name"]]))
                if spec["axis"] == "user" or key not in shared:
                    shared[key] = self.transform_column(spec, column_rows(user, spec))
                columns[spec["name"]] = shared[key]
            found.append(columns)
        return found

    def transform_column(self, spec: dict[str, Any], values: list) -> np.ndarray:
        """One input of one user; `values` has an entry for each row."""
        transform = self.transforms[spec["name"]]
        if spec["kind"] != "bag":
            return transform(values)
        rows = np.full((len(values), max([1, *map(len, values)])), -1, np.int32)
        for row, members in enumerate(values):
            rows[row, : len(members)] = transform(members)
        return rows

    def pad(self, columns: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Transformed users → Keras inputs [B, L(, M)], `event_mask` [B, T], `coupon_mask`."""
        batch: dict[str, np.ndarray] = {}
        for spec in self.inputs:
            parts = [column[spec["name"]] for column in columns]
            batch[spec["name"]] = pad_rows(parts, -1 if spec["kind"] == "bag" else 0)
        for axis in ("event", "coupon"):
            name = next((spec["name"] for spec in self.inputs if spec["axis"] == axis), None)
            rows = [0 if name is None else len(column[name]) for column in columns]
            batch[f"{axis}_mask"] = np.arange(max([1, *rows]))[None] < np.array(rows)[:, None]
        return batch


def pad_rows(parts: list[np.ndarray], filler: int) -> np.ndarray:
    """Arrays of different sizes → one array [B, …] with at least one row, filled with `filler`."""
    shape = np.max([[max(1, size) for size in part.shape] for part in parts], axis=0)
    padded = np.full((len(parts), *shape), filler, parts[0].dtype)
    for index, part in enumerate(parts):
        padded[(index, *(slice(0, size) for size in part.shape))] = part
    return padded
