"""LIST and LISTED: which objects a server serves, alias by alias, and whether they are ready."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from . import limits
from .arguments import encode_name, unsigned
from .codes import ErrorCode, WireError
from .frame import FrameKind
from .reader import Reader, cut_text

READY = 0
"""The state of an alias whose wanted version is served; any other is not ready."""


@dataclass(frozen=True)
class ListObjects:
    kind: ClassVar = FrameKind.LIST
    object_kind: int = 0
    """0 = every kind."""
    first: int = 0

    def encode(self) -> bytes:
        object_kind = unsigned(self.object_kind, 8, "object_kind")
        return struct.pack("<BH", object_kind, unsigned(self.first, 16, "first"))

    @staticmethod
    def decode(body: bytes) -> ListObjects:
        reader = Reader(body)
        question = ListObjects(reader.integer(1), reader.integer(2))
        reader.end()
        return question


@dataclass(frozen=True)
class Entry:
    """One alias of one object."""

    object_kind: int
    state: int
    version: int
    """Served now; 0 = none."""
    wanted_version: int
    """What the registry names."""
    name: str
    alias: str
    reason: str = ""
    """Why it is not ready."""

    @property
    def is_ready(self) -> bool:
        return self.state == READY


@dataclass(frozen=True)
class Listed:
    kind: ClassVar = FrameKind.LISTED
    total: int
    first: int
    entries: tuple[Entry, ...]

    def encode(self) -> bytes:
        if len(self.entries) > limits.LIST_ENTRIES_MAX:
            message = f"{len(self.entries)} entries, at most {limits.LIST_ENTRIES_MAX}"
            raise WireError(ErrorCode.LIMIT, message)
        data = struct.pack("<HHH", self.total, self.first, len(self.entries))
        for part in self.entries:
            name, alias = encode_name(part.name), encode_name(part.alias)
            reason = cut_text(part.reason, limits.REASON_BYTES_MAX)
            head = (part.object_kind, part.state, part.version, part.wanted_version)
            data += struct.pack("<BBIIBBB", *head, len(name), len(alias), len(reason))
            data += name + alias + reason
        return data

    @staticmethod
    def decode(body: bytes) -> Listed:
        reader = Reader(body)
        total, first = reader.integer(2), reader.integer(2)
        count = reader.count(2, 0, limits.LIST_ENTRIES_MAX, "count")
        entries = tuple(read_entry(reader) for _ in range(count))
        reader.end()
        return Listed(total, first, entries)


def read_entry(reader: Reader) -> Entry:
    object_kind, state = reader.integer(1), reader.integer(1)
    version, wanted = reader.integer(4), reader.integer(4)
    name = reader.count(1, 1, limits.NAME_BYTES_MAX, "name_length")
    alias = reader.count(1, 1, limits.NAME_BYTES_MAX, "alias_length")
    reason = reader.count(1, 0, limits.REASON_BYTES_MAX, "reason_length")
    texts = (reader.text(name), reader.text(alias), reader.text(reason))
    return Entry(object_kind, state, version, wanted, *texts)
