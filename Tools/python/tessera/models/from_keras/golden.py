"""Golden requests of an exported model: invented users, scored by Keras itself in float32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from tessera.models.batches import AXIS_PART, column_rows, pad_rows
from tessera.models.from_keras.columns import Column
from tessera.models.from_keras.convert import ConvertedModel

UNKNOWN_SHARE = 0.05
COUPONS_OF_A_USER_MAX = 5
"""Of the invented users: a pairwise model is run once for each of them."""
BATCH = 64
GROUPED_EVERY = 8
"""Every eighth frame has `GROUP` users, the others one, as in the warm-up."""
GROUP = 4


def golden_requests(
    converted: ConvertedModel, users: int, dtype: str, seed: int
) -> tuple[list[list[dict[str, Any]]], dict[str, np.ndarray]]:
    """So many users by frame, and their scores as `recorded.write_golden` takes them.

    The scores are those of the weights as they are stored, in `dtype`.
    """
    invented = invent_users(converted, users, seed)
    with rounded(converted.model, dtype):
        return in_groups(invented), keras_scores(converted, invented)


@contextmanager
def rounded(model: keras.Model, dtype: str) -> Iterator[None]:
    """The model with its weights rounded to `dtype`; afterwards they are as before.

    What Normalization was adapted to stays: it stands in `model.json`.
    """
    adapted = {
        id(part)
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.Normalization)
        for part in layer.variables
    }
    variables = [
        part for part in model.variables if part.dtype == "float32" and id(part) not in adapted
    ]
    before = [keras.ops.convert_to_numpy(part).copy() for part in variables]
    try:
        for part, value in zip(variables, before, strict=True):
            part.assign(value.astype(dtype))
        yield
    finally:
        for part, value in zip(variables, before, strict=True):
            part.assign(value)


def in_groups(users: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Users by frame."""
    groups, start = [], 0
    while start < len(users):
        size = GROUP if len(groups) % GROUPED_EVERY == GROUPED_EVERY - 1 else 1
        groups.append(users[start : start + size])
        start += size
    return groups


def invent_users(converted: ConvertedModel, count: int, seed: int) -> list[dict[str, Any]]:
    """Users with raw columns, and histories of every length that Keras can run."""
    random = np.random.default_rng(seed)
    limits = converted.description["limits"]
    on = {column.value.axis for column in converted.columns}
    found = []
    for index in range(count):
        events = event_count(converted, index, random) if "event" in on else 0
        most = min(limits["coupons"], COUPONS_OF_A_USER_MAX)
        coupons = int(random.integers(1, most + 1)) if most else 0
        user: dict[str, Any] = {"key": 0, "user": {}, "events": {}, "coupons": {}}
        user |= {"event_rows": events, "coupon_rows": coupons}
        rows = {"event": events, "coupon": coupons}
        for column in converted.columns:
            axis, name = column.value.axis, column.name
            if axis == "user":
                user["user"][name] = invent(column, random)
            else:
                values = [invent(column, random) for _ in range(rows[axis])]
                user[AXIS_PART[axis]][name] = values
        found.append(user)
    return found


def event_count(converted: ConvertedModel, index: int, random: np.random.Generator) -> int:
    """In turn a full history, one event, some, and none where Keras can run it."""
    full = converted.description["limits"]["events"]
    if converted.events and not converted.masks_padding:
        return full
    # Few lengths: without a mask Keras runs each of them by itself.
    some = int(random.choice([1 + full // 3, 1 + full // 2])) if full > 1 else 1
    return [full, 1, some, 0 if converted.takes_no_events else some][index % 4]


def invent(column: Column, random: np.random.Generator) -> Any:
    """One raw value, at times unknown to the model; never what Keras takes for padding."""
    spec = column.spec
    if spec["kind"] == "vector":
        return [float(x) for x in random.normal(size=spec["width"]).astype(np.float32)]
    if spec["kind"] == "number":
        value = random.normal(spec.get("mean", 0.0), spec.get("deviation", 1.0))
        is_float = column.dtype.startswith("float")
        return float(np.float32(value)) if is_float else float(round(value * 3))
    unknown = random.random() < UNKNOWN_SHARE
    if "rows" in spec:
        if column.padding is not None:
            # An id that is padding would not be sent.
            return int(random.integers(min(1, spec["rows"] - 1), spec["rows"]))
        return spec["rows"] + 7 if unknown else int(random.integers(spec["rows"]))
    if unknown:
        return "unknown to the model" if spec["values"] == "string" else -987_654_321
    known = [value for value in spec["vocabulary"] if value != column.padding]
    return known[random.integers(len(known))]


def keras_scores(converted: ConvertedModel, users: list[dict]) -> dict[str, np.ndarray]:
    """Output → float32 [rows, width], users in order, as Keras computes them."""
    names = converted.description["outputs"]
    by_user: list[dict[str, np.ndarray]] = [{} for _ in users]
    for batch in batches(converted, users):
        scores = run(converted, [users[index] for index in batch])
        for name, value, array in zip(names, converted.output_values, scores, strict=True):
            parts = rows_of_users(converted, value.axis, array, [users[index] for index in batch])
            for index, part in zip(batch, parts, strict=True):
                by_user[index][name] = part.reshape(-1, value.width)
    return {name: np.concatenate([scores[name] for scores in by_user]) for name in names}


def batches(converted: ConvertedModel, users: list[dict]) -> list[list[int]]:
    """Positions of users that Keras can run together: without a mask, of one length."""
    by_length: dict[int, list[int]] = {}
    for index, user in enumerate(users):
        length = 0 if converted.masks_padding else user["event_rows"]
        by_length.setdefault(length, []).append(index)
    return [
        part[start : start + BATCH]
        for part in by_length.values()
        for start in range(0, len(part), BATCH)
    ]


def run(converted: ConvertedModel, users: list[dict]) -> list[np.ndarray]:
    """The model's outputs for these users; a pairwise model has a sample for each coupon."""
    is_pairwise = not converted.is_listwise and any(user["coupon_rows"] for user in users)
    repeats = [user["coupon_rows"] for user in users] if is_pairwise else None
    arrays = [keras_array(converted, column, users, repeats) for column in converted.columns]
    struct = getattr(converted.model, "_inputs_struct", arrays[0])
    inputs = keras.tree.pack_sequence_as(struct, arrays)
    outputs = converted.model(inputs, training=False)
    return [keras.ops.convert_to_numpy(x).astype(np.float32) for x in keras.tree.flatten(outputs)]


def keras_array(
    converted: ConvertedModel, column: Column, users: list[dict], repeats: list[int] | None
) -> Any:
    """One input of the model for these users [samples, …]."""
    spec, axis = column.spec, column.value.axis
    dtype = {"string": object, "integer": np.int64}.get(spec.get("values"), np.float32)
    row_shape = (spec["width"],) if spec["kind"] == "vector" else ()
    parts = [
        np.array([keras_value(spec, x) for x in column_rows(user, spec)], dtype) for user in users
    ]
    parts = [part.reshape(-1, *row_shape) for part in parts]
    if axis == "coupon" and not column.is_listwise:
        array = np.concatenate(parts)
    else:
        fixed = {"event": converted.events, "coupon": converted.coupons}.get(axis)
        sizes = [fixed or 1, *map(len, parts)]
        filler = "" if dtype is object else 0
        filler = filler if column.padding is None else column.padding
        template = np.full((max(sizes), *row_shape), filler, dtype)
        array = pad_rows([*parts, template], filler)[: len(users)]
        if axis == "user":
            array = array[:, 0]
        if repeats:
            array = np.repeat(array, repeats, axis=0)
    sizes = (size if size is not None else array.shape[1] for size in column.shape)
    array = array.reshape(len(array), *sizes)
    return keras.ops.convert_to_tensor(array, dtype=column.dtype)


def keras_value(spec: dict[str, Any], value: Any) -> Any:
    """A raw value as Keras takes it: it has no row for ids outside of its table."""
    return 0 if "rows" in spec and not 0 <= value < spec["rows"] else value


def rows_of_users(
    converted: ConvertedModel, axis: str, array: np.ndarray, users: list[dict]
) -> list[np.ndarray]:
    """The rows of each user in an output of `run`, without padding."""
    counts = [user["coupon_rows"] for user in users]
    if converted.is_listwise or not any(counts):
        rows = zip(array, counts, strict=True)
        return [part if axis == "user" else part[:count] for part, count in rows]
    starts = np.cumsum([0, *counts[:-1]])
    rows = zip(starts, counts, strict=True)
    return [array[start : start + (1 if axis == "user" else count)] for start, count in rows]
