"""The Python codec against Protocol/vectors, and against itself."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tessera import wire
from tessera.wire import (
    Axis,
    Bind,
    Bound,
    Column,
    ColumnKind,
    Error,
    Frame,
    FrameKind,
    GoAway,
    Hello,
    Signature,
    Welcome,
    WireError,
    next_frame,
)
from tessera.wire_score import Score, Scores, User, encode_column

VECTORS = Path(__file__).parents[4] / "Protocol" / "vectors"
BODIES = {body.kind: body for body in (Hello, Bind, Welcome, Bound, Scores, Error, GoAway)}


def read_vector(path: Path) -> tuple[dict[str, str], bytes]:
    header, digits = {}, ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# ") and ": " in line:
            key, value = line[2:].split(": ", 1)
            header[key] = value
        digits += line.split("#")[0].strip()
    return header, bytes.fromhex(digits)


def vectors(folder: str) -> list[Any]:
    paths = sorted((VECTORS / folder).glob("*.hex"))
    return [pytest.param(path, id=path.stem) for path in paths]


def complete(data: bytes) -> Frame:
    frame = next_frame(data)
    assert frame is not None
    return frame


def signature_of(header: dict[str, str]) -> Signature | None:
    if "signature" not in header:
        return None
    frame = complete(read_vector(VECTORS / header["signature"])[1])
    return Bound.decode(frame.body).signature


def decode(frame: Frame, signature: Signature | None) -> Any:
    if frame.kind == FrameKind.SCORE:
        assert signature is not None
        return Score.decode(frame.body, signature)
    return BODIES[frame.kind].decode(frame.body) if frame.kind in BODIES else frame.body


def camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def plain(value: Any) -> Any:
    """A column as JSON has it: NaN is null."""
    if isinstance(value, np.ndarray):
        return [None if math.isnan(item) else item for item in value.tolist()]
    return value


def describe(body: Any) -> dict[str, Any]:
    """The value that a vector's header holds."""
    if isinstance(body, bytes):
        return {"bytes": body.hex()}
    value = dict(vars(body))
    if isinstance(body, Hello):
        value["credential"] = body.credential.hex()
    if isinstance(body, Bound):
        signature = value.pop("signature")
        value["columns"] = [
            [column.name, column.axis.name.lower(), camel(column.kind.name)]
            for column in signature.columns
        ]
        value |= {"outputs": list(signature.outputs), "events_max": signature.events_max}
        value["coupons_max"] = signature.coupons_max
    if isinstance(body, Scores):
        outputs, rows = body.values.shape
        value |= {"outputs": outputs, "rows": rows, "values": body.values.ravel().tolist()}
    if isinstance(body, Score):
        value["users"] = [[user.key, user.events, user.coupons] for user in body.users]
        value["columns"] = [plain(column) for column in body.columns]
    return value


@pytest.mark.parametrize("path", vectors("valid"))
def test_a_valid_vector_decodes_to_the_value_that_it_names(path: Path) -> None:
    header, data = read_vector(path)
    assert describe(decode(complete(data), signature_of(header))) == json.loads(header["value"])


@pytest.mark.parametrize("path", vectors("valid"))
def test_a_decoded_body_encodes_to_the_same_bytes(path: Path) -> None:
    header, data = read_vector(path)
    frame = complete(data)
    body = decode(frame, signature_of(header))
    if isinstance(body, Score):
        return  # the encoder picks its own encodings: see the round trip below
    encoded = body if isinstance(body, bytes) else body.encode()
    assert Frame(frame.kind, frame.request_id, encoded).encode() == data


@pytest.mark.parametrize("path", vectors("invalid"))
def test_an_invalid_vector_is_refused_with_its_code_column_and_offset(path: Path) -> None:
    header, data = read_vector(path)
    with pytest.raises(WireError) as caught:
        decode(complete(data), signature_of(header))
    error = caught.value
    column = "-" if error.column is None else error.column
    offset = "-" if error.offset is None else error.offset
    name = wire.code_name(error.code)
    assert f"{name} column={column} offset={offset}" == header["expect"], str(error)


def test_every_split_of_a_stream_gives_the_same_frames() -> None:
    stream = b"".join(
        read_vector(VECTORS / "valid" / f"{name}.hex")[1] for name in ("hello", "pong")
    )
    for cut in range(len(stream) + 1):
        buffer, found = bytearray(), []
        for piece in (stream[:cut], stream[cut:]):
            buffer += piece
            while frame := next_frame(buffer):
                found.append(frame.kind)
                del buffer[: wire.HEADER_BYTES + len(frame.body)]
        assert found == [FrameKind.HELLO, FrameKind.PONG] and not buffer


@pytest.mark.parametrize("path", vectors("valid"))
def test_every_truncation_is_refused_or_incomplete(path: Path) -> None:
    header, data = read_vector(path)
    signature, frame = signature_of(header), complete(data)
    for length in range(0, len(data), max(1, len(data) // 300)):
        assert next_frame(data[:length]) is None
    for length in range(0, len(frame.body), max(1, len(frame.body) // 300)):
        if frame.kind not in (FrameKind.PING, FrameKind.PONG):
            with pytest.raises(WireError):
                decode(Frame(frame.kind, 0, frame.body[:length]), signature)


@pytest.mark.parametrize(
    ("kind", "values", "encoding"),
    [
        (ColumnKind.INTEGER, [-128, 127], 1),
        (ColumnKind.INTEGER, [-129], 2),
        (ColumnKind.INTEGER, [1 << 15], 3),
        (ColumnKind.INTEGER, [1 << 31], 4),
        (ColumnKind.INTEGER, [], 1),
        (ColumnKind.NUMBER, [1.0, -3.0], 1),
        (ColumnKind.NUMBER, [300.0], 2),
        (ColumnKind.NUMBER, [0.5, float("nan")], 5),
        (ColumnKind.NUMBER, [-0.0], 5),
        (ColumnKind.NUMBER, [0.1], 6),
        (ColumnKind.NUMBER, [1e6], 6),
        (ColumnKind.STRING, ["a"], 7),
        (ColumnKind.INTEGER_BAG, [[1], []], 0x81),
        (ColumnKind.STRING_BAG, [["a", "b"], []], 0x87),
    ],
)
def test_a_column_is_written_in_the_narrowest_exact_encoding(
    kind: ColumnKind, values: list, encoding: int
) -> None:
    assert encode_column(kind, values)[0] == encoding


@pytest.mark.parametrize(
    ("kind", "values", "code"),
    [
        (ColumnKind.INTEGER, [0.5], wire.ErrorCode.BAD_VALUE),
        (ColumnKind.INTEGER, np.array([1 << 63], np.uint64), wire.ErrorCode.BAD_VALUE),
        (ColumnKind.NUMBER, [float("inf")], wire.ErrorCode.BAD_VALUE),
        (ColumnKind.STRING, ["x" * 256], wire.ErrorCode.LIMIT),
        (ColumnKind.INTEGER_BAG, [[0] * 256], wire.ErrorCode.LIMIT),
    ],
)
def test_a_column_that_a_server_would_refuse_is_not_sent(
    kind: ColumnKind, values: Any, code: wire.ErrorCode
) -> None:
    with pytest.raises(WireError) as caught:
        encode_column(kind, values, 3)
    assert (caught.value.code, caught.value.column) == (code, 3)


def random_column(random_: random.Random, kind: ColumnKind, rows: int) -> list:
    def integer() -> int:
        bits = random_.choice([4, 8, 16, 32, 63])
        return random_.randint(-(2**bits), 2**bits - 1)

    def text() -> str:
        return "".join(random_.choices("abc é乳🥛", k=random_.randint(0, 20)))

    def number() -> float:
        return random_.choice([0.0, 1.0, 0.25, float(np.float32(random_.gauss(0, 1000)))])

    def bag(item: Any) -> Any:
        return lambda: [item() for _ in range(random_.randint(0, 4))]

    makers = (integer, text, number, bag(integer), bag(text))
    return [makers[kind]() for _ in range(rows)]


def test_random_requests_survive_the_round_trip() -> None:
    random_ = random.Random(20261121)
    for _ in range(200):
        columns = tuple(
            Column(f"c{i}", random_.choice(list(Axis)), random_.choice(list(ColumnKind)))
            for i in range(random_.randint(0, 12))
        )
        signature = Signature(columns, ("redeem",), 20, 10)
        users = [
            User(random_.randint(0, 20), random_.randint(1, 10), random_.getrandbits(64))
            for _ in range(random_.randint(1, 6))
        ]
        rows = {
            Axis.USER: len(users),
            Axis.EVENT: sum(user.events for user in users),
            Axis.COUPON: sum(user.coupons for user in users),
        }
        values = [random_column(random_, column.kind, rows[column.axis]) for column in columns]
        decoded = Score.decode(Score(3, users, values, 9).encode(signature), signature)
        assert decoded.users == users and (decoded.handle, decoded.deadline_us) == (3, 9)
        assert [plain(column) for column in decoded.columns] == values
