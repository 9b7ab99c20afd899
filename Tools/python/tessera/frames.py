"""Recorded requests: SCORE frames one after another, exactly as they would go over the wire."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from tessera.batches import column_rows

STRING, BAG = 7, 0x80
INTEGERS = ((1, "<i1"), (2, "<i2"), (3, "<i4"), (4, "<i8"))


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def payload(kind: str, values: list) -> tuple[int, bytes]:
    if kind == "string":
        data = [value.encode("utf-8") for value in values]
        return STRING, bytes(len(part) for part in data) + b"".join(data)
    if kind == "integer":
        low, high = min([0, *values]), max([0, *values])
        for code, dtype in INTEGERS:
            limits = np.iinfo(dtype)
            if limits.min <= low and high <= limits.max:
                return code, np.array(values, dtype).tobytes()
    x = np.array(values, "<f4")
    half = x.astype("<f2")
    if np.array_equal(half.astype("<f4"), x, equal_nan=True):
        return 5, half.tobytes()
    return 6, x.tobytes()


def score_body(description: dict[str, Any], users: list[dict[str, Any]]) -> bytes:
    body = struct.pack("<HHI", 0, len(users), 0)
    for user in users:
        body += struct.pack("<QHH", user["key"], user["event_rows"], user["coupon_rows"])
    for spec in description["inputs"]:
        rows = [value for user in users for value in column_rows(user, spec)]
        if spec["kind"] == "bag":
            code, data = payload(spec["values"], [member for row in rows for member in row])
            body += bytes([BAG | code, *map(len, rows)]) + data
        else:
            kind = "number" if spec["kind"] == "number" else spec["values"]
            code, data = payload(kind, rows)
            body += bytes([code]) + data
    return body


def write_frames(
    path: Path, description: dict[str, Any], groups: list[list[dict[str, Any]]]
) -> None:
    """One SCORE frame (handle 0, the server's default deadline) per group of users."""
    frames = []
    for request, users in enumerate(groups):
        body = score_body(description, users)
        header = struct.pack("<IBBHQ", len(body), 3, 0, 0, request)
        frames.append(header + struct.pack("<I", crc32c(header + body)) + body)
    path.write_bytes(b"".join(frames))
