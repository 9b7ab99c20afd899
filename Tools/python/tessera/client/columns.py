"""Columns of a SCORE body: values to bytes in the narrowest encoding that holds them, and back."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from . import limits, values
from .codes import ErrorCode
from .reader import Reader
from .signature import Column, ColumnKind
from .values import Place, ScaledVectors

BAG = 0x80
STRING, SCALED_INT8, TEXT = 7, 8, 9
TYPES = {1: "<i1", 2: "<i2", 3: "<i4", 4: "<i8", 5: "<f2", 6: "<f4"}
ACCEPTED = {
    ColumnKind.INTEGER: {1, 2, 3, 4},
    ColumnKind.STRING: {STRING},
    ColumnKind.NUMBER: {1, 2, 3, 4, 5, 6},
    ColumnKind.INTEGER_BAG: {BAG | 1, BAG | 2, BAG | 3, BAG | 4},
    ColumnKind.STRING_BAG: {BAG | STRING},
    ColumnKind.VECTOR: {5, 6, SCALED_INT8},
    ColumnKind.TEXT: {TEXT},
}


def encode_column(column: Column, given: Any, rows: int, index: int | None = None) -> bytes:
    """The encoding byte and the payload, in the narrowest encoding that is exact."""
    place = Place(column, index)
    if not isinstance(given, ScaledVectors):
        values.check_rows(given, place)
    if len(given) != rows:
        raise place.refuse(f"{len(given)} values, the request has {rows} rows on its axis")
    match column.kind:
        case ColumnKind.INTEGER:
            return encode_array(*narrow_integers(values.integers(given, place)))
        case ColumnKind.NUMBER:
            return encode_array(*narrow_numbers(values.numbers(given, place)))
        case ColumnKind.STRING:
            return encode_strings(given, place)
        case ColumnKind.INTEGER_BAG:
            counts, members = values.bags(given, place)
            code, array = narrow_integers(values.integers(members, place))
            return encode_array(code, array, counts)
        case ColumnKind.STRING_BAG:
            counts, members = values.bags(given, place)
            return encode_strings(members, place, counts)
        case ColumnKind.VECTOR if isinstance(given, ScaledVectors):
            scales, scaled = values.scaled_vectors(given, place)
            return bytes([SCALED_INT8]) + scales.astype("<f4").tobytes() + scaled.tobytes()
        case ColumnKind.VECTOR:
            return encode_array(*narrow_floats(values.vectors(given, place)))
        case ColumnKind.TEXT:
            data = values.encode_strings(given, place, limits.TEXT_VALUE_BYTES_MAX)
            lengths = np.array([len(text) for text in data], "<u2")
            return bytes([TEXT]) + lengths.tobytes() + b"".join(data)


def encode_array(code: int, array: np.ndarray, counts: bytes | None = None) -> bytes:
    """A column of numbers, or with counts of bags of them."""
    if counts is None:
        return bytes([code]) + array.tobytes()
    return bytes([BAG | code]) + counts + array.tobytes()


def encode_strings(given: Any, place: Place, counts: bytes | None = None) -> bytes:
    """A column of strings, or with counts of bags of them."""
    data = values.encode_strings(given, place, limits.STRING_BYTES_MAX)
    code = bytes([STRING]) if counts is None else bytes([BAG | STRING]) + counts
    return code + bytes(map(len, data)) + b"".join(data)


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
