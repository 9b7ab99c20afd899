"""A synchronous client: one socket, one request at a time, numpy columns in, numpy scores out.

    with Client("127.0.0.1", 7311) as client:
        model = client.bind("coupon", alias="production")
        reply = client.score(model, columns, events=[3, 0], coupons=[2, 2])
        reply.outputs["redeem"]  # float32, the coupons of the first user, then of the second

A client belongs to one thread. When a promotion changes the model's signature, `score` binds again
by itself.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from .wire import (
    HEADER_BYTES,
    Bind,
    Bound,
    Error,
    ErrorCode,
    Frame,
    FrameKind,
    GoAway,
    Hello,
    Signature,
    Welcome,
    WireError,
    code_name,
    next_frame,
)
from .wire_score import Score, Scores, User

REBIND_ATTEMPTS_MAX = 3
"""A signature that changes more often than this within one call is an operator's mistake."""


class ServerError(Exception):
    """A request that the server refused."""

    def __init__(self, error: Error, column_name: str | None = None) -> None:
        places = [("column", column_name or error.column), ("byte", error.offset)]
        place = ", ".join(f"{word} {value}" for word, value in places if value is not None)
        suffix = f" ({place})" if place else ""
        super().__init__(f"{code_name(error.code)}{suffix}: {error.text}")
        self.code = error.code
        self.column = error.column
        self.column_name = column_name
        self.offset = error.offset
        self.retry_after_us = error.retry_after_us


class ConnectionClosed(ConnectionError):  # noqa: N818 - named after what happened
    """The server closed the connection; `reason` is its GOAWAY or ERROR when it sent one."""

    def __init__(self, reason: GoAway | Error | None) -> None:
        text = f"{code_name(reason.code)}: {reason.text}" if reason else "without a reason"
        super().__init__(f"the server closed the connection ({text}); connect again")
        self.reason = reason


@dataclass
class BoundModel:
    """What `bind` returns; `score` renews it when the signature has changed."""

    request: Bind
    handle: int
    version: int
    signature: Signature


@dataclass(frozen=True)
class Reply:
    outputs: dict[str, np.ndarray]
    """Per output, float32, one score per coupon, users one after another."""
    version: int
    """The version that scored."""
    queue_us: int
    compute_us: int
    load: int
    """How full the server's queue was: 0 … 255."""


class Client:
    """Connects when it is made. `timeout` seconds bound the connect and each call (None: none)."""

    def __init__(
        self, host: str, port: int, *, timeout: float | None = 5.0, credential: bytes = b""
    ) -> None:
        self.timeout = timeout
        self._buffer = bytearray()
        self._next_id = 1
        self._goaway: GoAway | None = None
        self._socket = socket.create_connection((host, port), timeout)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            hello = Hello(credential=credential)
            self.welcome: Welcome = Welcome.decode(self._call(FrameKind.HELLO, hello.encode()))
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
        start = time.perf_counter()
        if self._call(FrameKind.PING, payload) != payload:
            raise WireError(ErrorCode.MALFORMED, "PONG has other bytes than PING")
        return time.perf_counter() - start

    def bind(self, model: str, *, alias: str = "production", version: int = 0) -> BoundModel:
        """A handle to the alias, or to exactly one version when `version` is given."""
        request = Bind(model, "" if version else alias, version)
        bound = Bound.decode(self._call(FrameKind.BIND, request.encode()))
        return BoundModel(request, bound.handle, bound.version, bound.signature)

    def score(
        self,
        model: BoundModel,
        columns: Mapping[str, Any],
        *,
        events: Sequence[int],
        coupons: Sequence[int],
        keys: Sequence[int] | None = None,
        deadline_us: int = 0,
    ) -> Reply:
        """Scores the coupons of one or more users.

        `columns` holds one sequence per column of `model.signature`, by name; more are ignored.
        `events[u]` and `coupons[u]` are the rows of user u. Raises ServerError, WireError (the
        request cannot be encoded, nothing was sent), TimeoutError, or ConnectionError.
        """
        ids = keys if keys is not None else [0] * len(events)
        users = [
            User(int(event), int(coupon), int(key))
            for event, coupon, key in zip(events, coupons, ids, strict=True)
        ]
        for _ in range(REBIND_ATTEMPTS_MAX):
            try:
                return self._score(model, columns, users, deadline_us)
            except ServerError as error:
                if error.code != ErrorCode.REBIND_REQUIRED:
                    raise
                last = error
            request = model.request
            bound = Bound.decode(self._call(FrameKind.BIND, request.encode()))
            model.handle, model.version = bound.handle, bound.version
            model.signature = bound.signature
        raise last

    def _score(
        self, model: BoundModel, columns: Mapping[str, Any], users: list[User], deadline_us: int
    ) -> Reply:
        names = [column.name for column in model.signature.columns]
        missing = [name for name in names if name not in columns]
        if missing:
            message = f"columns are missing: {', '.join(missing)}"
            raise WireError(ErrorCode.BAD_VALUE, message, column=names.index(missing[0]))
        score = Score(model.handle, users, [columns[name] for name in names], deadline_us)
        body = self._call(FrameKind.SCORE, score.encode(model.signature), names)
        scores = Scores.decode(body)
        rows = sum(user.coupons for user in users)
        if scores.values.shape != (len(model.signature.outputs), rows):
            raise WireError(ErrorCode.MALFORMED, f"SCORES has the shape {scores.values.shape}")
        return Reply(
            dict(zip(model.signature.outputs, scores.values, strict=True)),
            scores.version,
            scores.queue_us,
            scores.compute_us,
            scores.load,
        )

    def _call(self, kind: FrameKind, body: bytes, columns: Sequence[str] = ()) -> bytes:
        """Sends one request and waits for its reply."""
        if self._goaway:
            raise ConnectionClosed(self._goaway)
        until = None if self.timeout is None else time.monotonic() + self.timeout
        request_id = self._next_id
        self._next_id += 1
        self._send(Frame(kind, request_id, body).encode(), until)
        while True:
            frame = self._receive(until)
            if frame.kind == FrameKind.GOAWAY:
                # Requests that the server has accepted are still answered.
                self._goaway = GoAway.decode(frame.body)
            elif frame.kind == FrameKind.ERROR and frame.request_id in (0, request_id):
                error = Error.decode(frame.body)
                named = error.column is not None and error.column < len(columns)
                raise ServerError(error, columns[error.column] if named else None)
            elif frame.request_id == request_id:
                if frame.kind != kind | 0x80:
                    raise WireError(ErrorCode.BAD_FRAME, f"{frame.kind.name} answers {kind.name}")
                return frame.body
            # Anything else answers an earlier call that timed out.

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
            frame = next_frame(self._buffer)
            if frame is not None:
                del self._buffer[: HEADER_BYTES + len(frame.body)]
                return frame
            self._socket.settimeout(self._left(until))
            data = self._socket.recv(1 << 16)
            if not data:
                self.close()
                raise ConnectionClosed(self._goaway)
            self._buffer += data

    @staticmethod
    def _left(until: float | None) -> float | None:
        if until is None:
            return None
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the server did not answer in time")
        return left
