"""A server for one connection that plays a script, so that a test decides every answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Self

from tessera.client.frame import HEADER_BYTES, Capability, Frame, FrameKind, Sender, next_frame
from tessera.client.greeting import Hello, Welcome
from tessera.client.limits import PROTOCOL_LIMITS, FrameLimits

Script = Callable[["Peer"], None]


class Peer:
    """The server's side of the connection, inside a script."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.buffer = bytearray()

    def receive(self, kind: FrameKind) -> Frame:
        while (frame := next_frame(self.buffer, Sender.CLIENT)) is None:
            data = self.connection.recv(1 << 16)
            if not data:
                raise ConnectionError("the client closed")
            self.buffer += data
        del self.buffer[: HEADER_BYTES + len(frame.body)]
        assert frame.kind == kind, f"{frame.kind.name} where {kind.name} was expected"
        return frame

    def send(self, kind: FrameKind, request_id: int, body: bytes) -> None:
        self.connection.sendall(Frame(kind, request_id, body).encode())

    def greet(
        self, limits: FrameLimits = PROTOCOL_LIMITS, grant: Capability = Capability.NONE
    ) -> Hello:
        frame = self.receive(FrameKind.HELLO)
        welcome = Welcome("scripted", capabilities=grant, limits=limits)
        self.send(FrameKind.WELCOME, frame.request_id, welcome.encode())
        return Hello.decode(frame.body)


class ScriptedServer:
    """Runs the script on a thread; leaving the block waits and raises what it raised."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.failure: BaseException | None = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            connection, _ = self.listener.accept()
            with connection:
                connection.settimeout(10)
                self.script(Peer(connection))
        except BaseException as error:
            self.failure = error

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.thread.join(10)
        self.listener.close()
        if self.failure is not None and error is None:
            raise self.failure
