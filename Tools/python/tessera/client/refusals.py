"""ERROR and GOAWAY: what was refused or ends, and what that says about trying again."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from . import limits
from .codes import Retry, default_retry
from .frame import FrameKind
from .reader import Reader, cut_text

NO_COLUMN = 0xFFFF
NO_OFFSET = 0xFFFFFFFF


@dataclass(frozen=True)
class Error:
    kind: ClassVar = FrameKind.ERROR
    code: int
    text: str = ""
    column: int | None = None
    offset: int | None = None
    retry_after_us: int = 0
    """With `Retry.HERE`: how long to wait."""
    retry: Retry | None = None
    """None when it is made: that of the code."""

    def __post_init__(self) -> None:
        if self.retry is None:
            object.__setattr__(self, "retry", default_retry(self.code))

    def encode(self) -> bytes:
        column = NO_COLUMN if self.column is None else self.column
        offset = NO_OFFSET if self.offset is None else self.offset
        head = (self.code, self.retry, 0, column, offset, self.retry_after_us)
        return struct.pack("<HBBHII", *head) + encode_long_text(self.text)

    @staticmethod
    def decode(body: bytes) -> Error:
        reader = Reader(body)
        code, retry = reader.integer(2), Retry.read(reader.integer(1))
        reader.reserved()
        column, offset, retry_after_us = reader.integer(2), reader.integer(4), reader.integer(4)
        text = reader.long_text()
        reader.end()
        return Error(
            code,
            text,
            None if column == NO_COLUMN else column,
            None if offset == NO_OFFSET else offset,
            retry_after_us,
            retry,
        )


@dataclass(frozen=True)
class GoAway:
    kind: ClassVar = FrameKind.GOAWAY
    code: int
    text: str = ""
    retry_after_us: int = 0
    retry: Retry | None = None
    """None when it is made: that of the code."""

    def __post_init__(self) -> None:
        if self.retry is None:
            object.__setattr__(self, "retry", default_retry(self.code))

    def encode(self) -> bytes:
        head = struct.pack("<HBBI", self.code, self.retry, 0, self.retry_after_us)
        return head + encode_long_text(self.text)

    @staticmethod
    def decode(body: bytes) -> GoAway:
        reader = Reader(body)
        code, retry = reader.integer(2), Retry.read(reader.integer(1))
        reader.reserved()
        retry_after_us, text = reader.integer(4), reader.long_text()
        reader.end()
        return GoAway(code, text, retry_after_us, retry)


def encode_long_text(text: str) -> bytes:
    data = cut_text(text, limits.TEXT_BYTES_MAX)
    return struct.pack("<H", len(data)) + data
