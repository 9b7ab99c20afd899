"""What callers give beside columns: numbers, names and bytes, or a refusal that names them."""

from __future__ import annotations

import operator
from collections.abc import Sized
from typing import Any

from . import limits
from .codes import ErrorCode, WireError

VALUE_CHARACTERS_MAX = 40
"""A message shows no more of a value."""


def shown(value: Any) -> str:
    """A value as a message shows it: its type and its beginning, on one line."""
    text = repr(value).replace("\n", " ")
    if len(text) > VALUE_CHARACTERS_MAX:
        text = text[:VALUE_CHARACTERS_MAX] + "…"
    return f"{text} ({type(value).__name__})"


def unsigned(value: Any, bits: int, what: str) -> int:
    """An integer of any kind that fits its field. Floats and times are none: they lose digits or
    their unit."""
    try:
        number = operator.index(value)
    except TypeError:
        message = f"{what} is {shown(value)}, which is no integer; give an int"
        raise WireError(ErrorCode.BAD_VALUE, message) from None
    if not 0 <= number < 1 << bits:
        message = f"{what} is {shown(number)}, not 0…{(1 << bits) - 1}"
        raise WireError(ErrorCode.BAD_VALUE, message)
    return number


def one_per_user(values: Any, what: str) -> list:
    """A list of what was given for each user."""
    if isinstance(values, (str, bytes, dict, set)) or not isinstance(values, Sized):
        message = f"{what} is {shown(values)}; give a list with a number for each user"
        raise WireError(ErrorCode.BAD_VALUE, message)
    return list(values)


def exact_bytes(value: Any, count: int | None, what: str) -> bytes:
    """Bytes, `count` of them unless that is None."""
    if not isinstance(value, (bytes, bytearray)):
        message = f"{what} is {shown(value)}; give bytes"
        raise WireError(ErrorCode.BAD_VALUE, message)
    if count is not None and len(value) != count:
        raise WireError(ErrorCode.BAD_VALUE, f"{what} has {len(value)} bytes, not {count}")
    return bytes(value)


def encode_name(name: Any, minimum: int = 1) -> bytes:
    """A name in UTF-8, `minimum`…`NAME_BYTES_MAX` bytes."""
    if not isinstance(name, str):
        raise WireError(ErrorCode.BAD_VALUE, f"the name is {shown(name)}; give a str")
    try:
        data = name.encode()
    except UnicodeEncodeError:
        message = f"the name {shown(name)} cannot be written in UTF-8"
        raise WireError(ErrorCode.BAD_VALUE, message) from None
    if not minimum <= len(data) <= limits.NAME_BYTES_MAX:
        allowed = f"{minimum}…{limits.NAME_BYTES_MAX}"
        raise WireError(ErrorCode.LIMIT, f"the name {name!r} has {len(data)} bytes, not {allowed}")
    return data
