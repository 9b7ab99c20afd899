"""The frames of the folder `invalid`, each with the error that it must meet."""

from fields import (
    BIND,
    BOUND,
    CANCEL,
    ERROR,
    GOAWAY,
    HELLO,
    LIST,
    LISTED,
    NONE32,
    PING,
    SCORE,
    SCORES,
    SMALL,
    UNBIND,
    UNBOUND,
    WELCOME,
    bind,
    bound,
    error,
    frame,
    goaway,
    hello,
    invalid,
    listed,
    u8,
    u64,
    welcome,
)


def headers() -> None:
    invalid(
        "header-crc", "one bit of the checksum is wrong", frame(PING, [], crc_xor=1), "BAD_FRAME"
    )
    damaged = frame(HELLO, hello())
    damaged[4] = u64(8, "request_id (damaged)")
    invalid("header-request-id-damaged", "the checksum covers the header", damaged, "BAD_FRAME")
    damaged = frame(PING, [(b"ping", "bytes")])
    damaged[-1] = (b"pinG", "bytes (damaged)")
    invalid("header-body-damaged", "the checksum covers the body", damaged, "BAD_FRAME")
    invalid("header-flags", "flags are reserved", frame(PING, [], flags=1), "BAD_FRAME")
    invalid(
        "header-reserved", "the reserved field is not 0", frame(PING, [], reserved=256), "BAD_FRAME"
    )
    for kind in (0x00, 0x08, 0x7F, 0x80, 0x86, 0x88, 0xFD):
        invalid(f"header-kind-{kind:02x}", "a reserved kind", frame(kind, []), "BAD_FRAME")
    for slug, kind, longest in (
        ("ping", PING, 64),
        ("hello", HELLO, 341),
        ("bind", BIND, 135),
        ("unbind", UNBIND, 2),
        ("cancel", CANCEL, 0),
        ("list", LIST, 3),
        ("score", SCORE, 1 << 20),
        ("welcome", WELCOME, 176),
        ("bound", BOUND, 35901),
        ("unbound", UNBOUND, 0),
        ("listed", LISTED, 25350),
        ("scores", SCORES, 1048980),
        ("error", ERROR, 528),
        ("goaway", GOAWAY, 522),
    ):
        invalid(
            f"header-too-long-{slug}",
            f"a header that claims {longest + 1} bytes; no body follows",
            frame(kind, [], length=longest + 1),
            "BAD_FRAME",
        )
    invalid(
        "header-length-4-gib", "the longest length", frame(SCORE, [], length=NONE32), "BAD_FRAME"
    )


def small_frames() -> None:
    invalid(
        "hello-magic",
        "another protocol",
        frame(HELLO, hello(magic=b"TESSERA1")),
        "UNSUPPORTED_PROTOCOL",
        "- 7",
    )
    invalid(
        "hello-version-0",
        "versions count from 1",
        frame(HELLO, hello(0, 1)),
        "UNSUPPORTED_PROTOCOL",
        "- 8",
    )
    invalid(
        "hello-version-range",
        "an empty range",
        frame(HELLO, hello(3, 2)),
        "UNSUPPORTED_PROTOCOL",
        "- 8",
    )
    invalid(
        "hello-credential-length",
        "a credential of 257 bytes is announced",
        frame(HELLO, hello(count=257)),
        "LIMIT",
        "- 18",
    )
    invalid(
        "hello-truncated",
        "the credential is cut",
        frame(HELLO, hello(credential=b"abc", count=4)),
        "MALFORMED",
        "- 21",
    )
    invalid("hello-empty", "no body", frame(HELLO, []), "MALFORMED", "- 0")
    invalid(
        "hello-trailing",
        "a byte too many",
        frame(HELLO, [*hello(), u8(0, "trailing")]),
        "MALFORMED",
        "- 21",
    )
    long_name = frame(HELLO, hello(client="n" * 65))
    invalid("hello-name-65", "a client's name of 65 bytes", long_name, "LIMIT", "- 20")
    latin = frame(HELLO, hello(credential=b"t", client=b"K\xf6ln"))
    invalid("hello-name-utf8", "a name that is not UTF-8", latin, "BAD_VALUE", "- 22")
    invalid(
        "welcome-reserved",
        "the reserved byte is not 0",
        frame(WELCOME, welcome(1)),
        "MALFORMED",
        "- 1",
    )
    invalid(
        "welcome-name-empty",
        "a server without a name",
        frame(WELCOME, welcome(server="")),
        "LIMIT",
        "- 46",
    )
    offsets = {"users": 10, "events": 12, "coupons": 14, "columns": 16, "in_flight": 18}
    offsets |= {"handles": 20, "rows": 22, "numbers": 26, "body_bytes": 30}
    for limit, offset in offsets.items():
        nothing = frame(WELCOME, welcome(**{limit: 0}))
        invalid(f"welcome-{limit}-0", f"{limit}_max is 0", nothing, "LIMIT", f"- {offset}")
    too_many = frame(WELCOME, welcome(users=65))
    invalid("welcome-users-65", "more than the protocol grants", too_many, "LIMIT", "- 10")
    cut = frame(WELCOME, welcome()[:-1])
    invalid("welcome-truncated", "the release is missing", cut, "MALFORMED", "- 55")
    long = [*welcome(), u8(0, "trailing")]
    invalid("welcome-trailing", "a byte too many", frame(WELCOME, long), "MALFORMED", "- 60")
    invalid(
        "bind-both",
        "alias and version",
        frame(BIND, bind("coupon", "production", 3)),
        "BAD_VALUE",
        "- 1",
    )
    invalid(
        "bind-neither",
        "neither alias nor version",
        frame(BIND, bind("coupon", "")),
        "BAD_VALUE",
        "- 1",
    )
    invalid(
        "bind-model-empty",
        "a model without a name",
        frame(BIND, bind("", "production")),
        "LIMIT",
        "- 5",
    )
    invalid(
        "bind-model-65",
        "a model's name of 65 bytes",
        frame(BIND, bind("m" * 65, "a")),
        "LIMIT",
        "- 5",
    )
    invalid(
        "bind-alias-65", "an alias of 65 bytes", frame(BIND, bind("m", "a" * 65)), "LIMIT", "- 6"
    )
    invalid(
        "bind-utf8",
        "a model's name that is not UTF-8",
        frame(BIND, bind(b"coup\xff", "a")),
        "BAD_VALUE",
        "- 7",
    )
    cut = bind("coupon", "production")[:-1]
    invalid("bind-truncated", "the alias is missing", frame(BIND, cut), "MALFORMED", "- 13")
    cut = frame(BIND, bind("", "", 0)[:-2])
    invalid("bind-order", "no name, and cut: in the order of the bytes", cut, "LIMIT", "- 5")
    invalid(
        "bind-trailing",
        "a byte too many",
        frame(BIND, [*bind("coupon", "", 1), u8(0, "trailing")]),
        "MALFORMED",
        "- 13",
    )
    invalid("unbind-empty", "no handle", frame(UNBIND, []), "MALFORMED", "- 0")
    cut = frame(LIST, [u8(0, "object_kind"), u8(0, "half of first")])
    invalid("list-truncated", "first is cut", cut, "MALFORMED", "- 1")
    entry = (1, 0, 1, 1, "coupon", "production", "")
    invalid("listed-65", "65 entries", frame(LISTED, listed(65, 0, [], 65)), "LIMIT", "- 4")
    cut = frame(LISTED, listed(2, 0, [entry], 2))
    invalid("listed-truncated", "one entry of two", cut, "MALFORMED", "- 35")
    nameless = frame(LISTED, listed(1, 0, [(1, 0, 1, 1, "", "production", "")]))
    invalid("listed-name-empty", "an entry without a name", nameless, "LIMIT", "- 16")
    long = frame(LISTED, [*listed(1, 0, [entry]), u8(0, "trailing")])
    invalid("listed-trailing", "a byte too many", long, "MALFORMED", "- 35")
    invalid(
        "error-text-513",
        "a text of 513 bytes is announced",
        frame(ERROR, error(1, count=513)),
        "LIMIT",
        "- 14",
    )
    invalid(
        "error-utf8",
        "a text that is not UTF-8",
        frame(ERROR, error(1, words=b"\xc0\xaf")),
        "BAD_VALUE",
        "- 16",
    )
    invalid("error-truncated", "no retry_after_us", frame(ERROR, error(1)[:5]), "MALFORMED", "- 10")
    invalid(
        "error-reserved",
        "the reserved byte is not 0",
        frame(ERROR, error(1, reserved=1)),
        "MALFORMED",
        "- 3",
    )
    invalid(
        "goaway-truncated",
        "no text length",
        frame(GOAWAY, goaway(13)[:-1], 0),
        "MALFORMED",
        "- 8",
    )


def replies() -> None:
    """What the tables of faults name and nothing above shows."""
    latin = b"\xe9"
    entry = (1, 0, 1, 1, "coupon", "production", "")
    for slug, what, parts, code, place in (
        ("welcome-release-65", "a release of 65", welcome(release="r" * 65), "LIMIT", "47"),
        ("listed-alias-empty", "no alias", listed(1, 0, [(*entry[:5], "", "")]), "LIMIT", "17"),
    ):
        kind = WELCOME if slug.startswith("welcome") else LISTED
        invalid(slug, what, frame(kind, parts), code, f"- {place}")
    # The last byte of each becomes one that begins no character.
    for slug, kind, parts, offset in (
        ("welcome-name-utf8", WELCOME, welcome(server="t", release=""), 48),
        ("welcome-release-utf8", WELCOME, welcome(server="t", release="r"), 49),
        ("listed-name-utf8", LISTED, listed(1, 0, [(*entry[:4], "c", "p", "")])[:-1], 19),
        ("listed-reason-utf8", LISTED, listed(1, 0, [(*entry[:4], "c", "p", "r")]), 21),
        ("goaway-utf8", GOAWAY, goaway(13, words="d"), 10),
    ):
        broken = [*parts[:-1], (latin, "a byte of Latin-1")]
        if slug == "listed-name-utf8":
            broken.append((b"p", "alias p"))
        invalid(slug, "not UTF-8", frame(kind, broken), "BAD_VALUE", f"- {offset}")
    reserved = [*goaway(13)[:2], u8(1, "reserved"), *goaway(13)[3:]]
    invalid(
        "goaway-reserved", "the reserved byte is 1", frame(GOAWAY, reserved), "MALFORMED", "- 3"
    )
    long = [*goaway(13)[:-1], (b"\x01\x02", "text_length 513")]
    invalid("goaway-text-513", "a text of 513 bytes", frame(GOAWAY, long), "LIMIT", "- 8")
    for slug, kind, parts in (("error", ERROR, error(1)), ("goaway", GOAWAY, goaway(13))):
        size = sum(len(data) for data, _ in parts)
        long = frame(kind, [*parts, u8(0, "trailing")])
        invalid(f"{slug}-trailing", "a byte too many", long, "MALFORMED", f"- {size}")


def bad_bound(slug: str, what: str, parts: list, code: str, place: str) -> None:
    invalid(f"bound-{slug}", what, frame(BOUND, parts), code, place)


def bounds() -> None:
    wrong = bound(SMALL, hash_xor=1)
    bad_bound("hash", "the hash is of another signature", wrong, "MALFORMED", "- 6")
    wrong = bound([*SMALL, ("x", 3, "number")])
    bad_bound("axis", "an unknown axis", wrong, "BAD_VALUE", "2 43")
    wrong = bound([*SMALL, ("x", "user", 7)])
    bad_bound("kind", "an unknown kind", wrong, "BAD_VALUE", "2 44")
    for width in (0, 2):
        wrong = bound([*SMALL, ("x", "user", "number", width)])
        bad_bound(f"width-{width}", "a number that is not 1 wide", wrong, "LIMIT", "2 45")
    for width in (0, 4097):
        wrong = bound([*SMALL, ("x", "user", "vector", width)])
        bad_bound(f"vector-{width}", f"a vector of {width} numbers", wrong, "LIMIT", "2 45")
    wrong = bound([("", "user", "number")])
    bad_bound("name-empty", "a column without a name", wrong, "LIMIT", "0 25")
    wrong = bound([("c" * 65, "user", "number")])
    bad_bound("name-65", "a column's name of 65 bytes", wrong, "LIMIT", "0 25")
    wrong = bound([(b"\xed\xa0\x80", "user", "number")])
    bad_bound("name-utf8", "a column's name that is not UTF-8", wrong, "BAD_VALUE", "0 26")
    wrong = bound([SMALL[0], SMALL[0]])
    bad_bound("name-twice", "two columns of one name", wrong, "BAD_VALUE", "1 34")
    bad_bound("outputs-0", "no outputs", bound(SMALL, ()), "LIMIT", "- 20")
    nine = bound(SMALL, [(f"o{i}", "coupon", "value") for i in range(9)])
    bad_bound("outputs-9", "nine outputs", nine, "LIMIT", "- 20")
    wrong = bound([], [("o", "event", "value")])
    bad_bound("output-axis", "an output on the event axis", wrong, "BAD_VALUE", "- 21")
    wrong = bound([], [("o", "coupon", 3)])
    bad_bound("output-meaning", "an unknown meaning", wrong, "BAD_VALUE", "- 22")
    wrong = bound([], [("o", "coupon", "probability", 2)])
    bad_bound("output-width", "a probability that is 2 wide", wrong, "LIMIT", "- 23")
    wrong = bound([], [("o", "coupon", "value"), ("o", "user", "value")])
    bad_bound("output-twice", "two outputs of one name", wrong, "BAD_VALUE", "- 31")
    many = bound([(f"c{i}", "user", "number") for i in range(513)])
    bad_bound("columns-513", "513 columns", many[:6], "LIMIT", "- 18")
    what = "coupons_max is 0, and a column lies on the coupon axis"
    bad_bound("coupons-0", what, bound(SMALL, coupons_max=0), "LIMIT", "- 16")
    what = "coupons_max is 1, and nothing lies on the coupon axis"
    wrong = bound([], [("o", "user", "value")], 0, 1)
    bad_bound("coupons-1", what, wrong, "LIMIT", "- 16")
    wrong = bound(SMALL, events_max=1025)
    bad_bound("events-1025", "events_max is over the limit", wrong, "LIMIT", "- 14")
    bad_bound("truncated", "the output's name is missing", bound(SMALL)[:-1], "MALFORMED", "- 48")
    wrong = [*bound(SMALL), u8(0, "trailing")]
    bad_bound("trailing", "a byte too many", wrong, "MALFORMED", "- 54")
