"""A call of more users than a frame may hold: several frames, one reply."""

from __future__ import annotations

import numpy as np
import pytest
from scripted_server import Peer, ScriptedServer
from test_client import bind

from tessera.client import (
    Axis,
    Client,
    Column,
    ColumnKind,
    ErrorCode,
    FrameSizeError,
    Meaning,
    Output,
    ScaledVectors,
    Signature,
    UserResult,
    WireError,
)
from tessera.client.frame import FrameKind
from tessera.client.limits import BAG_MEMBERS_MAX, BAG_VALUES_MAX, FrameLimits
from tessera.client.refusals import Error
from tessera.client.score import Score
from tessera.client.scores import Scores

SIGNATURE = Signature(
    (
        Column("age", Axis.USER, ColumnKind.INTEGER),
        Column("word", Axis.EVENT, ColumnKind.STRING),
        Column("price", Axis.COUPON, ColumnKind.NUMBER),
        Column("products", Axis.COUPON, ColumnKind.STRING_BAG),
        Column("tags", Axis.COUPON, ColumnKind.INTEGER_BAG),
        Column("image", Axis.COUPON, ColumnKind.VECTOR, 2),
        Column("scaled", Axis.COUPON, ColumnKind.VECTOR, 2),
        Column("title", Axis.COUPON, ColumnKind.TEXT),
    ),
    (Output("churn", Axis.USER), Output("taste", Axis.USER, Meaning.VECTOR, 2), Output("redeem")),
)
EVENTS = [2, 0, 3, 1, 0, 4, 1]
COUPONS = [1, 3, 2, 1, 4, 2, 3]
KEYS = [10, 11, 12, 13, 14, 15, 16]


def columns() -> dict:
    coupons = np.arange(sum(COUPONS))
    scales = np.ones(len(coupons), np.float32)
    return {
        "age": np.array([30, 300, 31, 32, 33, 34, 35]),
        "word": [f"w{row}" for row in range(sum(EVENTS))],
        "price": coupons + 0.5,
        "products": [[f"p{row}"] * (row % 3) for row in coupons],
        "tags": [list(range(row % 4)) for row in coupons],
        "image": np.stack([coupons, -coupons], 1),
        "scaled": ScaledVectors(scales, np.stack([coupons, -coupons], 1).astype(np.int8)),
        "title": [f"coupon {row}" for row in coupons],
    }


def answer(peer: Peer, seen: list[Score], load: int, limits: FrameLimits) -> bool:
    """Answers one frame with what stands in it; False when the client has gone."""
    try:
        frame = peer.receive(FrameKind.SCORE)
    except ConnectionError:
        return False
    score = Score.decode(frame.body, SIGNATURE, limits)
    assert len(frame.body) <= limits.body_bytes_max
    seen.append(score)
    ages, prices = score.columns[0], score.columns[2]
    values = np.concatenate([ages, np.repeat(ages, 2) + 0.25, prices]).astype(np.float32)
    users = [UserResult(user.key) for user in score.users]
    body = Scores(users, 3, len(prices), values, load, 10, 5).encode()
    peer.send(FrameKind.SCORES, frame.request_id, body)
    return True


def served(limits: FrameLimits, seen: list[Score]):
    def script(peer: Peer) -> None:
        peer.greet(limits)
        bind(peer, 0, 1, SIGNATURE)
        load = 0
        while answer(peer, seen, load, limits):
            load += 1

    return ScriptedServer(script)


@pytest.mark.parametrize(
    ("limits", "frames_min"),
    [
        (FrameLimits(), 1),
        (FrameLimits(users_max=1), 7),
        (FrameLimits(users_max=3), 3),
        (FrameLimits(rows_max=5), 4),
        (FrameLimits(numbers_max=16), 3),
        (FrameLimits(body_bytes_max=250), 3),
    ],
)
def test_the_reply_to_several_frames_is_that_to_one(limits: FrameLimits, frames_min: int) -> None:
    seen: list[Score] = []
    given = columns()
    with served(limits, seen) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        reply = client.score(model, given, events=EVENTS, coupons=COUPONS, keys=KEYS)
    assert len(seen) >= frames_min and (len(seen) == 1) == (frames_min == 1)
    assert [user.key for score in seen for user in score.users] == KEYS
    words = [word for score in seen for word in score.columns[1]]
    products = [bag for score in seen for bag in score.columns[3]]
    tags = [list(bag) for score in seen for bag in score.columns[4]]
    titles = [title for score in seen for title in score.columns[7]]
    assert (words, products) == (given["word"], given["products"])
    assert (tags, titles) == (given["tags"], given["title"])
    np.testing.assert_array_equal(np.concatenate([x.columns[5] for x in seen]), given["image"])
    scaled = np.concatenate([x.columns[6].values for x in seen])
    np.testing.assert_array_equal(scaled, given["scaled"].values)
    assert reply.users == tuple(UserResult(key) for key in KEYS)
    assert reply.outputs["churn"].tolist() == given["age"].tolist()
    assert reply.outputs["taste"].shape == (7, 2)
    assert reply.outputs["redeem"].tolist() == given["price"].tolist()
    assert (reply.queue_us, reply.compute_us) == (10 * len(seen), 5 * len(seen))
    assert reply.load == len(seen) - 1


def test_a_fault_in_the_last_frame_names_the_callers_row_and_nothing_is_sent() -> None:
    seen: list[Score] = []
    wrong = columns()
    wrong["title"][-1] = None
    limits = FrameLimits(users_max=1)
    with served(limits, seen) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        with pytest.raises(WireError, match=r"column 'title', row 15: None"):
            client.score(model, wrong, events=EVENTS, coupons=COUPONS)
    assert seen == []


def test_a_user_alone_too_large_is_named_and_nothing_is_sent() -> None:
    seen: list[Score] = []
    large = columns()
    large["title"][4] = "x" * 300
    limits = FrameLimits(body_bytes_max=250)
    with served(limits, seen) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        with pytest.raises(
            FrameSizeError, match="user 2 alone is too large: the body has"
        ) as caught:
            client.score(model, large, events=EVENTS, coupons=COUPONS)
    assert (caught.value.code, seen) == (ErrorCode.LIMIT, [])


def test_bags_of_all_users_together_may_be_more_than_a_frame_holds() -> None:
    bags = Signature((Column("tags", Axis.COUPON, ColumnKind.INTEGER_BAG),), (Output("redeem"),))
    rows = BAG_VALUES_MAX // BAG_MEMBERS_MAX + 2
    full = [[7] * BAG_MEMBERS_MAX] * rows

    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, bags)
        for _ in range(2):
            frame = peer.receive(FrameKind.SCORE)
            count = len(Score.decode(frame.body, bags).columns[0])
            body = Scores([UserResult(1)], 1, count, np.zeros(count, np.float32)).encode()
            peer.send(FrameKind.SCORES, frame.request_id, body)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        coupons = [rows // 2, rows - rows // 2]
        reply = client.score(model, {"tags": full}, events=[0, 0], coupons=coupons)
    assert reply.outputs["redeem"].shape == (rows,)


def test_when_the_model_changes_between_frames_all_are_sent_again() -> None:
    """Else the frames before and after the change would have different columns."""
    seen: list[Score] = []

    def script(peer: Peer) -> None:
        limits = FrameLimits(users_max=4)
        peer.greet(limits)
        bind(peer, 0, 1, SIGNATURE)
        answer(peer, [], 0, limits)
        error = Error(ErrorCode.REBIND_REQUIRED)
        peer.send(FrameKind.ERROR, peer.receive(FrameKind.SCORE).request_id, error.encode())
        bind(peer, 1, 2, SIGNATURE)
        assert answer(peer, seen, 0, limits) and answer(peer, seen, 0, limits)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        client.score(model, columns(), events=EVENTS, coupons=COUPONS, keys=KEYS)
    assert [user.key for score in seen for user in score.users] == KEYS
