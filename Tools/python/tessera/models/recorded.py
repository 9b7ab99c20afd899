"""Recorded requests: SCORE frames one after another, exactly as they would go over the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tessera.client.frame import Frame, FrameKind
from tessera.client.score import Score, User
from tessera.client.signature import Axis, Column, ColumnKind, Meaning, Output, Signature
from tessera.models.batches import column_rows

GOLDEN_FRAMES, GOLDEN_SCORES = "golden.frames", "golden.safetensors"
AXES = {"user": Axis.USER, "event": Axis.EVENT, "coupon": Axis.COUPON}
KINDS = {
    ("id", "integer"): ColumnKind.INTEGER,
    ("id", "string"): ColumnKind.STRING,
    ("number", None): ColumnKind.NUMBER,
    ("bag", "integer"): ColumnKind.INTEGER_BAG,
    ("bag", "string"): ColumnKind.STRING_BAG,
    ("vector", None): ColumnKind.VECTOR,
}


def signature(description: dict[str, Any]) -> Signature:
    """The wire's signature of a model description.

    Of its outputs only the names and meanings are right: requests are encoded with columns alone.
    """
    columns = [
        Column(
            spec["name"],
            AXES[spec["axis"]],
            KINDS[spec["kind"], spec.get("values")],
            spec.get("width", 1),
        )
        for spec in description["inputs"]
    ]
    limits = description["limits"]
    ops = {node["name"]: node for node in description["nodes"]}
    outputs = [Output(name, Axis.COUPON, meaning(ops[name])) for name in description["outputs"]]
    return Signature(tuple(columns), tuple(outputs), limits["events"], limits["coupons"])


def meaning(node: dict[str, Any]) -> Meaning:
    """A sigmoid gives probabilities, as an operation or as the activation of a linear node."""
    is_sigmoid = node["op"] == "sigmoid" or node.get("activation") == "sigmoid"
    return Meaning.PROBABILITY if is_sigmoid else Meaning.VALUE


def wire_users(users: list[dict[str, Any]]) -> list[User]:
    """The row counts and keys of users with raw columns."""
    return [User(user["event_rows"], user["coupon_rows"], user["key"]) for user in users]


def wire_columns(specs: list[dict[str, Any]], users: list[dict[str, Any]]) -> list[list]:
    """Per input the values of all users, one after another."""
    return [[value for user in users for value in column_rows(user, spec)] for spec in specs]


def write_golden(
    folder: Path,
    description: dict[str, Any],
    groups: list[list[dict[str, Any]]],
    scores: dict[str, np.ndarray],
) -> None:
    """Requests with the scores that the model's own framework gives them.

    `golden.frames` holds a SCORE frame for each group of users, `golden.safetensors` for each
    output its float32 `scores` [rows of its axis over all frames in order, width].
    """
    from safetensors.numpy import save_file

    write_frames(folder / GOLDEN_FRAMES, description, groups)
    save_file(scores, folder / GOLDEN_SCORES)


def remove_golden(folder: Path) -> None:
    """Golden requests of a model that stood in the folder before."""
    for name in (GOLDEN_FRAMES, GOLDEN_SCORES):
        (folder / name).unlink(missing_ok=True)


def write_frames(
    path: Path, description: dict[str, Any], groups: list[list[dict[str, Any]]]
) -> None:
    """One SCORE frame (handle 0, the server's default deadline) per group of users."""
    shape = signature(description)
    frames = []
    for request, users in enumerate(groups):
        score = Score(0, wire_users(users), wire_columns(description["inputs"], users))
        frames.append(Frame(FrameKind.SCORE, request, score.encode(shape)).encode())
    path.write_bytes(b"".join(frames))
