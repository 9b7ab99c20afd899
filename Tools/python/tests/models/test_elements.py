"""Operations on elements and rows are, in Keras, the formulas of Registry/MODEL.md."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tessera.models.batches import Batcher

pytestmark = pytest.mark.keras

VALUES = [-40.0, -2.5, -0.1, 0.0, 0.3, 3.0, 60.0]


def node(name: str, op: str, inputs: list[str], **options) -> dict:
    return {"name": name, "op": op, "inputs": inputs, **options}


def scores(*tested: dict) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """`wide` [7, 4], the scores of `VALUES` after the nodes (the last is `tested`, of any width,
    and summed), and the tensors."""
    from tessera.models.keras_graph import KerasGraph

    description = {
        "format": 1,
        "name": "tiny",
        "limits": {"events": 1, "coupons": 8},
        "inputs": [{"name": "value", "axis": "coupon", "kind": "number"}],
        "nodes": [
            node("wide", "linear", ["value"], units=4),
            node("other", "linear", ["value"], units=4),
            *tested,
            node("score", "linear", ["tested"], units=1, use_bias=False),
        ],
        "outputs": ["score"],
    }
    graph = KerasGraph(description)
    random = np.random.default_rng(1)
    tensors = {
        name: np.abs(random.normal(0, 0.6, value.shape)).astype(np.float32)
        if name.endswith("variance")
        else random.normal(0, 0.6, value.shape).astype(np.float32)
        for name, value in graph.tensors().items()
    }
    tensors["score.weight"] = np.ones_like(tensors["score.weight"])
    graph.load(tensors)
    user = {
        "user": {},
        "events": {},
        "coupons": {"value": VALUES},
        "event_rows": 0,
        "coupon_rows": len(VALUES),
    }
    batcher = Batcher(description)
    found = graph.predict(batcher.pad(batcher.transform([user])))["score"][0]
    back = graph.tensors()
    assert all(np.array_equal(back[name], tensors[name]) for name in tensors)
    return vector(tensors, "wide"), found, tensors


def vector(tensors: dict[str, np.ndarray], name: str) -> np.ndarray:
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    return np.array(VALUES)[:, None] * weight[:, 0].astype(float) + bias


FORMULAS = {
    "relu": lambda x: max(0, x),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "gelu_tanh": lambda x: x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
    "softplus": lambda x: math.log1p(math.exp(-abs(x))) + max(0, x),
    "hard_sigmoid": lambda x: min(max(x / 6 + 0.5, 0), 1),
    "leaky_relu": lambda x: x if x > 0 else 0.3 * x,
    "elu": lambda x: x if x > 0 else 0.3 * math.expm1(x),
}


@pytest.mark.parametrize("word", FORMULAS)
def test_activation_is_the_formula(word):
    slope = {"slope": 0.3} if word in ("leaky_relu", "elu") else {}
    wide, found, _ = scores(node("tested", "activation", ["wide"], function=word, **slope))
    np.testing.assert_allclose(
        found, np.vectorize(FORMULAS[word], otypes=[float])(wide).sum(1), rtol=1e-5
    )


def test_every_function_of_the_page_has_a_formula():
    from tessera.models.operations import operations

    operation = next(part for part in operations() if part.word == "activation")
    assert set(operation.attributes[0].values) == FORMULAS.keys()


@pytest.mark.parametrize(
    ("word", "slope"), [("relu", 0.3), ("sigmoid", 0.0), ("elu", None), ("leaky_relu", None)]
)
def test_slope_is_for_functions_that_have_one(word, slope):
    from tessera.models.functions import function

    with pytest.raises(ValueError, match="slope"):
        function(word, slope)


@pytest.mark.parametrize("epsilon", [1e-12, 5.0])
def test_l2_norm_divides_by_the_length_or_epsilon(epsilon):
    wide, found, _ = scores(node("tested", "l2_norm", ["wide"], epsilon=epsilon))
    length = np.sqrt((wide**2).sum(1, keepdims=True))
    np.testing.assert_allclose(found, (wide / np.maximum(length, epsilon)).sum(1), rtol=1e-4)


def test_l2_norm_with_the_usual_epsilon_is_unit_normalization():
    import keras

    from tessera.models.keras_graph import KerasGraph

    x = np.array([[[3.0, -4.0], [0.0, 0.0], [1e-13, 0.0], [1e-9, 1e-9]]], np.float32)
    found = KerasGraph.add_l2_norm(None, {"epsilon": 1e-12}, x)
    assert np.array_equal(found, keras.layers.UnitNormalization()(x))


def test_batch_norm_uses_the_mean_and_variance_of_training():
    wide, found, tensors = scores(node("tested", "batch_norm", ["wide"], epsilon=0.01))
    gain, bias, mean, variance = (
        tensors[f"tested.{role}"].astype(float) for role in ("gain", "bias", "mean", "variance")
    )
    expected = (wide - mean) / np.sqrt(variance + 0.01) * gain + bias
    np.testing.assert_allclose(found, expected.sum(1), rtol=1e-4)


def test_scale_softmax_slice_and_pairs_are_the_formulas():
    wide, found, tensors = scores(node("tested", "scale", ["wide"]))
    expected = wide * tensors["tested.gain"] + tensors["tested.bias"]
    np.testing.assert_allclose(found, expected.sum(1), rtol=1e-4)

    soft = node("soft", "softmax", ["wide"])
    wide, found, _ = scores(soft, node("tested", "slice", ["soft"], begin=1, width=2))
    powers = np.exp(wide - wide.max(1, keepdims=True))
    np.testing.assert_allclose(found, (powers / powers.sum(1, keepdims=True))[:, 1:3].sum(1), 1e-4)

    pairs = {
        "subtract": lambda x, y: (x - y).sum(1),
        "max": lambda x, y: np.maximum(x, y).sum(1),
        "min": lambda x, y: np.minimum(x, y).sum(1),
        "dot": lambda x, y: (x * y).sum(1),
    }
    for op, formula in pairs.items():
        wide, found, tensors = scores(node("tested", op, ["wide", "other"]))
        expected = formula(wide, vector(tensors, "other"))
        np.testing.assert_allclose(found, expected, rtol=1e-4, err_msg=op)
