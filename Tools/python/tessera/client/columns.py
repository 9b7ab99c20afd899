"""Columns of a SCORE body: values to bytes in the narrowest encoding that holds them, and back."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from . import limits, values
from .codes import ErrorCode, FrameSizeError
from .reader import Reader
from .signature import Column, ColumnKind
from .values import Place, ScaledVectors

BAG = 0x80
STRING, SCALED_INT8, TEXT = 7, 8, 9
TYPES = {1: "<i1", 2: "<i2", 3: "<i4", 4: "<i8", 5: "<f2", 6: "<f4"}
BAG_KINDS = (ColumnKind.INTEGER_BAG, ColumnKind.STRING_BAG)
DIMENSIONS = dict.fromkeys((*BAG_KINDS, ColumnKind.VECTOR), (1, 2))
"""What arrays may have where it is not one alone."""
ACCEPTED = {
    ColumnKind.INTEGER: {1, 2, 3, 4},
    ColumnKind.STRING: {STRING},
    ColumnKind.NUMBER: {1, 2, 3, 4, 5, 6},
    ColumnKind.INTEGER_BAG: {BAG | 1, BAG | 2, BAG | 3, BAG | 4},
    ColumnKind.STRING_BAG: {BAG | STRING},
    ColumnKind.VECTOR: {5, 6, SCALED_INT8},
    ColumnKind.TEXT: {TEXT},
}


class CheckedColumn(NamedTuple):
    """A column whose values were checked: any run of its rows can be written."""

    place: Place
    values: np.ndarray | list[bytes] | ScaledVectors
    """By row; of bags their members, one after another."""
    counts: bytes | None = None
    """Members of each bag."""

    def rows(self, start: int, stop: int) -> CheckedColumn:
        if (start, stop) == (0, len(self.values if self.counts is None else self.counts)):
            return self
        if self.counts is None:
            return CheckedColumn(self.place, self.values[start:stop])
        first = sum(self.counts[:start])
        counts = self.counts[start:stop]
        return CheckedColumn(self.place, self.values[first : first + sum(counts)], counts)

    def encode(self) -> bytes:
        """The encoding byte and the payload, in the narrowest encoding that is exact."""
        if self.counts is None:
            code, payload = encode_values(self.place.column.kind, self.values)
            return bytes([code]) + payload
        if len(self.values) > limits.BAG_VALUES_MAX:
            message = f"{len(self.values)} bag members in a frame, at most {limits.BAG_VALUES_MAX}"
            raise FrameSizeError(ErrorCode.LIMIT, message, column=self.place.index)
        code, payload = encode_values(self.place.column.kind, self.values)
        return bytes([BAG | code]) + self.counts + payload


def check_column(column: Column, given: Any, rows: int, index: int | None = None) -> CheckedColumn:
    """The values of a column, or a refusal that names row and value."""
    place = Place(column, index)
    is_scaled = column.kind == ColumnKind.VECTOR and isinstance(given, ScaledVectors)
    if not is_scaled:
        values.check_rows(given, place, DIMENSIONS.get(column.kind, (1,)))
    if len(given) != rows:
        raise place.refuse(f"{len(given)} values, the request has {rows} rows on its axis")
    if column.kind in BAG_KINDS:
        counts, given = values.bags(given, place)
        members = Place(column, index, counts)
        return CheckedColumn(place, check_values(column.kind, given, members), counts)
    if is_scaled:
        return CheckedColumn(place, values.scaled_vectors(given, place))
    return CheckedColumn(place, check_values(column.kind, given, place))


def check_values(kind: ColumnKind, given: Any, place: Place) -> np.ndarray | list[bytes]:
    match kind:
        case ColumnKind.INTEGER | ColumnKind.INTEGER_BAG:
            return values.integers(given, place)
        case ColumnKind.NUMBER:
            return values.numbers(given, place)
        case ColumnKind.STRING | ColumnKind.STRING_BAG:
            return values.strings(given, place, limits.STRING_BYTES_MAX)
        case ColumnKind.VECTOR:
            return values.vectors(given, place)
        case ColumnKind.TEXT:
            return values.strings(given, place, limits.TEXT_VALUE_BYTES_MAX)


def encode_values(
    kind: ColumnKind, checked: np.ndarray | list[bytes] | ScaledVectors
) -> tuple[int, bytes]:
    """The base encoding and the payload."""
    if isinstance(checked, ScaledVectors):
        return SCALED_INT8, checked.scales.astype("<f4").tobytes() + checked.values.tobytes()
    match kind:
        case ColumnKind.STRING | ColumnKind.STRING_BAG:
            return STRING, bytes(map(len, checked)) + b"".join(checked)
        case ColumnKind.TEXT:
            return TEXT, np.array(list(map(len, checked)), "<u2").tobytes() + b"".join(checked)
        case ColumnKind.INTEGER | ColumnKind.INTEGER_BAG:
            code, array = narrow_integers(checked)
        case ColumnKind.NUMBER:
            code, array = narrow_numbers(checked)
        case ColumnKind.VECTOR:
            code, array = narrow_floats(checked)
    return code, array.tobytes()


def narrow_integers(array: np.ndarray) -> tuple[int, np.ndarray]:
    low, high = (array.min(), array.max()) if array.size else (0, 0)
    for code in (1, 2, 3):
        bounds = np.iinfo(TYPES[code])
        if bounds.min <= low and high <= bounds.max:
            return code, array.astype(TYPES[code])
    return 4, array.astype(TYPES[4])


def narrow_numbers(array: np.ndarray) -> tuple[int, np.ndarray]:
    """int8 or int16 for small whole numbers, float16 where nothing is rounded, else float32."""
    if not (np.isnan(array).any() or (np.signbit(array) & (array == 0)).any()):
        low, high = (array.min(), array.max()) if array.size else (0, 0)
        for code in (1, 2):
            bounds = np.iinfo(TYPES[code])
            in_range = bounds.min <= low and high <= bounds.max
            if in_range and (np.trunc(array) == array).all():
                return code, array.astype(TYPES[code])
    return narrow_floats(array)


def narrow_floats(array: np.ndarray) -> tuple[int, np.ndarray]:
    """float16 where nothing is rounded, else float32."""
    with np.errstate(over="ignore"):
        half = array.astype(TYPES[5])
    if np.array_equal(half.astype(np.float32), array, equal_nan=True):
        return 5, half
    return 6, array.astype(TYPES[6])


def read_column(reader: Reader, column: Column, rows: int) -> Any:
    """int64 or float32 array, list of str, list of lists, float32 [rows, width], ScaledVectors."""
    start = reader.offset
    code = reader.integer(1)
    if code not in ACCEPTED[column.kind]:
        message = f"a column of kind {column.kind.name} does not accept the encoding {code:#04x}"
        raise reader.error(ErrorCode.BAD_VALUE, message, start)
    if code == SCALED_INT8:
        scales_offset = reader.offset
        scales = np.frombuffer(reader.take(4 * rows), TYPES[6])
        scaled = np.frombuffer(reader.take(rows * column.width), TYPES[1])
        refuse_first(reader, ~np.isfinite(scales), scales_offset, 4)
        return ScaledVectors(scales, scaled.reshape(rows, column.width))
    if column.kind == ColumnKind.VECTOR:
        return read_array(reader, code, rows * column.width, True).reshape(rows, column.width)
    if not code & BAG:
        return read_values(reader, code, rows)
    start = reader.offset
    counts = reader.take(rows)
    total = sum(counts)
    if total > limits.BAG_VALUES_MAX:
        message = f"{total} bag members, at most {limits.BAG_VALUES_MAX}"
        raise reader.error(ErrorCode.LIMIT, message, start)
    members = list(read_values(reader, code & ~BAG, total))
    ends = accumulate(counts)
    return [members[end - count : end] for end, count in zip(ends, counts, strict=True)]


def read_values(reader: Reader, code: int, count: int) -> Any:
    if code not in (STRING, TEXT):
        return read_array(reader, code, count, False)
    start = reader.offset
    lengths = np.frombuffer(
        reader.take(count * (2 if code == TEXT else 1)), "<u2" if code == TEXT else "u1"
    )
    too_long = np.flatnonzero(lengths > limits.TEXT_VALUE_BYTES_MAX)
    if too_long.size:
        message = f"text {too_long[0]} has {lengths[too_long[0]]} bytes"
        raise reader.error(ErrorCode.LIMIT, message, start + 2 * int(too_long[0]))
    data_start = reader.offset
    reader.take(int(lengths.sum()))
    reader.offset = data_start
    return [reader.text(int(length)) for length in lengths]


def read_array(reader: Reader, code: int, count: int, must_be_finite: bool) -> np.ndarray:
    """int64 or float32."""
    start = reader.offset
    dtype = np.dtype(TYPES[code])
    array = np.frombuffer(reader.take(count * dtype.itemsize), dtype)
    if dtype.kind == "i":
        return array.astype(np.int64)
    wrong = ~np.isfinite(array) if must_be_finite else np.isinf(array)
    refuse_first(reader, wrong, start, dtype.itemsize)
    return array.astype(np.float32)


def refuse_first(reader: Reader, wrong: np.ndarray, start: int, size: int) -> None:
    """Refuses the first number that is marked."""
    rows = np.flatnonzero(wrong)
    if rows.size:
        place = start + int(rows[0]) * size
        raise reader.error(ErrorCode.BAD_VALUE, f"number {rows[0]} is not finite", place)
