"""JSON as the project's files have it: no key twice, no NaN, readable where people read it.

Plain `json` takes the last of two equal keys where the registry refuses the file, and writes `NaN`,
which is no JSON.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

LINE_CHARACTERS_MAX = 100
READ_VALUES_MAX = 1_000
"""People read lists up to this length."""


class JSONFileError(ValueError):
    """A file is not the JSON that it should be; the text says where."""


def read_json(path: Path) -> Any:
    """Raises JSONFileError, with line and column where there is one, and OSError."""
    try:
        text = path.read_bytes().decode("utf-8")
        if text.startswith("\ufeff"):
            raise ValueError("begins with a byte order mark; save it as UTF-8 without one")
        return json.loads(
            text,
            object_pairs_hook=unique_keys,
            parse_constant=refuse_constant,
            parse_float=finite_number,
        )
    except UnicodeDecodeError as error:
        raise JSONFileError(f"{path}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise JSONFileError(f"{path}, {place}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise JSONFileError(f"{path}: {error}") from None


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; readers that take the first and the last of two equal keys would disagree."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'the key "{key}" stands twice in one object; remove one')
        found[key] = value
    return found


def refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON; write null, or leave the key out")


def finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def write_json(path: Path, value: Any) -> None:
    """Readable JSON: one line per input, node or list of plain values, so that diffs stay small."""
    path.write_text(json_text(value) + "\n", encoding="utf-8")


def json_text(value: Any, indent: str = "") -> str:
    """JSON with objects and lists of objects broken into lines where they exceed a line.

    Lists that nobody reads have no spaces: millions of ids must fit the file. Raises ValueError for
    NaN and infinities.
    """
    flat = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(flat) + len(indent) <= LINE_CHARACTERS_MAX or not isinstance(value, (dict, list)):
        return flat
    inner = indent + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {json_text(part, inner)}" for key, part in value.items()]
        return "{\n" + ",\n".join(inner + part for part in parts) + "\n" + indent + "}"
    if not any(isinstance(part, (dict, list)) for part in value):
        if len(value) <= READ_VALUES_MAX:
            return flat
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return (
        "[\n" + ",\n".join(inner + json_text(part, inner) for part in value) + "\n" + indent + "]"
    )
