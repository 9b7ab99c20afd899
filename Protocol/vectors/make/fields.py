"""The bytes of every frame, laid out by hand, field by field, and not by a codec: what tests the
codecs must not be made by one.
"""

import json
import struct
from pathlib import Path

import google_crc32c

HERE = Path(__file__).parent.parent
NONE16, NONE32 = 0xFFFF, 0xFFFFFFFF
HELLO, BIND, SCORE, PING = 1, 2, 3, 4
WELCOME, BOUND, SCORES, PONG, ERROR, GOAWAY = 0x81, 0x82, 0x83, 0x84, 0xFE, 0xFF

Part = tuple[bytes, str]


def num(layout: str, value: float, name: str) -> Part:
    return struct.pack("<" + layout, value), f"{name} {value}"


def u8(value: int, name: str) -> Part:
    return num("B", value, name)


def u16(value: int, name: str) -> Part:
    return num("H", value, name)


def u32(value: int, name: str) -> Part:
    return num("I", value, name)


def u64(value: int, name: str) -> Part:
    return num("Q", value, name)


def text(value: str | bytes, name: str) -> Part:
    data = value.encode() if isinstance(value, str) else value
    return data, f"{name} {value if isinstance(value, str) else ''}".strip()


def name(value: str | bytes, field: str) -> list[Part]:
    return [u8(len(text(value, "")[0]), f"{field}_length"), text(value, field)]


def frame(kind: int, body: list[Part], request_id: int = 7, **change: int) -> list[Part]:
    """Header and body; `change` replaces a header field (length, flags, reserved, crc_xor)."""
    data = b"".join(part for part, _ in body)
    head = [
        u32(change.get("length", len(data)), "body_length"),
        (bytes([kind]), "kind"),
        u8(change.get("flags", 0), "flags"),
        u16(change.get("reserved", 0), "reserved"),
        u64(request_id, "request_id"),
    ]
    crc = google_crc32c.value(b"".join(part for part, _ in head) + data)
    return [*head, (struct.pack("<I", crc ^ change.get("crc_xor", 0)), "crc"), *body]


def write(folder: str, slug: str, what: str, parts: list[Part], **header: str) -> None:
    lines = [f"# {what}", *(f"# {key}: {value}" for key, value in header.items())]
    for data, comment in parts:
        rows = [data[i : i + 32].hex() for i in range(0, len(data), 32)]
        lines += [f"{row}  # {comment}" if i == 0 else row for i, row in enumerate(rows)]
    (HERE / folder / f"{slug}.hex").write_text("\n".join(lines) + "\n", encoding="utf-8")


def valid(slug: str, what: str, parts: list[Part], value: dict, signature: str = "") -> None:
    header = {"signature": f"valid/{signature}.hex"} if signature else {}
    write("valid", slug, what, parts, **header, value=json.dumps(value, ensure_ascii=False))


def invalid(slug: str, what: str, parts: list[Part], code: str, place: str = "- -", sig: str = ""):
    column, offset = place.split()
    header = {"signature": f"valid/{sig}.hex"} if sig else {}
    expect = f"{code} column={column} offset={offset}"
    write("invalid", slug, what, parts, **header, expect=expect)


def hello(low=1, high=1, credential=b"", magic=b"TESSERA\0", count=None) -> list[Part]:
    count = len(credential) if count is None else count
    return [
        (magic, "magic"),
        u8(low, "version_min"),
        u8(high, "version_max"),
        u16(count, "credential_length"),
        *([(credential, "credential")] if credential else []),
    ]


def welcome(reserved=0, server="tessera 0.1.0") -> list[Part]:
    limits = {"users": 64, "events": 1024, "coupons": 1024, "columns": 64}
    limits |= {"in_flight": 1024, "handles": 64}
    return [
        u8(1, "version"),
        u8(reserved, "reserved"),
        *(u16(value, f"{key}_max") for key, value in limits.items()),
        u32(16384, "rows_max"),
        u32(1 << 20, "body_bytes_max"),
        *name(server, "server_name"),
    ]


def bind(model: str | bytes, alias: str, version: int = 0) -> list[Part]:
    lengths = [len(text(model, "")[0]), len(alias.encode())]
    head = [u32(version, "version"), u8(lengths[0], "model_length"), u8(lengths[1], "alias_length")]
    return [*head, text(model, "model"), *([text(alias, "alias")] if alias else [])]


def error(code, column=NONE16, offset=NONE32, retry=0, words="", count=None) -> list[Part]:
    count = len(text(words, "")[0]) if count is None else count
    return [
        u16(code, "code"),
        u16(column, "column"),
        u32(offset, "offset"),
        u32(retry, "retry_after_us"),
        u16(count, "text_length"),
        *([text(words, "text")] if words else []),
    ]


# The signatures that the SCORE vectors follow.

AXES = {"user": 0, "event": 1, "coupon": 2}
KINDS = {"integer": 0, "string": 1, "number": 2, "integerBag": 3, "stringBag": 4}
EVERY_KIND = [
    ("segment", "user", "integer"),
    ("city", "user", "string"),
    ("spend", "user", "number"),
    ("item", "event", "integer"),
    ("category", "event", "string"),
    ("price", "event", "number"),
    ("coupon", "coupon", "integer"),
    ("discount", "coupon", "number"),
    ("items", "coupon", "integerBag"),
    ("products", "coupon", "stringBag"),
]
INTEGERS = [(f"i{bits}", "coupon", "integer") for bits in (8, 16, 32, 64)]
NUMBERS = [(n, "coupon", "number") for n in ("i8", "i16", "i32", "i64", "f16", "f32")]
BAGS = [(f"b{bits}", "coupon", "integerBag") for bits in (8, 16, 32, 64)]
SMALL = [("item", "event", "integer"), ("products", "coupon", "stringBag")]


def fnv1a64(data: bytes) -> int:
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return state


def bound(
    columns, outputs=("redeem",), events_max=1024, coupons_max=1024, hash_xor=0
) -> list[Part]:
    rest = [
        u16(events_max, "events_max"),
        u16(coupons_max, "coupons_max"),
        u8(len(columns), "columns"),
        u8(len(outputs), "outputs"),
    ]
    for column, axis, kind in columns:
        rest += [u8(AXES.get(axis, axis), "axis"), u8(KINDS.get(kind, kind), "kind")]
        rest += name(column, "name")
    for output in outputs:
        rest += name(output, "output")
    digest = fnv1a64(b"".join(part for part, _ in rest)) ^ hash_xor
    hash_part = (struct.pack("<Q", digest), f"signature_hash {digest:016x}")
    return [u16(5, "handle"), u32(42, "version"), hash_part, *rest]


def score_head(users, deadline_us=0, count=None) -> list[Part]:
    parts = [
        u16(5, "handle"),
        u16(len(users) if count is None else count, "users"),
        u32(deadline_us, "deadline_us"),
    ]
    for key, events, coupons in users:
        parts += [u64(key, "user_key"), u16(events, "events"), u16(coupons, "coupons")]
    return parts


LAYOUTS = {1: "b", 2: "h", 3: "i", 4: "q", 5: "e", 6: "f"}


def column(encoding: int, *values, counts=None) -> list[Part]:
    """One column; a string is str or bytes; `counts` are the members of each bag."""
    parts = [(bytes([encoding]), f"encoding 0x{encoding:02x}")]
    if counts is not None:
        parts.append((bytes(counts), "counts"))
    if encoding & 0x7F == 7:
        data = [text(value, "")[0] for value in values]
        return [*parts, (bytes(map(len, data)), "lengths"), (b"".join(data), "bytes")]
    layout = LAYOUTS[encoding & 0x7F]
    return [*parts, (struct.pack(f"<{len(values)}{layout}", *values), "values")]
