"""The bytes of every frame, laid out by hand, field by field, and not by a codec: what tests the
codecs must not be made by one.
"""

import json
import struct
from pathlib import Path

import google_crc32c

FOLDER = Path(__file__).parent.parent
NONE16, NONE32 = 0xFFFF, 0xFFFFFFFF
HELLO, BIND, SCORE, PING, UNBIND, CANCEL, LIST = 1, 2, 3, 4, 5, 6, 7
WELCOME, BOUND, SCORES, PONG, UNBOUND, LISTED = 0x81, 0x82, 0x83, 0x84, 0x85, 0x87
ERROR, GOAWAY = 0xFE, 0xFF
LISTING, CANCELLING, TRACING = 1, 2, 4
NEVER, HERE, ELSEWHERE, AFTER_BINDING = 0, 1, 2, 3

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


def hex_lines(parts: list[Part]) -> list[str]:
    """32 bytes a line, the comment of a part behind its first line."""
    lines = []
    for data, comment in parts:
        rows = [data[i : i + 32].hex() for i in range(0, len(data), 32)]
        lines += [f"{row}  # {comment}" if i == 0 else row for i, row in enumerate(rows)]
    return lines


def write(folder: str, slug: str, what: str, parts: list[Part], **header: str) -> None:
    lines = [f"# {what}", *(f"# {key}: {value}" for key, value in header.items())]
    lines += hex_lines(parts)
    (FOLDER / folder / f"{slug}.hex").write_text("\n".join(lines) + "\n", encoding="utf-8")


def valid(
    slug: str, what: str, parts: list[Part], value: dict, signature: str = "", again: str = ""
) -> None:
    """`again="no"`: what was read is not written as the same bytes."""
    header = {"signature": f"valid/{signature}.hex"} if signature else {}
    header |= {"again": again} if again else {}
    write("valid", slug, what, parts, **header, value=json.dumps(value, ensure_ascii=False))


def invalid(slug: str, what: str, parts: list[Part], code: str, place: str = "- -", sig: str = ""):
    column, offset = place.split()
    header = {"signature": f"valid/{sig}.hex"} if sig else {}
    expect = f"{code} column={column} offset={offset}"
    write("invalid", slug, what, parts, **header, expect=expect)


def hello(
    low=1, high=1, credential=b"", client="", capabilities=0, magic=b"TESSERA\0", count=None
) -> list[Part]:
    count = len(credential) if count is None else count
    return [
        (magic, "magic"),
        u8(low, "version_min"),
        u8(high, "version_max"),
        u64(capabilities, "capabilities"),
        u16(count, "credential_length"),
        u8(len(text(client, "")[0]), "client_name_length"),
        *([(credential, "credential")] if credential else []),
        *([text(client, "client_name")] if client else []),
    ]


LIMITS16 = {"users": 64, "events": 1024, "coupons": 1024, "columns": 512}
LIMITS16 |= {"in_flight": 1024, "handles": 64}
LIMITS32 = {"rows": 16384, "numbers": 262144, "body_bytes": 1 << 20}


def welcome(
    reserved=0, server="tessera", release="0.2.0", capabilities=0, **changed: int
) -> list[Part]:
    """`changed` replaces a limit: rows=0."""
    return [
        u8(1, "version"),
        u8(reserved, "reserved"),
        u64(capabilities, "capabilities"),
        *(u16(changed.get(key, value), f"{key}_max") for key, value in LIMITS16.items()),
        *(u32(changed.get(key, value), f"{key}_max") for key, value in LIMITS32.items()),
        u32(5000, "frame_timeout_ms"),
        u32(100000, "default_deadline_us"),
        u32(5000, "drain_ms"),
        u8(len(server.encode()), "server_name_length"),
        u8(len(release.encode()), "release_length"),
        *([text(server, "server_name")] if server else []),
        *([text(release, "release")] if release else []),
    ]


def bind(model: str | bytes, alias: str, version: int = 0, kind: int = 1) -> list[Part]:
    lengths = [len(text(model, "")[0]), len(alias.encode())]
    head = [u8(kind, "object_kind"), u32(version, "version")]
    head += [u8(lengths[0], "name_length"), u8(lengths[1], "alias_length")]
    return [*head, text(model, "name"), *([text(alias, "alias")] if alias else [])]


def listed(total: int, first: int, entries: list[tuple], count=None) -> list[Part]:
    """An entry is (object_kind, state, version, wanted_version, name, alias, reason)."""
    parts = [u16(total, "total"), u16(first, "first")]
    parts.append(u16(len(entries) if count is None else count, "count"))
    for kind, state, version, wanted, *texts in entries:
        parts += [u8(kind, "object_kind"), u8(state, "state")]
        parts += [u32(version, "version"), u32(wanted, "wanted_version")]
        fields = list(zip(texts, ("name", "alias", "reason"), strict=True))
        parts += [u8(len(value.encode()), f"{field}_length") for value, field in fields]
        parts += [text(value, field) for value, field in fields if value]
    return parts


def error(
    code, column=NONE16, offset=NONE32, retry=0, wait=0, words="", count=None, reserved=0
) -> list[Part]:
    count = len(text(words, "")[0]) if count is None else count
    return [
        u16(code, "code"),
        u8(retry, "retry"),
        u8(reserved, "reserved"),
        u16(column, "column"),
        u32(offset, "offset"),
        u32(wait, "retry_after_us"),
        u16(count, "text_length"),
        *([text(words, "text")] if words else []),
    ]


def goaway(code, retry=0, wait=0, words="") -> list[Part]:
    return [
        u16(code, "code"),
        u8(retry, "retry"),
        u8(0, "reserved"),
        u32(wait, "retry_after_us"),
        u16(len(words.encode()), "text_length"),
        *([text(words, "text")] if words else []),
    ]


# The signatures that the SCORE vectors follow.

AXES = {"user": 0, "event": 1, "coupon": 2}
KINDS = {"integer": 0, "string": 1, "number": 2, "integerBag": 3, "stringBag": 4}
KINDS |= {"vector": 5, "text": 6}
MEANINGS = {"value": 0, "probability": 1, "vector": 2}
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
# A fourth field of a column is its width. No graph has these kinds yet.
VECTORS = [(n, "coupon", "vector", 3) for n in ("f16", "f32", "i8")]
TEXTS = [("query", "user", "text"), ("title", "coupon", "text")]
USER_ONLY = [("age", "user", "number"), ("item", "event", "integer")]
SMALL = [("item", "event", "integer"), ("products", "coupon", "stringBag")]


def fnv1a64(data: bytes) -> int:
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return state


# An output is (name, axis, meaning) or (name, axis, meaning, width).
REDEEM = [("redeem", "coupon", "probability")]


def bound(
    columns, outputs=REDEEM, events_max=1024, coupons_max=1024, hash_xor=0, handle=5, version=42
) -> list[Part]:
    rest = [
        u16(events_max, "events_max"),
        u16(coupons_max, "coupons_max"),
        u16(len(columns), "columns"),
        u8(len(outputs), "outputs"),
    ]
    for fields, numbers, field in ((columns, KINDS, "kind"), (outputs, MEANINGS, "meaning")):
        for label, axis, kind, *width in fields:
            rest += [u8(AXES.get(axis, axis), "axis"), u8(numbers.get(kind, kind), field)]
            rest += [u16(width[0] if width else 1, "width"), *name(label, "name")]
    digest = fnv1a64(b"".join(part for part, _ in rest)) ^ hash_xor
    hash_part = (struct.pack("<Q", digest), f"signature_hash {digest:016x}")
    return [u16(handle, "handle"), u32(version, "version"), hash_part, *rest]


def score_head(users, deadline_us=0, count=None, flags=None, trace=None, handle=5) -> list[Part]:
    """`trace` are the 25 bytes of a trace context."""
    parts = [
        u16(handle, "handle"),
        u16(len(users) if count is None else count, "users"),
        u32(deadline_us, "deadline_us"),
        u16((1 if trace else 0) if flags is None else flags, "flags"),
        *([(trace, "trace context")] if trace else []),
    ]
    for key, events, coupons in users:
        parts += [u64(key, "user_key"), u16(events, "events"), u16(coupons, "coupons")]
    return parts


def score_counts(rows, users=((42, 0),), outputs=1, numbers=None, load=0) -> list[Part]:
    """SCORES up to the numbers; a user is (version, status)."""
    return [
        u16(len(users), "users"),
        u8(outputs, "outputs"),
        u8(load, "load"),
        u32(80, "queue_us"),
        u32(35, "compute_us"),
        u32(rows, "coupon_rows"),
        u32(rows * outputs if numbers is None else numbers, "numbers"),
        *(part for v, s in users for part in (u32(v, "version"), u16(s, "status"))),
    ]


LAYOUTS = {1: "b", 2: "h", 3: "i", 4: "q", 5: "e", 6: "f"}


def column(encoding: int, *values, counts=None) -> list[Part]:
    """One column; a string is str or bytes; `counts` are the members of each bag."""
    parts = [(bytes([encoding]), f"encoding 0x{encoding:02x}")]
    if counts is not None:
        parts.append((bytes(counts), "counts"))
    if encoding & 0x7F == 7:
        data = [text(value, "")[0] for value in values]
        return [*parts, (bytes(map(len, data)), "lengths"), (b"".join(data), "bytes")]
    if encoding == 9:
        data = [text(value, "")[0] for value in values]
        lengths = struct.pack(f"<{len(data)}H", *map(len, data))
        return [*parts, (lengths, "lengths"), (b"".join(data), "bytes")]
    layout = LAYOUTS[encoding & 0x7F]
    return [*parts, (struct.pack(f"<{len(values)}{layout}", *values), "values")]


def scaled(scales, values) -> list[Part]:
    """A vector column of int8 with a scale for each row."""
    parts = [(b"\x08", "encoding 0x08"), (struct.pack(f"<{len(scales)}f", *scales), "scales")]
    return [*parts, (struct.pack(f"<{len(values)}b", *values), "values")]
