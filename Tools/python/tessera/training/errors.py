"""What ends a command with one line instead of a traceback."""

from __future__ import annotations


class DataError(Exception):
    """The data are wrong; the text says where, and what to do."""


class ArgumentError(DataError):
    """An argument is wrong; the text names it and shows a right one."""
