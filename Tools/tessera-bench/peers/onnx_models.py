"""The reference models `lstm128` and `tf128x2` as ONNX graphs, with the weights that Tessera wrote.

`tessera-bench peers` writes NAME/model.json and NAME/weights.safetensors; `convert` makes NAME.onnx
(float32) and NAME.q8.onnx (ONNX Runtime's dynamic quantisation, per channel) beside them.
A request is T events (item, action), one user (32 numbers) and N coupons (id, 16 numbers). Both
graphs encode the user once and repeat it for the coupons: the best that an ONNX graph can do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

ITEMS, ACTIONS, COUPONS = 50_000, 8, 2_000  # rows of the tables; row 0 is the unknown id
PROFILE, DENSE = 32, 16  # numbers of a user, of a coupon
NAMES = ("lstm128", "tf128x2")

Weights = dict[str, np.ndarray]


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


def convert(folder: Path, name: str) -> None:
    """Writes NAME.onnx and NAME.q8.onnx from NAME/weights.safetensors."""
    weights = load_file(folder / name / "weights.safetensors")
    onnx.save(onnx_model(name, weights), folder / f"{name}.onnx")
    quantize_dynamic(
        folder / f"{name}.onnx",
        folder / f"{name}.q8.onnx",
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "LSTM"],
    )
