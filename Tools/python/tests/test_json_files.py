"""JSON as every reader of the project has it: what one would read otherwise, all refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import REPOSITORY

from tessera.json_files import JSONFileError, json_text, read_json

SOURCES = REPOSITORY / "Tools" / "python" / "tessera"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": {"b": 1, "c": 2, "b": 3}}', 'the key "b" stands twice in one object'),
        (b'{"a": NaN}', "NaN is no JSON; write null"),
        (b'{"a": [1, -Infinity]}', "-Infinity is no JSON"),
        (b'{"a": 1,\n "b" 2}', "line 2, column 6: Expecting ':' delimiter"),
        (b'{"a": "caf\xe9"}', "byte 10 is not UTF-8; save it as UTF-8"),
        (b"[" * 100_000, "recursion"),
        (b'{"a": -1e400}', "the number -1e400 is too large"),
        (b'\xef\xbb\xbf{"a": 1}', "begins with a byte order mark"),
        (b"", "line 1, column 1"),
    ],
)
def test_what_is_no_json_of_ours_is_refused_with_its_place(
    data: bytes, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(data)
    with pytest.raises(JSONFileError) as caught:
        read_json(path)
    assert str(path) in str(caught.value) and words in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": {"b": [-float("inf")]}}])
def test_a_number_that_json_does_not_have_is_not_written(value: object) -> None:
    with pytest.raises(ValueError):
        json_text(value)


def test_a_long_list_is_written_without_spaces_and_reads_back() -> None:
    value = {"vocabulary": [f"{index:09}" for index in range(5000)], "limits": {"events": 1}}
    text = json_text(value)
    assert json.loads(text) == value
    assert len(text) < 5000 * len('"000000000",') + 60


@pytest.mark.parametrize("path", sorted((REPOSITORY / "Registry" / "samples").glob("*/*.json")))
def test_what_was_written_once_is_written_so_again(path: Path) -> None:
    """A model that is trained anew differs from the old one only in what has changed."""
    assert json_text(read_json(path)) + "\n" == path.read_text(encoding="utf-8")


def test_nothing_but_this_module_reads_or_writes_json() -> None:
    """Another reader would take a key that stands twice."""
    allowed = {SOURCES / "json_files.py"}
    for path in SOURCES.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert path in allowed or "json.load" not in text, path
