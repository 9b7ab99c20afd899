"""Layers that read a user's events in their order, or pool them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from tessera.models.from_keras.context import Context
from tessera.models.from_keras.layers import activate, activation_word, weight
from tessera.models.from_keras.values import Refused, Shape, Value

CELLS = {keras.layers.LSTM: "lstm", keras.layers.GRU: "gru", keras.layers.SimpleRNN: "rnn"}


def recurrent(context: Context, layer: Any, inputs: list[Value], shape: Shape) -> Value:
    """One layer of an LSTM, GRU or SimpleRNN that reads the oldest event first."""
    if layer.go_backwards:
        raise Refused(
            "go_backwards=True alone is not served",
            "use Bidirectional, which reads both ways",
        )
    return directions(context, layer, {"forward": layer}, inputs, shape)


def bidirectional(context: Context, layer: Any, inputs: list[Value], shape: Shape) -> Value:
    forward, backward = layer.forward_layer, layer.backward_layer
    if layer.merge_mode != "concat":
        raise Refused(f"merge_mode={layer.merge_mode!r} is not served", "use 'concat'")
    if type(forward) not in CELLS or type(backward) is not type(forward):
        raise Refused("its layers are not two of LSTM, GRU or SimpleRNN", "use two of one class")
    if forward.go_backwards or not backward.go_backwards:
        raise Refused("its layers read the other way round", "let it make the backward layer")
    return directions(context, layer, {"forward": forward, "backward": backward}, inputs, shape)


def directions(
    context: Context, layer: Any, cells: dict[str, Any], inputs: list[Value], shape: Shape
) -> Value:
    """The node of `cells` (direction → Keras layer), named after `layer`."""
    if len(inputs) > 1:
        raise Refused("initial_state is given", "the server starts from zeros: concatenate instead")
    x = context.reads_events(layer, inputs[0], takes_none=True)
    one, *others = cells.values()
    op = CELLS[type(one)]
    options = [cell_options(op, cell) for cell in cells.values()]
    if others and options[0] != options[1]:
        raise Refused("its two directions differ", "give both the same arguments")
    tensors = {
        f"0.{direction}.{part}": value
        for direction, cell in cells.items()
        for part, value in cell_tensors(op, cell).items()
    }
    node = context.builder.add_node(
        layer.name,
        op,
        [x.name],
        tensors,
        **options[0],
        bidirectional=bool(others),
        returns="sequence" if one.return_sequences else "state",
    )
    width = one.units * len(cells)
    if one.return_sequences:
        return replace(x, name=node, width=width, shape=shape)
    return Value(node, "user", width, shape)


def cell_options(op: str, layer: Any) -> dict[str, Any]:
    """The attributes of the node; raises Refused for what no attribute says."""
    if layer.return_state:
        raise Refused("return_state=True has no place", "take its output, return_state=False")
    if layer.stateful:
        raise Refused(
            "stateful=True remembers between requests, the server nothing", "use it without"
        )
    word = activation_word(layer.activation)
    if op == "rnn":
        if word not in ("tanh", "relu"):
            raise Refused(f"activation={word} is not served", "use tanh or relu")
        return {"units": layer.units, "activation": word}
    if word != "tanh" or activation_word(layer.recurrent_activation) != "sigmoid":
        raise Refused(
            "the server has it with activation='tanh' and recurrent_activation='sigmoid' only",
            "train it so",
        )
    if op == "gru":
        return {"units": layer.units, "reset_after": layer.reset_after}
    return {"units": layer.units}


def cell_tensors(op: str, layer: Any) -> dict[str, np.ndarray]:
    """The weights of one direction: gates in Keras's order (LSTM i f g o, GRU z r h)."""
    kernel = weight(layer.cell.kernel).T
    bias = weight(layer.cell.bias) if layer.use_bias else np.zeros(len(kernel), np.float32)
    found = {
        "input_weight": kernel,
        "recurrent_weight": weight(layer.cell.recurrent_kernel).T,
        "bias": bias,
    }
    if op == "gru" and layer.reset_after:
        found["bias"], found["recurrent_bias"] = (bias, bias * 0) if bias.ndim == 1 else bias
    return found


def conv1d(context: Context, layer: Any, inputs: list[Value], shape: Shape) -> Value:
    x = context.reads_events(layer, inputs[0], uses_mask=False)
    check_format(layer)
    if layer.groups != 1:
        raise Refused(f"groups={layer.groups} is not served", "use groups=1")
    kernel = weight(layer.kernel)
    tensors = {"weight": kernel.reshape(-1, layer.filters).T}
    if layer.use_bias:
        tensors["bias"] = weight(layer.bias)
    word = activation_word(layer.activation)
    inside = {"linear": "none", "relu": "relu", "gelu": "gelu", "tanh": "tanh"}.get(word)
    node = context.builder.add_node(
        layer.name if inside else f"{layer.name}_linear",
        "conv1d",
        [x.name],
        tensors,
        filters=layer.filters,
        kernel=layer.kernel_size[0],
        stride=layer.strides[0],
        dilation=layer.dilation_rate[0],
        padding=layer.padding,
        use_bias=layer.use_bias,
        activation=inside or "none",
    )
    out = replace(x, name=node, width=layer.filters, shape=shape)
    return out if inside else activate(context, layer.name, out, word)


def pool1d(context: Context, layer: Any, inputs: list[Value], shape: Shape) -> Value:
    x = context.reads_events(layer, inputs[0], uses_mask=False)
    check_format(layer)
    node = context.builder.add_node(
        layer.name,
        "pool1d",
        [x.name],
        mode="max" if isinstance(layer, keras.layers.MaxPooling1D) else "mean",
        size=layer.pool_size[0],
        stride=layer.strides[0],
        padding=layer.padding,
    )
    return replace(x, name=node, shape=shape)


def global_pool(context: Context, layer: Any, inputs: list[Value], shape: Shape) -> Value:
    """One row of the user. Keras's mean leaves masked rows out, its maximum does not."""
    is_mean = isinstance(layer, keras.layers.GlobalAveragePooling1D)
    x = context.reads_events(layer, inputs[0], uses_mask=is_mean)
    check_format(layer)
    mode = "mean" if is_mean else "max"
    node = context.builder.add_node(layer.name, "pool", [x.name], mode=mode)
    return Value(node, "user", x.width, shape)


def check_format(layer: Any) -> None:
    if layer.data_format != "channels_last":
        raise Refused("channels_first puts the width before the rows", "use channels_last")


def attention(context: Context, layer: Any, inputs: list[Value], shape: Shape) -> Value:
    raise Refused(
        "attention is served inside of the operation `transformer`",
        "build the model with KerasGraph and a `transformer` node (Registry/MODEL.md, section 7)",
    )


SEQUENCES = {
    keras.layers.LSTM: recurrent,
    keras.layers.GRU: recurrent,
    keras.layers.SimpleRNN: recurrent,
    keras.layers.Bidirectional: bidirectional,
    keras.layers.Conv1D: conv1d,
    keras.layers.MaxPooling1D: pool1d,
    keras.layers.AveragePooling1D: pool1d,
    keras.layers.GlobalAveragePooling1D: global_pool,
    keras.layers.GlobalMaxPooling1D: global_pool,
    keras.layers.MultiHeadAttention: attention,
    keras.layers.GroupQueryAttention: attention,
    keras.layers.Attention: attention,
    keras.layers.AdditiveAttention: attention,
}
