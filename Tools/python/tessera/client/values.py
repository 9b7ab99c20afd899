"""What callers give as a column → the values of its kind, or a refusal that names row and value.

A column is a sequence with one item per row of its axis, users one after another: integers, numbers
or strings (a list, a numpy array, a pandas series), bags (a list of lists), vectors (an array
[rows, width], or `ScaledVectors`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from . import limits
from .codes import ErrorCode, WireError
from .signature import Column

INT64 = np.iinfo(np.int64)
VALUE_CHARACTERS_MAX = 40
"""A message shows no more of a value."""


@dataclass(frozen=True)
class ScaledVectors:
    """Vectors in int8: row r holds `values[r] * scales[r]`."""

    scales: np.ndarray
    """[rows], float32."""
    values: np.ndarray
    """[rows, width], int8."""

    def __len__(self) -> int:
        return len(self.scales)


@dataclass(frozen=True)
class Place:
    """A column of a request, for messages."""

    column: Column
    index: int | None

    def refuse(
        self, message: str, row: int | None = None, code: ErrorCode = ErrorCode.BAD_VALUE
    ) -> WireError:
        where = f"column '{self.column.name}'" + ("" if row is None else f", row {row}")
        return WireError(code, f"{where}: {message}", column=self.index)


def shown(value: Any) -> str:
    """A value as a message shows it: its type and its beginning."""
    text = repr(value)
    if len(text) > VALUE_CHARACTERS_MAX:
        text = text[:VALUE_CHARACTERS_MAX] + "…"
    return f"{text} ({type(value).__name__})"


def is_missing(value: Any) -> bool:
    """None, NaN, or what pandas has in their place (NA, NaT), none of which equals itself."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def check_rows(values: Any, place: Place) -> None:
    """Refuses what is no sequence of rows: a plain string is one value, not one per letter."""
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        raise place.refuse(f"{shown(values)} is one value; give a list with a value for each row")


def encode_strings(values: Iterable[Any], place: Place, bytes_max: int) -> list[bytes]:
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
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(0, np.int64)
    if array.ndim == 1 and (array.dtype.kind in "ib"):
        return array.astype(np.int64)
    found = np.zeros(len(array), np.int64)
    # The slow way: finds the row that is at fault, and integers among objects.
    for row, value in enumerate(values):
        if is_missing(value):
            raise place.refuse("an integer is missing; an integer column has no missing value", row)
        if not isinstance(value, (int, np.integer)):
            raise place.refuse(f"{shown(value)} is no integer", row)
        if not INT64.min <= value <= INT64.max:
            raise place.refuse(f"{shown(value)} does not fit 64 signed bits", row)
        found[row] = value
    return found


def numbers(values: Any, place: Place) -> np.ndarray:
    """float32 values; what is missing is NaN."""
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iufb":
        # The slow way: finds the row that is at fault, and numbers among objects.
        floats = np.zeros(len(values), np.float64)
        for row, value in enumerate(values):
            if is_missing(value):
                floats[row] = np.nan
            elif isinstance(value, (int, float, np.number, np.bool_)) and not is_time(value):
                floats[row] = float(value)
            else:
                raise place.refuse(f"{shown(value)} is no number", row)
        array = floats
    with np.errstate(over="ignore"):
        found = array.astype(np.float32)
    infinite = np.flatnonzero(np.isinf(found))
    if infinite.size:
        value = array[infinite[0]].item()
        message = f"{shown(value)} is no finite binary32; NaN means missing"
        raise place.refuse(message, int(infinite[0]))
    return found


def is_time(value: Any) -> bool:
    """numpy counts a time span among its numbers; its unit would be lost."""
    return isinstance(value, (np.timedelta64, np.datetime64))


def bags(values: Any, place: Place) -> tuple[bytes, list[Any]]:
    """The counts of all rows, and their members one after another."""
    for row, bag in enumerate(values):
        if isinstance(bag, (str, bytes)) or not hasattr(bag, "__len__"):
            raise place.refuse(f"{shown(bag)} is no bag; give a list", row)
        if len(bag) > limits.BAG_MEMBERS_MAX:
            message = f"the bag has {len(bag)} members, at most {limits.BAG_MEMBERS_MAX}"
            raise place.refuse(message, row, ErrorCode.LIMIT)
    counts = bytes(map(len, values))
    if sum(counts) > limits.BAG_VALUES_MAX:
        message = f"the bags have {sum(counts)} members, at most {limits.BAG_VALUES_MAX}"
        raise place.refuse(message, code=ErrorCode.LIMIT)
    return counts, list(chain.from_iterable(values))


def vectors(values: Any, place: Place) -> np.ndarray:
    """float32 [rows, width], all finite."""
    width = place.column.width
    try:
        array = np.asarray(values)
        array = array.reshape(0, width) if array.size == 0 and len(values) == 0 else array
        shape = array.shape
    except ValueError:
        shape = None
    if shape is None or len(shape) != 2 or shape[1] != width:
        message = f"the rows are not all {width} numbers wide (the array's shape is {shape})"
        raise place.refuse(message)
    return finite(array, place)


def scaled_vectors(given: ScaledVectors, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Scales (float32, finite) and values (int8)."""
    values = np.asarray(given.values)
    if values.dtype != np.int8 or values.shape != (len(given.scales), place.column.width):
        shape = (len(given.scales), place.column.width)
        message = f"values must be int8 {list(shape)}, not {values.dtype} {list(values.shape)}"
        raise place.refuse(message)
    return finite(np.asarray(given.scales), place), values


def finite(array: np.ndarray, place: Place) -> np.ndarray:
    """As float32; NaN and infinities are refused."""
    if array.size and array.dtype.kind not in "iufb":
        raise place.refuse(f"{array.dtype} values are no numbers")
    with np.errstate(over="ignore"):
        found = array.astype(np.float32)
    wrong = np.argwhere(~np.isfinite(found))
    if wrong.size:
        raise place.refuse(f"{array[tuple(wrong[0])]} is not finite in binary32", int(wrong[0][0]))
    return found
