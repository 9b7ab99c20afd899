"""The invented household of the quickstart as a user, and its coupons ranked by a Keras graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tessera.json_files import read_json
from tessera.models.batches import Batcher
from tessera.models.keras_graph import KerasGraph


def read_household(path: Path) -> tuple[dict[str, Any], list[str]]:
    """A household file as a user with raw columns, and the coupons' words."""
    content = read_json(path)

    def columns(rows: list[dict[str, Any]]) -> dict[str, list]:
        names = rows[0]["columns"] if rows else {}
        return {name: [row["columns"][name] for row in rows] for name in names}

    user = {
        "key": 0,
        "user": content["user"],
        "events": columns(content["events"]),
        "coupons": columns(content["coupons"]),
        "event_rows": len(content["events"]),
        "coupon_rows": len(content["coupons"]),
    }
    return user, [coupon["words"] for coupon in content["coupons"]]


def rank(graph: KerasGraph, path: Path) -> list[tuple[str, float]]:
    """The household's coupons in words with their probabilities, the likeliest first."""
    user, words = read_household(path)
    batcher = Batcher(graph.description)
    scores = graph.predict(batcher.pad(batcher.transform([user])))
    probabilities = next(iter(scores.values()))[0]
    return sorted(zip(words, map(float, probabilities), strict=True), key=lambda pair: -pair[1])
