"""SCORE and SCORES frames of the folder `invalid`, each with the error that it must meet."""

import struct

from fields import (
    EVERY_KIND,
    SCORE,
    SCORES,
    column,
    frame,
    invalid,
    scaled,
    score_counts,
    score_head,
    u8,
    u16,
)


def bad_score(slug, what, code, place, sig, head, *columns, extra=()) -> None:
    body = [*head, *(part for column in columns for part in column), *extra]
    invalid(f"score-{slug}", what, frame(SCORE, body), code, place, f"bound-{sig}")


def scores() -> None:
    one, two = score_head([[1, 0, 1]]), score_head([[1, 0, 2]])
    first, bag = column(1), column(0x87, "milk", counts=[1])
    small = "small"
    trace = bytes(range(1, 26))
    for slug, bits in (("reserved", 2), ("high", 0x8000)):
        head = score_head([[1, 0, 1]], flags=bits)
        bad_score(f"flags-{slug}", "a reserved flag", "MALFORMED", "- 8", small, head)
    cut = [*score_head([], count=1, flags=1), (trace[:24], "24 bytes of 25")]
    bad_score("trace-truncated", "the trace context is cut", "MALFORMED", "- 10", small, cut)
    zero = score_head([[1, 0, 1]], trace=bytes(16) + trace[16:])
    bad_score("trace-id-0", "a trace id of zeros", "BAD_VALUE", "- 10", small, zero)
    zero = score_head([[1, 0, 1]], trace=trace[:16] + bytes(8) + b"\x01")
    bad_score("trace-parent-0", "a parent id of zeros", "BAD_VALUE", "- 26", small, zero)
    cut = [*score_head([], count=0, deadline_us=1)[:2], u8(0, "part of the deadline")]
    bad_score("users-0-cut", "no users, and the fixed part is cut", "LIMIT", "- 2", small, cut)
    bad_score("empty", "no body", "MALFORMED", "- 0", small, [])
    bad_score(
        "head-truncated",
        "the deadline is cut",
        "MALFORMED",
        "- 4",
        small,
        [*one[:2], u16(0, "half")],
    )
    bad_score("users-0", "no users", "LIMIT", "- 2", small, score_head([]))
    bad_score("users-65", "65 users", "LIMIT", "- 2", small, score_head([[0, 0, 1]] * 65))
    bad_score(
        "users-truncated",
        "two users announced, one there",
        "MALFORMED",
        "- 22",
        small,
        score_head([[1, 0, 1]], count=2),
    )
    bad_score("coupons-0", "N = 0", "LIMIT", "- 32", small, score_head([[1, 0, 1], [2, 1, 0]]))
    bad_score(
        "coupons-over-model",
        "more coupons than the model takes",
        "LIMIT",
        "- 20",
        small,
        score_head([[1, 0, 4]]),
    )
    bad_score(
        "events-over-model",
        "more events than the model takes",
        "LIMIT",
        "- 18",
        small,
        score_head([[1, 5, 1]]),
    )
    bad_score(
        "events-1025",
        "more events than any model takes",
        "LIMIT",
        "- 18",
        "every-kind",
        score_head([[1, 1025, 1]]),
    )
    bad_score(
        "event-rows",
        "17 times 1024 events in one frame",
        "LIMIT",
        "- 210",
        "every-kind",
        score_head([[1, 1024, 1]] * 17),
    )
    bad_score(
        "coupon-rows",
        "17 times 1024 coupons in one frame",
        "LIMIT",
        "- 212",
        "every-kind",
        score_head([[1, 0, 1024]] * 17),
    )
    bad_score(
        "column-missing", "the second column is missing", "MALFORMED", "1 23", small, one, first
    )
    bad_score("columns-missing", "no columns at all", "MALFORMED", "0 22", small, one)
    bad_score(
        "counts-truncated",
        "one count of two",
        "MALFORMED",
        "1 24",
        small,
        two,
        first,
        column(0x87, counts=[0]),
    )
    bad_score(
        "lengths-truncated",
        "a bag of two, one length",
        "MALFORMED",
        "1 25",
        small,
        one,
        first,
        column(0x87, "", counts=[2]),
    )
    bad_score(
        "strings-truncated",
        "a string is cut",
        "MALFORMED",
        "1 26",
        small,
        one,
        first,
        [(b"\x87\x01\x05milk", "five bytes announced, four there")],
    )
    bad_score(
        "values-truncated",
        "three values of four bytes, two there",
        "MALFORMED",
        "0 23",
        "integers",
        score_head([[1, 0, 3]]),
        column(3, 1, 2),
    )
    bad_score(
        "trailing",
        "a byte too many",
        "MALFORMED",
        "- 30",
        small,
        one,
        first,
        bag,
        extra=[u8(0, "trailing")],
    )
    bad_score(
        "trailing-column", "a column too many", "MALFORMED", "- 30", small, one, first, bag, bag
    )
    for encoding in (0x00, 0x0A, 0x7F, 0x80, 0x8A, 0xFF):
        bad_score(
            f"encoding-{encoding:02x}",
            "an encoding that does not exist",
            "BAD_VALUE",
            "0 22",
            small,
            one,
            [(bytes([encoding]), "encoding")],
        )
    refused = {
        "integer": (5, 6, 7, 0x81),
        "string": (1, 6, 0x87),
        "number": (7, 0x86, 0x81),
        "integerBag": (1, 0x85, 0x86, 0x87),
        "stringBag": (7, 0x81),
    }
    for kind, encodings in refused.items():
        index = next(i for i, (_, axis, k) in enumerate(EVERY_KIND) if k == kind)
        before = [
            column(1, 0),
            column(7, ""),
            column(1, 0),
            column(1),
            column(7),
            column(1),
            column(1, 0),
            column(1, 0),
            column(0x81, counts=[0]),
        ][:index]
        place = 22 + sum(len(data) for parts in before for data, _ in parts)
        for encoding in encodings:
            bad_score(
                f"{kind}-as-{encoding:02x}",
                f"a column of kind {kind} in encoding 0x{encoding:02x}",
                "BAD_VALUE",
                f"{index} {place}",
                "every-kind",
                one,
                *before,
                [(bytes([encoding]), "encoding")],
            )
    whole = [column(1, 0)] * 4
    inf = float("inf")
    bad_score(
        "infinity-f16",
        "infinity in float16",
        "BAD_VALUE",
        "4 35",
        "numbers",
        two,
        *[column(1, 0, 0)] * 4,
        column(5, inf, 0),
        column(6, 0, 0),
    )
    bad_score(
        "infinity-f32",
        "minus infinity in float32, second row",
        "BAD_VALUE",
        "5 42",
        "numbers",
        score_head([[1, 0, 2]]),
        *[column(1, 0, 0)] * 4,
        column(1, 0, 0),
        column(6, 0, -inf),
    )
    bad_score(
        "number-string",
        "a string where a number is due",
        "BAD_VALUE",
        "4 30",
        "numbers",
        one,
        *whole,
        column(7, "1"),
    )
    bad_strings = {
        "latin1": b"K\xf6ln",
        "overlong": b"\xc0\xaf",
        "surrogate": b"\xed\xa0\x80",
        "beyond-unicode": b"\xf4\x90\x80\x80",
        "cut": b"milk\xe4\xb9",
        "last": b"te\xff",
    }
    for slug, data in bad_strings.items():
        bad_score(
            f"utf8-{slug}",
            "a string that is not UTF-8",
            "BAD_VALUE",
            "1 29",
            small,
            one,
            first,
            column(0x87, "ok", data, counts=[2]),
        )
    bad_score(
        "utf8-split",
        "one scalar over two strings: together valid, alone not",
        "BAD_VALUE",
        "1 27",
        small,
        one,
        first,
        column(0x87, b"\xc3", b"\xa9", counts=[2]),
    )
    vectors = score_head([[1, 0, 2]])
    halves, floats = column(5, *[0.5] * 6), column(6, *[0.5] * 6)
    nan = float("nan")
    bad_score(
        "vector-nan",
        "a number of a vector that is none",
        "BAD_VALUE",
        "0 25",
        "vectors",
        vectors,
        column(5, 1, nan, 1, 1, 1, 1),
    )
    bad_score(
        "vector-infinite",
        "an infinite number of a vector",
        "BAD_VALUE",
        "1 56",
        "vectors",
        vectors,
        halves,
        column(6, 1, 1, 1, 1, 1, inf),
    )
    bad_score(
        "vector-scale",
        "a scale that is no number",
        "BAD_VALUE",
        "2 65",
        "vectors",
        vectors,
        halves,
        floats,
        scaled([1, nan], [0] * 6),
    )
    bad_score(
        "vector-truncated",
        "five numbers of six",
        "MALFORMED",
        "0 23",
        "vectors",
        vectors,
        column(5, *[1] * 5),
    )
    for encoding in (1, 4, 7, 9, 0x85):
        bad_score(
            f"vector-as-{encoding:02x}",
            "an encoding that vectors do not accept",
            "BAD_VALUE",
            "0 22",
            "vectors",
            vectors,
            [(bytes([encoding]), "encoding")],
        )
    bad_score(
        "text-8193",
        "a text of 8,193 bytes is announced",
        "LIMIT",
        "0 23",
        "texts",
        one,
        [(b"\x09\x01\x20", "encoding, length 8193")],
    )
    bad_score(
        "text-utf8",
        "a text that is not UTF-8",
        "BAD_VALUE",
        "0 25",
        "texts",
        one,
        column(9, b"\xc0\xaf"),
    )
    bad_score(
        "text-truncated",
        "a text is cut",
        "MALFORMED",
        "0 25",
        "texts",
        one,
        [(b"\x09\x05\x00milk", "five bytes announced, four there")],
    )
    bad_score("text-as-07", "a string", "BAD_VALUE", "0 22", "texts", one, column(7, "milk"))
    bad_score(
        "coupons-where-none",
        "N = 1 where nothing lies on the coupon axis",
        "LIMIT",
        "- 20",
        "user-outputs",
        score_head([[1, 0, 1]]),
    )
    bad_score(
        "numbers",
        "33 users with 8 vectors of 1,024 numbers each: more than an answer may hold",
        "LIMIT",
        "- 2",
        "wide-users",
        score_head([[0, 0, 0]] * 33),
    )
    bad_score(
        "numbers-coupons",
        "the 65th coupon's vector is more than an answer may hold",
        "LIMIT",
        "- 32",
        "wide",
        score_head([[0, 0, 64], [0, 0, 1]]),
    )
    rows = score_head([[1, 0, 258]])
    bad_score(
        "bag-values",
        "258 times 255 bag members in one column",
        "LIMIT",
        "0 23",
        "bags",
        rows,
        column(0x81, counts=[255] * 258),
    )
    counts = score_counts(2)
    two_scores = (struct.pack("<2f", 0, 1), "redeem")
    invalid(
        "scores-truncated",
        "a score is missing",
        frame(SCORES, [*counts, (bytes(4), "redeem")]),
        "MALFORMED",
        "- 26",
    )
    invalid(
        "scores-user-truncated",
        "a user's status is missing",
        frame(SCORES, counts[:-1]),
        "MALFORMED",
        "- 24",
    )
    invalid(
        "scores-trailing",
        "a byte too many",
        frame(SCORES, [*counts, two_scores, u8(0, "trailing")]),
        "MALFORMED",
        "- 34",
    )
    for users in (0, 65):
        invalid(
            f"scores-users-{users}",
            f"{users} users",
            frame(SCORES, [u16(users, "users"), *counts[1:], two_scores]),
            "LIMIT",
            "- 0",
        )
    for outputs in (0, 9):
        invalid(
            f"scores-outputs-{outputs}",
            f"{outputs} outputs",
            frame(SCORES, [counts[0], u8(outputs, "outputs"), *counts[2:], two_scores]),
            "LIMIT",
            "- 2",
        )
    invalid(
        "scores-rows",
        "more coupons than a frame holds",
        frame(SCORES, score_counts(16385, numbers=2)),
        "LIMIT",
        "- 12",
    )
    invalid(
        "scores-numbers",
        "more numbers than a frame holds",
        frame(SCORES, score_counts(2, numbers=262145)),
        "LIMIT",
        "- 16",
    )
