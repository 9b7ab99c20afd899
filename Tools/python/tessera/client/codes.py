"""Why a frame was refused, and what that says about trying again."""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class Retry(IntEnum):
    """Where the same request makes sense again."""

    NEVER = 0
    HERE = 1
    """After `retry_after_us`, or once another answer has come when that is 0."""
    ELSEWHERE = 2
    """On another connection or server."""
    AFTER_BINDING = 3

    @classmethod
    def read(cls, number: int) -> Retry:
        """A way that a newer server knows is one that this client had better not try."""
        return cls(number) if number in set(cls) else cls.NEVER


class ErrorCode(IntEnum):
    """The table of codes of SPEC.md: number, what ERROR says about trying again unless the server
    has a reason to differ, and whether the code closes an open connection."""

    retry: Retry
    closes: bool

    def __new__(cls, number: int, retry: Retry, closes: bool = False) -> Self:
        code = int.__new__(cls, number)
        code._value_ = number
        code.retry = retry
        code.closes = closes
        return code

    MALFORMED = 1, Retry.NEVER
    BAD_FRAME = 2, Retry.HERE, True
    UNSUPPORTED_PROTOCOL = 3, Retry.NEVER, True
    UNAUTHENTICATED = 4, Retry.NEVER, True
    EXPECTED_HELLO = 5, Retry.NEVER, True
    UNKNOWN_OBJECT = 6, Retry.NEVER
    UNKNOWN_HANDLE = 7, Retry.AFTER_BINDING
    LIMIT = 8, Retry.NEVER
    BAD_VALUE = 9, Retry.NEVER
    OVERLOADED = 10, Retry.HERE
    DEADLINE_EXCEEDED = 11, Retry.NEVER
    REBIND_REQUIRED = 12, Retry.AFTER_BINDING
    DRAINING = 13, Retry.ELSEWHERE
    TOO_MANY_IN_FLIGHT = 14, Retry.HERE
    INTERNAL = 15, Retry.NEVER
    TIMEOUT = 16, Retry.HERE, True
    VERSION_GONE = 17, Retry.HERE
    CANCELLED = 18, Retry.NEVER


KNOWN_CODES = {code.value: code for code in ErrorCode}


def code_name(code: int) -> str:
    """The name of a code in SPEC.md; a newer server may send one that is unknown here."""
    known = KNOWN_CODES.get(int(code))
    return f"UNKNOWN_CODE_{int(code)}" if known is None else known.name


def default_retry(code: int) -> Retry:
    """What an ERROR or GOAWAY with this code says about trying again, unless told otherwise."""
    known = KNOWN_CODES.get(int(code))
    return Retry.NEVER if known is None else known.retry


class WireError(ValueError):
    """What is wrong with a frame, and where."""

    def __init__(
        self, code: int, message: str, *, column: int | None = None, offset: int | None = None
    ) -> None:
        places = [("column", column), ("byte", offset)]
        place = ", ".join(f"{word} {value}" for word, value in places if value is not None)
        super().__init__(f"{code_name(code)}{f' ({place})' if place else ''}: {message}")
        self.code = code
        self.message = message
        self.column = column
        self.offset = offset


class FrameSizeError(WireError):
    """More than one frame may hold: fewer users in it may be right."""
