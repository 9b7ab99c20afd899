"""Keras models as data scientists build them, each with the arguments of its export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

Built = tuple[keras.Model, dict[str, Any]]
ITEMS, PROFILE, COUPON = 40, 4, 6
SHORT = {"limits": {"events": 16}}
"""Keras runs long histories slowly."""


def items(rows: int | None = None) -> Any:
    return keras.Input((rows,), dtype="int32", name="items")


def embedded(x: Any, mask_zero: bool = False) -> Any:
    return layers.Embedding(ITEMS, 8, mask_zero=mask_zero, name="item")(x)


def redeem(x: Any) -> Any:
    return layers.Dense(1, activation="sigmoid", name="redeem")(x)


def history() -> Built:
    """The shortest model of all; its history has a fixed length and no mask."""
    stack = [items(20), layers.Embedding(ITEMS, 8), layers.LSTM(16), layers.Dense(1, "sigmoid")]
    return keras.Sequential(stack), {"outputs": ["redeem"]}


def bidirectional() -> Built:
    x = items()
    h = layers.Bidirectional(layers.LSTM(6, return_sequences=True))(embedded(x))
    h = layers.Bidirectional(layers.LSTM(5))(h)
    return keras.Model(x, redeem(h)), SHORT


def half() -> Built:
    """Weights that are stored in float16."""
    x, age = items(20), keras.Input((1,), name="age")
    norm = layers.Normalization(mean=41.3, variance=91.7)
    h = layers.LSTM(12)(embedded(x))
    return keras.Model([x, age], redeem(layers.Concatenate()([h, norm(age)]))), {"dtype": "float16"}


def two_inputs() -> Built:
    x, profile = items(), keras.Input((PROFILE,), name="profile")
    h = layers.LSTM(7)(embedded(x))
    h = layers.Dense(8, activation="relu")(layers.Concatenate()([h, profile]))
    return keras.Model([x, profile], redeem(layers.Dropout(0.3)(h))), SHORT


def pairwise() -> Built:
    """A sample is a user with one coupon."""
    x, coupon = items(12), keras.Input((COUPON,), name="coupon")
    price = keras.Input((), name="price")
    h = layers.LSTM(9)(embedded(x, mask_zero=True))
    both = layers.Concatenate()([h, coupon, layers.Reshape((1,))(price)])
    out = redeem(layers.Dense(8, "gelu")(both))
    axes = {"coupon": "coupon", "price": "coupon"}
    return keras.Model({"items": x, "coupon": coupon, "price": price}, out), {"inputs": axes}


def fixed_coupons() -> Built:
    """One probability for each of twelve coupons that never change."""
    x = items()
    h = layers.LSTM(9, use_bias=False)(embedded(x, mask_zero=True))
    return keras.Model(x, layers.Dense(12, "sigmoid", name="redeem")(h)), SHORT


def padded() -> Built:
    """Fixed length; Keras masks what is padded, in a mean, a BiLSTM and beside numbers."""
    x, spends = items(15), keras.Input((15, 2), name="spends")
    event = layers.Concatenate()([embedded(x, mask_zero=True), layers.Masking()(spends)])
    event = layers.TimeDistributed(layers.Dense(8, "tanh"))(event)
    mean = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(event))
    h = layers.Bidirectional(layers.LSTM(4))(layers.SpatialDropout1D(0.2)(event))
    return keras.Model([x, spends], redeem(layers.Concatenate()([mean, h]))), {}


def lost_mask() -> Built:
    """Beside numbers without a mask, Keras's Concatenate masks nothing any more."""
    x, spends = items(9), keras.Input((9, 2), name="spends")
    event = layers.Concatenate()([embedded(x, mask_zero=True), spends])
    return keras.Model([x, spends], redeem(layers.LSTM(5)(event))), {}


def nested() -> Built:
    """Models in models; an Embedding and a Dense that are called twice."""
    encoder = keras.Sequential([keras.Input((None, 8)), layers.LSTM(6)], name="encoder")
    head_input = keras.Input((6,))
    hidden = layers.Dense(5, "relu", name="hidden")(head_input)
    head = keras.Model(head_input, layers.Dense(3, "tanh")(hidden), name="head")
    table, shared = layers.Embedding(ITEMS, 8, name="item"), layers.Dense(3, name="shared")
    x, favourite = items(), keras.Input((1,), dtype="int32", name="favourite")
    own = layers.Flatten()(table(favourite))
    parts = [shared(head(encoder(table(x)))), shared(layers.Dense(3)(own))]
    total = layers.Multiply()([layers.Add()(parts), layers.Dense(1, "sigmoid")(own)])
    return keras.Model([x, favourite], redeem(total)), SHORT


def listwise() -> Built:
    """All coupons of a user at once, in a second axis; two outputs."""
    x, offers = items(), keras.Input((10, COUPON), name="offers")
    brand = keras.Input((10,), dtype="int32", name="brand")
    h = layers.RepeatVector(10)(layers.LSTM(5)(embedded(x)))
    both = layers.Concatenate()([h, offers, layers.Embedding(9, 3)(brand)])
    both = layers.Dense(7, "tanh")(both)
    score = layers.Flatten(name="flat")(layers.Dense(1, "sigmoid")(both))
    axes = {"offers": "coupon", "brand": "coupon"}
    options = {"inputs": axes, "outputs": ["redeem", "wide"]} | SHORT
    return keras.Model([x, offers, brand], [score, layers.Dense(4)(both)]), options


def raw_values() -> Built:
    """Strings and numbers as they are, with the layers that prepare them inside of the model."""
    words = keras.Input((None,), dtype="string", name="words")
    lookup = layers.StringLookup(vocabulary=["tea", "milk", "bread"], mask_token="")
    shops = layers.IntegerLookup(vocabulary=[12, 7, 99])
    shop, age = keras.Input((1,), dtype="int64", name="shop"), keras.Input((1,), name="age")
    norm = layers.Normalization(mean=41.5, variance=90.0)
    h = layers.LSTM(5)(layers.Embedding(5, 4, mask_zero=True)(lookup(words)))
    place = layers.Flatten()(layers.Embedding(4, 3)(shops(shop)))
    out = redeem(layers.Concatenate()([h, place, norm(age)]))
    return keras.Model([words, shop, age], out), {}


def named_outputs() -> Built:
    """A dict of outputs; the newest event beside the last state."""
    x, shop = items(7), keras.Input((1,), dtype="int32", name="shop")
    event = embedded(x)
    place = layers.Flatten()(layers.Embedding(5, 3, mask_zero=True)(shop))
    h = layers.Concatenate()([layers.LSTM(4)(event), event[:, -1], event[:, 0, :], place])
    outputs = {"redeem": redeem(h), "taste": layers.Dense(6, "tanh")(h)}
    return keras.Model([x, shop], outputs), {}


def masked_numbers() -> Built:
    """Rows of -1 are padding."""
    x = keras.Input((8, 3), name="spends")
    h = layers.LSTM(5)(layers.Masking(-1.0)(x))
    return keras.Model(x, redeem(h)), {}


def elements() -> Built:
    """Operations on rows beside linear and concat."""
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    parts = [
        layers.Subtract()([a, b]),
        layers.Maximum()([a, b]),
        layers.Minimum()([a, b]),
        layers.Average()([a, b]),
        layers.BatchNormalization()(a),
        layers.UnitNormalization()(b),
        layers.Dot(axes=-1, normalize=True)([a, b]),
        layers.Softmax()(a),
        layers.LeakyReLU(negative_slope=0.1)(b),
        layers.ELU(alpha=0.7)(a),
        layers.Activation("silu")(b),
        layers.Dense(2, "leaky_relu")(b),
        layers.Dense(3, "hard_sigmoid")(a),
        layers.Rescaling(0.5, offset=-1.0)(a),
        layers.Normalization(mean=[0.5] * 6, variance=[2.0] * 6, name="standard")(b),
        2.0 * a + 0.25,
        a[:, 1:4],
    ]
    return keras.Model([a, b], redeem(layers.Concatenate()(parts))), {}


def operators() -> Built:
    """What stands between layers."""
    x, profile = items(6), keras.Input((PROFILE,), name="profile")
    event = embedded(x) * embedded_again(x)
    columns = keras.ops.concatenate([event[:, :, 2:5], event[..., :2]], axis=-1)
    sums = [keras.ops.sum(columns, axis=1), keras.ops.max(event, axis=1)]
    h = keras.ops.tanh(keras.ops.concatenate([*sums, profile], axis=-1))
    return keras.Model([x, profile], redeem(keras.ops.maximum(h, keras.ops.sigmoid(h)))), {}


def embedded_again(x: Any) -> Any:
    return layers.Embedding(ITEMS, 8)(x)


def recurrent() -> Built:
    x = items()
    h = layers.GRU(6, return_sequences=True)(embedded(x, mask_zero=True))
    h = layers.Bidirectional(layers.GRU(5, reset_after=False, return_sequences=True))(h)
    return keras.Model(x, redeem(layers.SimpleRNN(4, "relu")(h))), SHORT


def convolution() -> Built:
    x = items(16)
    h = layers.Conv1D(6, 3, padding="causal", dilation_rate=2, activation="relu")(embedded(x))
    h = layers.MaxPooling1D(2)(h)
    h = layers.Conv1D(5, 3, strides=2, padding="same", activation="softplus")(h)
    h = layers.AveragePooling1D(2, padding="same")(h)
    return keras.Model(x, redeem(layers.GlobalMaxPooling1D()(h))), {}


MODELS: dict[str, Callable[[], Built]] = {
    build.__name__: build
    for build in (
        history,
        bidirectional,
        half,
        two_inputs,
        pairwise,
        fixed_coupons,
        padded,
        lost_mask,
        nested,
        listwise,
        raw_values,
        named_outputs,
        masked_numbers,
        elements,
        operators,
        recurrent,
        convolution,
    )
}


def build(name: str, seed: int = 1) -> Built:
    """A model with random weights and biases: scores differ widely, statistics are no ones."""
    keras.utils.set_random_seed(seed)
    model, options = MODELS[name]()
    random = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(random.normal(0, 0.5, variable.shape))
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.moving_mean.assign(random.normal(0, 0.5, layer.moving_mean.shape))
            layer.moving_variance.assign(random.uniform(0.5, 2, layer.moving_variance.shape))
    return model, options
