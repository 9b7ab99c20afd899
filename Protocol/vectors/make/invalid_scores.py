"""SCORE and SCORES frames of the folder `invalid`, each with the error that it must meet."""

import struct

from fields import (
    EVERY_KIND,
    SCORE,
    SCORES,
    column,
    frame,
    invalid,
    score_head,
    u8,
    u16,
    u32,
)


def bad_score(slug, what, code, place, sig, head, *columns, extra=()) -> None:
    body = [*head, *(part for column in columns for part in column), *extra]
    invalid(f"score-{slug}", what, frame(SCORE, body), code, place, f"bound-{sig}")


def scores() -> None:
    one, two = score_head([[1, 0, 1]]), score_head([[1, 0, 2]])
    first, bag = column(1), column(0x87, "milk", counts=[1])
    small = "small"
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
        "- 8",
        small,
        score_head([[1, 0, 1]], count=2),
    )
    bad_score("coupons-0", "N = 0", "LIMIT", "- 30", small, score_head([[1, 0, 1], [2, 1, 0]]))
    bad_score(
        "coupons-over-model",
        "more coupons than the model takes",
        "LIMIT",
        "- 18",
        small,
        score_head([[1, 0, 4]]),
    )
    bad_score(
        "events-over-model",
        "more events than the model takes",
        "LIMIT",
        "- 16",
        small,
        score_head([[1, 5, 1]]),
    )
    bad_score(
        "events-1025",
        "more events than any model takes",
        "LIMIT",
        "- 16",
        "every-kind",
        score_head([[1, 1025, 1]]),
    )
    bad_score(
        "event-rows",
        "17 times 1024 events in one frame",
        "LIMIT",
        "- 208",
        "every-kind",
        score_head([[1, 1024, 1]] * 17),
    )
    bad_score(
        "coupon-rows",
        "17 times 1024 coupons in one frame",
        "LIMIT",
        "- 210",
        "every-kind",
        score_head([[1, 0, 1024]] * 17),
    )
    bad_score(
        "column-missing", "the second column is missing", "MALFORMED", "1 21", small, one, first
    )
    bad_score("columns-missing", "no columns at all", "MALFORMED", "0 20", small, one)
    bad_score(
        "counts-truncated",
        "one count of two",
        "MALFORMED",
        "1 22",
        small,
        two,
        first,
        column(0x87, counts=[0]),
    )
    bad_score(
        "lengths-truncated",
        "a bag of two, one length",
        "MALFORMED",
        "1 23",
        small,
        one,
        first,
        column(0x87, "", counts=[2]),
    )
    bad_score(
        "strings-truncated",
        "a string is cut",
        "MALFORMED",
        "1 24",
        small,
        one,
        first,
        [(b"\x87\x01\x05milk", "five bytes announced, four there")],
    )
    bad_score(
        "values-truncated",
        "three values of four bytes, two there",
        "MALFORMED",
        "0 21",
        "integers",
        score_head([[1, 0, 3]]),
        column(3, 1, 2),
    )
    bad_score(
        "trailing",
        "a byte too many",
        "MALFORMED",
        "- 28",
        small,
        one,
        first,
        bag,
        extra=[u8(0, "trailing")],
    )
    bad_score(
        "trailing-column", "a column too many", "MALFORMED", "- 28", small, one, first, bag, bag
    )
    for encoding in (0x00, 0x08, 0x7F, 0x80, 0x88, 0xFF):
        bad_score(
            f"encoding-{encoding:02x}",
            "an encoding that does not exist",
            "BAD_VALUE",
            "0 20",
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
        place = 20 + sum(len(data) for parts in before for data, _ in parts)
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
        "4 33",
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
        "5 40",
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
        "4 28",
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
    }
    for slug, data in bad_strings.items():
        bad_score(
            f"utf8-{slug}",
            "a string that is not UTF-8",
            "BAD_VALUE",
            "1 27",
            small,
            one,
            first,
            column(0x87, "ok", data, counts=[2]),
        )
    bad_score(
        "utf8-split",
        "one scalar over two strings: together valid, alone not",
        "BAD_VALUE",
        "1 25",
        small,
        one,
        first,
        column(0x87, b"\xc3", b"\xa9", counts=[2]),
    )
    rows = score_head([[1, 0, 258]])
    bad_score(
        "bag-values",
        "258 times 255 bag members in one column",
        "LIMIT",
        "0 21",
        "bags",
        rows,
        column(0x81, counts=[255] * 258),
    )
    body = [
        u32(42, "version"),
        u16(1, "users"),
        u8(1, "outputs"),
        u8(0, "load"),
        u32(0, "queue_us"),
        u32(0, "compute_us"),
        u32(2, "rows"),
        (struct.pack("<2f", 0, 1), "redeem"),
    ]
    invalid(
        "scores-truncated",
        "a score is missing",
        frame(SCORES, [*body[:-1], (bytes(4), "redeem")]),
        "MALFORMED",
        "- 20",
    )
    invalid(
        "scores-trailing",
        "a byte too many",
        frame(SCORES, [*body, u8(0, "trailing")]),
        "MALFORMED",
        "- 28",
    )
    for outputs in (0, 9):
        invalid(
            f"scores-outputs-{outputs}",
            f"{outputs} outputs",
            frame(SCORES, [*body[:2], u8(outputs, "outputs"), *body[3:]]),
            "LIMIT",
            "- 6",
        )
    invalid(
        "scores-rows",
        "more rows than a frame holds",
        frame(SCORES, [*body[:6], u32(16385, "rows"), body[7]]),
        "LIMIT",
        "- 16",
    )
