"""Reference models `lstm128` and `tf128x2`, with seeded random weights, for both engines.

    python reference_models.py FOLDER

writes, for each: NAME/model.json and NAME/weights.safetensors (Tessera), NAME.onnx (float32) and
NAME.q8.onnx (ONNX Runtime's dynamic quantisation, per channel). Both engines get the same weights.
A request is T events (item, action), one user (32 numbers) and N coupons (id, 16 numbers). Both
graphs encode the user once and repeat it for the coupons: the best that an ONNX graph can do.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import save_file

ITEMS, ACTIONS, COUPONS = 50_000, 8, 2_000  # rows of the tables; row 0 is the unknown id
PROFILE, DENSE = 32, 16  # numbers of a user, of a coupon
EVENTS_MAX, COUPONS_MAX = 512, 256
NAMES = ("lstm128", "tf128x2")

Weights = dict[str, np.ndarray]


class Seeded:
    """Draws weights in the shapes of `model.json`: row-major, first axis = output channel."""

    def __init__(self, seed: int) -> None:
        self.random, self.weights = np.random.default_rng(seed), Weights()

    def matrix(self, name: str, rows: int, columns: int, scale: float | None = None) -> None:
        drawn = self.random.standard_normal((rows, columns)) * (scale or columns**-0.5)
        self.weights[name] = drawn.astype(np.float32)

    def constant(self, name: str, width: int, value: float = 0.0) -> None:
        self.weights[name] = np.full(width, value, np.float32)


def draw(name: str) -> Weights:
    """The weights of one reference model under Tessera's tensor names."""
    seeded = Seeded(seed=NAMES.index(name))
    width = 64 if name == "lstm128" else 128
    seeded.matrix("item_table", ITEMS, width - 16, scale=0.1)
    seeded.matrix("action_table", ACTIONS, 16, scale=0.1)
    seeded.matrix("coupon_table", COUPONS, 32, scale=0.1)
    if name == "lstm128":
        seeded.matrix("history.0.forward.input_weight", 512, 64, scale=0.08)
        seeded.matrix("history.0.forward.recurrent_weight", 512, 128, scale=0.08)
        seeded.constant("history.0.forward.bias", 512)
    else:
        seeded.matrix("encoder.positions", EVENTS_MAX, 128, scale=0.02)
        for layer in range(2):
            at = f"encoder.{layer}."
            for role, rows, columns in (("qkv", 384, 128), ("out", 128, 128)):
                seeded.matrix(f"{at}{role}_weight", rows, columns)
                seeded.constant(f"{at}{role}_bias", rows)
            for role, rows, columns in (("ff1", 512, 128), ("ff2", 128, 512)):
                seeded.matrix(f"{at}{role}_weight", rows, columns)
                seeded.constant(f"{at}{role}_bias", rows)
            for norm in ("norm1", "norm2"):
                seeded.constant(f"{at}{norm}_gain", 128, 1.0)
                seeded.constant(f"{at}{norm}_bias", 128)
    for layer, rows, columns in (("h1", 256, 208), ("h2", 128, 256), ("logit", 1, 128)):
        seeded.matrix(f"{layer}.weight", rows, columns)
        seeded.constant(f"{layer}.bias", rows)
    return seeded.weights


def description(name: str) -> dict[str, Any]:
    """The model.json of one reference model."""

    def identifier(column: str, axis: str, rows: int) -> dict[str, Any]:
        return {
            "name": column,
            "axis": axis,
            "kind": "id",
            "values": "integer",
            "hash_buckets": rows - 1,
        }

    def linear(node: str, source: str, units: int, activation: str) -> dict[str, Any]:
        return {
            "name": node,
            "op": "linear",
            "inputs": [source],
            "units": units,
            "activation": activation,
        }

    profile = [f"profile{index}" for index in range(PROFILE)]
    dense = [f"dense{index}" for index in range(DENSE)]
    inputs = [identifier("item", "event", ITEMS), identifier("action", "event", ACTIONS)]
    inputs += [{"name": column, "axis": "user", "kind": "number"} for column in profile]
    inputs += [identifier("coupon", "coupon", COUPONS)]
    inputs += [{"name": column, "axis": "coupon", "kind": "number"} for column in dense]
    nodes: list[dict[str, Any]] = [
        {"name": f"{column}_row", "op": "embedding", "inputs": [column], "table": f"{column}_table"}
        for column in ("item", "action", "coupon")
    ]
    nodes.append({"name": "event", "op": "concat", "inputs": ["item_row", "action_row"]})
    if name == "lstm128":
        nodes.append(
            {
                "name": "history",
                "op": "lstm",
                "inputs": ["event"],
                "units": 128,
                "layers": 1,
                "bidirectional": False,
                "returns": "state",
            }
        )
    else:
        nodes.append(
            {
                "name": "encoder",
                "op": "transformer",
                "inputs": ["event"],
                "layers": 2,
                "heads": 4,
                "feed_forward": 512,
                "norm": "post",
                "causal": False,
                "activation": "relu",
                "positions": "learned",
                "epsilon": 1e-5,
            }
        )
        nodes.append({"name": "history", "op": "pool", "inputs": ["encoder"], "mode": "mean"})
    nodes.append(
        {"name": "pair", "op": "concat", "inputs": ["history", *profile, "coupon_row", *dense]}
    )
    nodes += [linear("h1", "pair", 256, "relu"), linear("h2", "h1", 128, "relu")]
    nodes += [linear("logit", "h2", 1, "none")]
    nodes += [{"name": "score", "op": "sigmoid", "inputs": ["logit"]}]
    return {
        "format": 1,
        "name": name,
        "limits": {"events": EVENTS_MAX, "coupons": COUPONS_MAX},
        "inputs": inputs,
        "nodes": nodes,
        "outputs": ["score"],
    }


class Graph:
    """An ONNX graph under construction."""

    def __init__(self, weights: Weights) -> None:
        self.weights, self.nodes, self.constants = weights, [], []

    def const(self, value: Any, dtype: Any = None) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def __call__(self, op: str, *inputs: str, **attributes: Any) -> str:
        outputs = [f"v{len(self.nodes)}"]
        if op == "LSTM":
            outputs.append(f"v{len(self.nodes)}_state")
        self.nodes.append(helper.make_node(op, inputs, outputs, **attributes))
        return outputs[-1]

    def table(self, name: str, ids: str) -> str:
        return self("Gather", self.const(self.weights[name]), ids)

    def product(self, value: str, weight: np.ndarray) -> str:
        return self("MatMul", value, self.const(np.ascontiguousarray(weight.T)))

    def linear(self, value: str, role: str, rows: slice = slice(None)) -> str:
        weight, bias = role.replace("*", "weight"), role.replace("*", "bias")
        product = self.product(value, self.weights[weight][rows])
        return self("Add", product, self.const(self.weights[bias][rows]))

    def norm(self, value: str, role: str) -> str:
        gain, bias = self.weights[f"{role}_gain"], self.weights[f"{role}_bias"]
        return self("LayerNormalization", value, self.const(gain), self.const(bias), axis=-1)

    def lstm(self, event: str) -> str:
        def gates(name: str) -> np.ndarray:  # i f g o → ONNX's i o f c
            i, f, g, o = np.split(self.weights[f"history.0.forward.{name}"], 4)
            return np.concatenate([i, o, f, g])[None]

        bias = np.concatenate([gates("bias"), np.zeros((1, 512), np.float32)], axis=1)
        weights = [self.const(gates("input_weight")), self.const(gates("recurrent_weight"))]
        steps = self("Transpose", event, perm=[1, 0, 2])
        state = self("LSTM", steps, *weights, self.const(bias), hidden_size=128)
        state = self("Transpose", state, perm=[1, 0, 2])
        return self("Reshape", state, self.const([0, 128]))

    def encoder(self, event: str) -> str:
        zero, one, two = (self.const([value]) for value in range(3))
        length = self("Slice", self("Shape", "items"), one, two)
        positions = self.const(self.weights["encoder.positions"])
        value = self("Add", event, self("Slice", positions, zero, length, zero))
        split, join = self.const([0, 0, 4, 32]), self.const([0, 0, 128])
        scale = self.const(np.float32(32**-0.5))
        for layer in range(2):
            at = f"encoder.{layer}."
            heads = []
            for part, perm in enumerate(([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])):
                rows = slice(part * 128, (part + 1) * 128)
                flat = self("Reshape", self.linear(value, at + "qkv_*", rows), split)
                heads.append(self("Transpose", flat, perm=perm))
            weights = self("Mul", self("MatMul", heads[0], heads[1]), scale)
            mixed = self("MatMul", self("Softmax", weights, axis=-1), heads[2])
            mixed = self("Reshape", self("Transpose", mixed, perm=[0, 2, 1, 3]), join)
            value = self.norm(
                self("Add", value, self.linear(mixed, at + "out_*")), at + "norm1"
            )
            hidden = self("Relu", self.linear(value, at + "ff1_*"))
            value = self.norm(
                self("Add", value, self.linear(hidden, at + "ff2_*")), at + "norm2"
            )
        return self("ReduceMean", value, axes=[1], keepdims=0)


def onnx_model(name: str, weights: Weights) -> onnx.ModelProto:
    """The same model as an ONNX graph: items, actions [B,T], profile [B,32], coupons [B,N]."""
    graph = Graph(weights)
    rows = [graph.table("item_table", "items"), graph.table("action_table", "actions")]
    event = graph("Concat", *rows, axis=2)
    user = graph.lstm(event) if name == "lstm128" else graph.encoder(event)
    user = graph("Concat", user, "profile", axis=1)
    coupon = graph("Concat", graph.table("coupon_table", "coupons"), "dense", axis=2)
    first = weights["h1.weight"]  # [256, user ⊕ coupon]: the user's product once, broadcast
    user = graph("Unsqueeze", graph.product(user, first[:, :160]), graph.const([1]))
    hidden = graph("Add", graph("Add", graph.product(coupon, first[:, 160:]), user), "h1_bias")
    graph.constants.append(numpy_helper.from_array(weights["h1.bias"], "h1_bias"))
    hidden = graph("Relu", graph.linear(graph("Relu", hidden), "h2.*"))
    score = graph("Sigmoid", graph.linear(hidden, "logit.*"))
    graph.nodes.append(helper.make_node("Identity", [score], ["score"]))

    int64, float32 = TensorProto.INT64, TensorProto.FLOAT
    columns = [("items", int64, ["B", "T"]), ("actions", int64, ["B", "T"])]
    columns += [("profile", float32, ["B", PROFILE]), ("coupons", int64, ["B", "N"])]
    columns += [("dense", float32, ["B", "N", DENSE])]
    inputs = [helper.make_tensor_value_info(*column) for column in columns]
    outputs = [helper.make_tensor_value_info("score", float32, ["B", "N", 1])]
    built = helper.make_graph(graph.nodes, name, inputs, outputs, graph.constants)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(built, opset_imports=opset, ir_version=9)
    onnx.checker.check_model(model)
    return model


def write(folder: Path, name: str) -> None:
    weights = draw(name)
    (folder / name).mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / name / "weights.safetensors")
    onnx.save(onnx_model(name, weights), folder / f"{name}.onnx")
    quantize_dynamic(
        folder / f"{name}.onnx",
        folder / f"{name}.q8.onnx",
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "LSTM"],
    )
    # Last: its presence says that the others are whole.
    (folder / name / "model.json").write_text(json.dumps(description(name), indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for reference in NAMES:
        write(Path(sys.argv[1]), reference)
        print(Path(sys.argv[1]) / reference)
