"""BIND, UNBIND and BOUND: a name becomes a handle, and the signature that requests on it follow."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from . import limits
from .arguments import encode_name, unsigned
from .codes import ErrorCode, WireError
from .fnv1a import fnv1a64
from .frame import FrameKind
from .reader import Reader
from .signature import Signature

MODEL = 1
"""The kind of object that a model is; servers may know more."""


@dataclass(frozen=True)
class Bind:
    """Asks for a handle: by alias (version 0) or for exactly one version."""

    kind: ClassVar = FrameKind.BIND
    name: str
    alias: str = ""
    version: int = 0
    object_kind: int = MODEL

    def encode(self) -> bytes:
        object_kind = unsigned(self.object_kind, 8, "object_kind")
        version = unsigned(self.version, 32, "version")
        name, alias = encode_name(self.name), encode_name(self.alias, 0)
        if (version == 0) != bool(alias):
            raise WireError(ErrorCode.BAD_VALUE, "BIND names either a version or an alias")
        head = (object_kind, version, len(name), len(alias))
        return struct.pack("<BIBB", *head) + name + alias

    @staticmethod
    def decode(body: bytes) -> Bind:
        reader = Reader(body)
        object_kind, version = reader.integer(1), reader.integer(4)
        name = reader.count(1, 1, limits.NAME_BYTES_MAX, "name_length")
        alias = reader.count(1, 0, limits.NAME_BYTES_MAX, "alias_length")
        if (version == 0) != (alias > 0):
            raise WireError(ErrorCode.BAD_VALUE, "neither or both of version and alias", offset=1)
        bind = Bind(reader.text(name), reader.text(alias), version, object_kind)
        reader.end()
        return bind


@dataclass(frozen=True)
class Unbind:
    """Gives a handle back."""

    kind: ClassVar = FrameKind.UNBIND
    handle: int

    def encode(self) -> bytes:
        return struct.pack("<H", self.handle)

    @staticmethod
    def decode(body: bytes) -> Unbind:
        reader = Reader(body)
        unbind = Unbind(reader.integer(2))
        reader.end()
        return unbind


@dataclass(frozen=True)
class Bound:
    kind: ClassVar = FrameKind.BOUND
    handle: int
    version: int
    signature: Signature

    def encode(self) -> bytes:
        data = self.signature.encode()
        return struct.pack("<HIQ", self.handle, self.version, fnv1a64(data)) + data

    @staticmethod
    def decode(body: bytes) -> Bound:
        reader = Reader(body)
        handle, version = reader.integer(2), reader.integer(4)
        hash_offset = reader.offset
        digest = reader.integer(8)
        start = reader.offset
        signature = Signature.read(reader)
        reader.end()
        if fnv1a64(body[start:]) != digest:
            message = "the signature has another hash"
            raise WireError(ErrorCode.MALFORMED, message, offset=hash_offset)
        return Bound(handle, version, signature)
