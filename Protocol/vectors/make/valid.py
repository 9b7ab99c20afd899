"""The frames of the folder `valid`."""

import struct

from fields import (
    AFTER_BINDING,
    BAGS,
    BIND,
    BOUND,
    CANCEL,
    CANCELLING,
    ELSEWHERE,
    ERROR,
    EVERY_KIND,
    GOAWAY,
    HELLO,
    HERE,
    INTEGERS,
    LIST,
    LISTED,
    LISTING,
    NUMBERS,
    PING,
    PONG,
    REDEEM,
    SCORES,
    SMALL,
    TEXTS,
    TRACING,
    UNBIND,
    UNBOUND,
    USER_ONLY,
    VECTORS,
    WELCOME,
    bind,
    bound,
    error,
    frame,
    goaway,
    hello,
    listed,
    score_counts,
    u8,
    u16,
    valid,
    welcome,
)


def greetings() -> None:
    nothing = {"capabilities": 0, "credential": "", "client_name": ""}
    valid(
        "hello",
        "HELLO without credential and name",
        frame(HELLO, hello()),
        {"version_min": 1, "version_max": 1, **nothing},
    )
    token = bytes(range(256))
    every = LISTING | CANCELLING | TRACING
    valid(
        "hello-longest",
        "HELLO, 256 bytes of credential, a name of 64, versions 1 to 3, every capability",
        frame(HELLO, hello(1, 3, token, "n" * 64, every)),
        {
            "version_min": 1,
            "version_max": 3,
            "capabilities": every,
            "credential": token.hex(),
            "client_name": "n" * 64,
        },
    )
    valid(
        "hello-unknown-capability",
        "HELLO with a capability of the future, which is not granted",
        frame(HELLO, hello(capabilities=1 << 63 | LISTING)),
        {"version_min": 1, "version_max": 1, **nothing, "capabilities": 1 << 63 | LISTING},
    )
    value = {
        "version": 1,
        "capabilities": every,
        "users_max": 64,
        "events_max": 1024,
        "coupons_max": 1024,
        "columns_max": 512,
        "in_flight_max": 1024,
        "handles_max": 64,
        "rows_max": 16384,
        "numbers_max": 262144,
        "body_bytes_max": 1 << 20,
        "frame_timeout_ms": 5000,
        "default_deadline_us": 100000,
        "drain_ms": 5000,
        "server_name": "tessera",
        "release": "0.2.0",
    }
    valid(
        "welcome",
        "WELCOME with the limits of the protocol",
        frame(WELCOME, welcome(capabilities=every)),
        value,
    )
    ones = {key: 1 for key in ("users", "events", "coupons", "columns", "in_flight", "handles")}
    ones |= {"rows": 1, "numbers": 1, "body_bytes": 1}
    valid(
        "welcome-smallest",
        "WELCOME with the smallest limits, without a release",
        frame(WELCOME, welcome(release="", **ones)),
        {**value, **{f"{key}_max": 1 for key in ones}, "capabilities": 0, "release": ""},
    )


def small_frames() -> None:
    valid(
        "bind-alias",
        "BIND by alias",
        frame(BIND, bind("coupon", "production")),
        {"object_kind": 1, "version": 0, "name": "coupon", "alias": "production"},
    )
    valid(
        "bind-version",
        "BIND to exactly version 42",
        frame(BIND, bind("coupon", "", 42)),
        {"object_kind": 1, "version": 42, "name": "coupon", "alias": ""},
    )
    valid(
        "bind-longest-names",
        "BIND with 64 bytes of name (umlauts count two) and of alias",
        frame(BIND, bind("ü" * 32, "a" * 64)),
        {"object_kind": 1, "version": 0, "name": "ü" * 32, "alias": "a" * 64},
    )
    valid(
        "bind-unknown-kind",
        "BIND to a kind of object of the future: UNKNOWN_OBJECT, but well formed",
        frame(BIND, bind("budget", "production", kind=200)),
        {"object_kind": 200, "version": 0, "name": "budget", "alias": "production"},
    )
    valid("unbind", "UNBIND", frame(UNBIND, [u16(65535, "handle")]), {"handle": 65535})
    valid("unbound", "UNBOUND has no body", frame(UNBOUND, []), {"bytes": ""})
    valid(
        "cancel",
        "CANCEL has no body: it has the id of its target",
        frame(CANCEL, []),
        {"bytes": ""},
    )
    valid(
        "list",
        "LIST of every kind",
        frame(LIST, [u8(0, "object_kind"), u16(0, "first")]),
        {"object_kind": 0, "first": 0},
    )
    valid(
        "list-models",
        "LIST of the models from the 65th on",
        frame(LIST, [u8(1, "object_kind"), u16(64, "first")]),
        {"object_kind": 1, "first": 64},
    )
    entries = [
        (1, 0, 42, 42, "coupon", "production", ""),
        (1, 1, 0, 7, "coupon", "canary", ""),
        (1, 2, 41, 43, "n" * 64, "a" * 64, "r" * 255),
        (200, 9, 1, 1, "later", "a", "a kind and a state of the future"),
    ]
    valid(
        "listed",
        "LISTED: ready, loading, refused, and of the future",
        frame(LISTED, listed(4, 0, entries)),
        {"total": 4, "first": 0, "entries": [list(entry) for entry in entries]},
    )
    valid(
        "listed-empty",
        "LISTED beyond the end",
        frame(LISTED, listed(4, 64, [])),
        {"total": 4, "first": 64, "entries": []},
    )
    valid("ping-empty", "PING without bytes", frame(PING, []), {"bytes": ""})
    valid("ping-64", "PING, the longest", frame(PING, [(bytes(64), "bytes")]), {"bytes": "00" * 64})
    valid("pong", "PONG", frame(PONG, [(b"hello", "bytes")]), {"bytes": b"hello".hex()})


def errors() -> None:
    words = "a column of kind integer does not accept the encoding 0x07"
    nowhere = {"column": None, "offset": None}
    valid(
        "error-place",
        "ERROR that names column and offset, never to be tried again",
        frame(ERROR, error(9, 3, 41, words=words)),
        {"code": 9, "retry": 0, "column": 3, "offset": 41, "retry_after_us": 0, "text": words},
    )
    words = "the queue is full"
    valid(
        "error-overloaded",
        "ERROR with a time to wait, without a place",
        frame(ERROR, error(10, retry=HERE, wait=1500, words=words)),
        {"code": 10, "retry": 1, **nowhere, "retry_after_us": 1500, "text": words},
    )
    valid(
        "error-rebind",
        "ERROR that asks for BIND",
        frame(ERROR, error(12, retry=AFTER_BINDING)),
        {"code": 12, "retry": 3, **nowhere, "retry_after_us": 0, "text": ""},
    )
    valid(
        "error-unknown-code",
        "ERROR with a code of the future and no text",
        frame(ERROR, error(999, retry=ELSEWHERE)),
        {"code": 999, "retry": 2, **nowhere, "retry_after_us": 0, "text": ""},
    )
    valid(
        "error-unknown-retry",
        "ERROR with a way to try again of the future, which is read as never",
        frame(ERROR, error(999, retry=77)),
        {"code": 999, "retry": 0, **nowhere, "retry_after_us": 0, "text": ""},
        again="no",
    )
    valid(
        "goaway",
        "GOAWAY of a server that drains",
        frame(GOAWAY, goaway(13, ELSEWHERE, words="draining"), 0),
        {"code": 13, "retry": 2, "retry_after_us": 0, "text": "draining"},
    )
    valid(
        "goaway-later",
        "GOAWAY of a server that has too many connections",
        frame(GOAWAY, goaway(10, HERE, 50000), 0),
        {"code": 10, "retry": 1, "retry_after_us": 50000, "text": ""},
    )


def bounds() -> None:
    two = [("click", "coupon", "value"), *REDEEM]
    user_outputs = [("churn", "user", "probability"), ("taste", "user", "vector", 2)]
    signatures = {
        "every-kind": (EVERY_KIND, two, 1024, 1024),
        "integers": (INTEGERS, REDEEM, 0, 8),
        "numbers": (NUMBERS, REDEEM, 0, 8),
        "bags": (BAGS, REDEEM, 0, 1024),
        "vectors": (VECTORS, REDEEM, 0, 8),
        "texts": (TEXTS, REDEEM, 0, 8),
        "small": (SMALL, REDEEM, 4, 3),
        "user-outputs": (USER_ONLY, user_outputs, 4, 0),
        "both-outputs": (SMALL, [("churn", "user", "value"), *REDEEM], 4, 3),
        "wide": ([], [("embedding", "coupon", "vector", 4096)], 0, 1024),
        "wide-users": ([], [(f"e{i}", "user", "vector", 1024) for i in range(8)], 0, 0),
        "no-columns": ([], REDEEM, 0, 1),
        "largest": (
            [(f"{i:03}" + "c" * 61, "event", "number") for i in range(512)],
            [(f"{i}" + "o" * 63, "coupon", "vector", 4096) for i in range(8)],
            1024,
            1024,
        ),
    }
    for slug, (columns, outputs, events_max, coupons_max) in signatures.items():
        valid(
            f"bound-{slug}",
            f"BOUND: the signature '{slug}'",
            frame(BOUND, bound(columns, outputs, events_max, coupons_max)),
            {
                "handle": 5,
                "version": 42,
                "events_max": events_max,
                "coupons_max": coupons_max,
                "columns": [[*field, 1][:4] for field in columns],
                "outputs": [[*field, 1][:4] for field in outputs],
            },
        )


def replies() -> None:
    tiny32 = struct.unpack("<f", struct.pack("<f", 1e-30))[0]
    numbers = (struct.pack("<6f", 0.5, 0.25, 1.0, 0, 1e-30, -2), "click, redeem")
    value = {"load": 17, "queue_us": 80, "compute_us": 35}
    valid(
        "scores",
        "SCORES: two outputs, three coupons, users of two versions",
        frame(SCORES, [*score_counts(3, [(42, 0), (43, 0)], 2, load=17), numbers]),
        {
            **value,
            "users": [[42, 0], [43, 0]],
            "outputs": 2,
            "coupon_rows": 3,
            "values": [0.5, 0.25, 1.0, 0.0, tiny32, -2.0],
        },
    )
    valid(
        "scores-partly",
        "SCORES: the second of two users was too late; its row is zero",
        frame(
            SCORES,
            [*score_counts(2, [(42, 0), (0, 11)], 1, load=17), (struct.pack("<2f", 0.5, 0), "")],
        ),
        {**value, "users": [[42, 0], [0, 11]], "outputs": 1, "coupon_rows": 2, "values": [0.5, 0]},
    )
    valid(
        "scores-user-axis",
        "SCORES of the signature 'user-outputs': a number and a vector of two for each user",
        frame(
            SCORES,
            [
                *score_counts(0, [(42, 0), (42, 0)], 2, 6, 17),
                (struct.pack("<6f", 0.5, 0.25, 1, 2, 3, 4), "churn, taste"),
            ],
        ),
        {
            **value,
            "users": [[42, 0], [42, 0]],
            "outputs": 2,
            "coupon_rows": 0,
            "values": [0.5, 0.25, 1, 2, 3, 4],
        },
    )
