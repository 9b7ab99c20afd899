"""SCORES: what became of each user, and the numbers of all outputs."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from . import limits
from .codes import ErrorCode, WireError
from .frame import FrameKind
from .reader import Reader
from .score import User
from .signature import Axis, Meaning, Signature


@dataclass(frozen=True)
class UserResult:
    """What became of one user."""

    version: int
    """The version that scored it; 0 when none did."""
    status: int = 0
    """0, or the `ErrorCode` that says why it was not scored."""


@dataclass(frozen=True)
class Scores:
    kind: ClassVar = FrameKind.SCORES
    users: Sequence[UserResult]
    output_count: int
    coupon_rows: int
    """The coupons of all users."""
    values: np.ndarray
    """float32, all rows of the first output, then of the second, …"""
    load: int = 0
    queue_us: int = 0
    compute_us: int = 0

    def encode(self) -> bytes:
        head = (len(self.users), self.output_count, self.load, self.queue_us, self.compute_us)
        data = struct.pack("<HBBIIII", *head, self.coupon_rows, self.values.size)
        data += b"".join(struct.pack("<IH", user.version, user.status) for user in self.users)
        return data + self.values.astype("<f4").tobytes()

    @staticmethod
    def decode(body: bytes) -> Scores:
        reader = Reader(body)
        user_count = reader.count(2, 1, limits.USERS_MAX, "users")
        output_count = reader.count(1, 1, limits.OUTPUTS_MAX, "outputs")
        load, queue_us, compute_us = (reader.integer(size) for size in (1, 4, 4))
        coupon_rows = reader.count(4, 0, limits.ROWS_MAX, "coupon_rows")
        numbers = reader.count(4, 0, limits.NUMBERS_MAX, "numbers")
        users = tuple(UserResult(reader.integer(4), reader.integer(2)) for _ in range(user_count))
        values = np.frombuffer(reader.take(4 * numbers), "<f4")
        reader.end()
        return Scores(users, output_count, coupon_rows, values, load, queue_us, compute_us)

    def outputs(self, signature: Signature, users: Sequence[User]) -> dict[str, np.ndarray]:
        """Per output its rows, [rows] or for vectors [rows, width]; NaN for who was not scored.

        Raises MALFORMED when the reply has not the shape that the request asks for.
        """
        coupons = [user.coupons for user in users]
        asked = (len(users), len(signature.outputs), sum(coupons))
        asked += (signature.numbers(len(users), sum(coupons)),)
        got = (len(self.users), self.output_count, self.coupon_rows, self.values.size)
        if got != asked:
            message = f"SCORES has {got} users, outputs, coupons and numbers, not {asked}"
            raise WireError(ErrorCode.MALFORMED, message)
        scored = np.array([user.status == 0 for user in self.users])
        found, start = {}, 0
        for output in signature.outputs:
            rows = scored if output.axis == Axis.USER else np.repeat(scored, coupons)
            values = self.values[start : start + len(rows) * output.width]
            start += values.size
            values = values.reshape(len(rows), output.width)
            if not scored.all():
                values = np.where(rows[:, None], values, np.float32("nan"))
            found[output.name] = values if output.meaning == Meaning.VECTOR else values[:, 0]
        return found
