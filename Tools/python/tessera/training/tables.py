"""The data set's tables: gzipped CSV in UTF-8, whose faults are told with file, line and column."""

from __future__ import annotations

import csv
import gzip
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from tessera.training.errors import DataError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MISSING = "NA"
"""How R writes a missing value unless told otherwise."""
KEY_MAX = (1 << 64) - 1


class Row:
    """One row: its values by column, or a DataError that names the place."""

    __slots__ = ("columns", "file", "line", "values")

    def __init__(self, file: str, line: int, columns: dict[str, int], values: list[str]) -> None:
        self.file, self.line, self.columns, self.values = file, line, columns, values

    def error(self, message: str, column: str | None = None) -> DataError:
        place = f"{self.file}, line {self.line}" + (f", column {column}" if column else "")
        return DataError(f"{place}: {message}")

    def word(self, column: str) -> str:
        """Any text; empty = not known."""
        value = self.values[self.columns[column]]
        if value == MISSING:
            message = 'NA stands for a missing value; write the tables with na = ""'
            raise self.error(message, column)
        return value

    def id(self, column: str) -> str:
        """A text that is not empty."""
        value = self.word(column)
        if not value:
            raise self.error("there is no id", column)
        return value

    def key(self, column: str) -> str:
        """An id that servers take as a user's key."""
        value = self.id(column)
        if re.fullmatch("[0-9]{1,20}", value) is None or int(value) > KEY_MAX:
            message = f"{value[:40]!r} is no key; number the households 0…{KEY_MAX}"
            raise self.error(message, column)
        return value

    def number(self, column: str) -> float:
        value = self.word(column)
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.error(f"{value[:40]!r} is no number", column)
        return number

    def day(self, column: str) -> date:
        value = self.word(column)
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise self.error(f"{value[:40]!r} is no day; write it as 2017-08-01", column) from None

    def moment(self, column: str) -> datetime:
        """A moment in UTC; a stamp without a zone is in UTC, too, wherever this runs."""
        value = self.word(column)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            message = f"{value[:40]!r} is no moment; write it as 2017-08-01T13:30:00Z"
            raise self.error(message, column) from None
        if not date.min.year < moment.year < date.max.year:
            raise self.error(f"{value[:40]!r} is out of the calendar", column)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_table(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a table that has at least these columns."""
    lines = csv.reader(decoded_lines(path))
    try:
        header = next(lines, None)
        if not header:
            raise DataError(f"{path.name} is empty; its first line names the columns")
        index = {name: place for place, name in enumerate(header)}
        missing = [name for name in columns if name not in index]
        if missing:
            message = f"there is no column {missing[0]}; there are {', '.join(header)}"
            raise DataError(f"{path.name}, line 1: {message}")
        for values in lines:
            row = Row(path.name, lines.line_num, index, values)
            if not values:
                continue
            if len(values) != len(header):
                raise row.error(f"{len(values)} values, the first line has {len(header)}")
            yield row
    except csv.Error as error:
        raise DataError(f"{path.name}, line {lines.line_num}: {error}") from None


def decoded_lines(path: Path) -> Iterator[str]:
    line = 0
    try:
        with gzip.open(path, "rb") as file:
            for line, data in enumerate(file, 1):
                if line == 1:
                    data = data.removeprefix(BYTE_ORDER_MARK)
                yield data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        message = f"byte {error.start + 1} ({byte:#04x}) is not UTF-8; save the table in UTF-8"
        raise DataError(f"{path.name}, line {line}: {message}") from None
    except EOFError:
        message = "the gzip file ends too early; get it again"
        raise DataError(f"{path.name}, after line {line}: {message}") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        message = f"not gzip, or damaged ({error}); get it again, or compress it with gzip"
        raise DataError(f"{path.name}, after line {line}: {message}") from None
