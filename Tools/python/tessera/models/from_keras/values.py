"""What a Keras tensor is in the graph, and what is said of a layer that has no place in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

Shape = tuple[int | None, ...]
"""A Keras shape without the batch; None where Keras takes any size."""


@dataclass(frozen=True)
class Value:
    """A Keras tensor as an input or node of the graph: one vector for each row of its axis."""

    name: str
    """The input or node."""
    axis: str
    """`user`, `event` or `coupon`."""
    width: int
    shape: Shape
    """As Keras has it: (w,) is one row a sample, (R, w) is R rows."""
    is_bare: bool = False
    """The shape has no axis for the width, which is 1: (), or (R,)."""
    is_masked: bool = False
    """Keras knows which rows are padding."""
    is_assumed: bool = False
    """What a layer that was refused might have given."""

    @property
    def rows(self) -> Shape:
        """The part of the shape before the width."""
        return self.shape if self.is_bare else self.shape[:-1]

    def with_shape(self, shape: Shape) -> Value:
        return replace(self, shape=shape)


@dataclass(frozen=True)
class IdValue(Value):
    """A column of ids, which only Embedding layers read; its width is 0."""

    table_order: tuple[int, ...] | None = None
    """Which row of the Keras table each id of the graph is; None: the same."""


class Refused(Exception):  # noqa: N818 - what happened to a layer, caught by the walk
    """A layer has no place in the graph: why, and what to do instead."""

    def __init__(self, why: str, instead: str) -> None:
        super().__init__(f"{why}; {instead}")
        self.why, self.instead = why, instead


def rowwise(x: Value) -> Value:
    """`x`, if its last axis is the width of a row: what a layer computes stays within rows."""
    if x.is_bare:
        raise Refused(
            f"of a tensor {shown(x.shape)} it would mix the {x.axis} rows",
            "keep one axis for the width: (rows, 1)",
        )
    return x


def shown(shape: Shape) -> str:
    """A shape as Keras prints it, the batch with it."""
    return str((None, *shape))


def reshaped(x: Value, shape: Shape) -> Value:
    """`x` under another Keras shape that leaves every row as it is."""

    def without_ones(sizes: Shape) -> list[int | None]:
        return [size for size in sizes if size != 1]

    if without_ones(shape) == without_ones(x.shape):
        if shape and shape[-1] == x.width:
            return replace(x, shape=shape, is_bare=False)
        if x.width == 1 and without_ones(shape) == without_ones(x.rows):
            return replace(x, shape=shape, is_bare=True)
    advice = "pool the events first, or end with one output for each coupon"
    raise Refused(f"{shown(x.shape)} becomes {shown(shape)}, which mixes rows", advice)
