"""SCORE: users, their rows, and columns of values."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, ClassVar, Self

from .arguments import exact_bytes, unsigned
from .codes import ErrorCode, FrameSizeError, WireError
from .columns import check_column, read_column
from .frame import FrameKind
from .limits import PROTOCOL_LIMITS, FrameLimits
from .reader import Reader
from .signature import Axis, Signature

USERS_OFFSET = 2
FLAGS_OFFSET = 8
TRACE_FLAG = 1
RECORD = struct.Struct("<QHH")
EVENTS_IN_RECORD, COUPONS_IN_RECORD = 8, 10
KEY_BITS = 64
DEADLINE_BITS = 32
COUNT_BITS = 32
HANDLE_BITS = 16


@dataclass(frozen=True)
class User:
    """One user of a SCORE frame: T events, N coupons, a key for sticky routes (0 = none)."""

    events: int
    coupons: int
    key: int = 0


@dataclass(frozen=True)
class TraceContext:
    """The trace that a request belongs to: a W3C Trace Context (level 1, version 00)."""

    trace_id: bytes
    """16 bytes, not all zero."""
    parent_id: bytes
    """8 bytes, not all zero."""
    flags: int = 0
    """Bit 0: sampled."""

    @classmethod
    def parse(cls, traceparent: str) -> Self:
        """The value of the header `traceparent`."""
        match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", str(traceparent))
        if match is None:
            message = f"{traceparent!r} is no traceparent of version 00"
            raise WireError(ErrorCode.BAD_VALUE, message)
        trace_id, parent_id, flags = map(bytes.fromhex, match.groups())
        return cls(trace_id, parent_id, flags[0])

    def __str__(self) -> str:
        return f"00-{self.trace_id.hex()}-{self.parent_id.hex()}-{self.flags:02x}"

    def encode(self) -> bytes:
        data = exact_bytes(self.trace_id, 16, "the trace id")
        data += exact_bytes(self.parent_id, 8, "the parent id")
        data += bytes([unsigned(self.flags, 8, "the flags of the trace")])
        TraceContext.read(Reader(data))
        return data

    @staticmethod
    def read(reader: Reader) -> TraceContext:
        start = reader.offset
        data = reader.take(25)
        trace = TraceContext(data[:16], data[16:24], data[24])
        if not any(trace.trace_id):
            raise reader.error(ErrorCode.BAD_VALUE, "the trace id is zero", start)
        if not any(trace.parent_id):
            raise reader.error(ErrorCode.BAD_VALUE, "the parent id is zero", start + 16)
        return trace


class RowCounter:
    """Adds up the rows of a frame and refuses the user with whom they become too many."""

    def __init__(self, signature: Signature, limits: FrameLimits, first: int = 0) -> None:
        self.signature, self.limits = signature, limits
        self.first = first
        """The number of the frame's first user, for messages."""
        self.rows = {Axis.USER: 0, Axis.EVENT: 0, Axis.COUPON: 0}

    def begin(self, users: int) -> None:
        if not 1 <= users <= self.limits.users_max:
            message = f"{users} users, not 1…{self.limits.users_max}"
            kind = FrameSizeError if users else WireError
            raise kind(ErrorCode.LIMIT, message, offset=USERS_OFFSET)
        self.rows[Axis.USER] = users
        self.check_numbers(USERS_OFFSET)

    def add(self, index: int, user: User, record_offset: int) -> None:
        signature, limits = self.signature, self.limits
        events_max = min(signature.events_max, limits.events_max)
        coupons_max = min(signature.coupons_max, limits.coupons_max)
        coupons_min = 1 if coupons_max else 0
        events_offset = record_offset + EVENTS_IN_RECORD
        coupons_offset = record_offset + COUPONS_IN_RECORD
        name = f"user {self.first + index}"
        if not 0 <= user.events <= events_max:
            message = f"{name} has {user.events} events, not 0…{events_max}"
            raise WireError(ErrorCode.LIMIT, message, offset=events_offset)
        if not coupons_min <= user.coupons <= coupons_max:
            message = f"{name} has {user.coupons} coupons, not {coupons_min}…{coupons_max}"
            raise WireError(ErrorCode.LIMIT, message, offset=coupons_offset)
        self.rows[Axis.EVENT] += user.events
        self.rows[Axis.COUPON] += user.coupons
        for axis, offset in ((Axis.EVENT, events_offset), (Axis.COUPON, coupons_offset)):
            if self.rows[axis] > limits.rows_max:
                message = f"more than {limits.rows_max} {axis.name.lower()}s in the frame"
                raise FrameSizeError(ErrorCode.LIMIT, message, offset=offset)
        self.check_numbers(coupons_offset)

    def check_numbers(self, offset: int) -> None:
        numbers = self.signature.numbers(self.rows[Axis.USER], self.rows[Axis.COUPON])
        if numbers > self.limits.numbers_max:
            message = f"the answer has {numbers} numbers, at most {self.limits.numbers_max}"
            raise FrameSizeError(ErrorCode.LIMIT, message, offset=offset)


@dataclass(frozen=True)
class Score:
    kind: ClassVar = FrameKind.SCORE
    handle: int
    users: Sequence[User]
    columns: Sequence[Any]
    deadline_us: int = 0
    trace: TraceContext | None = None

    def encode(self, signature: Signature, limits: FrameLimits = PROTOCOL_LIMITS) -> bytes:
        """The body; raises WireError when a server with these limits would refuse it."""
        checked = CheckedScore(self, signature, limits)
        return checked.encode(0, len(self.users))

    def frames(
        self, signature: Signature, limits: FrameLimits = PROTOCOL_LIMITS
    ) -> list[tuple[Sequence[User], bytes]]:
        """The users and the body of each frame, in order: one where the server takes it, else the
        users are halved until it does. Raises WireError when one user alone is too large."""
        checked = CheckedScore(self, signature, limits)
        return checked.halved(0, len(self.users))

    @staticmethod
    def decode(body: bytes, signature: Signature, limits: FrameLimits = PROTOCOL_LIMITS) -> Score:
        reader, counter = Reader(body), RowCounter(signature, limits)
        handle, user_count = reader.integer(2), reader.integer(2)
        counter.begin(user_count)
        deadline_us, flags = reader.integer(4), reader.integer(2)
        if flags & ~TRACE_FLAG:
            message = f"the flags {flags:#06x} are reserved"
            raise WireError(ErrorCode.MALFORMED, message, offset=FLAGS_OFFSET)
        trace = TraceContext.read(reader) if flags & TRACE_FLAG else None
        users = []
        for index in range(user_count):
            start = reader.offset
            key, events, coupons = RECORD.unpack(reader.take(RECORD.size))
            users.append(User(events, coupons, key))
            counter.add(index, users[-1], start)
        columns = []
        for reader.column, column in enumerate(signature.columns):
            columns.append(read_column(reader, column, counter.rows[column.axis]))
        reader.end()
        return Score(handle, users, columns, deadline_us, trace)


class CheckedScore:
    """A request whose values were checked all at once, so that a fault has the caller's row; any
    run of its users can be written as a frame."""

    def __init__(self, score: Score, signature: Signature, limits: FrameLimits) -> None:
        if len(score.columns) != len(signature.columns):
            message = f"{len(score.columns)} columns, the signature has {len(signature.columns)}"
            raise WireError(ErrorCode.BAD_VALUE, message)
        self.signature, self.limits = signature, limits
        self.deadline_us = unsigned(score.deadline_us, DEADLINE_BITS, "deadline_us")
        self.handle = unsigned(score.handle, HANDLE_BITS, "the handle")
        self.trace = b"" if score.trace is None else score.trace.encode()
        self.users = [
            User(
                unsigned(user.events, COUNT_BITS, f"the events of user {index}"),
                unsigned(user.coupons, COUNT_BITS, f"the coupons of user {index}"),
                unsigned(user.key, KEY_BITS, f"the key of user {index}"),
            )
            for index, user in enumerate(score.users)
        ]
        # Rows before each user, and at the end all of them.
        self.starts = {
            Axis.USER: range(len(self.users) + 1),
            Axis.EVENT: [0, *accumulate(user.events for user in self.users)],
            Axis.COUPON: [0, *accumulate(user.coupons for user in self.users)],
        }
        self.columns = [
            check_column(column, values, self.starts[column.axis][-1], index)
            for index, (column, values) in enumerate(
                zip(signature.columns, score.columns, strict=True)
            )
        ]

    def encode(self, first: int, last: int) -> bytes:
        """The frame of the users `first`…`last` - 1."""
        counter = RowCounter(self.signature, self.limits, first)
        counter.begin(last - first)
        flags = TRACE_FLAG if self.trace else 0
        head = struct.pack("<HHIH", self.handle, last - first, self.deadline_us, flags)
        parts = [head, self.trace]
        size = len(head) + len(self.trace)
        for index, user in enumerate(self.users[first:last]):
            counter.add(index, user, size + RECORD.size * index)
            parts.append(RECORD.pack(user.key, user.events, user.coupons))
        for column in self.columns:
            starts = self.starts[column.place.column.axis]
            parts.append(column.rows(starts[first], starts[last]).encode())
        body = b"".join(parts)
        if len(body) > self.limits.body_bytes_max:
            message = f"the body has {len(body)} bytes, at most {self.limits.body_bytes_max}"
            raise FrameSizeError(ErrorCode.LIMIT, message)
        return body

    def halved(self, first: int, last: int) -> list[tuple[Sequence[User], bytes]]:
        try:
            return [(self.users[first:last], self.encode(first, last))]
        except FrameSizeError as error:
            if last - first > 1:
                middle = (first + last) // 2
                return self.halved(first, middle) + self.halved(middle, last)
            message = f"user {first} alone is too large: {error.message}"
            message += "; send its coupons in several calls, or fewer events"
            raise FrameSizeError(error.code, message, column=error.column) from None
