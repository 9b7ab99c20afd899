"""What callers give as a column → the values of its kind, or a refusal that names row and value.

A column is a sequence with one item per row of its axis, users one after another: integers, numbers
or strings (a list, a numpy array, a pandas series), bags (a list of lists), vectors (an array
[rows, width], or `ScaledVectors`).

What means one thing is taken: whole numbers in any type that holds them exactly, nullable columns
without nulls, decimals as numbers. What does not is refused: times have no unit of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate, chain
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from . import limits
from .arguments import shown
from .codes import ErrorCode, WireError
from .signature import Column

INT64 = np.iinfo(np.int64)
INTEGERS, NUMBERS = "iub", "iufb"
"""Kinds of numpy types."""


@dataclass(frozen=True)
class ScaledVectors:
    """Vectors in int8: row r holds `values[r] * scales[r]`."""

    scales: np.ndarray
    """[rows], float32."""
    values: np.ndarray
    """[rows, width], int8."""

    def __len__(self) -> int:
        return len(self.scales)

    def __getitem__(self, rows: slice) -> ScaledVectors:
        return ScaledVectors(self.scales[rows], self.values[rows])


class Place(NamedTuple):
    """A column of a request, for messages."""

    column: Column
    index: int | None
    counts: bytes | None = None
    """In bags: the members of each row; a "row" of `refuse` is then the number of a member."""

    def refuse(
        self, message: str, row: int | None = None, code: ErrorCode = ErrorCode.BAD_VALUE
    ) -> WireError:
        where = f"column '{self.column.name}'"
        if row is not None and self.counts is None:
            where += f", row {row}"
        elif row is not None and self.counts is not None:
            ends = list(accumulate(self.counts))
            bag = next(bag for bag, end in enumerate(ends) if row < end)
            where += f", row {bag}, member {row - ends[bag] + self.counts[bag]}"
        return WireError(code, f"{where}: {message}", column=self.index)


def is_missing(value: Any) -> bool:
    """None, NaN, or what pandas has in their place (NA, NaT), none of which equals itself."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and bool(value != value)


def is_time(value: Any) -> bool:
    """Days, moments and spans. numpy counts spans among its integers, in whatever unit they have,
    and a moment of pandas has one unit or another."""
    times = (date, timedelta, np.datetime64, np.timedelta64)
    return isinstance(value, times) or type(value).__name__ == "Period"


def check_rows(values: Any, place: Place, dimensions: tuple[int, ...] = (1,)) -> None:
    """Refuses what is no sequence of rows: a plain string is one value, not one per letter."""
    if type(values) is list:
        return
    has_rows = hasattr(values, "__len__") and getattr(values, "ndim", 1) > 0
    if isinstance(values, (str, bytes, bytearray, memoryview)) or not has_rows:
        raise place.refuse(f"{shown(values)} is one value; give a list with a value for each row")
    if isinstance(values, (Mapping, Set)):
        raise place.refuse(f"{shown(values)} has no order of rows; give a list")
    if isinstance(values, ScaledVectors):
        raise place.refuse("ScaledVectors are for columns of vectors")
    if getattr(values, "ndim", 1) not in dimensions:
        raise place.refuse(
            f"{shown(values)} has {values.ndim} dimensions; give one value for each row"
        )


def as_array(values: Any) -> np.ndarray | None:
    """None where the rows are of different shapes."""
    try:
        return np.asarray(values)
    except ValueError:
        return None


def strings(values: Iterable[Any], place: Place, bytes_max: int) -> list[bytes]:
    """Each string in UTF-8, at most `bytes_max` bytes."""
    found = []
    for row, value in enumerate(values):
        if not isinstance(value, str):
            advice = "decode it" if isinstance(value, bytes) else "give a str"
            if is_missing(value):
                advice = "give '' where there is none"
            raise place.refuse(f"{shown(value)} is no string; {advice}", row)
        try:
            data = value.encode()
        except UnicodeEncodeError:
            raise place.refuse(f"{shown(value)} cannot be written in UTF-8", row) from None
        if len(data) > bytes_max:
            message = f"{shown(value)} has {len(data)} bytes, at most {bytes_max}"
            raise place.refuse(message, row, ErrorCode.LIMIT)
        found.append(data)
    return found


def integers(values: Any, place: Place) -> np.ndarray:
    """int64 values."""
    array = as_array(values)
    if array is not None and array.ndim == 1 and array.dtype.kind in INTEGERS:
        if array.size == 0 or int(array.max()) <= INT64.max:
            return array.astype(np.int64)
    found = np.zeros(len(values), np.int64)
    # The slow way: finds the row that is at fault, and integers among objects.
    for row, value in enumerate(values):
        found[row] = integer(value, row, place)
    return found


def integer(value: Any, row: int, place: Place) -> int:
    if is_missing(value):
        message = "an integer is missing; give one that the model's vocabulary does not have"
        raise place.refuse(message, row)
    if is_time(value):
        raise place.refuse(f"{shown(value)} is a time; give a count of days or seconds", row)
    if not isinstance(value, (Integral, np.bool_)):
        raise place.refuse(f"{shown(value)} is no integer; give an int", row)
    if not INT64.min <= value <= INT64.max:
        raise place.refuse(f"{shown(value)} does not fit 64 signed bits", row)
    return int(value)


def numbers(values: Any, place: Place) -> np.ndarray:
    """float32 values; what is missing is NaN."""
    array = as_array(values)
    if array is None or array.ndim != 1 or array.dtype.kind not in NUMBERS:
        # The slow way: finds the row that is at fault, and numbers among objects.
        array = np.array([number(value, row, place) for row, value in enumerate(values)])
    with np.errstate(over="ignore"):
        found = array.astype(np.float32)
    infinite = np.flatnonzero(np.isinf(found))
    if infinite.size:
        value = array[infinite[0]].item()
        message = f"{shown(value)} is no finite binary32; NaN means missing"
        raise place.refuse(message, int(infinite[0]))
    return found


def number(value: Any, row: int, place: Place) -> float:
    if is_missing(value):
        return math.nan
    if is_time(value):
        advice = "give a count of days or seconds, in the unit of the training data"
        raise place.refuse(f"{shown(value)} is a time; {advice}", row)
    if not isinstance(value, (Real, Decimal, np.bool_)):
        raise place.refuse(f"{shown(value)} is no number; give a float", row)
    try:
        return float(value)
    except (OverflowError, ValueError):
        raise place.refuse(f"{shown(value)} is no finite binary32", row) from None


def bags(values: Any, place: Place) -> tuple[bytes, list[Any]]:
    """The counts of all rows, and their members one after another."""
    for row, bag in enumerate(values):
        if type(bag) is not list:
            has_members = hasattr(bag, "__len__") and getattr(bag, "ndim", 1) == 1
            if isinstance(bag, (str, bytes, bytearray, Mapping)) or not has_members:
                raise place.refuse(f"{shown(bag)} is no bag; give a list", row)
        if len(bag) > limits.BAG_MEMBERS_MAX:
            message = f"the bag has {len(bag)} members, at most {limits.BAG_MEMBERS_MAX}"
            raise place.refuse(message, row, ErrorCode.LIMIT)
    return bytes(map(len, values)), list(chain.from_iterable(values))


def vectors(values: Any, place: Place) -> np.ndarray:
    """float32 [rows, width], all finite."""
    width = place.column.width
    if len(values) == 0:
        return np.zeros((0, width), np.float32)
    array = as_array(values)
    if array is None or array.ndim != 2 or array.dtype.kind not in NUMBERS:
        # A table's rows are those of its array; elsewhere each row may be a list or an array.
        rows = values if array is None or array.ndim != 2 else array
        array = np.array([vector(value, row, place) for row, value in enumerate(rows)])
    if array.shape[1] != width:
        raise place.refuse(f"the rows are {array.shape[1]} numbers wide, not {width}")
    return finite(array, place)


def vector(values: Any, row: int, place: Place) -> list[float]:
    width = place.column.width
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__") or np.ndim(values) != 1:
        raise place.refuse(f"{shown(values)} is no vector; give {width} numbers", row)
    if len(values) != width:
        raise place.refuse(f"the vector is {len(values)} numbers wide, not {width}", row)
    return [number(value, row, place) for value in values]


def scaled_vectors(given: ScaledVectors, place: Place) -> ScaledVectors:
    """Scales (float32, finite) and values (int8)."""
    scales, values = np.asarray(given.scales), np.asarray(given.values)
    if scales.ndim != 1 or scales.dtype.kind not in NUMBERS:
        message = f"scales must be numbers [rows], not {scales.dtype} {list(scales.shape)}"
        raise place.refuse(message)
    shape = (len(scales), place.column.width)
    if values.dtype != np.int8 or values.shape != shape:
        message = f"values must be int8 {list(shape)}, not {values.dtype} {list(values.shape)}"
        raise place.refuse(message)
    return ScaledVectors(finite(scales, place), values)


def finite(array: np.ndarray, place: Place) -> np.ndarray:
    """As float32; NaN and infinities are refused."""
    with np.errstate(over="ignore"):
        found = array.astype(np.float32)
    wrong = np.argwhere(~np.isfinite(found))
    if wrong.size:
        raise place.refuse(f"{array[tuple(wrong[0])]} is not finite in binary32", int(wrong[0][0]))
    return found
