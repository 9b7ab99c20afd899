"""A synchronous client: one socket, one request at a time, numpy columns in, numpy scores out."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from .arguments import exact_bytes, one_per_user, shown
from .binding import MODEL, Bind, Bound, Unbind
from .codes import KNOWN_CODES, ErrorCode, Retry, WireError, code_name
from .frame import HEADER_BYTES, REPLY_BIT, Capability, Frame, FrameKind, Sender, next_frame
from .greeting import Hello, Welcome
from .limits import PING_BYTES_MAX
from .listing import Entry, Listed, ListObjects
from .refusals import Error, GoAway
from .score import Score, TraceContext, User
from .scores import Scores, UserResult
from .signature import Signature

CLIENT_NAME = "tessera-python"


class ServerError(Exception):
    """A request that the server refused; `retry` says where the same makes sense again."""

    def __init__(self, error: Error, column_name: str | None = None) -> None:
        places = [("column", column_name or error.column), ("byte", error.offset)]
        place = ", ".join(f"{word} {value}" for word, value in places if value is not None)
        suffix = f" ({place})" if place else ""
        super().__init__(f"{code_name(error.code)}{suffix}: {error.text}")
        self.code = error.code
        self.column = error.column
        self.column_name = column_name
        self.offset = error.offset
        self.retry = error.retry
        self.retry_after_us = error.retry_after_us


class ConnectionClosed(ConnectionError):  # noqa: N818 - named after what happened
    """The server closed the connection; `reason` is its GOAWAY or ERROR when it sent one."""

    def __init__(self, reason: GoAway | Error | None) -> None:
        text = f"{code_name(reason.code)}: {reason.text}" if reason else "without a reason"
        super().__init__(f"the server closed the connection ({text}); connect again")
        self.reason = reason


@dataclass
class BoundModel:
    """What `bind` returns; `score` renews it when the server asks for it."""

    request: Bind
    handle: int
    version: int
    signature: Signature


@dataclass(frozen=True)
class Reply:
    outputs: dict[str, np.ndarray]
    """Per output float32 numbers: a row per user or per coupon, users one after another; a vector
    output is [rows, width]. Rows of a user that was not scored are NaN."""
    users: tuple[UserResult, ...]
    """Per user the version that scored, and 0 or the code of what went wrong."""
    queue_us: int
    compute_us: int
    """Of all frames that the call was sent in."""
    load: int
    """How full the server's queue was at most: 0 … 255."""

    @staticmethod
    def joined(parts: Sequence[Reply]) -> Reply:
        """The replies to the frames of one call as one, in their order."""
        return Reply(
            {
                name: np.concatenate([part.outputs[name] for part in parts])
                for name in parts[0].outputs
            },
            tuple(user for part in parts for user in part.users),
            sum(part.queue_us for part in parts),
            sum(part.compute_us for part in parts),
            max(part.load for part in parts),
        )


class Client:
    """Connects when it is made. `timeout` seconds bound the connect and each frame with its reply
    (None: none)."""

    def __init__(
        self, host: str, port: int, *, timeout: float | None = 5.0, credential: bytes = b""
    ) -> None:
        self.timeout = timeout
        self._buffer = bytearray()
        self._next_id = 1
        self._end: GoAway | Error | None = None
        self._granted = Capability.NONE
        try:
            self._socket = socket.create_connection((host, port), timeout)
        except UnicodeError:
            raise ConnectionError(f"{shown(host)} is no name of a host") from None
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            hello = Hello(
                capabilities=Capability.ALL, credential=credential, client_name=CLIENT_NAME
            )
            self.welcome = Welcome.decode(self._call(FrameKind.HELLO, hello.encode()))
            self.welcome.check(hello)
            self._granted = Capability(self.welcome.capabilities)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def ping(self, payload: bytes = b"") -> float:
        """The seconds of one round trip."""
        payload = exact_bytes(payload, None, "the payload")
        if len(payload) > PING_BYTES_MAX:
            message = f"a PING has {len(payload)} bytes, at most {PING_BYTES_MAX}"
            raise WireError(ErrorCode.LIMIT, message)
        start = time.perf_counter()
        if self._call(FrameKind.PING, payload) != payload:
            raise WireError(ErrorCode.MALFORMED, "PONG has other bytes than PING")
        return time.perf_counter() - start

    def list_objects(self, object_kind: int = 0) -> list[Entry]:
        """What the server serves, alias by alias; 0 = objects of every kind."""
        if not self._granted & Capability.LISTING:
            raise WireError(
                ErrorCode.BAD_FRAME, "this server does not grant the listing of objects"
            )
        entries: list[Entry] = []
        while True:
            question = ListObjects(object_kind, len(entries))
            listed = Listed.decode(self._call(FrameKind.LIST, question.encode()))
            entries += listed.entries
            if not listed.entries or len(entries) >= listed.total:
                return entries

    def bind(
        self, name: str, *, alias: str = "production", version: int = 0, object_kind: int = MODEL
    ) -> BoundModel:
        """A handle to the alias, or to exactly one version when `version` is given."""
        request = Bind(name, "" if version else alias, version, object_kind)
        bound = Bound.decode(self._call(FrameKind.BIND, request.encode()))
        return BoundModel(request, bound.handle, bound.version, bound.signature)

    def unbind(self, model: BoundModel) -> None:
        """Gives the handle back: a connection has at most `welcome.limits.handles_max` of them."""
        if self._call(FrameKind.UNBIND, Unbind(model.handle).encode()):
            raise WireError(ErrorCode.MALFORMED, "UNBOUND has a body", offset=0)

    def score(
        self,
        model: BoundModel,
        columns: Mapping[str, Any],
        *,
        events: Sequence[int],
        coupons: Sequence[int],
        keys: Sequence[int] | None = None,
        deadline_us: int = 0,
        trace: TraceContext | None = None,
    ) -> Reply:
        """Scores the coupons of one or more users.

        `columns` holds one sequence per column of `model.signature`, by name; more are ignored.
        `events[u]` and `coupons[u]` are the rows of user u (no coupons where the signature has
        `coupons_max` 0). Users that are too many for a frame of this server go in several, one
        after the other, each with the whole deadline; the reply is that of all. `trace` is sent
        where the server grants it. When the server asks for it, the model is bound again and the
        request sent once more. A call that times out is cancelled at the server.

        Raises ServerError, WireError (the request cannot be encoded, nothing was sent),
        TimeoutError, or ConnectionError.
        """
        events, coupons = one_per_user(events, "events"), one_per_user(coupons, "coupons")
        ids = [0] * len(events) if keys is None else one_per_user(keys, "keys")
        if not len(events) == len(coupons) == len(ids):
            message = f"{len(events)} events, {len(coupons)} coupons, {len(ids)} keys: one per user"
            raise WireError(ErrorCode.BAD_VALUE, message)
        users = [User(*rows) for rows in zip(events, coupons, ids, strict=True)]
        sent_trace = trace if self._granted & Capability.TRACING else None
        try:
            return self._score(model, columns, users, deadline_us, sent_trace)
        except ServerError as error:
            if error.retry != Retry.AFTER_BINDING:
                raise
        bound = Bound.decode(self._call(FrameKind.BIND, model.request.encode()))
        model.handle, model.version, model.signature = bound.handle, bound.version, bound.signature
        return self._score(model, columns, users, deadline_us, sent_trace)

    def _score(
        self,
        model: BoundModel,
        columns: Mapping[str, Any],
        users: list[User],
        deadline_us: int,
        trace: TraceContext | None,
    ) -> Reply:
        if not hasattr(columns, "keys"):
            message = f"columns is {shown(columns)}; give a dict with the values of each column"
            raise WireError(ErrorCode.BAD_VALUE, message)
        names = [column.name for column in model.signature.columns]
        missing = [name for name in names if name not in columns]
        if missing:
            message = f"columns are missing: {', '.join(missing)}"
            raise WireError(ErrorCode.BAD_VALUE, message, column=names.index(missing[0]))
        score = Score(model.handle, users, [columns[name] for name in names], deadline_us, trace)
        replies = []
        for sent, body in score.frames(model.signature, self.welcome.limits):
            scores = Scores.decode(self._call(FrameKind.SCORE, body, names))
            times = (scores.queue_us, scores.compute_us, scores.load)
            outputs = scores.outputs(model.signature, sent)
            replies.append(Reply(outputs, tuple(scores.users), *times))
        return Reply.joined(replies)

    def _call(self, kind: FrameKind, body: bytes, columns: Sequence[str] = ()) -> bytes:
        """Sends one request and waits for its reply."""
        if self._end:
            raise ConnectionClosed(self._end)
        until = None if self.timeout is None else time.monotonic() + self.timeout
        request_id = self._next_id
        self._next_id += 1
        self._send(Frame(kind, request_id, body).encode(), until)
        try:
            return self._reply(kind, request_id, until, columns)
        except TimeoutError:
            if kind == FrameKind.SCORE and self._granted & Capability.CANCELLING:
                self._cancel(request_id)
            raise

    def _reply(
        self, kind: FrameKind, request_id: int, until: float | None, columns: Sequence[str]
    ) -> bytes:
        while True:
            frame = self._receive(until)
            if frame.kind == FrameKind.GOAWAY:
                # Requests that the server has accepted are still answered.
                self._end = GoAway.decode(frame.body)
            elif frame.kind == FrameKind.ERROR and frame.request_id in (0, request_id):
                self._refused(Error.decode(frame.body), frame.request_id, columns)
            elif frame.request_id == request_id:
                if frame.kind != kind | REPLY_BIT:
                    raise WireError(ErrorCode.BAD_FRAME, f"{frame.kind.name} answers {kind.name}")
                return frame.body
            # Anything else answers an earlier call that timed out.

    def _refused(self, error: Error, request_id: int, columns: Sequence[str]) -> None:
        """Raises what an ERROR says; one without a request, or with a closing code, is the end."""
        code = KNOWN_CODES.get(error.code)
        if request_id == 0 or (code is not None and code.closes):
            self._end = error
            self.close()
        if request_id == 0:
            raise ConnectionClosed(error)
        named = error.column is not None and error.column < len(columns)
        raise ServerError(error, columns[error.column] if named else None)

    def _cancel(self, request_id: int) -> None:
        """Tells the server that nobody waits any more; never waits itself."""
        frame = Frame(FrameKind.CANCEL, request_id, b"").encode()
        try:
            self._socket.settimeout(0)
            if self._socket.send(frame) < len(frame):
                # Part of a frame is on its way, so the stream is of no more use.
                self.close()
        except OSError:
            # The call has failed already; the next one finds out what is wrong with the connection.
            return

    def _send(self, data: bytes, until: float | None) -> None:
        self._socket.settimeout(self._left(until))
        try:
            self._socket.sendall(data)
        except TimeoutError:
            # Part of the frame may be on its way, so the stream is of no more use.
            self.close()
            raise

    def _receive(self, until: float | None) -> Frame:
        while True:
            frame = next_frame(self._buffer, Sender.SERVER, self._granted)
            if frame is not None:
                del self._buffer[: HEADER_BYTES + len(frame.body)]
                return frame
            self._socket.settimeout(self._left(until))
            data = self._socket.recv(1 << 16)
            if not data:
                self.close()
                raise ConnectionClosed(self._end)
            self._buffer += data

    @staticmethod
    def _left(until: float | None) -> float | None:
        if until is None:
            return None
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the server did not answer in time")
        return left
