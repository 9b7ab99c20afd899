"""SCORE and SCORES: columns of numpy arrays and lists to bytes, and back.

A column is a sequence with one item per row of its axis, users one after another: integers or
numbers (any numpy array or list), strings (a list of str), or bags (a list of lists). Each is
written in the narrowest encoding that holds it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any, ClassVar

import numpy as np

from .wire import (
    BAG_MEMBERS_MAX,
    BAG_VALUES_MAX,
    BODY_BYTES_MAX,
    OUTPUTS_MAX,
    ROWS_MAX,
    STRING_BYTES_MAX,
    USERS_MAX,
    Axis,
    ColumnKind,
    ErrorCode,
    FrameKind,
    Reader,
    Signature,
    WireError,
)

BAG = 0x80
STRING = 7
TYPES = {1: "<i1", 2: "<i2", 3: "<i4", 4: "<i8", 5: "<f2", 6: "<f4"}
ACCEPTED = {
    ColumnKind.INTEGER: {1, 2, 3, 4},
    ColumnKind.STRING: {STRING},
    ColumnKind.NUMBER: {1, 2, 3, 4, 5, 6},
    ColumnKind.INTEGER_BAG: {BAG | 1, BAG | 2, BAG | 3, BAG | 4},
    ColumnKind.STRING_BAG: {BAG | STRING},
}
BAGS = {ColumnKind.INTEGER_BAG, ColumnKind.STRING_BAG}


@dataclass(frozen=True)
class User:
    """One user of a SCORE frame: T events, N coupons, a key for sticky routes (0 = none)."""

    events: int
    coupons: int
    key: int = 0


@dataclass(frozen=True)
class Score:
    kind: ClassVar = FrameKind.SCORE
    handle: int
    users: Sequence[User]
    columns: Sequence[Any]
    deadline_us: int = 0

    def encode(self, signature: Signature) -> bytes:
        """The body; raises WireError when a server with the protocol's limits would refuse it."""
        if not 1 <= len(self.users) <= USERS_MAX:
            raise WireError(ErrorCode.LIMIT, f"{len(self.users)} users, not 1…{USERS_MAX}")
        if len(self.columns) != len(signature.columns):
            message = f"{len(self.columns)} columns, the signature has {len(signature.columns)}"
            raise WireError(ErrorCode.BAD_VALUE, message)
        parts = [struct.pack("<HHI", self.handle, len(self.users), self.deadline_us)]
        for index, user in enumerate(self.users):
            check_user(index, user, signature)
            parts.append(struct.pack("<QHH", user.key, user.events, user.coupons))
        rows = count_rows(self.users)
        if max(rows.values()) > ROWS_MAX:
            raise WireError(ErrorCode.LIMIT, f"more than {ROWS_MAX} events or coupons in the frame")
        for index, (column, values) in enumerate(zip(signature.columns, self.columns, strict=True)):
            if len(values) != rows[column.axis]:
                message = f"'{column.name}' has {len(values)} rows, not {rows[column.axis]}"
                raise WireError(ErrorCode.BAD_VALUE, message, column=index)
            parts.append(encode_column(column.kind, values, index))
        body = b"".join(parts)
        if len(body) > BODY_BYTES_MAX:
            raise WireError(ErrorCode.LIMIT, f"the body has {len(body)} bytes, at most 1 MiB")
        return body

    @staticmethod
    def decode(body: bytes, signature: Signature) -> Score:
        reader = Reader(body)
        handle, user_count, deadline_us = reader.integer(2), reader.integer(2), reader.integer(4)
        if not 1 <= user_count <= USERS_MAX:
            raise WireError(ErrorCode.LIMIT, f"{user_count} users, not 1…{USERS_MAX}", offset=2)
        records, start = reader.take(12 * user_count), reader.offset - 12 * user_count
        users, rows = [], {}
        for index, (key, events, coupons) in enumerate(struct.iter_unpack("<QHH", records)):
            users.append(User(events, coupons, key))
            check_user(index, users[-1], signature, start + 12 * index)
            rows = count_rows(users)
            for axis, place in ((Axis.EVENT, 8), (Axis.COUPON, 10)):
                if rows[axis] > ROWS_MAX:
                    message = f"more than {ROWS_MAX} rows in the frame"
                    raise WireError(ErrorCode.LIMIT, message, offset=start + 12 * index + place)
        columns = []
        for reader.column, column in enumerate(signature.columns):
            columns.append(read_column(reader, column.kind, rows[column.axis]))
        reader.end()
        return Score(handle, users, columns, deadline_us)


def check_user(index: int, user: User, signature: Signature, offset: int | None = None) -> None:
    if not 0 <= user.events <= signature.events_max:
        message = f"user {index} has {user.events} events, not 0…{signature.events_max}"
        raise WireError(ErrorCode.LIMIT, message, offset=None if offset is None else offset + 8)
    if not 1 <= user.coupons <= signature.coupons_max:
        message = f"user {index} has {user.coupons} coupons, not 1…{signature.coupons_max}"
        raise WireError(ErrorCode.LIMIT, message, offset=None if offset is None else offset + 10)


def count_rows(users: Sequence[User]) -> dict[Axis, int]:
    events, coupons = (sum(user.events for user in users), sum(user.coupons for user in users))
    return {Axis.USER: len(users), Axis.EVENT: events, Axis.COUPON: coupons}


def encode_column(kind: ColumnKind, values: Any, index: int | None = None) -> bytes:
    """The encoding byte and the payload, in the narrowest encoding that is exact."""
    counts, bit = b"", 0
    if kind in BAGS:
        sizes = [len(bag) for bag in values]
        if max(sizes, default=0) > BAG_MEMBERS_MAX or sum(sizes) > BAG_VALUES_MAX:
            message = "a bag has at most 255 members, the bags of a column 65,536"
            raise WireError(ErrorCode.LIMIT, message, column=index)
        counts, bit = bytes(sizes), BAG
        values = list(chain.from_iterable(values))
    if kind in (ColumnKind.STRING, ColumnKind.STRING_BAG):
        data = [str(value).encode() for value in values]
        if max(map(len, data), default=0) > STRING_BYTES_MAX:
            raise WireError(ErrorCode.LIMIT, "a string has at most 255 bytes", column=index)
        return bytes([bit | STRING]) + counts + bytes(map(len, data)) + b"".join(data)
    if kind == ColumnKind.NUMBER:
        code, array = narrow_numbers(np.asarray(values, np.float32), index)
    else:
        code, array = narrow_integers(integer_array(values, index))
    return bytes([bit | code]) + counts + array.tobytes()


def integer_array(values: Any, index: int | None) -> np.ndarray:
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(0, np.int64)
    if array.dtype.kind not in "iub" or (array.dtype == np.uint64 and array.max() >> 63):
        message = f"an integer column needs values of 64 signed bits, not {array.dtype}"
        raise WireError(ErrorCode.BAD_VALUE, message, column=index)
    return array.astype(np.int64)


def narrow_integers(values: np.ndarray) -> tuple[int, np.ndarray]:
    low, high = (values.min(), values.max()) if values.size else (0, 0)
    for code in (1, 2, 3):
        limits = np.iinfo(TYPES[code])
        if limits.min <= low and high <= limits.max:
            return code, values.astype(TYPES[code])
    return 4, values.astype(TYPES[4])


def narrow_numbers(values: np.ndarray, index: int | None) -> tuple[int, np.ndarray]:
    """int8 or int16 for small whole numbers, float16 where nothing is rounded, else float32."""
    if np.isinf(values).any():
        message = "infinities are refused; NaN means missing"
        raise WireError(ErrorCode.BAD_VALUE, message, column=index)
    if not (np.isnan(values).any() or (np.signbit(values) & (values == 0)).any()):
        low, high = (values.min(), values.max()) if values.size else (0, 0)
        for code in (1, 2):
            limits = np.iinfo(TYPES[code])
            in_range = limits.min <= low and high <= limits.max
            if in_range and (np.trunc(values) == values).all():
                return code, values.astype(TYPES[code])
    with np.errstate(over="ignore"):
        half = values.astype(TYPES[5])
    if np.array_equal(half.astype(np.float32), values, equal_nan=True):
        return 5, half
    return 6, values.astype(TYPES[6])


def read_column(reader: Reader, kind: ColumnKind, rows: int) -> Any:
    """int64 or float32 array, list of str, or list of lists."""
    start = reader.offset
    code = reader.integer(1)
    if code not in ACCEPTED[kind]:
        message = f"a column of kind {kind.name} does not accept the encoding {code:#04x}"
        raise reader.error(ErrorCode.BAD_VALUE, message, start)
    if not code & BAG:
        return read_values(reader, code, rows)
    start = reader.offset
    counts = reader.take(rows)
    total = sum(counts)
    if total > BAG_VALUES_MAX:
        raise reader.error(ErrorCode.LIMIT, f"{total} bag members, at most {BAG_VALUES_MAX}", start)
    values = list(read_values(reader, code & ~BAG, total))
    ends = accumulate(counts)
    return [values[end - count : end] for end, count in zip(ends, counts, strict=True)]


def read_values(reader: Reader, code: int, count: int) -> Any:
    if code == STRING:
        lengths = reader.take(count)
        data_start = reader.offset
        reader.take(sum(lengths))
        reader.offset = data_start
        return [reader.text(length) for length in lengths]
    start = reader.offset
    dtype = np.dtype(TYPES[code])
    values = np.frombuffer(reader.take(count * dtype.itemsize), dtype)
    if dtype.kind == "i":
        return values.astype(np.int64)
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        place = start + int(infinite[0]) * dtype.itemsize
        raise reader.error(ErrorCode.BAD_VALUE, f"row {infinite[0]} is infinite", place)
    return values.astype(np.float32)


@dataclass(frozen=True)
class Scores:
    kind: ClassVar = FrameKind.SCORES
    version: int
    users: int
    values: np.ndarray
    """[outputs, rows], float32; rows are the coupons of all users."""
    load: int = 0
    queue_us: int = 0
    compute_us: int = 0

    def encode(self) -> bytes:
        outputs, rows = self.values.shape
        head = (self.version, self.users, outputs, self.load, self.queue_us, self.compute_us, rows)
        return struct.pack("<IHBBIII", *head) + self.values.astype("<f4").tobytes()

    @staticmethod
    def decode(body: bytes) -> Scores:
        reader = Reader(body)
        version, users, outputs, load = (reader.integer(size) for size in (4, 2, 1, 1))
        queue_us, compute_us, rows = (reader.integer(4) for _ in range(3))
        if not 1 <= outputs <= OUTPUTS_MAX:
            raise WireError(ErrorCode.LIMIT, f"{outputs} outputs, not 1…8", offset=6)
        if rows > ROWS_MAX:
            raise WireError(ErrorCode.LIMIT, f"{rows} rows, at most {ROWS_MAX}", offset=16)
        values = np.frombuffer(reader.take(4 * outputs * rows), "<f4").reshape(outputs, rows)
        reader.end()
        return Scores(version, users, values, load, queue_us, compute_us)
