"""The sample models: one signature, two ways to read the history (LSTM, Transformer).

Both are versions of the model `coupon`: the same columns in the same order, so a client that is
bound to one goes on with the other. Only the nodes between `event` and `history` differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tessera.training.dataset import Dataset
from tessera.training.examples import EVENTS_MAX, CampaignExamples

ARCHITECTURES = ("lstm", "transformer")
COUPONS_MAX = 256
SPREAD_MAX = 4.0
EVENT_KINDS = [
    "purchase",
    "purchase with coupon",
    "redemption",
    "campaign Type A",
    "campaign Type B",
    "campaign Type C",
]
# Columns whose values spread over orders of magnitude, by axis; the rest of `NUMBERS` is linear.
LOG_NUMBERS = {
    "user": [
        "campaigns_received",
        "coupons_received",
        "coupons_redeemed",
        "campaigns_redeemed",
        "redeemed_per_1000",
        "lines_bought",
        "spend",
        "coupon_lines",
        "days_since_purchase",
    ],
    "event": ["dollars", "discount", "days_ago"],
    "coupon": [
        "product_count",
        "coupons_in_campaign",
        "sold_per_1000",
        "coupon_per_1000",
        "category_per_1000",
        "bought_product",
        "bought_type",
        "bought_category",
        "bought_department",
        "bought_manufacturer",
        "redeemed_before",
        "received_before",
        "redeemed_category",
    ],
}
LINEAR_NUMBERS = {
    "user": ["discount_share"],
    "event": [],
    "coupon": ["private_share", "campaign_days", "category_share"],
}
# Days since the latest redemption: none at all is the last bucket.
REDEMPTION_DAYS = [8, 15, 31, 61, 121, 366]
NEVER_DAYS = 1000.0

USER_WORDS = {"age": 3, "income": 3, "household_size": 3}
CATEGORY_WIDTH, DEPARTMENT_WIDTH, HISTORY_WIDTH = 24, 8, 48


def describe(arch: str, dataset: Dataset, before: list[CampaignExamples]) -> dict[str, Any]:
    """The model description; number statistics come from the examples before the cut."""
    return {
        "format": 1,
        "name": "coupon",
        "limits": {"events": EVENTS_MAX, "coupons": COUPONS_MAX},
        "inputs": inputs(dataset, before),
        "nodes": nodes(arch),
        "outputs": ["redeem"],
    }


def word(name: str, axis: str, vocabulary: list[str], kind: str = "id") -> dict[str, Any]:
    return {"name": name, "axis": axis, "kind": kind, "values": "string", "vocabulary": vocabulary}


def vocabulary(values: Iterable[str]) -> list[str]:
    """The words that occur; the empty one, which means "not known", where there is no other."""
    return sorted(set(values) - {""}) or [""]


def inputs(dataset: Dataset, before: list[CampaignExamples]) -> list[dict[str, Any]]:
    """The columns in signature order: user, event, coupon."""
    products = dataset.products.values()
    categories = vocabulary(part.category for part in products)
    departments = vocabulary(part.department for part in products)
    people = dataset.demographics.values()
    types = vocabulary(part.campaign.type for part in before)
    return [
        *(word(name, "user", vocabulary(row[name] for row in people)) for name in USER_WORDS),
        *numbers("user", before),
        {
            "name": "days_since_redemption",
            "axis": "user",
            "kind": "number",
            "missing": NEVER_DAYS,
            "boundaries": REDEMPTION_DAYS,
        },
        word("kind", "event", EVENT_KINDS),
        word("category", "event", categories),
        word("department", "event", departments),
        *numbers("event", before),
        word("campaign_type", "coupon", types),
        word("coupon_department", "coupon", departments),
        word("coupon_categories", "coupon", categories, kind="bag"),
        *numbers("coupon", before),
    ]


def numbers(axis: str, before: list[CampaignExamples]) -> list[dict[str, Any]]:
    """The number columns of an axis, standardised by their values before the cut."""
    part = {"user": "user", "event": "events", "coupon": "coupons"}[axis]
    found = []
    for name in LOG_NUMBERS[axis] + LINEAR_NUMBERS[axis]:
        values = np.concatenate(
            [
                np.atleast_1d(np.asarray(user[part][name], np.float64))
                for examples in before
                for user in examples.users
            ]
        )
        spec: dict[str, Any] = {"name": name, "axis": axis, "kind": "number"}
        if name in LOG_NUMBERS[axis]:
            spec["log1p"] = True
            values = np.sign(values) * np.log1p(np.abs(values))
        values = np.nan_to_num(values, nan=0.0)
        low, high = np.quantile(values, [0.0005, 0.9995])
        spec["clip"] = [round(float(low), 4), round(float(max(high, low + 0.01)), 4)]
        values = np.clip(values, *spec["clip"])
        spec["mean"] = round(float(values.mean()), 4)
        # No value leaves further than SPREAD_MAX deviations: a row of activations has one int8
        # scale, so a rare outlier would coarsen its neighbours.
        mean, (low, high) = spec["mean"], spec["clip"]
        spread = max(high - mean, mean - low) / SPREAD_MAX
        spec["deviation"] = round(float(max(values.std(), spread, 0.05)), 4)
        found.append(spec)
    return found


def node(name: str, op: str, inputs: list[str], **options: Any) -> dict[str, Any]:
    return {"name": name, "op": op, "inputs": inputs, **options}


def embedding(name: str, column: str, table: str, width: int, **options: Any) -> dict[str, Any]:
    return node(name, "embedding", [column], table=table, width=width, **options)


def linear(name: str, source: str, units: int, activation: str = "none") -> dict[str, Any]:
    return node(name, "linear", [source], units=units, activation=activation)


def history_nodes(arch: str) -> list[dict[str, Any]]:
    """`event` → `history`, a vector of HISTORY_WIDTH on the user axis."""
    if arch == "lstm":
        return [
            node(
                "history",
                "lstm",
                ["event"],
                units=HISTORY_WIDTH,
                layers=1,
                bidirectional=False,
                returns="state",
            )
        ]
    return [
        linear("event_vector", "event", HISTORY_WIDTH),
        node(
            "encoded",
            "transformer",
            ["event_vector"],
            layers=2,
            heads=4,
            feed_forward=96,
            norm="pre",
            causal=False,
            activation="gelu",
            positions="learned",
            epsilon=1e-5,
        ),
        node("encoded_norm", "layer_norm", ["encoded"], epsilon=1e-5),
        node("history", "pool", ["encoded_norm"], mode="mean"),
    ]


def nodes(arch: str) -> list[dict[str, Any]]:
    """The graph: history once per user, coupons beside it, one logit for each coupon."""
    user_numbers = LOG_NUMBERS["user"] + LINEAR_NUMBERS["user"]
    event_numbers = LOG_NUMBERS["event"] + LINEAR_NUMBERS["event"]
    coupon_numbers = LOG_NUMBERS["coupon"] + LINEAR_NUMBERS["coupon"]
    words = [embedding(f"{name}_vector", name, name, size) for name, size in USER_WORDS.items()]
    return [
        embedding("event_kind", "kind", "kind", 6),
        embedding("event_category", "category", "category", CATEGORY_WIDTH),
        embedding("event_department", "department", "department", DEPARTMENT_WIDTH),
        node(
            "event", "concat", ["event_kind", "event_category", "event_department", *event_numbers]
        ),
        *history_nodes(arch),
        *words,
        embedding("redemption_vector", "days_since_redemption", "days_since_redemption", 4),
        node(
            "household",
            "concat",
            [*(part["name"] for part in words), "redemption_vector", *user_numbers],
        ),
        node("user_parts", "concat", ["history", "household"]),
        linear("user", "user_parts", 48, "relu"),
        embedding("type_vector", "campaign_type", "campaign_type", 3),
        embedding("department_vector", "coupon_department", "department", DEPARTMENT_WIDTH),
        embedding(
            "category_vector", "coupon_categories", "category", CATEGORY_WIDTH, reduce="mean"
        ),
        node("coupon_words", "concat", ["type_vector", "department_vector", "category_vector"]),
        node("coupon_parts", "concat", ["coupon_words", *coupon_numbers]),
        linear("coupon", "coupon_parts", 48, "relu"),
        # Pretraining teaches `taste` to point at the categories that a household buys next.
        linear("taste", "history", CATEGORY_WIDTH),
        node("match", "multiply", ["taste", "category_vector"]),
        node("pair", "concat", ["user", "coupon", "match"]),
        linear("hidden1", "pair", 64, "relu"),
        linear("hidden2", "hidden1", 32, "relu"),
        # The numbers also reach the logit directly: with a few hundred redemptions to learn from,
        # the straight line through them is a strong start.
        node(
            "evidence",
            "concat",
            ["hidden2", "match", "household", "type_vector", *coupon_numbers],
        ),
        linear("logit", "evidence", 1),
        node("redeem", "sigmoid", ["logit"]),
    ]


DROPOUT = {
    "event_category": 0.2,
    "history": 0.3,
    "encoded": 0.1,
    "user": 0.2,
    "coupon": 0.2,
    "category_vector": 0.2,
    "hidden1": 0.2,
}
"""What training drops at random, by node."""
