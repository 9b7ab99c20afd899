"""The codec of protocol version 1: frames and every body but SCORE, which is in `wire_score`.

Protocol/SPEC.md is the text that this follows, Protocol/vectors the cases that it is tested with.
Decoders raise `WireError` with the code, column and offset that a server would answer.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar

import google_crc32c

HEADER_BYTES = 20
BODY_BYTES_MAX = 1 << 20
USERS_MAX = 64
EVENTS_MAX = 1_024
COUPONS_MAX = 1_024
ROWS_MAX = 16_384
COLUMNS_MAX = 64
OUTPUTS_MAX = 8
NAME_BYTES_MAX = 64
STRING_BYTES_MAX = 255
BAG_MEMBERS_MAX = 255
BAG_VALUES_MAX = 65_536
CREDENTIAL_BYTES_MAX = 256
PING_BYTES_MAX = 64
TEXT_BYTES_MAX = 512
IN_FLIGHT_MAX = 1_024
HANDLES_MAX = 64

MAGIC = b"TESSERA\0"


class ErrorCode(IntEnum):
    """Why a frame was refused; SPEC.md says what each one means."""

    MALFORMED = 1
    BAD_FRAME = 2
    UNSUPPORTED_PROTOCOL = 3
    UNAUTHENTICATED = 4
    EXPECTED_HELLO = 5
    UNKNOWN_MODEL = 6
    UNKNOWN_HANDLE = 7
    LIMIT = 8
    BAD_VALUE = 9
    OVERLOADED = 10
    DEADLINE_EXCEEDED = 11
    REBIND_REQUIRED = 12
    DRAINING = 13
    TOO_MANY_IN_FLIGHT = 14
    INTERNAL = 15
    TIMEOUT = 16


CODE_NAMES = {code.value: code.name for code in ErrorCode}


def code_name(code: int) -> str:
    """The name of a code in SPEC.md; a newer server may send one that is unknown here."""
    return CODE_NAMES.get(code, f"UNKNOWN_CODE_{int(code)}")


class WireError(ValueError):
    """What is wrong with a frame, and where."""

    def __init__(
        self, code: int, message: str, *, column: int | None = None, offset: int | None = None
    ) -> None:
        super().__init__(f"{code_name(code)} (column {column}, byte {offset}): {message}")
        self.code = code
        self.column = column
        self.offset = offset


class FrameKind(IntEnum):
    HELLO = 0x01
    BIND = 0x02
    SCORE = 0x03
    PING = 0x04
    WELCOME = 0x81
    BOUND = 0x82
    SCORES = 0x83
    PONG = 0x84
    ERROR = 0xFE
    GOAWAY = 0xFF


KIND_BODY_BYTES_MAX = {
    FrameKind.HELLO: 12 + CREDENTIAL_BYTES_MAX,
    FrameKind.BIND: 6 + 2 * NAME_BYTES_MAX,
    FrameKind.SCORE: BODY_BYTES_MAX,
    FrameKind.PING: PING_BYTES_MAX,
    FrameKind.WELCOME: 23 + NAME_BYTES_MAX,
    FrameKind.BOUND: 20 + COLUMNS_MAX * (3 + NAME_BYTES_MAX) + OUTPUTS_MAX * (1 + NAME_BYTES_MAX),
    FrameKind.SCORES: 20 + OUTPUTS_MAX * ROWS_MAX * 4,
    FrameKind.PONG: PING_BYTES_MAX,
    FrameKind.ERROR: 14 + TEXT_BYTES_MAX,
    FrameKind.GOAWAY: 4 + TEXT_BYTES_MAX,
}


def crc32c(data: bytes, crc: int = 0) -> int:
    """CRC-32C; `crc` continues an earlier one."""
    return google_crc32c.extend(crc, data)


@dataclass(frozen=True)
class Frame:
    kind: FrameKind
    request_id: int
    body: bytes

    def encode(self) -> bytes:
        head = struct.pack("<IBBHQ", len(self.body), self.kind, 0, 0, self.request_id)
        return head + struct.pack("<I", crc32c(self.body, crc32c(head))) + self.body


def next_frame(data: bytes | bytearray, body_bytes_max: int = BODY_BYTES_MAX) -> Frame | None:
    """The first frame of a stream, or None when it has not arrived in full.

    A bad header raises as soon as its twenty bytes are there. The frame is
    `HEADER_BYTES + len(frame.body)` bytes of the stream.
    """
    if len(data) < HEADER_BYTES:
        return None
    length, raw_kind, flags, reserved, request_id, crc = struct.unpack_from("<IBBHQI", data)
    if raw_kind not in KIND_BODY_BYTES_MAX:
        raise WireError(ErrorCode.BAD_FRAME, f"the frame kind {raw_kind:#04x} is unknown")
    if flags or reserved:
        raise WireError(ErrorCode.BAD_FRAME, "flags and the reserved field must be 0")
    kind = FrameKind(raw_kind)
    longest = min(KIND_BODY_BYTES_MAX[kind], body_bytes_max)
    if length > longest:
        raise WireError(ErrorCode.BAD_FRAME, f"a {kind.name} body has at most {longest} bytes")
    if len(data) < HEADER_BYTES + length:
        return None
    body = bytes(data[HEADER_BYTES : HEADER_BYTES + length])
    if crc32c(body, crc32c(bytes(data[:16]))) != crc:
        raise WireError(ErrorCode.BAD_FRAME, "the checksum is wrong")
    return Frame(kind, request_id, body)


class Reader:
    """Walks a body; every read is checked against its end."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.offset = 0
        self.column: int | None = None

    def error(self, code: ErrorCode, message: str, offset: int | None = None) -> WireError:
        return WireError(code, message, column=self.column, offset=offset)

    def take(self, count: int) -> bytes:
        if count > len(self.body) - self.offset:
            left = len(self.body) - self.offset
            message = f"{count} bytes are needed, the body has {left} left"
            raise self.error(ErrorCode.MALFORMED, message, self.offset)
        self.offset += count
        return self.body[self.offset - count : self.offset]

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def text(self, count: int) -> str:
        start = self.offset
        try:
            return self.take(count).decode("utf-8")
        except UnicodeDecodeError:
            raise self.error(ErrorCode.BAD_VALUE, "the text is not UTF-8", start) from None

    def name(self) -> str:
        start = self.offset
        count = self.integer(1)
        if not 1 <= count <= NAME_BYTES_MAX:
            raise self.error(ErrorCode.LIMIT, f"a name has {count} bytes, not 1…64", start)
        return self.text(count)

    def long_text(self) -> str:
        start = self.offset
        count = self.integer(2)
        if count > TEXT_BYTES_MAX:
            raise self.error(ErrorCode.LIMIT, f"the text has {count} bytes, at most 512", start)
        return self.text(count)

    def end(self) -> None:
        if self.offset != len(self.body):
            left = len(self.body) - self.offset
            raise WireError(ErrorCode.MALFORMED, f"{left} bytes too many", offset=self.offset)


def encode_name(name: str, minimum: int = 1) -> bytes:
    data = name.encode()
    if not minimum <= len(data) <= NAME_BYTES_MAX:
        raise WireError(ErrorCode.LIMIT, f"the name {name!r} has {len(data)} bytes, not 1…64")
    return data


def encode_long_text(text: str) -> bytes:
    data = text.encode()[:TEXT_BYTES_MAX].decode("utf-8", "ignore").encode()
    return struct.pack("<H", len(data)) + data


@dataclass(frozen=True)
class Hello:
    kind: ClassVar = FrameKind.HELLO
    version_min: int = 1
    version_max: int = 1
    credential: bytes = b""

    def encode(self) -> bytes:
        if len(self.credential) > CREDENTIAL_BYTES_MAX:
            raise WireError(ErrorCode.LIMIT, "a credential has at most 256 bytes")
        head = struct.pack("<BBH", self.version_min, self.version_max, len(self.credential))
        return MAGIC + head + self.credential

    @staticmethod
    def decode(body: bytes) -> Hello:
        reader = Reader(body)
        for index, (byte, expected) in enumerate(zip(reader.take(8), MAGIC, strict=True)):
            if byte != expected:
                code = ErrorCode.UNSUPPORTED_PROTOCOL
                raise WireError(code, "HELLO does not begin with TESSERA\\0", offset=index)
        low, high = reader.integer(1), reader.integer(1)
        if not 1 <= low <= high:
            raise WireError(ErrorCode.UNSUPPORTED_PROTOCOL, "the version range is empty", offset=8)
        count = reader.integer(2)
        if count > CREDENTIAL_BYTES_MAX:
            raise WireError(ErrorCode.LIMIT, "a credential has at most 256 bytes", offset=10)
        credential = reader.take(count)
        reader.end()
        return Hello(low, high, credential)


@dataclass(frozen=True)
class Welcome:
    kind: ClassVar = FrameKind.WELCOME
    server_name: str
    version: int = 1
    users_max: int = USERS_MAX
    events_max: int = EVENTS_MAX
    coupons_max: int = COUPONS_MAX
    columns_max: int = COLUMNS_MAX
    in_flight_max: int = IN_FLIGHT_MAX
    handles_max: int = HANDLES_MAX
    rows_max: int = ROWS_MAX
    body_bytes_max: int = BODY_BYTES_MAX

    def encode(self) -> bytes:
        name = encode_name(self.server_name)
        limits = (self.users_max, self.events_max, self.coupons_max, self.columns_max)
        limits += (self.in_flight_max, self.handles_max, self.rows_max, self.body_bytes_max)
        return struct.pack("<BB6HIIB", self.version, 0, *limits, len(name)) + name

    @staticmethod
    def decode(body: bytes) -> Welcome:
        reader = Reader(body)
        version = reader.integer(1)
        if reader.integer(1):
            raise WireError(ErrorCode.MALFORMED, "the reserved byte is not 0", offset=1)
        limits = [reader.integer(2) for _ in range(6)] + [reader.integer(4) for _ in range(2)]
        name = reader.name()
        reader.end()
        return Welcome(name, version, *limits)


@dataclass(frozen=True)
class Bind:
    """Asks for a handle: by alias (version 0) or for exactly one version."""

    kind: ClassVar = FrameKind.BIND
    model: str
    alias: str = ""
    version: int = 0

    def encode(self) -> bytes:
        if (self.version == 0) != bool(self.alias):
            raise WireError(ErrorCode.BAD_VALUE, "BIND names either a version or an alias")
        model, alias = encode_name(self.model), encode_name(self.alias, 0)
        return struct.pack("<IBB", self.version, len(model), len(alias)) + model + alias

    @staticmethod
    def decode(body: bytes) -> Bind:
        reader = Reader(body)
        version, model, alias = reader.integer(4), reader.integer(1), reader.integer(1)
        if not 1 <= model <= NAME_BYTES_MAX:
            raise WireError(ErrorCode.LIMIT, f"the model's name has {model} bytes", offset=4)
        if alias > NAME_BYTES_MAX:
            raise WireError(ErrorCode.LIMIT, f"the alias has {alias} bytes", offset=5)
        if (version == 0) != (alias > 0):
            raise WireError(ErrorCode.BAD_VALUE, "neither or both of version and alias", offset=0)
        bind = Bind(reader.text(model), reader.text(alias), version)
        reader.end()
        return bind


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


@dataclass(frozen=True)
class Column:
    name: str
    axis: Axis
    kind: ColumnKind


@dataclass(frozen=True)
class Signature:
    """What a model is sent (columns, in wire order) and what it answers (outputs)."""

    columns: tuple[Column, ...]
    outputs: tuple[str, ...]
    events_max: int = EVENTS_MAX
    coupons_max: int = COUPONS_MAX

    def check(self) -> None:
        if len(self.columns) > COLUMNS_MAX or not 1 <= len(self.outputs) <= OUTPUTS_MAX:
            raise WireError(ErrorCode.LIMIT, "a signature has 0…64 columns and 1…8 outputs")
        if self.events_max > EVENTS_MAX or not 1 <= self.coupons_max <= COUPONS_MAX:
            raise WireError(ErrorCode.LIMIT, "events_max is 0…1024, coupons_max 1…1024")
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names) or len(set(self.outputs)) < len(self.outputs):
            raise WireError(ErrorCode.BAD_VALUE, "the signature has a name twice")

    def encode(self) -> bytes:
        self.check()
        counts = (self.events_max, self.coupons_max, len(self.columns), len(self.outputs))
        data = struct.pack("<HHBB", *counts)
        for column in self.columns:
            name = encode_name(column.name)
            data += bytes([column.axis, column.kind, len(name)]) + name
        for output in self.outputs:
            name = encode_name(output)
            data += bytes([len(name)]) + name
        return data

    @staticmethod
    def read(reader: Reader) -> Signature:
        events_max, coupons_max = reader.integer(2), reader.integer(2)
        column_count, output_count = reader.integer(1), reader.integer(1)
        columns = []
        for reader.column in range(column_count):
            start = reader.offset
            axis, kind = reader.integer(1), reader.integer(1)
            if axis not in set(Axis) or kind not in set(ColumnKind):
                raise reader.error(ErrorCode.BAD_VALUE, "the axis or kind is unknown", start)
            columns.append(Column(reader.name(), Axis(axis), ColumnKind(kind)))
        reader.column = None
        outputs = tuple(reader.name() for _ in range(output_count))
        signature = Signature(tuple(columns), outputs, events_max, coupons_max)
        signature.check()
        return signature


def fnv1a64(data: bytes) -> int:
    """FNV-1a with 64 bits."""
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return state


@dataclass(frozen=True)
class Bound:
    kind: ClassVar = FrameKind.BOUND
    handle: int
    version: int
    signature: Signature

    def encode(self) -> bytes:
        data = self.signature.encode()
        return struct.pack("<HIQ", self.handle, self.version, fnv1a64(data)) + data

    @staticmethod
    def decode(body: bytes) -> Bound:
        reader = Reader(body)
        handle, version, digest = reader.integer(2), reader.integer(4), reader.integer(8)
        start = reader.offset
        signature = Signature.read(reader)
        reader.end()
        if fnv1a64(body[start:]) != digest:
            raise WireError(ErrorCode.MALFORMED, "the signature has another hash", offset=6)
        return Bound(handle, version, signature)


@dataclass(frozen=True)
class Error:
    kind: ClassVar = FrameKind.ERROR
    code: int
    text: str = ""
    column: int | None = None
    offset: int | None = None
    retry_after_us: int = 0

    def encode(self) -> bytes:
        column = 0xFFFF if self.column is None else self.column
        offset = 0xFFFFFFFF if self.offset is None else self.offset
        head = struct.pack("<HHII", self.code, column, offset, self.retry_after_us)
        return head + encode_long_text(self.text)

    @staticmethod
    def decode(body: bytes) -> Error:
        reader = Reader(body)
        code, column, offset = reader.integer(2), reader.integer(2), reader.integer(4)
        retry_after_us, text = reader.integer(4), reader.long_text()
        reader.end()
        return Error(
            code,
            text,
            None if column == 0xFFFF else column,
            None if offset == 0xFFFFFFFF else offset,
            retry_after_us,
        )


@dataclass(frozen=True)
class GoAway:
    kind: ClassVar = FrameKind.GOAWAY
    code: int
    text: str = field(default="")

    def encode(self) -> bytes:
        return struct.pack("<H", self.code) + encode_long_text(self.text)

    @staticmethod
    def decode(body: bytes) -> GoAway:
        reader = Reader(body)
        goaway = GoAway(reader.integer(2), reader.long_text())
        reader.end()
        return goaway
