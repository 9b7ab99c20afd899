"""The inputs of a Keras model as columns: axis and kind are settled by the layer that reads them.

Keras says neither what an axis is nor that numbers are ids. So an input stays open until the first
layer reads it: an Embedding makes it ids, a lookup a vocabulary, anything else numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tessera.models.from_keras.values import IdValue, Refused, Shape, Value, shown

AXES = ("user", "event", "coupon")


class Column:
    """One `keras.Input` on its way to an input of the description."""

    def __init__(self, name: str, shape: Shape, dtype: str, axis: str | None) -> None:
        self.name, self.shape, self.dtype = name, shape, dtype
        self.given_axis = axis
        self.spec: dict[str, Any] = {}
        """The input as `model.json` has it, once it is known."""
        self.value: Value | None = None
        self.padding: Any = None
        """The raw value that Keras masks: such rows are not sent. None: nothing is masked."""

    @property
    def is_listwise(self) -> bool:
        """Coupons are an axis of the Keras tensor; else each of them is a sample."""
        assert self.value is not None
        return self.value.axis == "coupon" and bool(self.value.rows) and self.shape != (1,)

    @property
    def rows(self) -> int | None:
        """The fixed number of rows on the axis; None where Keras takes any."""
        return self.shape[0] if self.shape else 1

    def settle(self, spec: dict[str, Any], value: Value) -> Value:
        """Keeps what the first reader makes of the input; raises Refused when another differs."""
        spec = {"name": self.name, "axis": value.axis} | spec
        if self.value is None:
            self.spec, self.value = spec, value
        if self.spec != spec:
            raise Refused(
                f'the input "{self.name}" is read by another layer as something else',
                "give the model one Input for each way to read it",
            )
        return self.value

    def ids(self, spec: dict[str, Any], order: tuple[int, ...] | None = None) -> IdValue:
        """The input as ids: `spec` says where they are from."""
        axis = self.given_axis or ("user" if self.shape in ((), (1,)) else "event")
        fits = len(self.shape) < 2 and (axis != "event" or len(self.shape) == 1)
        if not fits or (axis == "user" and self.shape not in ((), (1,))):
            raise Refused(
                f'the input "{self.name}" {shown(self.shape)} has not one id for each {axis} row',
                "make it (rows,) of events or coupons, () of the user",
            )
        value = IdValue(self.name, axis, 0, self.shape, is_bare=True, table_order=order)
        return self.settle({"kind": "id"} | spec, value)

    def vectors(self, **transform: float) -> Value:
        """The input as numbers, of width 1 with the `transform` of a number column."""
        is_integer = not self.dtype.startswith("float")
        if self.dtype == "string":
            raise Refused(
                f'the input "{self.name}" holds strings that no lookup reads',
                "put a StringLookup and an Embedding after it",
            )
        axis = self.given_axis or self.default_axis(is_integer)
        is_bare = not self.shape or (axis == "event" and len(self.shape) == 1)
        width = 1 if is_bare else self.shape[-1]
        if len(self.shape) > (1 if axis == "user" else 2) or width is None:
            raise Refused(
                f'the input "{self.name}" {shown(self.shape)} has not one vector of fixed width '
                f"for each {axis} row",
                "make it (rows, width) of events or coupons, (width,) of the user",
            )
        if axis == "event" and not self.shape:
            raise Refused(f'the input "{self.name}" has no axis of events', "make it (rows, width)")
        spec = {"kind": "number"} | transform if width == 1 else {"kind": "vector", "width": width}
        return self.settle(spec, Value(self.name, axis, width, self.shape, is_bare))

    def default_axis(self, is_integer: bool) -> str:
        is_rows = len(self.shape) == 2 or (is_integer and self.shape not in ((), (1,)))
        return "event" if is_rows else "user"

    def pad_with(self, padding: Any) -> None:
        """Rows that are `padding` are masked by Keras."""
        if self.padding not in (None, padding):
            raise Refused(
                f'the input "{self.name}" is padded with {padding} and {self.padding}',
                "mask one value",
            )
        self.padding = padding


def lookup_ids(column: Column, layer: Any) -> IdValue:
    """What StringLookup or IntegerLookup makes of the input: a vocabulary, unknown values row 0.

    The mask token, where there is one, stands in the vocabulary like any other value.
    """
    if layer.num_oov_indices != 1 or layer.output_mode != "int" or layer.invert:
        raise Refused(
            "only a lookup with num_oov_indices=1 and output_mode='int' is a vocabulary",
            "build it so",
        )
    words = [plain(word) for word in layer.get_vocabulary(include_special_tokens=False)]
    spec = {"values": "string" if isinstance(plain(layer.oov_token), str) else "integer"}
    if layer.mask_token is None:
        return column.ids(spec | {"vocabulary": words}, tuple(range(1 + len(words))))
    order = (1, 0, *range(2, len(words) + 2))
    return column.ids(spec | {"vocabulary": [plain(layer.mask_token), *words]}, order)


def plain(value: Any) -> Any:
    """A numpy scalar, or bytes, as JSON has it."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return value.item() if isinstance(value, np.generic) else value


def normalized(column: Column, layer: Any) -> Value | None:
    """The input with Keras's Normalization as its transform; None where it is a vector."""
    mean, deviation = moments(layer)
    raw_width = 1 if not column.shape else column.shape[-1]
    if raw_width != 1 or mean.size != 1:
        return None
    return column.vectors(mean=float(mean[0]), deviation=float(deviation[0]))


def moments(layer: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of a Normalization, flat float32; raises Refused before `adapt`."""
    import keras

    if layer.invert:
        raise Refused("invert=True has no transform", "use Rescaling")
    if layer.mean is None:
        raise Refused("it was not adapted", "call adapt on the training data first")
    mean, variance = (
        np.asarray(keras.ops.convert_to_numpy(part), np.float32).reshape(-1)
        for part in (layer.mean, layer.variance)
    )
    return mean, np.maximum(np.sqrt(variance), np.float32(keras.config.epsilon()))
