"""What the exporter writes: names, shapes, orders of tensors, and files that read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tessera.client.frame import next_frame
from tessera.client.score import Score
from tessera.models.batches import Batcher
from tessera.models.recorded import signature
from tessera.models.warmup import invent_groups

pytestmark = pytest.mark.keras

NUMBERS = [
    {"name": "spend", "axis": "event", "kind": "number"},
    {"name": "gap", "axis": "event", "kind": "number"},
    {"name": "value", "axis": "coupon", "kind": "number"},
]


def node(name: str, op: str, inputs: list[str], **options) -> dict:
    return {"name": name, "op": op, "inputs": inputs, **options}


def description(*middle: dict) -> dict:
    return {
        "format": 1,
        "name": "tiny",
        "limits": {"events": 6, "coupons": 4},
        "inputs": NUMBERS,
        "nodes": [
            node("event", "concat", ["spend", "gap"]),
            node("wide", "linear", ["event"], units=4, activation="tanh"),
            *middle,
            node("both", "concat", ["pooled", "value"]),
            node("score", "linear", ["both"], units=1),
        ],
        "outputs": ["score"],
    }


def random_graph(*middle: dict):
    """A graph with random weights, and those weights as tensors."""
    from tessera.models.keras_graph import KerasGraph

    graph = KerasGraph(description(*middle))
    random = np.random.default_rng(1)
    tensors = {
        name: random.normal(0, 0.6, value.shape).astype(np.float32)
        for name, value in graph.tensors().items()
    }
    graph.load(tensors)
    return graph, tensors


def score(graph, events: np.ndarray) -> float:
    """The score of one user with these events [T, 2] and one coupon of value 0.5."""
    user = {
        "user": {},
        "events": {"spend": list(events[:, 0]), "gap": list(events[:, 1])},
        "coupons": {"value": [0.5]},
        "event_rows": len(events),
        "coupon_rows": 1,
    }
    batcher = Batcher(graph.description)
    return float(graph.predict(batcher.pad(batcher.transform([user])))["score"][0, 0])


def final(tensors: dict, pooled: np.ndarray) -> float:
    row = np.append(pooled, 0.5)
    return float(row @ tensors["score.weight"][0] + tensors["score.bias"][0])


def wide(tensors: dict, events: np.ndarray) -> np.ndarray:
    return np.tanh(events @ tensors["wide.weight"].T + tensors["wide.bias"])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def run_lstm(tensors: dict, prefix: str, x: np.ndarray, units: int) -> np.ndarray:
    """The sequence of hidden states, gates in the order i f g o."""
    h, c, out = np.zeros(units), np.zeros(units), []
    for row in x:
        gates = (
            tensors[prefix + "input_weight"] @ row
            + tensors[prefix + "recurrent_weight"] @ h
            + tensors[prefix + "bias"]
        )
        i, f, g, o = np.split(gates, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.array(out).reshape(-1, units)


EVENTS = np.random.default_rng(2).normal(0, 1, (5, 2)).astype(np.float32)
LSTM = node("pooled", "lstm", ["wide"], units=3, layers=2, bidirectional=True, returns="state")


def test_lstm_tensors_have_the_names_and_shapes_of_the_format() -> None:
    _, tensors = random_graph(LSTM)
    shapes = {name: value.shape for name, value in tensors.items()}
    for k, width in ((0, 4), (1, 6)):
        for direction in ("forward", "backward"):
            prefix = f"pooled.{k}.{direction}."
            assert shapes.pop(prefix + "input_weight") == (12, width)
            assert shapes.pop(prefix + "recurrent_weight") == (12, 3)
            assert shapes.pop(prefix + "bias") == (12,)
    assert shapes == {
        "wide.weight": (4, 2),
        "wide.bias": (4,),
        "score.weight": (1, 7),
        "score.bias": (1,),
    }


def test_lstm_tensors_computed_by_hand_give_the_score_of_keras() -> None:
    graph, tensors = random_graph(LSTM)
    x = wide(tensors, EVENTS)
    for k in (0, 1):
        forward = run_lstm(tensors, f"pooled.{k}.forward.", x, 3)
        backward = run_lstm(tensors, f"pooled.{k}.backward.", x[::-1], 3)
        state = np.append(forward[-1], backward[-1])
        x = np.hstack([forward, backward[::-1]])
    assert score(graph, EVENTS) == pytest.approx(final(tensors, state), abs=1e-5)


def transformer(norm: str, causal: bool) -> tuple[dict, dict]:
    return (
        node(
            "encoded",
            "transformer",
            ["wide"],
            layers=2,
            heads=2,
            feed_forward=5,
            norm=norm,
            causal=causal,
            activation="relu",
            positions="learned",
            epsilon=1e-5,
        ),
        node("pooled", "pool", ["encoded"], mode="mean"),
    )


def normal(x: np.ndarray, gain: np.ndarray, bias: np.ndarray) -> np.ndarray:
    deviation = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return (x - x.mean(-1, keepdims=True)) / deviation * gain + bias


def attend(t: dict, x: np.ndarray, heads: int, causal: bool) -> np.ndarray:
    q, k, v = np.split(x @ t["qkv_weight"].T + t["qkv_bias"], 3, axis=1)
    size, out = x.shape[1] // heads, []
    for h in range(heads):
        rows = slice(h * size, (h + 1) * size)
        weights = q[:, rows] @ k[:, rows].T / np.sqrt(size)
        if causal:
            weights = np.where(np.tri(len(x)) > 0, weights, -np.inf)
        weights = np.exp(weights - weights.max(1, keepdims=True))
        out.append(weights / weights.sum(1, keepdims=True) @ v[:, rows])
    return np.hstack(out) @ t["out_weight"].T + t["out_bias"]


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("causal", [False, True])
def test_transformer_tensors_computed_by_hand_give_the_score_of_keras(
    norm: str, causal: bool
) -> None:
    graph, tensors = random_graph(*transformer(norm, causal))
    x = wide(tensors, EVENTS) + tensors["encoded.positions"][: len(EVENTS)]
    for k in (0, 1):
        prefix = f"encoded.{k}."
        t = {name.removeprefix(prefix): value for name, value in tensors.items()}

        def feed(y: np.ndarray, t: dict = t) -> np.ndarray:
            inner = np.maximum(y @ t["ff1_weight"].T + t["ff1_bias"], 0)
            return inner @ t["ff2_weight"].T + t["ff2_bias"]

        def norm1(y: np.ndarray, t: dict = t) -> np.ndarray:
            return normal(y, t["norm1_gain"], t["norm1_bias"])

        def norm2(y: np.ndarray, t: dict = t) -> np.ndarray:
            return normal(y, t["norm2_gain"], t["norm2_bias"])

        if norm == "pre":
            x = x + attend(t, norm1(x), 2, causal)
            x = x + feed(norm2(x))
        else:
            x = norm1(x + attend(t, x, 2, causal))
            x = norm2(x + feed(x))
    assert score(graph, EVENTS) == pytest.approx(final(tensors, x.mean(0)), abs=1e-5)


@pytest.mark.parametrize("middle", [(LSTM,), transformer("pre", False)])
def test_a_user_without_events_is_scored_from_zeros(middle: tuple) -> None:
    graph, tensors = random_graph(*middle)
    width = tensors["score.weight"].shape[1] - 1
    expected = final(tensors, np.zeros(width))
    assert score(graph, EVENTS[:0]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("middle", [(LSTM,), transformer("post", True)])
def test_tensors_survive_the_way_to_the_file_and_back(middle: tuple, tmp_path: Path) -> None:
    from tessera.models.export import write_model
    from tessera.models.saved import load_graph

    graph, tensors = random_graph(*middle)
    write_model(tmp_path, graph.description, graph.tensors(), "float32")
    back = load_graph(tmp_path)
    assert json.loads((tmp_path / "model.json").read_text()) == graph.description
    for name, value in back.tensors().items():
        np.testing.assert_array_equal(value, tensors[name], name)
    assert score(back, EVENTS) == score(graph, EVENTS)


def test_warm_up_frames_decode_with_the_models_signature(tmp_path: Path) -> None:
    from tessera.models.recorded import write_frames

    tiny = description(LSTM)
    groups = invent_groups(tiny, seed=4, frames=9)
    write_frames(tmp_path / "warmup.frames", tiny, groups)
    data = (tmp_path / "warmup.frames").read_bytes()
    for index, users in enumerate(groups):
        frame = next_frame(data)
        assert frame is not None
        assert frame.request_id == index
        score = Score.decode(frame.body, signature(tiny))
        assert [user.events for user in score.users] == [user["event_rows"] for user in users]
        data = data[20 + len(frame.body) :]
    assert data == b""
