"""A signature: the columns that requests carry and the outputs that replies have."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from . import limits
from .arguments import encode_name
from .codes import ErrorCode, WireError
from .reader import Reader


class Axis(IntEnum):
    USER = 0
    EVENT = 1
    COUPON = 2


class ColumnKind(IntEnum):
    INTEGER = 0
    STRING = 1
    NUMBER = 2
    INTEGER_BAG = 3
    STRING_BAG = 4
    VECTOR = 5
    TEXT = 6


class Meaning(IntEnum):
    """What the numbers of an output are."""

    VALUE = 0
    PROBABILITY = 1
    VECTOR = 2


@dataclass(frozen=True)
class Column:
    name: str
    axis: Axis
    kind: ColumnKind
    width: int = 1
    """Numbers of a row: more than 1 only for vectors."""


@dataclass(frozen=True)
class Output:
    name: str
    axis: Axis = Axis.COUPON
    meaning: Meaning = Meaning.VALUE
    width: int = 1
    """Numbers of a row: more than 1 only for vectors."""


def width_max(kind: ColumnKind | Meaning) -> int:
    return limits.VECTOR_WIDTH_MAX if kind.name == "VECTOR" else 1


@dataclass(frozen=True)
class Signature:
    """What a model is sent (columns, in wire order) and what it answers (outputs)."""

    columns: tuple[Column, ...]
    outputs: tuple[Output, ...]
    events_max: int = limits.EVENTS_MAX
    coupons_max: int = limits.COUPONS_MAX
    """0 exactly where neither a column nor an output lies on the coupon axis."""

    @property
    def uses_coupons(self) -> bool:
        return any(part.axis == Axis.COUPON for part in (*self.columns, *self.outputs))

    def numbers(self, users: int, coupons: int) -> int:
        """The numbers of an answer for so many rows."""
        return sum(
            part.width * (users if part.axis == Axis.USER else coupons) for part in self.outputs
        )

    def encode(self) -> bytes:
        """The part of BOUND that the hash covers."""
        counts = (self.events_max, self.coupons_max, len(self.columns), len(self.outputs))
        data = struct.pack("<HHHB", *counts)
        for part in self.columns:
            data += encode_field(part.axis, part.kind, part.width, part.name)
        for part in self.outputs:
            data += encode_field(part.axis, part.meaning, part.width, part.name)
        # What this client would refuse to read is not written.
        Signature.read(Reader(data))
        return data

    @staticmethod
    def read(reader: Reader) -> Signature:
        events_max = reader.count(2, 0, limits.EVENTS_MAX, "events_max")
        coupons_offset = reader.offset
        coupons_max = reader.count(2, 0, limits.COUPONS_MAX, "coupons_max")
        column_count = reader.count(2, 0, limits.COLUMNS_MAX, "columns")
        output_count = reader.count(1, 1, limits.OUTPUTS_MAX, "outputs")
        columns: list[Column] = []
        names: set[str] = set()
        for reader.column in range(column_count):
            columns.append(Column(*read_field(reader, set(Axis), ColumnKind, names)))
        reader.column = None
        outputs: list[Output] = []
        names = set()
        for _ in range(output_count):
            outputs.append(Output(*read_field(reader, {Axis.USER, Axis.COUPON}, Meaning, names)))
        signature = Signature(tuple(columns), tuple(outputs), events_max, coupons_max)
        if signature.uses_coupons != (coupons_max > 0):
            message = (
                f"coupons_max is {coupons_max}; it is 0 exactly where nothing lies on that axis"
            )
            raise WireError(ErrorCode.LIMIT, message, offset=coupons_offset)
        return signature


def encode_field(axis: Axis, kind: ColumnKind | Meaning, width: int, name: str) -> bytes:
    data = encode_name(name)
    return struct.pack("<BBHB", axis, kind, width, len(data)) + data


def read_field(
    reader: Reader, axes: set[Axis], kinds: type[ColumnKind | Meaning], names: set[str]
) -> tuple[str, Axis, Any, int]:
    """A column or an output: its name (not in `names` yet), axis, kind or meaning, and width."""
    start = reader.offset
    axis = reader.integer(1)
    if axis not in axes:
        raise reader.error(ErrorCode.BAD_VALUE, f"the axis {axis} is not allowed here", start)
    start = reader.offset
    number = reader.integer(1)
    if number not in set(kinds):
        raise reader.error(ErrorCode.BAD_VALUE, f"the {kinds.__name__} {number} is unknown", start)
    kind = kinds(number)
    width = reader.count(2, 1, width_max(kind), "width")
    start = reader.offset
    name = reader.text(reader.count(1, 1, limits.NAME_BYTES_MAX, "name_length"))
    if name in names:
        raise reader.error(ErrorCode.BAD_VALUE, f"the name {name!r} is there twice", start)
    names.add(name)
    return name, Axis(axis), kind, width
