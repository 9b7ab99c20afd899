"""Operators between layers: `a + b`, `keras.ops.concatenate`, and the like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras

from tessera.models.from_keras.context import Context
from tessera.models.from_keras.layers import activate, scaled
from tessera.models.from_keras.merging import common_axis, elementwise
from tessera.models.from_keras.values import Refused, Shape, Value, reshaped, rowwise

ELEMENTWISE = {
    "Add": "add",
    "Multiply": "multiply",
    "Subtract": "subtract",
    "Maximum": "max",
    "Minimum": "min",
}
ACTIVATIONS = {
    "Sigmoid": "sigmoid",
    "Relu": "relu",
    "Tanh": "tanh",
    "Silu": "silu",
    "Softplus": "softplus",
    "Elu": "elu",
    "HardSigmoid": "hard_sigmoid",
}
REDUCTIONS = {"Sum": "sum", "Mean": "mean", "Max": "max"}
RESHAPES = ("Reshape", "ExpandDims", "Squeeze")


def operator_value(context: Context, node: Any, inputs: list[Value], shape: Shape) -> Value:
    """The value of a call of `keras.ops`; raises Refused for layers and operators without one."""
    operation = node.operation
    word = type(operation).__name__
    if isinstance(operation, keras.Layer):
        raise Refused(
            "the server has no such operation",
            "build it from layers that Registry/MODEL.md, section 7, lists",
        )
    if word in ELEMENTWISE and len(inputs) == 2:
        if len({len(x.shape) for x in inputs}) > 1:
            raise Refused("it spreads rows in an order of its own", f"use the layer {word}")
        return elementwise(context, operation.name, ELEMENTWISE[word], inputs, shape)
    if word in ("Add", "Multiply") and len(inputs) == 1:
        return constant(context, node, inputs[0], word)
    if word == "Concatenate" and operation.axis in (-1, len(inputs[0].shape)):
        names = [rowwise(x).name for x in inputs]
        name = context.builder.add_node(operation.name, "concat", names)
        return Value(name, common_axis(inputs), sum(x.width for x in inputs), shape)
    if word in ACTIVATIONS and len(inputs) == 1:
        return activate(context, operation.name, inputs[0], ACTIVATIONS[word])
    if word in RESHAPES:
        return reshaped(inputs[0], shape)
    if word in REDUCTIONS:
        return reduced(context, operation, inputs[0], shape)
    if word == "GetItem":
        return part(context, node, inputs[0], shape)
    raise Refused(
        f"the operator {operation.name} is not served", "use a layer in its place, if there is one"
    )


def part(context: Context, node: Any, x: Value, shape: Shape) -> Value:
    """`x[:, -1]` and `x[:, 0]`: the newest and the oldest event; `x[..., a:b]`: columns."""
    operation, key = node.operation, node.arguments.args[1]
    first, *parts = key if isinstance(key, tuple) else (key,)
    while parts and parts[-1] == slice(None):
        parts.pop()
    if parts in ([-1], [0]) and x.axis == "event" and first == slice(None):
        context.reads_events(operation, x, uses_mask=False)
        mode = "last" if parts == [-1] else "first"
        name = context.builder.add_node(operation.name, "pool", [x.name], mode=mode)
        return Value(name, "user", x.width, shape)
    columns = parts.pop() if parts and shape and first in (slice(None), Ellipsis) else None
    is_last = first is Ellipsis or len(parts) == len(x.rows)
    if isinstance(columns, slice) and is_last and all(part == slice(None) for part in parts):
        begin, end, step = columns.indices(rowwise(x).width)
        if step == 1 and end > begin:
            options = {"begin": begin, "width": end - begin}
            name = context.builder.add_node(operation.name, "slice", [x.name], **options)
            return replace(x, name=name, width=end - begin, shape=shape, is_masked=False)
    raise Refused(
        "this part of a tensor is not served",
        "take one event (x[:, -1]) or neighbouring columns (x[..., 2:5])",
    )


def reduced(context: Context, operation: Any, x: Value, shape: Shape) -> Value:
    """`keras.ops.sum(x, axis=1)` of a user's events, or their mean or largest."""
    axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
    if list(axes) not in ([1], [-2]):
        raise Refused(f"it reduces axis={operation.axis}", "reduce the events: axis=1")
    context.reads_events(operation, x, uses_mask=False)
    mode = REDUCTIONS[type(operation).__name__]
    name = context.builder.add_node(operation.name, "pool", [x.name], mode=mode)
    return Value(name, "user", x.width, shape)


def constant(context: Context, node: Any, x: Value, word: str) -> Value:
    """`x` and a number that stands in the model's code."""
    numbers = [value for value in node.arguments.args if isinstance(value, (int, float))]
    if len(numbers) != 1:
        raise Refused("it computes with an array of constants", "make it a layer with weights")
    number = float(numbers[0])
    gain, bias = (number, 0.0) if word == "Multiply" else (1.0, number)
    return scaled(context, node.operation.name, x, gain, bias)
