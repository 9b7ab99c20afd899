"""The frames of the folder `valid`."""

import struct

from fields import (
    BAGS,
    BIND,
    BOUND,
    ERROR,
    EVERY_KIND,
    GOAWAY,
    HELLO,
    INTEGERS,
    NONE32,
    NUMBERS,
    PING,
    PONG,
    SCORE,
    SCORES,
    SMALL,
    WELCOME,
    bind,
    bound,
    column,
    error,
    frame,
    hello,
    score_head,
    text,
    u8,
    u16,
    u32,
    valid,
    welcome,
)


def small_frames() -> None:
    valid(
        "hello",
        "HELLO without credential",
        frame(HELLO, hello()),
        {"version_min": 1, "version_max": 1, "credential": ""},
    )
    token = bytes(range(256))
    valid(
        "hello-longest-credential",
        "HELLO, 256 bytes of credential, versions 1 to 3",
        frame(HELLO, hello(1, 3, token)),
        {"version_min": 1, "version_max": 3, "credential": token.hex()},
    )
    valid(
        "welcome",
        "WELCOME with the limits of the protocol",
        frame(WELCOME, welcome()),
        {
            "version": 1,
            "users_max": 64,
            "events_max": 1024,
            "coupons_max": 1024,
            "columns_max": 64,
            "in_flight_max": 1024,
            "handles_max": 64,
            "rows_max": 16384,
            "body_bytes_max": 1 << 20,
            "server_name": "tessera 0.1.0",
        },
    )
    valid(
        "bind-alias",
        "BIND by alias",
        frame(BIND, bind("coupon", "production")),
        {"version": 0, "model": "coupon", "alias": "production"},
    )
    valid(
        "bind-version",
        "BIND to exactly version 42",
        frame(BIND, bind("coupon", "", 42)),
        {"version": 42, "model": "coupon", "alias": ""},
    )
    valid(
        "bind-longest-names",
        "BIND with 64 bytes of model (umlauts count two) and of alias",
        frame(BIND, bind("ü" * 32, "a" * 64)),
        {"version": 0, "model": "ü" * 32, "alias": "a" * 64},
    )
    valid("ping-empty", "PING without bytes", frame(PING, []), {"bytes": ""})
    valid("ping-64", "PING, the longest", frame(PING, [(bytes(64), "bytes")]), {"bytes": "00" * 64})
    valid("pong", "PONG", frame(PONG, [(b"hello", "bytes")]), {"bytes": b"hello".hex()})
    words = "a column of kind integer does not accept the encoding 0x07"
    valid(
        "error-place",
        "ERROR that names column and offset",
        frame(ERROR, error(9, 3, 41, 0, words)),
        {"code": 9, "column": 3, "offset": 41, "retry_after_us": 0, "text": words},
    )
    valid(
        "error-overloaded",
        "ERROR with a time to wait, without a place",
        frame(ERROR, error(10, retry=1500, words="the queue is full")),
        {
            "code": 10,
            "column": None,
            "offset": None,
            "retry_after_us": 1500,
            "text": "the queue is full",
        },
    )
    valid(
        "error-unknown-code",
        "ERROR with a code of the future and no text",
        frame(ERROR, error(999)),
        {"code": 999, "column": None, "offset": None, "retry_after_us": 0, "text": ""},
    )
    goaway = [u16(13, "code"), u16(8, "text_length"), text("draining", "text")]
    valid(
        "goaway",
        "GOAWAY of a server that drains",
        frame(GOAWAY, goaway, 0),
        {"code": 13, "text": "draining"},
    )


def bounds() -> None:
    signatures = {
        "every-kind": (EVERY_KIND, ("click", "redeem"), 1024, 1024),
        "integers": (INTEGERS, ("redeem",), 0, 8),
        "numbers": (NUMBERS, ("redeem",), 0, 8),
        "bags": (BAGS, ("redeem",), 0, 1024),
        "small": (SMALL, ("redeem",), 4, 3),
        "no-columns": ([], ("redeem",), 0, 1),
        "largest": (
            [(f"{i:02}" + "c" * 62, "event", "number") for i in range(64)],
            [f"{i}" + "o" * 63 for i in range(8)],
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
                "columns": [list(column) for column in columns],
                "outputs": list(outputs),
            },
        )


def score(slug, what, head, columns, users, values, sig, deadline_us=0) -> None:
    body = [*head, *(part for column in columns for part in column)]
    value = {"handle": 5, "deadline_us": deadline_us, "users": users, "columns": values}
    valid(f"score-{slug}", what, frame(SCORE, body), value, f"bound-{sig}")


def scores() -> None:
    users = [[0xDEADBEEF, 2, 1], [0, 1, 2]]
    every = [
        column(1, 3, -1),
        column(7, "Köln", ""),
        column(5, 12.5, -0.25),
        column(2, 300, -2, 7),
        column(7, "SOFT DRINKS", "乳製品", "BREAD"),
        column(6, 1.99, 0.1, 3.2),
        column(3, 70000, 1, 2),
        column(1, 10, 0, -5),
        column(0x82, 500, 501, -9, counts=[2, 0, 1]),
        column(0x87, "milk", "eggs", "", counts=[1, 0, 2]),
    ]
    f32 = [struct.unpack("<f", struct.pack("<f", x))[0] for x in (1.99, 0.1, 3.2)]
    values = [
        [3, -1],
        ["Köln", ""],
        [12.5, -0.25],
        [300, -2, 7],
        ["SOFT DRINKS", "乳製品", "BREAD"],
        f32,
        [70000, 1, 2],
        [10, 0, -5],
        [[500, 501], [], [-9]],
        [["milk"], [], ["eggs", ""]],
    ]
    score(
        "every-kind",
        "two users, every axis and kind",
        score_head(users, 2000),
        every,
        users,
        values,
        "every-kind",
        2000,
    )
    lows, highs = (
        [-(2**7), -(2**15), -(2**31), -(2**63)],
        [2**7 - 1, 2**15 - 1, 2**31 - 1, 2**63 - 1],
    )
    extremes = [[lows[i], highs[i], 0] for i in range(4)]
    three = [[1, 0, 3]]
    score(
        "integers",
        "the four integer encodings at both ends",
        score_head(three),
        [column(i + 1, *extremes[i]) for i in range(4)],
        three,
        extremes,
        "integers",
    )
    score(
        "integers-wide",
        "small values may come in the widest encoding",
        score_head(three),
        [column(4, 1, 2, 3) for _ in range(4)],
        three,
        [[1, 2, 3]] * 4,
        "integers",
    )
    nan, big, tiny = float("nan"), 65504.0, 2.0**-24
    f32_max, f32_tiny = 2.0**128 - 2.0**104, 2.0**-149
    score(
        "numbers",
        "the six encodings of a number, NaN = missing, smallest and largest floats",
        score_head([[1, 0, 4]]),
        [
            *(column(i + 1, lows[i], -lows[i] // 2, 0, 1) for i in range(4)),
            column(5, nan, -big, tiny, -0.0),
            column(6, nan, -f32_max, f32_tiny, -0.0),
        ],
        [[1, 0, 4]],
        [
            *([lows[i], -lows[i] // 2, 0, 1] for i in range(4)),
            [None, -big, tiny, -0.0],
            [None, -f32_max, f32_tiny, -0.0],
        ],
        "numbers",
    )
    score(
        "bags",
        "bags of the four integer encodings, one of 255 members",
        score_head([[1, 0, 2]]),
        [
            column(0x81 + i, lows[i], *range(100), *[highs[i]] * 154, highs[i], counts=[1, 255])
            for i in range(4)
        ],
        [[1, 0, 2]],
        [[[lows[i]], [*range(100), *[highs[i]] * 155]] for i in range(4)],
        "bags",
    )
    score(
        "bags-empty",
        "bags without members",
        score_head([[1, 0, 2]]),
        [column(0x81, counts=[0, 0])] * 4,
        [[1, 0, 2]],
        [[[], []]] * 4,
        "bags",
    )
    score(
        "no-events",
        "T = 0: a new user",
        score_head([[1, 0, 1]]),
        [column(1), column(0x87, "milk", counts=[1])],
        [[1, 0, 1]],
        [[], [["milk"]]],
        "small",
    )
    mixed = [[1, 2, 1], [2, 0, 1], [3, 4, 3]]
    score(
        "no-events-between",
        "a user without events between two with",
        score_head(mixed),
        [column(1, 1, 2, 3, 4, 5, 6), column(0x87, "a", counts=[0, 0, 1, 0, 0])],
        mixed,
        [[1, 2, 3, 4, 5, 6], [[], [], ["a"], [], []]],
        "small",
    )
    crowd = [[2**64 - 1 - i, 0, 1] for i in range(64)]
    score(
        "64-users",
        "as many users as a frame holds, keys of 64 bits",
        score_head(crowd),
        [column(1), column(0x87, counts=[0] * 64)],
        crowd,
        [[], [[]] * 64],
        "small",
    )
    long_string = "é" * 127 + "x"
    score(
        "string-255",
        "a string of 255 bytes",
        score_head([[0, 0, 1]]),
        [column(1), column(0x87, long_string, counts=[1])],
        [[0, 0, 1]],
        [[], [[long_string]]],
        "small",
    )
    score(
        "no-columns",
        "a signature without columns",
        score_head([[0, 0, 1]], NONE32),
        [],
        [[0, 0, 1]],
        [],
        "no-columns",
        NONE32,
    )
    body = [
        u32(42, "version"),
        u16(2, "users"),
        u8(2, "outputs"),
        u8(17, "load"),
        u32(80, "queue_us"),
        u32(35, "compute_us"),
        u32(3, "rows"),
        (struct.pack("<3f", 0.5, 0.25, 1.0), "click"),
        (struct.pack("<3f", 0, 1e-30, -2), "redeem"),
    ]
    tiny32 = struct.unpack("<f", struct.pack("<f", 1e-30))[0]
    valid(
        "scores",
        "SCORES: two outputs, three coupons",
        frame(SCORES, body),
        {
            "version": 42,
            "users": 2,
            "outputs": 2,
            "load": 17,
            "queue_us": 80,
            "compute_us": 35,
            "rows": 3,
            "values": [0.5, 0.25, 1.0, 0.0, tiny32, -2.0],
        },
    )
