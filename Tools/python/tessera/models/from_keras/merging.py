"""Layers and operators that bring several tensors together, row by row."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import keras
import numpy as np

from tessera.models.from_keras.context import Context
from tessera.models.from_keras.layers import NORM_EPSILON, add, check_last_axis, scaled
from tessera.models.from_keras.values import Refused, Shape, Value, rowwise


def common_axis(inputs: list[Value]) -> str:
    """Where the rows of `inputs` meet: the user's row is repeated for finer ones."""
    axes = sorted({x.axis for x in inputs} - {"user"})
    if len(axes) > 1:
        raise Refused(
            "events and coupons meet in it",
            "bring the events to one row first (an LSTM or pooling), the same for all coupons",
        )
    return axes[0] if axes else "user"


def concatenate(context: Context, layer: Any, inputs: list[Value], shape: Shape) -> Value:
    for x in inputs:
        check_last_axis(layer.axis, rowwise(x))
    node = context.builder.add_node(layer.name, "concat", [x.name for x in inputs])
    width = sum(x.width for x in inputs)
    is_masked = (any if one_mask_suffices() else all)([x.is_masked for x in inputs])
    return Value(node, common_axis(inputs), width, shape, is_masked=is_masked)


@cache
def one_mask_suffices() -> bool:
    """Whether Concatenate masks rows of which one input alone is masked: Keras versions differ."""
    parts, masked = [np.zeros((1, 1, 1), np.float32)] * 2, np.zeros((1, 1), bool)
    mask = keras.layers.Concatenate().compute_mask(
        [keras.ops.convert_to_tensor(part) for part in parts],
        [keras.ops.convert_to_tensor(masked), None],
    )
    return not keras.ops.convert_to_numpy(mask).any()


def elementwise(context: Context, name: str, op: str, inputs: list[Value], shape: Shape) -> Value:
    """One node over values of equal width; one number beside wider rows is repeated first."""
    axis, width = common_axis(inputs), max(x.width for x in inputs)
    if len({x.is_bare for x in inputs}) > 1:
        raise Refused("it would spread numbers over rows", "give all tensors an axis of width")
    names = [widened(context, name, x, width).name for x in inputs]
    node = context.builder.add_node(name, op, names)
    like = max(inputs, key=lambda x: len(x.shape))
    is_masked = all(x.is_masked for x in inputs)
    return replace(like, name=node, axis=axis, width=width, shape=shape, is_masked=is_masked)


def widened(context: Context, name: str, x: Value, width: int) -> Value:
    """`x` with its one number `width` times in a row."""
    if x.width == width:
        return x
    if x.width != 1:
        raise Refused(f"widths {x.width} and {width} meet in it", "make them equal")
    ones = {"weight": np.ones((width, 1), np.float32)}
    options = {"units": width, "use_bias": False, "activation": "none"}
    node = context.builder.add_node(f"{name}_repeated", "linear", [x.name], ones, **options)
    return replace(x, name=node, width=width)


def merged(op: str) -> Any:
    """The mapping of a merging layer that is one operation of the graph."""

    def mapping(context: Context, layer: Any, inputs: list[Value], shape: Shape) -> Value:
        return elementwise(context, layer.name, op, inputs, shape)

    return mapping


def average(context: Context, layer: Any, inputs: list[Value], shape: Shape) -> Value:
    """The sum divided by the number of tensors."""
    total = elementwise(context, f"{layer.name}_sum", "add", inputs, shape)
    return scaled(context, layer.name, total, 1 / len(inputs), 0.0)


def dot(context: Context, layer: Any, inputs: list[Value], shape: Shape) -> Value:
    """The product of two rows: one number."""
    axes = layer.axes if isinstance(layer.axes, (list, tuple)) else [layer.axes] * 2
    for x, axis in zip(inputs, axes, strict=True):
        check_last_axis(axis, rowwise(x))
    if max(len(x.shape) for x in inputs) > 1 and len({len(x.shape) for x in inputs}) == 1:
        raise Refused("it multiplies all rows with all rows", "multiply one row of the user")
    axis = common_axis(inputs)
    if layer.normalize:
        inputs = [
            add(context, f"{layer.name}_unit", "l2_norm", x, epsilon=NORM_EPSILON) for x in inputs
        ]
    node = context.builder.add_node(layer.name, "dot", [x.name for x in inputs])
    return Value(node, axis, 1, shape, is_bare=len(shape) == max(len(x.shape) for x in inputs) - 1)


MERGES = {
    keras.layers.Concatenate: concatenate,
    keras.layers.Add: merged("add"),
    keras.layers.Multiply: merged("multiply"),
    keras.layers.Subtract: merged("subtract"),
    keras.layers.Maximum: merged("max"),
    keras.layers.Minimum: merged("min"),
    keras.layers.Average: average,
    keras.layers.Dot: dot,
}
