"""The client: speaks Protocol/SPEC.md, needs numpy and google-crc32c, and imports nothing heavy.

    with Client("127.0.0.1", 7311) as client:
        model = client.bind("coupon", alias="production")
        reply = client.score(model, columns, events=[3, 0], coupons=[2, 2])
        reply.outputs["redeem"]  # float32, the coupons of the first user, then of the second

A client belongs to one thread. `connection` is the client itself; the other modules are the codec:
`frame`, one module for each pair of bodies, `columns` and `values` for what a SCORE carries.
"""

from .codes import ErrorCode, FrameSizeError, Retry, WireError, code_name
from .connection import BoundModel, Client, ConnectionClosed, Reply, ServerError
from .listing import Entry
from .score import TraceContext
from .scores import UserResult
from .signature import Axis, Column, ColumnKind, Meaning, Output, Signature
from .values import ScaledVectors

__all__ = [
    "Axis",
    "BoundModel",
    "Client",
    "Column",
    "ColumnKind",
    "ConnectionClosed",
    "Entry",
    "ErrorCode",
    "FrameSizeError",
    "Meaning",
    "Output",
    "Reply",
    "Retry",
    "ScaledVectors",
    "ServerError",
    "Signature",
    "TraceContext",
    "UserResult",
    "WireError",
    "code_name",
]
