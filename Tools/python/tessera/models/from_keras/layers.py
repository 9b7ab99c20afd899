"""Layers that compute within one row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from tessera.models.from_keras.columns import Column, lookup_ids, moments, normalized
from tessera.models.from_keras.context import Context
from tessera.models.from_keras.values import IdValue, Refused, Shape, Value, reshaped, rowwise

LINEAR_ACTIVATIONS = {
    "linear": "none",
    "relu": "relu",
    "gelu": "gelu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "softplus": "softplus",
    "hard_sigmoid": "hard_sigmoid",
}
"""Keras's word → what a `linear` node itself does."""
FUNCTIONS = ("relu", "gelu", "tanh", "silu", "softplus", "hard_sigmoid")
"""What an `activation` node does under Keras's own word."""
KERAS_SLOPES = {"leaky_relu": 0.2, "elu": 1.0}
"""Of the functions in `keras.activations`, whose words say no slope."""
NORM_EPSILON = 1e-12
"""Of `keras.ops.normalize`, which UnitNormalization and Dot call."""


def weight(variable: Any) -> np.ndarray:
    """The float32 numbers of a Keras variable."""
    return np.asarray(keras.ops.convert_to_numpy(variable), np.float32)


def add(context: Context, name: str, op: str, x: Value, tensors=None, **attributes: Any) -> Value:
    """A node that leaves axis, width and shape of `x` as they are."""
    rowwise(x)
    return replace(x, name=context.builder.add_node(name, op, [x.name], tensors, **attributes))


def scaled(context: Context, name: str, x: Value, gain: Any, bias: Any) -> Value:
    """x · gain + bias, element by element; both are a number or [w]."""
    tensors = {"gain": spread(gain, x.width), "bias": spread(bias, x.width)}
    return replace(x, name=context.builder.add_node(name, "scale", [x.name], tensors))


def spread(value: Any, width: int) -> np.ndarray:
    """A number, or [w], as float32 [w]."""
    return np.broadcast_to(np.asarray(value, np.float32).reshape(-1), (width,)).copy()


def activation_word(activation: Any) -> str:
    """Keras's word for a function; raises Refused for one that is not Keras's own."""
    word = keras.activations.serialize(activation)
    if not isinstance(word, str) or keras.activations.get(word) is not activation:
        raise Refused("its activation is not one of Keras's functions", "use one by its name")
    return word


def activate(context: Context, name: str, x: Value, word: str) -> Value:
    """`x` after one of Keras's activations."""
    if word == "linear":
        return x
    if word == "sigmoid":
        return replace(x, name=context.builder.add_node(name, "sigmoid", [x.name]))
    if word == "softmax":
        return add(context, name, "softmax", x)
    if word in KERAS_SLOPES:
        return sloped(context, name, x, word, KERAS_SLOPES[word])
    if word not in FUNCTIONS:
        known = ", ".join(sorted({*LINEAR_ACTIVATIONS, *KERAS_SLOPES, "softmax"}))
        raise Refused(f"the server has no activation {word}", f"use one of {known}")
    return replace(x, name=context.builder.add_node(name, "activation", [x.name], function=word))


def sloped(context: Context, name: str, x: Value, word: str, slope: float) -> Value:
    """`x` after a function that is another below 0, by its slope."""
    attributes = {"function": word, "slope": slope}
    return replace(x, name=context.builder.add_node(name, "activation", [x.name], **attributes))


def dense(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    x = rowwise(inputs[0])
    word = activation_word(layer.activation)
    tensors = {"weight": weight(layer.kernel).T}
    if layer.use_bias:
        tensors["bias"] = weight(layer.bias)
    inside = LINEAR_ACTIVATIONS.get(word)
    name = context.builder.add_node(
        layer.name if inside else f"{layer.name}_linear",
        "linear",
        [x.name],
        tensors,
        units=layer.units,
        use_bias=layer.use_bias,
        activation=inside or "none",
    )
    out = replace(x, name=name, width=layer.units, shape=shape)
    return out if inside else activate(context, layer.name, out, word)


def embedding(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    """A row of the table for each id. A table that several nodes read is stored once."""
    (given,) = inputs
    if isinstance(given, Column):
        ids = given.ids({"values": "integer", "rows": layer.input_dim})
        padding: Any = 0
    elif isinstance(given, IdValue) and given.table_order is not None:
        ids, padding = given, context.columns[given.name].spec["vocabulary"][0]
        if layer.mask_zero and given.table_order[0] == 0:
            raise Refused(
                "mask_zero=True hides the values that the lookup does not know",
                "give the lookup a mask_token",
            )
    elif given.is_assumed:
        return replace(given, width=layer.output_dim, shape=shape)
    else:
        raise Refused("its ids were computed", "put it on an Input, or on a lookup of one")
    table = weight(layer.embeddings)
    if ids.table_order is not None:
        if len(table) < len(ids.table_order):
            why = f"its {len(table)} rows are less than the {len(ids.table_order)} of the lookup"
            raise Refused(why, "set input_dim to the lookup's vocabulary_size()")
        table = table[list(ids.table_order)]
    # Where rows are not read together, a mask changes nothing.
    is_masked = layer.mask_zero and ids.axis == "event"
    if is_masked:
        context.columns[ids.name].pad_with(padding)
    name = context.shared_table(layer, table)
    node = context.builder.add_node(
        layer.name, "embedding", [ids.name], table=name, width=layer.output_dim
    )
    return Value(node, ids.axis, layer.output_dim, shape, is_masked=is_masked)


def lookup(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    if not isinstance(inputs[0], Column):
        raise Refused("its values were computed", "put it on an Input")
    return lookup_ids(inputs[0], layer)


def hashing(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    raise Refused(
        "Keras hashes with FarmHash or SipHash, the server with FNV-1a",
        "look values up (StringLookup), or hash with tessera.models.transforms.hash_id",
    )


def normalization(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    """The transform of a number column, or a `scale` node where it is on a vector."""
    x = normalized(inputs[0], layer) if isinstance(inputs[0], Column) else None
    if x is not None:
        return x
    x = rowwise(inputs[0].vectors() if isinstance(inputs[0], Column) else inputs[0])
    mean, deviation = moments(layer)
    if mean.size not in (1, x.width):
        raise Refused("it normalises over rows", "use axis=-1")
    return scaled(context, layer.name, x, 1 / deviation, -mean / deviation)


def rescaling(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    return scaled(context, layer.name, inputs[0], layer.scale, layer.offset)


def layer_norm(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    x = rowwise(inputs[0])
    check_last_axis(layer.axis, x)
    if getattr(layer, "rms_scaling", False):
        raise Refused("rms_scaling=True divides without the mean", "use it without")
    tensors = {
        "gain": spread(1.0 if layer.gamma is None else weight(layer.gamma), x.width),
        "bias": spread(0.0 if layer.beta is None else weight(layer.beta), x.width),
    }
    return add(context, layer.name, "layer_norm", x, tensors, epsilon=layer.epsilon)


def batch_norm(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    """With the moving mean and variance, as in inference."""
    x = rowwise(inputs[0])
    check_last_axis(layer.axis, x)
    tensors = {
        "gain": spread(weight(layer.gamma) if layer.scale else 1.0, x.width),
        "bias": spread(weight(layer.beta) if layer.center else 0.0, x.width),
        "mean": weight(layer.moving_mean),
        "variance": weight(layer.moving_variance),
    }
    return add(context, layer.name, "batch_norm", x, tensors, epsilon=layer.epsilon)


def unit_norm(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    check_last_axis(layer.axis, inputs[0])
    return add(context, layer.name, "l2_norm", inputs[0], epsilon=NORM_EPSILON)


def check_last_axis(axis: Any, x: Value) -> None:
    """Refuses a layer that computes over another axis than the width."""
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    if axes not in ([-1], [len(x.shape)]):
        raise Refused(f"axis={axis} is not the width of a row", "use axis=-1")


def activation_layer(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    return activate(context, layer.name, inputs[0], activation_word(layer.activation))


def relu(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    if layer.max_value is not None or layer.threshold:
        raise Refused("max_value and threshold are not served", "use a plain ReLU")
    if layer.negative_slope:
        return leaky_relu(context, layer, inputs, shape)
    return activate(context, layer.name, inputs[0], "relu")


def leaky_relu(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    return sloped(context, layer.name, inputs[0], "leaky_relu", float(layer.negative_slope))


def elu(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    return sloped(context, layer.name, inputs[0], "elu", float(layer.alpha))


def softmax(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    check_last_axis(layer.axis, rowwise(inputs[0]))
    return activate(context, layer.name, inputs[0], "softmax")


def identity(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    """Layers that do nothing outside of training."""
    return inputs[0]


def reshape(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    return reshaped(inputs[0], shape)


def repeat_vector(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    """Nothing to do: the graph repeats the user's row where it meets finer ones."""
    return rowwise(inputs[0]).with_shape(shape)


def masking(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    if not isinstance(inputs[0], Column):
        raise Refused("it masks rows that were computed", "put it on an Input")
    x = inputs[0].vectors()
    if x.axis != "event":
        raise Refused(f"it masks {x.axis} rows", "only events have padding")
    inputs[0].pad_with(float(layer.mask_value))
    return replace(x, is_masked=True)


def time_distributed(context: Context, layer: Any, inputs: list, shape: Shape) -> Value:
    """The layer inside, which sees one row as ever."""
    inside = WITHIN_ROWS.get(type(layer.layer))
    if inside is None:
        name = type(layer.layer).__name__
        raise Refused(f"a {name} for each row is not served", "use a layer that computes in rows")
    return inside(context, layer.layer, inputs, shape)


READ_INPUTS = {embedding, lookup, hashing, normalization, masking}
"""These say what an input is; all others read it as numbers."""
WITHIN_ROWS = {
    keras.layers.Dense: dense,
    keras.layers.LayerNormalization: layer_norm,
    keras.layers.BatchNormalization: batch_norm,
    keras.layers.UnitNormalization: unit_norm,
    keras.layers.Rescaling: rescaling,
    keras.layers.Activation: activation_layer,
    keras.layers.ReLU: relu,
    keras.layers.LeakyReLU: leaky_relu,
    keras.layers.ELU: elu,
    keras.layers.Softmax: softmax,
    keras.layers.Identity: identity,
    keras.layers.Dropout: identity,
    keras.layers.AlphaDropout: identity,
    keras.layers.GaussianDropout: identity,
    keras.layers.GaussianNoise: identity,
    keras.layers.ActivityRegularization: identity,
}
LAYERS = WITHIN_ROWS | {
    keras.layers.SpatialDropout1D: identity,
    keras.layers.Embedding: embedding,
    keras.layers.StringLookup: lookup,
    keras.layers.IntegerLookup: lookup,
    keras.layers.Hashing: hashing,
    keras.layers.Normalization: normalization,
    keras.layers.Flatten: reshape,
    keras.layers.Reshape: reshape,
    keras.layers.RepeatVector: repeat_vector,
    keras.layers.Masking: masking,
    keras.layers.TimeDistributed: time_distributed,
}
