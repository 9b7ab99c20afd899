"""Every limit of protocol version 1, as in section 11 of Protocol/SPEC.md, which has their reasons.

A test compares them with that page.
"""

from __future__ import annotations

from dataclasses import dataclass

USERS_MAX = 64
EVENTS_MAX = 1_024
COUPONS_MAX = 1_024
COLUMNS_MAX = 512
IN_FLIGHT_MAX = 1_024
HANDLES_MAX = 64
ROWS_MAX = 16_384
NUMBERS_MAX = 262_144
BODY_BYTES_MAX = 1 << 20
OUTPUTS_MAX = 8
VECTOR_WIDTH_MAX = 4_096
NAME_BYTES_MAX = 64
STRING_BYTES_MAX = 255
TEXT_VALUE_BYTES_MAX = 8_192
BAG_MEMBERS_MAX = 255
BAG_VALUES_MAX = 65_536
CREDENTIAL_BYTES_MAX = 256
PING_BYTES_MAX = 64
TEXT_BYTES_MAX = 512
HANDLE_NUMBERS_MAX = 65_536
LIST_ENTRIES_MAX = 64
REASON_BYTES_MAX = 255


@dataclass(frozen=True)
class FrameLimits:
    """What one server grants in WELCOME, in wire order: each at most the constant of its name."""

    users_max: int = USERS_MAX
    events_max: int = EVENTS_MAX
    coupons_max: int = COUPONS_MAX
    columns_max: int = COLUMNS_MAX
    in_flight_max: int = IN_FLIGHT_MAX
    handles_max: int = HANDLES_MAX
    rows_max: int = ROWS_MAX
    numbers_max: int = NUMBERS_MAX
    body_bytes_max: int = BODY_BYTES_MAX


PROTOCOL_LIMITS = FrameLimits()
"""The highest that any server may grant."""
