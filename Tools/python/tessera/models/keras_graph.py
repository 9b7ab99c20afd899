"""A model description as a Keras model, and its weights as the tensors that the registry imports.

The description is the one source of a model's shape: what is trained here is node for node what the
server runs. So the description comes first: write it, build `KerasGraph(description)`, train
`graph.model`, and export `graph.tensors()`. `tessera.export` takes Keras models built otherwise.
Weights leave in the layout of `Registry/MODEL.md` (first axis = output channel).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tessera.models.functions import function
from tessera.models.layers import (
    BagReduce,
    Broadcast,
    Pool,
    Scale,
    StackedRecurrent,
    Transformer,
    WindowConvolution,
    WindowPool,
    Windows,
)
from tessera.models.transforms import is_id, table_rows

AXES = ("user", "event", "coupon")
RECURRENT = ("lstm", "gru", "rnn")


class KerasGraph:
    """Builds `model` (dict of padded inputs → dict of outputs [B, N, w]) from a description.

    `dropout` maps a node's name to the rate that training applies: to the output of an embedding,
    linear or pool node, and inside an lstm, gru, rnn or transformer. It is not part of the
    description.
    """

    def __init__(
        self, description: dict[str, Any], dropout: dict[str, float] | None = None
    ) -> None:
        self.description = description
        self.dropout = dropout or {}
        self.specs = {spec["name"]: spec for spec in description["inputs"]}
        self.layers: dict[str, keras.layers.Layer] = {}
        self.edges: dict[str, Any] = {}
        """Input or node → its Keras tensor [B, L, w] (ids: [B, L])."""
        self.axes: dict[str, str] = {}
        self.mask = keras.Input((None,), dtype="bool", name="event_mask")
        self.masks: dict[str, Any] = {}
        """Node → which of its rows there are [B, T], where these are not the events."""
        for name, spec in self.specs.items():
            self.edges[name] = self.add_input(name, spec)
            self.axes[name] = spec["axis"]
        self.edges_in = dict(self.edges) | {"event_mask": self.mask}
        for name, spec in self.specs.items():
            if spec["kind"] == "number" and not is_id(spec):
                self.edges[name] = keras.ops.expand_dims(self.edges[name], -1)
        for node in description["nodes"]:
            self.axes[node["name"]] = self.axis_of(node)
            self.edges[node["name"]] = self.add_node(node)
            self.masks.setdefault(node["name"], self.mask_of(node))
        outputs = {name: self.edges[name] for name in description["outputs"]}
        self.model = keras.Model(self.edges_in, outputs)

    def add_input(self, name: str, spec: dict[str, Any]):
        shape = {"bag": (None, None), "vector": (None, spec.get("width"))}.get(
            spec["kind"], (None,)
        )
        return keras.Input(shape, dtype="int32" if is_id(spec) else "float32", name=name)

    def axis_of(self, node: dict[str, Any]) -> str:
        if node["op"] == "pool" or (node["op"] in RECURRENT and node["returns"] == "state"):
            return "user"
        axes = {self.axes[name] for name in node["inputs"]} - {"user"}
        if len(axes) > 1:
            raise ValueError(f"node {node['name']}: events and coupons cannot meet in one node")
        return axes.pop() if axes else "user"

    def add_node(self, node: dict[str, Any]):
        """Adds the Keras layers of one node and returns its output tensor."""
        inputs = [self.edges[name] for name in node["inputs"]]
        x = getattr(self, f"add_{node['op']}")(node, *self.broadcast(node, inputs))
        rate = self.dropout.get(node["name"], 0.0)
        if rate and node["op"] in ("embedding", "linear", "pool"):
            x = keras.layers.Dropout(rate)(x)
        return x

    def mask_of(self, node: dict[str, Any]):
        """Which rows there are of the sequence that a node reads."""
        names = (name for name in node["inputs"] if self.axes[name] == "event")
        return self.masks.get(next(names, ""), self.mask)

    def broadcast(self, node: dict[str, Any], inputs: list) -> list:
        axis = self.axis_of(node)
        if len(inputs) == 1 or axis == "user":
            return inputs
        names = node["inputs"]
        like = next(x for x, name in zip(inputs, names, strict=True) if self.axes[name] == axis)
        return [
            Broadcast()(x, like) if self.axes[name] == "user" else x
            for x, name in zip(inputs, names, strict=True)
        ]

    def add_embedding(self, node, ids):
        spec = self.specs[node["inputs"][0]]
        table = node["table"]
        if table not in self.layers:
            self.layers[table] = keras.layers.Embedding(
                table_rows(spec), node["width"], name=f"table_{table}"
            )
        if spec["kind"] != "bag":
            return self.layers[table](ids)
        members = self.layers[table](keras.ops.maximum(ids, 0))
        return BagReduce(node["reduce"])(members, ids)

    def add_concat(self, node, *inputs):
        return keras.layers.Concatenate()(list(inputs)) if len(inputs) > 1 else inputs[0]

    def add_add(self, node, *inputs):
        return keras.layers.Add()(list(inputs))

    def add_multiply(self, node, *inputs):
        return keras.layers.Multiply()(list(inputs))

    def add_subtract(self, node, *inputs):
        return keras.layers.Subtract()(list(inputs))

    def add_max(self, node, *inputs):
        return keras.layers.Maximum()(list(inputs))

    def add_min(self, node, *inputs):
        return keras.layers.Minimum()(list(inputs))

    def add_dot(self, node, x, y):
        return keras.ops.sum(x * y, axis=-1, keepdims=True)

    def add_slice(self, node, x):
        return x[..., node["begin"] : node["begin"] + node["width"]]

    def add_linear(self, node, x):
        layer = self.layers[node["name"]] = keras.layers.Dense(
            node["units"],
            activation=function(node.get("activation", "none")),
            use_bias=node.get("use_bias", True),
            name=node["name"],
        )
        return layer(x)

    def add_lstm(self, node, x):
        return self.add_recurrent(keras.layers.LSTM, node, x, use_cudnn=False)

    def add_gru(self, node, x):
        reset_after = node.get("reset_after", True)
        return self.add_recurrent(
            keras.layers.GRU, node, x, reset_after=reset_after, use_cudnn=False
        )

    def add_rnn(self, node, x):
        activation = node.get("activation", "tanh")
        return self.add_recurrent(keras.layers.SimpleRNN, node, x, activation=activation)

    def add_recurrent(self, kind, node, x, **options):
        name = node["name"]
        layer = self.layers[name] = StackedRecurrent(
            kind, node, self.dropout.get(name, 0.0), options, name=name
        )
        return layer(x, self.mask_of(node))

    def add_windows(self, node, x, size):
        """The windows of a node, and which of their rows are there."""
        shape = (size, node.get("stride", 1), node.get("dilation", 1), node.get("padding", "valid"))
        windows, there, self.masks[node["name"]] = Windows(*shape)(x, self.mask_of(node))
        return windows, there

    def add_conv1d(self, node, x):
        windows, _ = self.add_windows(node, x, node["kernel"])
        layer = self.layers[node["name"]] = WindowConvolution(
            node["filters"],
            node["kernel"],
            activation=function(node.get("activation", "none")),
            use_bias=node.get("use_bias", True),
            name=node["name"],
        )
        return layer(windows)

    def add_pool1d(self, node, x):
        return WindowPool(node["mode"])(*self.add_windows(node, x, node["size"]))

    def add_transformer(self, node, x):
        rows = self.description["limits"]["events"]
        rate = self.dropout.get(node["name"], 0.0)
        layer = self.layers[node["name"]] = Transformer(
            node, x.shape[-1], rows, rate, name=node["name"]
        )
        return layer(x, self.mask_of(node))

    def add_layer_norm(self, node, x):
        layer = self.layers[node["name"]] = keras.layers.LayerNormalization(
            epsilon=node["epsilon"], name=node["name"]
        )
        return layer(x)

    def add_scale(self, node, x):
        layer = self.layers[node["name"]] = Scale(name=node["name"])
        return layer(x)

    def add_batch_norm(self, node, x):
        layer = self.layers[node["name"]] = keras.layers.BatchNormalization(
            epsilon=node["epsilon"], name=node["name"]
        )
        # Padded events stay out of what training measures; the graph knows no mask of coupons.
        return layer(x, mask=self.mask) if self.axis_of(node) == "event" else layer(x)

    def add_l2_norm(self, node, x):
        # UnitNormalization is this with an epsilon of 1e-12.
        return keras.ops.normalize(x, axis=-1, order=2, epsilon=node["epsilon"])

    def add_softmax(self, node, x):
        return keras.layers.Softmax(axis=-1)(x)

    def add_activation(self, node, x):
        return keras.layers.Activation(function(node["function"], node.get("slope")))(x)

    def add_pool(self, node, x):
        return Pool(node["mode"])(x, self.mask_of(node))

    def add_sigmoid(self, node, x):
        return keras.layers.Activation("sigmoid")(x)

    def tensor_variables(self) -> dict[str, tuple[Any, str]]:
        """Tensor name → (Keras variable, how its layout differs: same, row n, transpose,
        windows, in, out, qkv)."""
        found: dict[str, tuple[Any, str]] = {}
        for node in self.description["nodes"]:
            name, op = node["name"], node["op"]
            if op == "embedding":
                found[node["table"]] = (self.layers[node["table"]].embeddings, "same")
            elif op == "linear":
                add_dense(found, f"{name}.", self.layers[name])
            elif op == "conv1d":
                layer = self.layers[name].convolution
                found[f"{name}.weight"] = (layer.kernel, "windows")
                if layer.use_bias:
                    found[f"{name}.bias"] = (layer.bias, "same")
            elif op == "layer_norm":
                add_norm(found, f"{name}.", self.layers[name])
            elif op == "scale":
                found[f"{name}.gain"] = (self.layers[name].gain, "same")
                found[f"{name}.bias"] = (self.layers[name].bias, "same")
            elif op == "batch_norm":
                add_norm(found, f"{name}.", self.layers[name])
                found[f"{name}.mean"] = (self.layers[name].moving_mean, "same")
                found[f"{name}.variance"] = (self.layers[name].moving_variance, "same")
            elif op in RECURRENT:
                for k, layer in enumerate(self.layers[name].cells):
                    for direction, cell in layer.items():
                        add_recurrent_cell(found, f"{name}.{k}.{direction}.", cell.cell)
            elif op == "transformer":
                add_blocks(found, name, self.layers[name])
        return found

    def tensors(self) -> dict[str, np.ndarray]:
        """The model's weights, float32, named and laid out as the registry imports them."""
        tensors: dict[str, np.ndarray] = {}
        for name, (variable, layout) in self.tensor_variables().items():
            if layout == "qkv":
                tensors[name] = np.concatenate(
                    [to_rows(part.numpy(), part_layout(part)) for part in variable]
                )
            else:
                tensors[name] = np.ascontiguousarray(to_rows(variable.numpy(), layout))
        return tensors

    def load(self, tensors: dict[str, np.ndarray]) -> None:
        """Puts tensors of the registry's layout back into the Keras layers."""
        for name, (variable, layout) in self.tensor_variables().items():
            value = np.asarray(tensors[name], np.float32)
            if layout == "qkv":
                for part, rows in zip(variable, np.split(value, 3), strict=True):
                    part.assign(from_rows(rows, part_layout(part), part.shape))
            elif layout.startswith("row"):
                rows = variable.numpy()
                rows[int(layout[-1])] = value
                variable.assign(rows)
            else:
                variable.assign(from_rows(value, layout, variable.shape))

    def predict(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Scores of a padded batch: output → [B, N], or [B, N, w] where it is w > 1 wide."""
        inputs = {name: batch[name] for name in (*self.specs, "event_mask")}
        scores = {name: x.numpy() for name, x in self.model(inputs, training=False).items()}
        return {name: x[..., 0] if x.shape[-1] == 1 else x for name, x in scores.items()}


def add_dense(found: dict, prefix: str, layer: keras.layers.Dense, role: str = "") -> None:
    found[f"{prefix}{role}weight"] = (layer.kernel, "transpose")
    if layer.use_bias:
        found[f"{prefix}{role}bias"] = (layer.bias, "same")


def add_norm(found: dict, prefix: str, layer: keras.layers.Layer, role="") -> None:
    found[f"{prefix}{role}gain"] = (layer.gamma, "same")
    found[f"{prefix}{role}bias"] = (layer.beta, "same")


def add_recurrent_cell(found: dict, prefix: str, cell: Any) -> None:
    """The gates of Keras lie in the order of the page: i f c o, and z r h."""
    found[f"{prefix}input_weight"] = (cell.kernel, "transpose")
    found[f"{prefix}recurrent_weight"] = (cell.recurrent_kernel, "transpose")
    if len(cell.bias.shape) == 1:
        found[f"{prefix}bias"] = (cell.bias, "same")
    else:  # A GRU with `reset_after`: the rows are those of the input and of the state.
        found[f"{prefix}bias"] = (cell.bias, "row 0")
        found[f"{prefix}recurrent_bias"] = (cell.bias, "row 1")


def add_blocks(found: dict, name: str, layer: Transformer) -> None:
    if layer.spec["positions"] == "learned":
        found[f"{name}.positions"] = (layer.positions, "same")
    for k, block in enumerate(layer.blocks):
        prefix, attention = f"{name}.{k}.", block["attention"]
        qkv = (attention._query_dense, attention._key_dense, attention._value_dense)
        found[f"{prefix}qkv_weight"] = ([part.kernel for part in qkv], "qkv")
        found[f"{prefix}qkv_bias"] = ([part.bias for part in qkv], "qkv")
        found[f"{prefix}out_weight"] = (attention._output_dense.kernel, "out")
        found[f"{prefix}out_bias"] = (attention._output_dense.bias, "same")
        add_norm(found, prefix, block["norm1"], "norm1_")
        add_dense(found, prefix, block["ff1"], "ff1_")
        add_dense(found, prefix, block["ff2"], "ff2_")
        add_norm(found, prefix, block["norm2"], "norm2_")


def part_layout(part: Any) -> str:
    """The layout of one of q, k, v: a kernel has three axes, a bias two."""
    return "in" if len(part.shape) == 3 else "flat"


def to_rows(value: np.ndarray, layout: str) -> np.ndarray:
    """A Keras weight in the registry's layout.

    `transpose`: [in, out] → [out, in]. `row n`: that row of a matrix.
    `windows`: [size, in, out] → [out, size · in].
    `in`: one of q, k, v, [d, heads, d/heads] → [d, d].
    `out`: [heads, d/heads, d] → [d, d]. `flat`: a bias of q, k, v, [heads, d/heads] → [d].
    """
    match layout:
        case "transpose":
            return value.T
        case "in":
            return value.reshape(value.shape[0], -1).T
        case "out" | "windows":
            return value.reshape(-1, value.shape[-1]).T
        case "flat":
            return value.reshape(-1)
        case "row 0" | "row 1":
            return value[int(layout[-1])]
    return value


def from_rows(value: np.ndarray, layout: str, shape: tuple[int, ...]) -> np.ndarray:
    """The inverse of `to_rows` for a Keras variable of `shape`."""
    return (value if layout in ("same", "flat") else value.T).reshape(shape)
