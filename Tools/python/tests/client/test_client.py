"""The client against scripted servers, which play every answer."""

from __future__ import annotations

import time
from datetime import timedelta

import numpy as np
import pytest
from scripted_server import Peer, ScriptedServer

from tessera.client import (
    Axis,
    Client,
    Column,
    ColumnKind,
    ConnectionClosed,
    Entry,
    ErrorCode,
    Output,
    Retry,
    ServerError,
    Signature,
    TraceContext,
    UserResult,
    WireError,
)
from tessera.client.binding import Bind, Bound, Unbind
from tessera.client.frame import Capability, Frame, FrameKind
from tessera.client.limits import FrameLimits
from tessera.client.listing import Listed, ListObjects
from tessera.client.refusals import Error, GoAway
from tessera.client.score import Score, User
from tessera.client.scores import Scores

SMALL = Signature(
    (
        Column("item", Axis.EVENT, ColumnKind.INTEGER),
        Column("discount", Axis.COUPON, ColumnKind.NUMBER),
    ),
    (Output("click"), Output("redeem")),
)
CHANGED = Signature((Column("product", Axis.COUPON, ColumnKind.STRING),), (Output("redeem"),))
COLUMNS = {
    "item": np.array([300, 7]),
    "discount": np.array([0.5, 0.1, 2.0], np.float32),
    "product": ["milk", "eggs", "bread"],
}


def bind(peer: Peer, handle: int, version: int, signature: Signature) -> None:
    frame = peer.receive(FrameKind.BIND)
    assert Bind.decode(frame.body) == Bind("coupon", "production")
    peer.send(FrameKind.BOUND, frame.request_id, Bound(handle, version, signature).encode())


def answer(peer: Peer, signature: Signature, version: int) -> Score:
    frame = peer.receive(FrameKind.SCORE)
    score = Score.decode(frame.body, signature)
    values = np.arange(3 * len(signature.outputs), dtype=np.float32)
    users = [UserResult(version)] * len(score.users)
    body = Scores(users, len(signature.outputs), 3, values, 9, 80, 35).encode()
    peer.send(FrameKind.SCORES, frame.request_id, body)
    return score


def refuse(peer: Peer, error: Error) -> None:
    peer.send(FrameKind.ERROR, peer.receive(FrameKind.SCORE).request_id, error.encode())


def test_scores_come_back_by_output_with_version_and_times() -> None:
    seen = []

    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 5, 42, SMALL)
        seen.append(answer(peer, SMALL, 42))

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        assert client.welcome.server_name == "scripted"
        model = client.bind("coupon")
        assert (model.version, model.signature) == (42, SMALL)
        reply = client.score(
            model, COLUMNS, events=[2, 0], coupons=[1, 2], keys=[8, 9], deadline_us=2000
        )
    assert reply.outputs["click"].tolist() == [0, 1, 2]
    assert reply.outputs["redeem"].tolist() == [3, 4, 5]
    assert reply.users == (UserResult(42), UserResult(42))
    assert (reply.queue_us, reply.compute_us, reply.load) == (80, 35, 9)
    assert seen[0].users == [User(2, 1, 8), User(0, 2, 9)]
    assert (seen[0].handle, seen[0].deadline_us) == (5, 2000)
    assert seen[0].columns[0].tolist() == [300, 7]


def test_a_changed_signature_is_bound_again_and_the_request_encoded_anew() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, SMALL)
        refuse(peer, Error(ErrorCode.REBIND_REQUIRED, "version 2 has another signature"))
        bind(peer, 1, 2, CHANGED)
        assert answer(peer, CHANGED, 2).columns == [["milk", "eggs", "bread"]]

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        reply = client.score(model, COLUMNS, events=[2], coupons=[3])
    assert (reply.users[0].version, model.handle, model.version, model.signature) == (
        2,
        1,
        2,
        CHANGED,
    )


def test_a_request_is_sent_once_more_after_binding_and_not_again() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, SMALL)
        refuse(peer, Error(ErrorCode.REBIND_REQUIRED))
        bind(peer, 1, 2, SMALL)
        refuse(peer, Error(ErrorCode.REBIND_REQUIRED))

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        with pytest.raises(ServerError) as caught:
            client.score(model, COLUMNS, events=[2], coupons=[3])
    assert caught.value.code == ErrorCode.REBIND_REQUIRED


def test_a_refusal_names_code_column_offset_and_retry_after() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, SMALL)
        refuse(peer, Error(ErrorCode.BAD_VALUE, "no", column=1, offset=41))
        refuse(peer, Error(ErrorCode.OVERLOADED, "full", retry_after_us=1500))
        answer(peer, SMALL, 1)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        with pytest.raises(ServerError, match=r"BAD_VALUE \(column discount, byte 41\): no") as bad:
            client.score(model, COLUMNS, events=[2], coupons=[3])
        assert (bad.value.column, bad.value.column_name, bad.value.offset) == (1, "discount", 41)
        with pytest.raises(ServerError) as full:
            client.score(model, COLUMNS, events=[2], coupons=[3])
        assert (full.value.code, full.value.retry_after_us) == (ErrorCode.OVERLOADED, 1500)
        assert client.score(model, COLUMNS, events=[2], coupons=[3]).users[0].version == 1


def test_a_request_that_cannot_be_encoded_is_not_sent() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, SMALL)
        answer(peer, SMALL, 1)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        for columns, events, coupons in (
            ({"item": [1, 2]}, [2], [3]),
            (COLUMNS, [1], [3]),
            (COLUMNS, [2], [0]),
            (COLUMNS | {"discount": [1, 2, float("inf")]}, [2], [3]),
        ):
            with pytest.raises(WireError):
                client.score(model, columns, events=events, coupons=coupons)
        assert client.score(model, COLUMNS, events=[2], coupons=[3]).users[0].version == 1


def test_a_late_answer_to_a_timed_out_call_is_not_taken_for_the_next_one() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        late = peer.receive(FrameKind.PING)
        now = peer.receive(FrameKind.PING)
        peer.send(FrameKind.PONG, late.request_id, late.body)
        peer.send(FrameKind.PONG, now.request_id, now.body)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        client.timeout = 0.1
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            client.ping(b"late")
        assert time.monotonic() - started < 5
        client.timeout = 5
        assert client.ping(b"now") >= 0


def test_a_reply_in_single_bytes_is_the_same_reply() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        frame = peer.receive(FrameKind.BIND)
        body = Bound(3, 9, SMALL).encode()
        for byte in Frame(FrameKind.BOUND, frame.request_id, body).encode():
            peer.connection.sendall(bytes([byte]))

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        assert client.bind("coupon").handle == 3


def test_what_was_sent_before_goaway_is_answered_and_later_calls_are_refused() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, SMALL)
        frame = peer.receive(FrameKind.SCORE)
        peer.send(FrameKind.GOAWAY, 0, GoAway(ErrorCode.DRAINING, "bye").encode())
        body = Scores([UserResult(1)], 2, 3, np.zeros(6, np.float32)).encode()
        peer.send(FrameKind.SCORES, frame.request_id, body)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        assert client.score(model, COLUMNS, events=[2], coupons=[3]).users[0].version == 1
        with pytest.raises(ConnectionClosed, match="DRAINING: bye"):
            client.score(model, COLUMNS, events=[2], coupons=[3])


def test_a_refused_hello_raises_its_reason() -> None:
    def script(peer: Peer) -> None:
        frame = peer.receive(FrameKind.HELLO)
        error = Error(ErrorCode.UNAUTHENTICATED, "a credential is needed")
        peer.send(FrameKind.ERROR, frame.request_id, error.encode())

    with ScriptedServer(script) as server, pytest.raises(ServerError, match="a credential"):
        Client("127.0.0.1", server.port)


def test_a_connection_that_ends_without_a_reason_says_so() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.receive(FrameKind.PING)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        with pytest.raises(ConnectionClosed, match="without a reason"):
            client.ping()


def test_a_damaged_reply_is_refused() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.receive(FrameKind.PING)
        peer.connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        with pytest.raises(WireError):
            client.ping()


def test_an_unknown_handle_is_bound_again_and_the_request_sent_once_more() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, SMALL)
        refuse(peer, Error(ErrorCode.UNKNOWN_HANDLE))
        bind(peer, 1, 1, SMALL)
        assert answer(peer, SMALL, 1).handle == 1

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        assert client.score(model, COLUMNS, events=[2], coupons=[3]).users == (UserResult(1),)


@pytest.mark.parametrize(
    ("code", "retry"),
    [
        (ErrorCode.VERSION_GONE, Retry.HERE),
        (ErrorCode.INTERNAL, Retry.NEVER),
        (ErrorCode.DRAINING, Retry.ELSEWHERE),
        # Programs go by `retry`, not by the code.
        (ErrorCode.REBIND_REQUIRED, Retry.NEVER),
    ],
)
def test_what_says_nothing_of_binding_is_sent_once_and_told_to_the_caller(
    code: ErrorCode, retry: Retry
) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, SMALL)
        refuse(peer, Error(code, retry_after_us=7, retry=retry))
        # Nothing is sent again: the next frame is the next call's.
        answer(peer, SMALL, 1)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        with pytest.raises(ServerError) as caught:
            client.score(model, COLUMNS, events=[2], coupons=[3])
        assert (caught.value.code, caught.value.retry) == (code, retry)
        assert caught.value.retry_after_us == 7
        client.score(model, COLUMNS, events=[2], coupons=[3])


@pytest.mark.parametrize(
    "limits",
    [
        FrameLimits(events_max=1),
        FrameLimits(coupons_max=2),
        FrameLimits(rows_max=2),
        FrameLimits(numbers_max=5),
        FrameLimits(body_bytes_max=30),
    ],
)
def test_a_user_that_is_more_than_welcome_grants_is_not_sent(limits: FrameLimits) -> None:
    def script(peer: Peer) -> None:
        peer.greet(limits)
        bind(peer, 0, 1, SMALL)
        assert peer.connection.recv(1) == b"", "nothing comes but the end"

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        columns = COLUMNS | {"discount": [0.5, 0.1, 2.0, 1.0]}
        with pytest.raises(WireError, match="user 1 ") as caught:
            client.score(model, columns, events=[0, 2], coupons=[1, 3])
        assert caught.value.code == ErrorCode.LIMIT


def test_rows_of_a_user_that_was_not_scored_are_nan() -> None:
    outputs = (Output("churn", Axis.USER), Output("redeem"))
    signature = Signature((), outputs)

    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, signature)
        frame = peer.receive(FrameKind.SCORE)
        users = [UserResult(0, ErrorCode.DEADLINE_EXCEEDED), UserResult(7)]
        body = Scores(users, 2, 3, np.array([0, 1, 0, 0, 2], np.float32)).encode()
        peer.send(FrameKind.SCORES, frame.request_id, body)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        reply = client.score(client.bind("coupon"), {}, events=[0, 0], coupons=[2, 1])
    np.testing.assert_array_equal(reply.outputs["churn"], [np.nan, 1])
    np.testing.assert_array_equal(reply.outputs["redeem"], [np.nan, np.nan, 2])
    assert reply.users == (UserResult(0, ErrorCode.DEADLINE_EXCEEDED), UserResult(7))


def test_a_reply_of_another_shape_is_refused() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, SMALL)
        frame = peer.receive(FrameKind.SCORE)
        body = Scores([UserResult(1)], 2, 2, np.zeros(4, np.float32)).encode()
        peer.send(FrameKind.SCORES, frame.request_id, body)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        with pytest.raises(WireError, match="users, outputs, coupons and numbers"):
            client.score(model, COLUMNS, events=[2], coupons=[3])


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("the key of user 0 is -1", {"keys": [-1]}),
        ("deadline_us is 10000000000", {"deadline_us": 10**10}),
        ("one per user", {"coupons": [3, 3]}),
        (r"the key of user 0 is 1.5 \(float\), which is no integer", {"keys": [1.5]}),
        (r"the key of user 0 is '12' \(str\)", {"keys": ["12"]}),
        (r"the key of user 0 is None", {"keys": [None]}),
        (r"the key of user 0 is 18446744073709551616", {"keys": [1 << 64]}),
        (r"the events of user 0 is 2.9 \(float\)", {"events": [2.9]}),
        (r"the coupons of user 0 is -1", {"coupons": [-1]}),
        (r"the coupons of user 0 is np.datetime64", {"coupons": [np.datetime64(3, "ns")]}),
        (r"events is 2 \(int\); give a list", {"events": 2}),
        (r"keys is '1' \(str\); give a list", {"keys": "1"}),
        (r"deadline_us is 1.5 \(float\), which is no integer", {"deadline_us": 1.5}),
        (r"deadline_us is datetime.timedelta", {"deadline_us": timedelta(milliseconds=5)}),
        (r"columns is None \(NoneType\); give a dict", {"columns": None}),
        (r"columns is \[1\] \(list\); give a dict", {"columns": [1]}),
    ],
)
def test_a_number_that_does_not_fit_its_field_is_named(words: str, changes: dict) -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, SMALL)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        with pytest.raises(WireError, match=words):
            client.score(model, **{"columns": COLUMNS, "events": [2], "coupons": [3]} | changes)


def test_an_unbound_handle_and_a_list_in_parts() -> None:
    entries = tuple(Entry(1, index % 3, index, index, "coupon", f"a{index}") for index in range(5))

    def script(peer: Peer) -> None:
        assert peer.greet(grant=Capability.LISTING).client_name
        bind(peer, 9, 1, SMALL)
        frame = peer.receive(FrameKind.UNBIND)
        assert Unbind.decode(frame.body) == Unbind(9)
        peer.send(FrameKind.UNBOUND, frame.request_id, b"")
        for first, last in ((0, 3), (3, 5)):
            frame = peer.receive(FrameKind.LIST)
            assert ListObjects.decode(frame.body) == ListObjects(1, first)
            body = Listed(5, first, entries[first:last]).encode()
            peer.send(FrameKind.LISTED, frame.request_id, body)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        client.unbind(client.bind("coupon"))
        assert tuple(client.list_objects(1)) == entries
    assert [entry.is_ready for entry in entries[:3]] == [True, False, False]


def test_what_was_not_granted_is_not_sent() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        bind(peer, 0, 1, SMALL)
        assert answer(peer, SMALL, 1).trace is None

    trace = TraceContext.parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        with pytest.raises(WireError, match="does not grant"):
            client.list_objects()
        client.score(client.bind("coupon"), COLUMNS, events=[2], coupons=[3], trace=trace)


def test_a_granted_trace_is_sent() -> None:
    trace = TraceContext.parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")

    def script(peer: Peer) -> None:
        peer.greet(grant=Capability.TRACING)
        bind(peer, 0, 1, SMALL)
        assert answer(peer, SMALL, 1).trace == trace

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        client.score(client.bind("coupon"), COLUMNS, events=[2], coupons=[3], trace=trace)


def test_a_score_that_timed_out_is_cancelled_and_its_answer_skipped() -> None:
    def script(peer: Peer) -> None:
        peer.greet(grant=Capability.CANCELLING)
        bind(peer, 0, 1, SMALL)
        late = peer.receive(FrameKind.SCORE)
        cancel = peer.receive(FrameKind.CANCEL)
        assert (cancel.request_id, cancel.body) == (late.request_id, b"")
        peer.send(FrameKind.ERROR, late.request_id, Error(ErrorCode.CANCELLED).encode())
        answer(peer, SMALL, 1)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        model = client.bind("coupon")
        client.timeout = 0.1
        with pytest.raises(TimeoutError):
            client.score(model, COLUMNS, events=[2], coupons=[3])
        client.timeout = 5
        assert client.score(model, COLUMNS, events=[2], coupons=[3]).users == (UserResult(1),)


def test_a_capability_that_was_not_asked_for_is_refused() -> None:
    def script(peer: Peer) -> None:
        peer.greet(grant=Capability(1 << 40))

    with ScriptedServer(script) as server, pytest.raises(WireError, match="more than HELLO"):
        Client("127.0.0.1", server.port)


def test_a_frame_that_only_clients_send_is_refused() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        frame = peer.receive(FrameKind.PING)
        peer.send(FrameKind.PING, frame.request_id, frame.body)

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        with pytest.raises(WireError, match="a server does not send PING"):
            client.ping()


def test_an_error_without_a_request_is_the_end_of_the_connection() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.receive(FrameKind.PING)
        peer.send(FrameKind.ERROR, 0, Error(ErrorCode.BAD_FRAME, "the checksum").encode())

    with ScriptedServer(script) as server, Client("127.0.0.1", server.port) as client:
        for _ in range(2):
            with pytest.raises(ConnectionClosed, match="BAD_FRAME: the checksum"):
                client.ping()
