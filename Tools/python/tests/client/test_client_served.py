"""The client against the real server, with a bundled model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from served import needs_programs, serve

from tessera.client import Axis, BoundModel, Client, ColumnKind, ErrorCode, ServerError
from tessera.client.frame import FrameKind
from tessera.client.score import Score, User

pytestmark = needs_programs


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serve(tmp_path_factory.mktemp("registry"), [["lstm"]]) as port:
        yield port


def columns_for(model: BoundModel, users: list[User]) -> dict[str, Any]:
    """Plain values for any signature, different for every row."""
    rows = {
        Axis.USER: len(users),
        Axis.EVENT: sum(user.events for user in users),
        Axis.COUPON: sum(user.coupons for user in users),
    }
    values: dict[ColumnKind, Any] = {
        ColumnKind.INTEGER: lambda row: row,
        ColumnKind.STRING: lambda row: f"WORD {row % 7}",
        ColumnKind.NUMBER: lambda row: row % 5 / 4,
        ColumnKind.INTEGER_BAG: lambda row: list(range(row % 4)),
        ColumnKind.STRING_BAG: lambda row: [f"WORD {i}" for i in range(row % 4)],
        ColumnKind.TEXT: lambda row: f"a text of row {row}",
    }
    return {
        column.name: [values[column.kind](row) for row in range(rows[column.axis])]
        for column in model.signature.columns
    }


def test_a_bundled_model_scores_every_coupon_with_a_probability(port: int) -> None:
    with Client("127.0.0.1", port) as client:
        model = client.bind("coupon")
        columns = columns_for(model, [User(3, 4), User(0, 2)])
        reply = client.score(model, columns, events=[3, 0], coupons=[4, 2])
    assert [(user.version, user.status) for user in reply.users] == [(1, 0), (1, 0)]
    assert list(reply.outputs) == [output.name for output in model.signature.outputs]
    for scores in reply.outputs.values():
        assert scores.shape == (6,) and np.all((scores > 0) & (scores < 1))


def test_a_user_scores_the_same_bits_alone_and_beside_another(port: int) -> None:
    with Client("127.0.0.1", port) as client:
        model = client.bind("coupon")
        columns = columns_for(model, [User(3, 4)])
        alone = client.score(model, columns, events=[3], coupons=[4])
        again = {name: [*values, *values] for name, values in columns.items()}
        both = client.score(model, again, events=[3, 3], coupons=[4, 4])
    for name, scores in alone.outputs.items():
        assert both.outputs[name].tobytes() == scores.tobytes() * 2


def test_more_users_than_a_frame_holds_score_the_same_bits_as_each_alone(port: int) -> None:
    with Client("127.0.0.1", port) as client:
        model = client.bind("coupon")
        columns = columns_for(model, [User(3, 4)])
        alone = client.score(model, columns, events=[3], coupons=[4])
        count = 2 * client.welcome.limits.users_max + 1
        many = {name: list(values) * count for name, values in columns.items()}
        reply = client.score(model, many, events=[3] * count, coupons=[4] * count)
    assert reply.users == alone.users * count
    for name, scores in alone.outputs.items():
        assert reply.outputs[name].tobytes() == scores.tobytes() * count


def test_an_exact_version_can_be_bound_and_unknown_ones_are_refused(port: int) -> None:
    with Client("127.0.0.1", port) as client:
        assert client.bind("coupon", version=1).version == 1
        for request in ({"name": "coupon", "version": 99}, {"name": "no such model"}):
            with pytest.raises(ServerError) as caught:
                client.bind(**request)
            assert caught.value.code == ErrorCode.UNKNOWN_OBJECT


def test_a_malformed_body_is_refused_and_the_connection_stays(port: int) -> None:
    with Client("127.0.0.1", port) as client:
        model = client.bind("coupon")
        users = [User(1, 1)]
        columns = columns_for(model, users)
        ordered = [columns[column.name] for column in model.signature.columns]
        body = Score(model.handle, users, ordered).encode(model.signature)
        with pytest.raises(ServerError) as caught:
            client._call(FrameKind.SCORE, body + b"\0")
        assert (caught.value.code, caught.value.offset) == (ErrorCode.MALFORMED, len(body))
        assert client.score(model, columns, events=[1], coupons=[1]).users[0].version == 1


def test_ping_comes_back(port: int) -> None:
    with Client("127.0.0.1", port) as client:
        assert client.ping(bytes(64)) < 5
