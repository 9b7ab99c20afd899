"""The Python codec against Protocol/vectors, and against itself."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tessera.client import (
    Axis,
    Column,
    ColumnKind,
    Output,
    ScaledVectors,
    Signature,
    TraceContext,
    WireError,
    code_name,
)
from tessera.client.binding import Bind, Bound, Unbind
from tessera.client.columns import check_column
from tessera.client.frame import HEADER_BYTES, Frame, FrameKind, next_frame
from tessera.client.greeting import Hello, Welcome
from tessera.client.listing import Listed, ListObjects
from tessera.client.refusals import Error, GoAway
from tessera.client.score import Score, User
from tessera.client.scores import Scores

VECTORS = Path(__file__).parents[4] / "Protocol" / "vectors"
BODY_TYPES = (Hello, Bind, Unbind, ListObjects, Welcome, Bound, Scores, Listed, Error, GoAway)
BODIES = {body.kind: body for body in BODY_TYPES}


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
    """A column as JSON has it: NaN is null, scaled vectors are scales and bytes."""
    if isinstance(value, ScaledVectors):
        return [value.scales.tolist(), value.values.ravel().tolist()]
    if isinstance(value, np.ndarray):
        return [None if math.isnan(item) else item for item in value.ravel().tolist()]
    return value


def describe(body: Any) -> dict[str, Any]:
    """The value that a vector's header holds."""
    if isinstance(body, bytes):
        return {"bytes": body.hex()}
    value = dict(vars(body))
    match body:
        case Hello():
            value["credential"] = body.credential.hex()
        case Welcome():
            value |= vars(value.pop("limits"))
        case Bound():
            signature = value.pop("signature")
            value["columns"] = [
                [part.name, part.axis.name.lower(), camel(part.kind.name), part.width]
                for part in signature.columns
            ]
            value["outputs"] = [
                [part.name, part.axis.name.lower(), camel(part.meaning.name), part.width]
                for part in signature.outputs
            ]
            value["events_max"] = signature.events_max
            value["coupons_max"] = signature.coupons_max
        case Listed():
            value["entries"] = [list(vars(entry).values()) for entry in body.entries]
        case Scores():
            value["users"] = [[user.version, user.status] for user in body.users]
            value["outputs"] = value.pop("output_count")
            value["values"] = body.values.tolist()
        case Score():
            value["trace"] = None if body.trace is None else str(body.trace)
            value["users"] = [[user.key, user.events, user.coupons] for user in body.users]
            value["columns"] = [plain(column) for column in body.columns]
    return value


def test_the_vectors_hold_every_kind_of_frame() -> None:
    kinds = {complete(read_vector(path)[1]).kind for path in (VECTORS / "valid").glob("*.hex")}
    assert kinds == set(FrameKind)


@pytest.mark.parametrize("path", vectors("valid"))
def test_a_valid_vector_decodes_to_the_value_that_it_names(path: Path) -> None:
    header, data = read_vector(path)
    assert describe(decode(complete(data), signature_of(header))) == json.loads(header["value"])


@pytest.mark.parametrize("path", vectors("valid"))
def test_a_decoded_body_encodes_to_the_same_bytes(path: Path) -> None:
    header, data = read_vector(path)
    frame = complete(data)
    body = decode(frame, signature_of(header))
    if isinstance(body, Score) or header.get("again") == "no":
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
    name = code_name(error.code)
    assert f"{name} column={column} offset={offset}" == header["expect"], str(error)


def test_every_example_of_spec_is_a_frame_that_decodes() -> None:
    page = (VECTORS.parent / "SPEC.md").read_text(encoding="utf-8")
    examples = [part.split("```")[0] for part in page.split("```hex\n")[1:]]
    signature, kinds = None, []
    for example in examples:
        lines = [line.split("#")[0] for line in example.splitlines()]
        data = bytes.fromhex("".join(lines))
        frame = complete(data)
        body = decode(frame, signature)
        kinds.append(frame.kind)
        assert HEADER_BYTES + len(frame.body) == len(data)
        if isinstance(body, Bound):
            signature = body.signature
    assert len(kinds) == len(set(kinds)) >= 8


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
                del buffer[: HEADER_BYTES + len(frame.body)]
        assert found == [FrameKind.HELLO, FrameKind.PONG] and not buffer


@pytest.mark.parametrize("path", vectors("valid"))
def test_every_truncation_is_refused_or_incomplete(path: Path) -> None:
    header, data = read_vector(path)
    signature, frame = signature_of(header), complete(data)
    for length in range(0, len(data), max(1, len(data) // 300)):
        assert next_frame(data[:length]) is None
    for length in range(0, len(frame.body), max(1, len(frame.body) // 300)):
        if frame.kind in BODIES or frame.kind == FrameKind.SCORE:
            with pytest.raises(WireError):
                decode(Frame(frame.kind, 0, frame.body[:length]), signature)


def column_of(kind: ColumnKind) -> Column:
    return Column("c", Axis.COUPON, kind, 3 if kind == ColumnKind.VECTOR else 1)


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
        (ColumnKind.TEXT, ["a" * 300], 9),
        (ColumnKind.VECTOR, [[0.5, 1, 2], [0, 0, 0]], 5),
        (ColumnKind.VECTOR, np.array([[0.1, 1e6, 2]], np.float32), 6),
        (ColumnKind.VECTOR, ScaledVectors(np.ones(1), np.zeros((1, 3), np.int8)), 8),
        (ColumnKind.VECTOR, [], 5),
    ],
)
def test_a_column_is_written_in_the_narrowest_exact_encoding(
    kind: ColumnKind, values: list, encoding: int
) -> None:
    assert check_column(column_of(kind), values, len(values)).encode()[0] == encoding


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

    def vector() -> list[float]:
        return [number() for _ in range(3)]

    makers = (integer, text, number, bag(integer), bag(text), vector, text)
    return [makers[kind]() for _ in range(rows)]


def test_random_requests_survive_the_round_trip() -> None:
    random_ = random.Random(20261121)
    for _ in range(200):
        columns = tuple(
            Column(f"c{i}", random_.choice(list(Axis)), kind, column_of(kind).width)
            for i, kind in enumerate(random_.choices(list(ColumnKind), k=random_.randint(0, 12)))
        )
        signature = Signature(columns, (Output("redeem"),), 20, 10)
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
        trace = random_.choice([None, TraceContext(random_.randbytes(16), b"\1" * 8, 1)])
        decoded = Score.decode(Score(3, users, values, 9, trace).encode(signature), signature)
        assert decoded.users == users
        assert (decoded.handle, decoded.deadline_us, decoded.trace) == (3, 9, trace)
        flat = [
            np.ravel(part).tolist() if column.kind == ColumnKind.VECTOR else part
            for column, part in zip(columns, values, strict=True)
        ]
        assert [plain(column) for column in decoded.columns] == flat
