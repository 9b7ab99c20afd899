"""Invented requests for warm-up and load: values drawn from the signature, no row of any data."""

from __future__ import annotations

from typing import Any

import numpy as np

from tessera.models.batches import AXIS_PART

UNKNOWN_SHARE = 0.03
MISSING_SHARE = 0.05
# Events and coupons of the invented users: nobody, newcomers, the middle, the limits.
SIZES = [(0, 1), (1, 5), (8, 12), (20, 16), (35, 24), (50, 32), (64, 48), (64, 200), (12, 8)]


def invent_value(spec: dict[str, Any], random: np.random.Generator) -> Any:
    """A plausible raw value of one input; at times unknown or missing."""
    if spec["kind"] == "bag":
        member = {**spec, "kind": "id"}
        return [invent_value(member, random) for _ in range(random.integers(1, 4))]
    if spec["kind"] == "vector":
        return [float(value) for value in random.normal(size=spec["width"]).round(3)]
    if "rows" in spec:
        return int(random.integers(spec["rows"]))
    if spec["kind"] == "id":
        if "vocabulary" in spec and random.random() >= UNKNOWN_SHARE:
            return spec["vocabulary"][random.integers(len(spec["vocabulary"]))]
        return "" if spec["values"] == "string" else int(random.integers(1_000_000))
    if random.random() < MISSING_SHARE:
        return float("nan")
    if "boundaries" in spec:
        return float(random.integers(0, int(spec["boundaries"][-1]) + 2))
    value = random.normal(spec.get("mean", 0.0), spec.get("deviation", 1.0))
    value = max(value, 0.0)
    return float(np.round(np.expm1(value) if spec.get("log1p") else value, 2))


def invent_user(
    inputs: list[dict[str, Any]], events: int, coupons: int, random: np.random.Generator
) -> dict[str, Any]:
    """One user with `events` and `coupons` rows; the key is random too."""
    user: dict[str, Any] = {"key": int(random.integers(1, 1 << 62)), "user": {}, "events": {}}
    user |= {"coupons": {}, "event_rows": events, "coupon_rows": coupons}
    rows = {"event": events, "coupon": coupons}
    for spec in inputs:
        axis = spec["axis"]
        if axis == "user":
            user["user"][spec["name"]] = invent_value(spec, random)
        else:
            values = [invent_value(spec, random) for _ in range(rows[axis])]
            user[AXIS_PART[axis]][spec["name"]] = values
    return user


def invent_groups(description: dict[str, Any], seed: int, frames: int = 64) -> list[list[dict]]:
    """Users by frame: mostly one user in a frame, every eighth has four."""
    random = np.random.default_rng(seed)
    limits = description["limits"]
    groups = []
    for frame in range(frames):
        group = []
        for _ in range(4 if frame % 8 == 7 else 1):
            events, coupons = SIZES[random.integers(len(SIZES))]
            size = (min(events, limits["events"]), min(coupons, limits["coupons"]))
            group.append(invent_user(description["inputs"], *size, random))
        groups.append(group)
    return groups
