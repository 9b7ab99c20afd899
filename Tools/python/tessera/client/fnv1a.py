"""FNV-1a with 64 bits: the hash of a signature, and of an id that has no vocabulary."""

from __future__ import annotations

OFFSET = 0xCBF29CE484222325
PRIME = 0x100000001B3
MASK = 0xFFFFFFFFFFFFFFFF


def fnv1a64(data: bytes) -> int:
    """The hash of `data`."""
    state = OFFSET
    for byte in data:
        state = (state ^ byte) * PRIME & MASK
    return state
