"""Operators between layers: `a + b`, `keras.ops.concatenate`, and the like."""

from __future__ import annotations

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
    if word == "GetItem":
        return part(context, node, inputs[0], shape)
    raise Refused(
        f"the operator {operation.name} is not served", "use a layer in its place, if there is one"
    )


def part(context: Context, node: Any, x: Value, shape: Shape) -> Value:
    """`x[:, -1]` and `x[:, 0]`: the newest and the oldest event."""
    operation, key = node.operation, node.arguments.args[1]
    rows = list(key)[1:] if isinstance(key, tuple) else []
    while rows and rows[-1] == slice(None):
        rows.pop()
    if rows in ([-1], [0]) and x.axis == "event":
        context.reads_events(operation, x, uses_mask=False)
        mode = "last" if rows == [-1] else "first"
        node_name = context.builder.add_node(operation.name, "pool", [x.name], mode=mode)
        return Value(node_name, "user", x.width, shape)
    raise Refused("this part of a tensor is not served", "take one event: x[:, -1] or x[:, 0]")


def constant(context: Context, node: Any, x: Value, word: str) -> Value:
    """`x` and a number that stands in the model's code."""
    numbers = [value for value in node.arguments.args if isinstance(value, (int, float))]
    if len(numbers) != 1:
        raise Refused("it computes with an array of constants", "make it a layer with weights")
    number = float(numbers[0])
    gain, bias = (number, 0.0) if word == "Multiply" else (1.0, number)
    return scaled(context, node.operation.name, x, gain, bias)
