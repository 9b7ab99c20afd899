"""The frames of the folder `invalid`, each with the error that it must meet."""

from fields import (
    BIND,
    BOUND,
    ERROR,
    GOAWAY,
    HELLO,
    NONE32,
    PING,
    SCORE,
    SCORES,
    SMALL,
    WELCOME,
    bind,
    bound,
    error,
    frame,
    hello,
    invalid,
    u8,
    u16,
    u64,
    welcome,
)


def small_frames() -> None:
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
    for kind in (0x00, 0x05, 0x7F, 0x80, 0x85, 0xFD):
        invalid(f"header-kind-{kind:02x}", "a reserved kind", frame(kind, []), "BAD_FRAME")
    for slug, kind, longest in (
        ("ping", PING, 64),
        ("hello", HELLO, 268),
        ("bind", BIND, 134),
        ("score", SCORE, 1 << 20),
        ("scores", SCORES, 524308),
        ("error", ERROR, 526),
        ("goaway", GOAWAY, 516),
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
        "- 10",
    )
    invalid(
        "hello-truncated",
        "the credential is cut",
        frame(HELLO, hello(credential=b"abc", count=4)),
        "MALFORMED",
        "- 12",
    )
    invalid("hello-empty", "no body", frame(HELLO, []), "MALFORMED", "- 0")
    invalid(
        "hello-trailing",
        "a byte too many",
        frame(HELLO, [*hello(), u8(0, "trailing")]),
        "MALFORMED",
        "- 12",
    )
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
        "- 22",
    )
    invalid(
        "bind-both",
        "alias and version",
        frame(BIND, bind("coupon", "production", 3)),
        "BAD_VALUE",
        "- 0",
    )
    invalid(
        "bind-neither",
        "neither alias nor version",
        frame(BIND, bind("coupon", "")),
        "BAD_VALUE",
        "- 0",
    )
    invalid(
        "bind-model-empty",
        "a model without a name",
        frame(BIND, bind("", "production")),
        "LIMIT",
        "- 4",
    )
    invalid(
        "bind-model-65",
        "a model's name of 65 bytes",
        frame(BIND, bind("m" * 65, "a")),
        "LIMIT",
        "- 4",
    )
    invalid(
        "bind-alias-65", "an alias of 65 bytes", frame(BIND, bind("m", "a" * 65)), "LIMIT", "- 5"
    )
    invalid(
        "bind-utf8",
        "a model's name that is not UTF-8",
        frame(BIND, bind(b"coup\xff", "a")),
        "BAD_VALUE",
        "- 6",
    )
    cut = bind("coupon", "production")[:-1]
    invalid("bind-truncated", "the alias is missing", frame(BIND, cut), "MALFORMED", "- 12")
    invalid(
        "bind-trailing",
        "a byte too many",
        frame(BIND, [*bind("coupon", "", 1), u8(0, "trailing")]),
        "MALFORMED",
        "- 12",
    )
    invalid(
        "error-text-513",
        "a text of 513 bytes is announced",
        frame(ERROR, error(1, count=513)),
        "LIMIT",
        "- 12",
    )
    invalid(
        "error-utf8",
        "a text that is not UTF-8",
        frame(ERROR, error(1, words=b"\xc0\xaf")),
        "BAD_VALUE",
        "- 14",
    )
    invalid("error-truncated", "no retry_after_us", frame(ERROR, error(1)[:3]), "MALFORMED", "- 8")
    invalid(
        "goaway-truncated",
        "no text length",
        frame(GOAWAY, [u16(13, "code")], 0),
        "MALFORMED",
        "- 2",
    )


def bounds() -> None:
    invalid(
        "bound-hash",
        "the hash is of another signature",
        frame(BOUND, bound(SMALL, hash_xor=1)),
        "MALFORMED",
        "- 6",
    )
    invalid(
        "bound-axis",
        "an unknown axis",
        frame(BOUND, bound([*SMALL, ("x", 3, "number")])),
        "BAD_VALUE",
        "2 38",
    )
    invalid(
        "bound-kind",
        "an unknown kind",
        frame(BOUND, bound([*SMALL, ("x", "user", 5)])),
        "BAD_VALUE",
        "2 38",
    )
    invalid(
        "bound-name-empty",
        "a column without a name",
        frame(BOUND, bound([("", "user", "number")])),
        "LIMIT",
        "0 22",
    )
    invalid(
        "bound-name-65",
        "a column's name of 65 bytes",
        frame(BOUND, bound([("c" * 65, "user", "number")])),
        "LIMIT",
        "0 22",
    )
    invalid(
        "bound-name-utf8",
        "a column's name that is not UTF-8",
        frame(BOUND, bound([(b"\xed\xa0\x80", "user", "number")])),
        "BAD_VALUE",
        "0 23",
    )
    invalid(
        "bound-name-twice",
        "two columns of one name",
        frame(BOUND, bound([SMALL[0], SMALL[0]])),
        "BAD_VALUE",
    )
    invalid("bound-outputs-0", "no outputs", frame(BOUND, bound(SMALL, ())), "LIMIT")
    invalid(
        "bound-outputs-9",
        "nine outputs",
        frame(BOUND, bound(SMALL, [f"o{i}" for i in range(9)])),
        "LIMIT",
    )
    invalid(
        "bound-columns-65",
        "65 columns",
        frame(BOUND, bound([(f"c{i}", "user", "number") for i in range(65)])),
        "LIMIT",
    )
    invalid(
        "bound-coupons-0", "coupons_max is 0", frame(BOUND, bound(SMALL, coupons_max=0)), "LIMIT"
    )
    invalid(
        "bound-events-1025",
        "events_max is over the limit",
        frame(BOUND, bound(SMALL, events_max=1025)),
        "LIMIT",
    )
    invalid(
        "bound-truncated",
        "the output is missing",
        frame(BOUND, bound(SMALL)[:-2]),
        "MALFORMED",
        "- 38",
    )
