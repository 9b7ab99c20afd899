"""HELLO and WELCOME: what the client can use, and what the server grants."""

from __future__ import annotations

import struct
from dataclasses import astuple, dataclass, fields
from typing import ClassVar

from . import limits
from .arguments import encode_name, exact_bytes
from .codes import ErrorCode, WireError
from .frame import FrameKind
from .limits import PROTOCOL_LIMITS, FrameLimits
from .reader import Reader

MAGIC = b"TESSERA\0"
PROTOCOL_VERSION = 1
LIMIT_SIZES = (2, 2, 2, 2, 2, 2, 4, 4, 4)
"""Bytes of the fields of `FrameLimits` on the wire."""


@dataclass(frozen=True)
class Hello:
    kind: ClassVar = FrameKind.HELLO
    version_min: int = PROTOCOL_VERSION
    version_max: int = PROTOCOL_VERSION
    capabilities: int = 0
    credential: bytes = b""
    client_name: str = ""

    def encode(self) -> bytes:
        credential = exact_bytes(self.credential, None, "the credential")
        if len(credential) > limits.CREDENTIAL_BYTES_MAX:
            message = f"a credential has at most {limits.CREDENTIAL_BYTES_MAX} bytes"
            raise WireError(ErrorCode.LIMIT, message)
        name = encode_name(self.client_name, 0)
        head = (self.version_min, self.version_max, self.capabilities, len(credential))
        return MAGIC + struct.pack("<BBQHB", *head, len(name)) + credential + name

    @staticmethod
    def decode(body: bytes) -> Hello:
        reader = Reader(body)
        for index, (byte, expected) in enumerate(zip(reader.take(8), MAGIC, strict=True)):
            if byte != expected:
                code = ErrorCode.UNSUPPORTED_PROTOCOL
                raise WireError(code, "HELLO does not begin with TESSERA\\0", offset=index)
        low, high = reader.integer(1), reader.integer(1)
        if not 1 <= low <= high:
            raise WireError(ErrorCode.UNSUPPORTED_PROTOCOL, "the version range is empty", offset=8)
        capabilities = reader.integer(8)
        count = reader.count(2, 0, limits.CREDENTIAL_BYTES_MAX, "credential_length")
        name = reader.count(1, 0, limits.NAME_BYTES_MAX, "client_name_length")
        hello = Hello(low, high, capabilities, reader.take(count), reader.text(name))
        reader.end()
        return hello


@dataclass(frozen=True)
class Welcome:
    kind: ClassVar = FrameKind.WELCOME
    server_name: str
    release: str = ""
    version: int = PROTOCOL_VERSION
    capabilities: int = 0
    limits: FrameLimits = PROTOCOL_LIMITS
    frame_timeout_ms: int = 5_000
    default_deadline_us: int = 100_000
    drain_ms: int = 5_000

    def encode(self) -> bytes:
        name, release = encode_name(self.server_name), encode_name(self.release, 0)
        times = (self.frame_timeout_ms, self.default_deadline_us, self.drain_ms)
        head = struct.pack("<BBQ", self.version, 0, self.capabilities)
        head += struct.pack("<6H3I", *astuple(self.limits)) + struct.pack("<3I", *times)
        return head + bytes([len(name), len(release)]) + name + release

    @staticmethod
    def decode(body: bytes) -> Welcome:
        reader = Reader(body)
        version = reader.integer(1)
        reader.reserved()
        capabilities = reader.integer(8)
        granted = FrameLimits(
            *(
                reader.count(size, 1, field.default, field.name)
                for size, field in zip(LIMIT_SIZES, fields(FrameLimits), strict=True)
            )
        )
        times = [reader.integer(4) for _ in range(3)]
        name = reader.count(1, 1, limits.NAME_BYTES_MAX, "server_name_length")
        release = reader.count(1, 0, limits.NAME_BYTES_MAX, "release_length")
        welcome = Welcome(
            reader.text(name), reader.text(release), version, capabilities, granted, *times
        )
        reader.end()
        return welcome

    def check(self, hello: Hello) -> None:
        """Refuses a version outside HELLO's range, and capabilities that HELLO did not name."""
        if not hello.version_min <= self.version <= hello.version_max:
            message = f"WELCOME names version {self.version}"
            raise WireError(ErrorCode.UNSUPPORTED_PROTOCOL, message, offset=0)
        if self.capabilities & ~int(hello.capabilities):
            message = f"WELCOME grants {self.capabilities:#x}, more than HELLO named"
            raise WireError(ErrorCode.MALFORMED, message, offset=2)
