"""Walks a Keras model's functional graph in the order of computation, nested models inlined."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras

from tessera.models.errors import Fault
from tessera.models.from_keras.columns import Column
from tessera.models.from_keras.context import Context
from tessera.models.from_keras.layers import LAYERS, READ_INPUTS
from tessera.models.from_keras.merging import MERGES
from tessera.models.from_keras.operators import operator_value
from tessera.models.from_keras.sequences import SEQUENCES
from tessera.models.from_keras.values import Refused, Value

MAPPINGS = LAYERS | MERGES | SEQUENCES


def functional(model: keras.Model) -> Any:
    """The graph of a Sequential or functional model; raises Refused where there is none."""
    if isinstance(model, keras.Sequential):
        if not model.built or model._functional is None:
            raise Refused("it was never built", "give it an Input as its first layer")
        return model._functional
    if not hasattr(model, "_nodes_by_depth"):
        raise Refused(
            "a subclass of Model computes in Python, which nobody can read",
            "build it from layers: keras.Model(inputs, outputs)",
        )
    return model


def data_tensors(node: Any) -> list[Any]:
    """The tensors that a node computes with: all but the masks that Keras passes beside."""
    arguments = [node.arguments.args]
    arguments += [value for key, value in node.arguments.kwargs.items() if key != "mask"]
    return [x for x in keras.tree.flatten(arguments) if isinstance(x, keras.KerasTensor)]


def nodes_in_order(model: Any) -> list[Any]:
    """The calls that outputs follow from, each after those that it reads.

    Calls that only make masks are left out: a server is not sent padding.
    """
    nodes = [
        node
        for depth in sorted(model._nodes_by_depth, reverse=True)
        for node in model._nodes_by_depth[depth]
    ]
    needed = {id(tensor) for tensor in model.outputs}
    found = []
    for node in reversed(nodes):
        if any(id(tensor) in needed for tensor in node.output_tensors):
            needed |= {id(tensor) for tensor in data_tensors(node)}
            found.append(node)
    return found[::-1]


def walk(context: Context, model: Any, inputs: list[Value | Column]) -> list[Value | Column]:
    """The values of the model's outputs, in their order; faults are kept in `context`."""
    known = {id(x): value for x, value in zip(model.inputs, inputs, strict=True)}
    for node in nodes_in_order(model):
        if all(id(tensor) in known for tensor in node.output_tensors):
            continue
        given = [known[id(tensor)] for tensor in data_tensors(node)]
        values = step(context, node, given)
        known |= zip(map(id, node.output_tensors), values, strict=True)
    return [known[id(tensor)] for tensor in model.outputs]


def step(context: Context, node: Any, given: list[Value | Column]) -> list[Value | Column]:
    """The values of one call. A layer that is refused is noted, and what follows goes on."""
    layer = node.operation
    shapes = [tuple(tensor.shape[1:]) for tensor in node.output_tensors]
    try:
        check_numbers(layer)
        if isinstance(layer, keras.Model):
            return walk(context, functional(layer), in_model_order(layer, node, given))
        mapping = MAPPINGS.get(type(layer))
        if mapping not in READ_INPUTS:
            given = [x.vectors() if isinstance(x, Column) else x for x in given]
        if mapping is not None:
            value = mapping(context, layer, given, shapes[0])
            return [value if layer.supports_masking else replace(value, is_masked=False)]
        return [operator_value(context, node, given, shapes[0])]
    except Refused as refused:
        fault = Fault(layer.name, type(layer).__name__, refused.why, refused.instead)
        context.faults.append(fault)
        return [assumed(given, shape) for shape in shapes]


def check_numbers(operation: Any) -> None:
    """Refuses a layer that computes with other numbers than float32: scores would differ."""
    numbers = getattr(operation, "compute_dtype", None)
    if numbers in ("float16", "bfloat16", "float64"):
        raise Refused(f"it computes in {numbers}", "load the model with the dtype policy float32")
    if getattr(operation, "quantization_mode", None):
        raise Refused("it is quantised already", "export the model before quantize()")


def in_model_order(model: Any, node: Any, given: list[Value | Column]) -> list[Value | Column]:
    """`given` in the order of the nested model's inputs, which a dict names."""
    (first, *_) = node.arguments.args or [None]
    if not isinstance(first, dict):
        return given
    names = [part for part, _ in sorted(first.items())]
    by_name = dict(zip(names, given, strict=True))
    struct = functional(model)._inputs_struct
    order = sorted(struct) if isinstance(struct, dict) else [x.name for x in model.inputs]
    return [by_name[name] for name in order]


def assumed(given: list[Value | Column], shape: tuple[int | None, ...]) -> Value:
    """What a refused layer might have given, so that those after it are looked at, too."""
    values = [x for x in given if isinstance(x, Value)]
    axes = [x.axis for x in values if x.axis != "user" and len(shape) >= len(x.shape)]
    return Value(
        values[0].name if values else "",
        axes[0] if axes else "user",
        (shape[-1] if shape else None) or 1,
        shape,
        is_bare=not shape,
        is_masked=any(x.is_masked for x in values),
        is_assumed=True,
    )
