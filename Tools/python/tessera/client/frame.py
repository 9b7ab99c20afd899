"""Frames: the table of kinds, the header of twenty bytes, and the checksum.

Protocol/SPEC.md is the text that the codec follows, Protocol/vectors the cases that it is tested
with. Decoders raise `WireError` with the code, column and offset that a server would answer.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag
from typing import Self

import google_crc32c

from . import limits
from .codes import ErrorCode, WireError

HEADER_BYTES = 20


class Capability(IntFlag):
    """What HELLO asks for and WELCOME grants."""

    NONE = 0
    LISTING = 1 << 0
    CANCELLING = 1 << 1
    TRACING = 1 << 2
    ALL = LISTING | CANCELLING | TRACING


class Sender(Enum):
    CLIENT = "client"
    SERVER = "server"


class FrameKind(IntEnum):
    """The table of kinds: number, who sends it, its longest body, the capability that it needs."""

    sender: Sender
    body_bytes_max: int
    capability: Capability

    def __new__(
        cls,
        number: int,
        sender: Sender,
        body_bytes_max: int,
        capability: Capability = Capability.NONE,
    ) -> Self:
        kind = int.__new__(cls, number)
        kind._value_ = number
        kind.sender = sender
        kind.body_bytes_max = body_bytes_max
        kind.capability = capability
        return kind

    HELLO = 0x01, Sender.CLIENT, 21 + limits.CREDENTIAL_BYTES_MAX + limits.NAME_BYTES_MAX
    BIND = 0x02, Sender.CLIENT, 7 + 2 * limits.NAME_BYTES_MAX
    SCORE = 0x03, Sender.CLIENT, limits.BODY_BYTES_MAX
    PING = 0x04, Sender.CLIENT, limits.PING_BYTES_MAX
    UNBIND = 0x05, Sender.CLIENT, 2
    CANCEL = 0x06, Sender.CLIENT, 0, Capability.CANCELLING
    LIST = 0x07, Sender.CLIENT, 3, Capability.LISTING
    WELCOME = 0x81, Sender.SERVER, 48 + 2 * limits.NAME_BYTES_MAX
    BOUND = (
        0x82,
        Sender.SERVER,
        21 + (limits.COLUMNS_MAX + limits.OUTPUTS_MAX) * (5 + limits.NAME_BYTES_MAX),
    )
    SCORES = 0x83, Sender.SERVER, 20 + 6 * limits.USERS_MAX + 4 * limits.NUMBERS_MAX
    PONG = 0x84, Sender.SERVER, limits.PING_BYTES_MAX
    UNBOUND = 0x85, Sender.SERVER, 0
    LISTED = (
        0x87,
        Sender.SERVER,
        6 + limits.LIST_ENTRIES_MAX * (13 + 2 * limits.NAME_BYTES_MAX + limits.REASON_BYTES_MAX),
        Capability.LISTING,
    )
    ERROR = 0xFE, Sender.SERVER, 16 + limits.TEXT_BYTES_MAX
    GOAWAY = 0xFF, Sender.SERVER, 10 + limits.TEXT_BYTES_MAX


KNOWN_KINDS = {kind.value: kind for kind in FrameKind}
REPLY_BIT = 0x80
"""A reply's kind is that of its request with this bit."""


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


def next_frame(
    data: bytes | bytearray,
    sender: Sender | None = None,
    granted: Capability = Capability.ALL,
) -> Frame | None:
    """The first frame of a stream, or None when it has not arrived in full.

    `sender` is who is at the other end (None: both are taken, as in a file). A bad header raises as
    soon as its twenty bytes are there. The frame is `HEADER_BYTES + len(frame.body)` bytes of the
    stream.
    """
    if len(data) < HEADER_BYTES:
        return None
    length, number, flags, reserved, request_id, crc = struct.unpack_from("<IBBHQI", data)
    kind = KNOWN_KINDS.get(number)
    if kind is None:
        raise WireError(ErrorCode.BAD_FRAME, f"the frame kind {number:#04x} is unknown")
    if sender not in (None, kind.sender):
        raise WireError(ErrorCode.BAD_FRAME, f"a {sender.value} does not send {kind.name}")
    if kind.capability & ~granted:
        raise WireError(ErrorCode.BAD_FRAME, f"{kind.name} needs {kind.capability!r}, not granted")
    if flags or reserved:
        raise WireError(ErrorCode.BAD_FRAME, "flags and the reserved field must be 0")
    if length > kind.body_bytes_max:
        message = f"a {kind.name} body has at most {kind.body_bytes_max} bytes, not {length}"
        raise WireError(ErrorCode.BAD_FRAME, message)
    if len(data) < HEADER_BYTES + length:
        return None
    body = bytes(data[HEADER_BYTES : HEADER_BYTES + length])
    if crc32c(body, crc32c(bytes(data[:16]))) != crc:
        raise WireError(ErrorCode.BAD_FRAME, "the checksum is wrong")
    return Frame(kind, request_id, body)
