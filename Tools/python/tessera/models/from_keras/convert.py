"""A Keras model as a description and tensors, or all that stands in the way in one error."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from tessera.models.errors import Fault, UnsupportedModelError
from tessera.models.export import ModelFolderError
from tessera.models.from_keras.columns import AXES, Column
from tessera.models.from_keras.context import Context
from tessera.models.from_keras.values import IdValue, Refused, Value, shown
from tessera.models.from_keras.walk import functional, walk
from tessera.models.graph_builder import GraphBuilder, legal
from tessera.models.limits import COUPONS_MAX, EVENTS_MAX, VECTOR_WIDTH_MAX

EVENTS_DEFAULT, COUPONS_DEFAULT = 64, 256
"""Limits of an axis whose length Keras leaves open."""


@dataclass(frozen=True)
class ConvertedModel:
    """What the walk found: the graph, and how Keras is fed the same requests."""

    model: keras.Model
    builder: GraphBuilder
    description: dict[str, Any]
    columns: list[Column]
    """In the order of the model's inputs."""
    output_values: list[Value]
    events: int | None
    """Keras's fixed number of events; None where it takes any."""
    masks_padding: bool
    loses_mask: bool
    """Keras masks padding, but no layer that reads events sees the mask."""
    takes_no_events: bool
    """Keras scores a user without events as the server does."""

    @property
    def coupons(self) -> int | None:
        """Keras's fixed number of coupons; None where it takes any, or one a sample."""
        rows = [column.rows for column in self.columns if column.is_listwise]
        return next((count for count in rows if count), None)

    @property
    def is_listwise(self) -> bool:
        return any(column.is_listwise for column in self.columns)

    @property
    def notes(self) -> list[str]:
        """What whoever sends requests must know."""
        padded = [f'"{x.name}" is {x.padding!r}' for x in self.columns if x.padding is not None]
        if padded:
            return [f"events where {' and '.join(padded)} are padding: do not send them"]
        notes = []
        if self.loses_mask:
            notes.append("no mask reaches a layer that reads the events: padding counts as data")
        if self.events:
            notes.append(f"send {self.events} events for every user, the padding of training, too")
        return notes


def load_model(path: Path) -> keras.Model:
    """A `.keras` or `.h5` file, without what only training needs.

    Raises ModelFolderError where Keras cannot read it, and OSError.
    """
    try:
        return keras.models.load_model(path, compile=False)
    except (ValueError, TypeError) as error:
        message = f"Keras does not read {path}: {str(error).splitlines()[0]}"
        raise ModelFolderError(f"{message}; give tessera.export the model itself") from error


def convert(
    model: keras.Model,
    axes: dict[str, str],
    outputs: list[str] | None,
    limits: dict[str, int],
    name: str | None,
) -> ConvertedModel:
    """`axes` maps inputs to `user`, `event` or `coupon`; the others are guessed from their shapes.

    Raises UnsupportedModelError with every fault, ModelFolderError for names and limits.
    """
    try:
        graph = functional(model)
    except Refused as refused:
        fault = Fault(model.name, type(model).__name__, refused.why, refused.instead)
        raise UnsupportedModelError([fault]) from None
    columns = open_columns(graph, axes)
    if outputs is None and isinstance(graph._outputs_struct, dict):
        outputs = sorted(graph._outputs_struct)
    context = Context({column.name: column for column in columns})
    for reserved in (*context.columns, *(outputs or ())):
        context.builder.reserve(reserved)
    values = walk(context, graph, list(columns))
    context.faults += context.unmasked_readings()
    context.faults += column_faults(columns)
    if not context.faults:
        context.faults += output_faults(graph, values)
    if context.faults:
        raise UnsupportedModelError(context.faults)
    names = name_outputs(context.builder, values, outputs)
    for column in columns:
        context.builder.add_input(column.spec)
    events = next((x.rows for x in columns if x.value.axis == "event" and x.rows), None)
    has_padding = bool(context.padded_columns)
    masks = has_padding and all(reading.is_masked for reading in context.readings)
    if not masks:
        for column in context.padded_columns:
            column.padding = None
    whole = find_limits(columns, limits, events, masks)
    return ConvertedModel(
        model,
        context.builder,
        context.builder.description(name or legal(model.name), whole, names),
        columns,
        values,
        events,
        masks,
        has_padding and not masks,
        masks and all(reading.takes_none for reading in context.readings),
    )


def open_columns(graph: Any, axes: dict[str, str]) -> list[Column]:
    """The model's inputs, by the names under which it is fed."""
    struct = graph._inputs_struct
    names = sorted(struct) if isinstance(struct, dict) else [x.name for x in graph.inputs]
    wrong = sorted(set(axes) - set(names))
    if wrong:
        message = f'the model has no input "{wrong[0]}"'
        raise ModelFolderError(f"{message}; it has {', '.join(names)}")
    for name, axis in axes.items():
        if axis not in AXES:
            raise ModelFolderError(f'input "{name}": {axis!r} is no axis; use {", ".join(AXES)}')
    return [
        Column(name, tuple(x.shape[1:]), keras.backend.standardize_dtype(x.dtype), axes.get(name))
        for name, x in zip(names, graph.inputs, strict=True)
    ]


def column_faults(columns: list[Column]) -> list[Fault]:
    """Inputs that nothing reads, and such that do not lie on one axis together."""

    def fault(column: Column, why: str, instead: str) -> Fault:
        return Fault(column.name, "InputLayer", why, instead)

    found = [
        fault(x, "no layer reads it", "leave it out of the keras.Model")
        for x in columns
        if x.value is None
    ]
    read = [x for x in columns if x.value is not None]
    for axis in ("event", "coupon"):
        parts = [x for x in read if x.value.axis == axis]
        counts = {x.rows for x in parts if axis == "event" or x.is_listwise} - {None}
        if len(counts) > 1:
            sizes = " and ".join(map(str, sorted(counts)))
            found.append(fault(parts[-1], f"{axis}s have {sizes} rows", "give them one length"))
    coupons = [x for x in read if x.value.axis == "coupon"]
    if len({x.is_listwise for x in coupons}) > 1:
        why = "some coupon inputs have an axis of coupons, others are one coupon a sample"
        found.append(fault(coupons[-1], why, "shape all of them alike"))
    found += [
        fault(x, f"a row has {x.value.width} numbers", f"at most {VECTOR_WIDTH_MAX}")
        for x in read
        if x.value.width > VECTOR_WIDTH_MAX
    ]
    return found


def output_faults(graph: Any, values: list[Value | Column]) -> list[Fault]:
    """Outputs that no reply has a place for."""
    found = []
    for index, (tensor, value) in enumerate(zip(graph.outputs, values, strict=True)):
        layer = tensor._keras_history.operation
        why = None
        if isinstance(value, (Column, IdValue)) or value.name in inputs_of(graph):
            why, instead = "it is an input as it came", "let a layer compute it"
        elif value in values[:index]:
            why, instead = "it is the same as another output", "leave one out"
        elif value.axis == "event" or (value.axis == "user" and set(value.rows) - {1}):
            why = f"{shown(value.shape)} has a row for each {value.axis} row"
            instead = "end with one row of the user, or of each coupon"
        elif value.width > VECTOR_WIDTH_MAX:
            why, instead = f"it is {value.width} wide", f"at most {VECTOR_WIDTH_MAX}"
        if why:
            found.append(Fault(layer.name, type(layer).__name__, why, instead))
    return found


def inputs_of(graph: Any) -> set[str]:
    struct = graph._inputs_struct
    return set(struct) if isinstance(struct, dict) else {x.name for x in graph.inputs}


def name_outputs(builder: GraphBuilder, values: list[Value], wanted: list[str] | None) -> list[str]:
    """The outputs' names: `wanted`, or those of the nodes."""
    if wanted is None:
        return [value.name for value in values]
    if len(wanted) != len(values):
        message = f"{len(wanted)} names of outputs, the model has {len(values)}"
        raise ModelFolderError(f"{message}; name all of them, in its order")
    for value, name in zip(values, wanted, strict=True):
        builder.rename(value.name, name)
    return list(wanted)


def find_limits(
    columns: list[Column], given: dict[str, int], events: int | None, masks: bool
) -> dict[str, int]:
    """The model's limits: Keras's lengths, else those given, else the defaults."""
    wrong = sorted(set(given) - {"events", "coupons"})
    if wrong:
        raise ModelFolderError(f'limits: "{wrong[0]}" is none; there are events and coupons')
    on = {x.value.axis for x in columns}
    fixed = next((x.rows for x in columns if x.is_listwise and x.rows), None)
    found = {
        "events": given.get("events", events or (EVENTS_DEFAULT if "event" in on else 1)),
        "coupons": given.get("coupons", fixed or COUPONS_DEFAULT) if "coupon" in on else 0,
    }
    if events and (found["events"] > events or (not masks and found["events"] < events)):
        message = f"limits: {found['events']} events, but the model's Input has {events}"
        raise ModelFolderError(f"{message}; give it None rows to leave that open")
    for axis, most in (("events", EVENTS_MAX), ("coupons", COUPONS_MAX)):
        if not (axis == "coupons" and "coupon" not in on) and not 1 <= found[axis] <= most:
            raise ModelFolderError(f"limits: {found[axis]} {axis}, not 1…{most}")
    return found
