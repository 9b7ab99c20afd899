"""What is given beside columns: one kind of error that names what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tessera.client import Client, TraceContext, WireError
from tessera.client.binding import Bind
from tessera.client.greeting import Hello
from tessera.client.listing import ListObjects


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Bind("coupon", "", "1").encode(), "version is '1' (str), which is no integer"),
        (lambda: Bind("coupon", "", 1.5).encode(), "version is 1.5 (float), which is no integer"),
        (lambda: Bind("coupon", "", 1 << 32).encode(), "version is 4294967296 (int), not 0…"),
        (lambda: Bind("coupon", "a", 0, 300).encode(), "object_kind is 300 (int), not 0…255"),
        (lambda: Bind(b"coupon", "a").encode(), "the name is b'coupon' (bytes); give a str"),
        (lambda: Bind("\ud800", "a").encode(), "cannot be written in UTF-8"),
        (lambda: ListObjects(-1).encode(), "object_kind is -1 (int), not 0…255"),
        (lambda: Hello(credential="secret").encode(), "the credential is 'secret' (str); give"),
        (lambda: TraceContext(b"1" * 15, b"2" * 9).encode(), "the trace id has 15 bytes, not 16"),
        (lambda: TraceContext(b"1" * 16, b"2" * 8, 256).encode(), "256 (int), not 0…255"),
        (lambda: TraceContext.parse(None), "None is no traceparent"),
    ],
)
def test_what_does_not_fit_its_field_is_named(call: Callable[[], object], words: str) -> None:
    with pytest.raises(WireError) as caught:
        call()
    assert words in str(caught.value)


def test_a_name_that_no_host_can_have_is_a_connection_error() -> None:
    with pytest.raises(ConnectionError, match=r"'a\.\.b' \(str\) is no name of a host"):
        Client("a..b", 7311)


def test_a_client_takes_no_text_for_a_credential_and_leaves_no_socket_behind() -> None:
    from scripted_server import Peer, ScriptedServer

    def script(peer: Peer) -> None:
        assert peer.connection.recv(1) == b"", "nothing comes but the end"

    with ScriptedServer(script) as server, pytest.raises(WireError, match="give bytes"):
        Client("127.0.0.1", server.port, credential="secret")
