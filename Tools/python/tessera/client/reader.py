"""Reading a body field by field, with the limits checked on the way."""

from __future__ import annotations

from . import limits
from .codes import ErrorCode, WireError


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

    def count(self, size: int, low: int, high: int, what: str) -> int:
        """An integer that must lie in `low`…`high`, else LIMIT at its first byte."""
        start = self.offset
        count = self.integer(size)
        if not low <= count <= high:
            raise self.error(ErrorCode.LIMIT, f"{what} is {count}, not {low}…{high}", start)
        return count

    def reserved(self) -> None:
        start = self.offset
        if self.integer(1):
            raise self.error(ErrorCode.MALFORMED, "the reserved byte is not 0", start)

    def text(self, count: int) -> str:
        start = self.offset
        try:
            return self.take(count).decode("utf-8")
        except UnicodeDecodeError:
            raise self.error(ErrorCode.BAD_VALUE, "the text is not UTF-8", start) from None

    def long_text(self) -> str:
        """The text of an ERROR or a GOAWAY, behind its length."""
        return self.text(self.count(2, 0, limits.TEXT_BYTES_MAX, "text_length"))

    def end(self) -> None:
        if self.offset != len(self.body):
            left = len(self.body) - self.offset
            raise WireError(ErrorCode.MALFORMED, f"{left} bytes too many", offset=self.offset)


def cut_text(text: str, bytes_max: int) -> bytes:
    """A text for people, cut before the scalar that does not fit."""
    return text.encode()[:bytes_max].decode("utf-8", "ignore").encode()
