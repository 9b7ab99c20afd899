"""The SCORE frames of the folder `valid`."""

import struct

from fields import (
    NONE32,
    SCORE,
    column,
    frame,
    scaled,
    score_head,
    valid,
)


def score(slug, what, head, columns, users, values, sig, deadline_us=0, trace=None) -> None:
    body = [*head, *(part for column in columns for part in column)]
    value = {"handle": 5, "deadline_us": deadline_us, "trace": trace}
    value |= {"users": users, "columns": values}
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


def later_columns() -> None:
    """Columns that no graph has yet."""
    two = [[1, 0, 2]]
    halves = [0.5, -1.0, 2.0, 0.0, 0.25, -4.0]
    floats = [1e-30, -2.5, 3.0, 0.0, 1.0, 1e30]
    floats = list(struct.unpack("<6f", struct.pack("<6f", *floats)))
    score(
        "vectors",
        "three numbers a row as float16, float32, and int8 with a scale a row",
        score_head(two),
        [column(5, *halves), column(6, *floats), scaled([0.5, -2.0], [1, 2, -128, 127, 0, -1])],
        two,
        [halves, floats, [[0.5, -2.0], [1, 2, -128, 127, 0, -1]]],
        "vectors",
    )
    long_text = "é" * 4096
    score(
        "texts",
        "texts, one of 8,192 bytes",
        score_head(two),
        [column(9, "cheese for a party"), column(9, "", long_text)],
        two,
        [["cheese for a party"], ["", long_text]],
        "texts",
    )
    nobody = [[7, 2, 0], [8, 0, 0]]
    score(
        "no-coupons",
        "N = 0: nothing of the model lies on the coupon axis",
        score_head(nobody),
        [column(1, 30, 40), column(1, 5, 6)],
        nobody,
        [[30, 40], [5, 6]],
        "user-outputs",
    )
    trace = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b701")
    score(
        "trace",
        "a SCORE that belongs to a trace",
        score_head([[1, 0, 1]], trace=trace),
        [column(1), column(0x87, "milk", counts=[1])],
        [[1, 0, 1]],
        [[], [["milk"]]],
        "small",
        trace="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
