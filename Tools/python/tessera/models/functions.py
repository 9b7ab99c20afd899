"""The functions of single numbers in `Registry/MODEL.md`, section 4, as Keras has them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras

FUNCTIONS: dict[str, Callable] = {
    "none": keras.activations.linear,
    "relu": keras.activations.relu,
    "gelu": keras.activations.gelu,
    "tanh": keras.activations.tanh,
    "sigmoid": keras.activations.sigmoid,
    "silu": keras.activations.silu,
    "gelu_tanh": partial(keras.activations.gelu, approximate=True),
    "softplus": keras.activations.softplus,
    "hard_sigmoid": keras.activations.hard_sigmoid,
}

# Those with a slope below zero, and the name of Keras's argument for it.
SLOPED: dict[str, tuple[Callable, str]] = {
    "leaky_relu": (keras.activations.leaky_relu, "negative_slope"),
    "elu": (keras.activations.elu, "alpha"),
}


def function(word: str, slope: float | None = None) -> Callable[[Any], Any]:
    """The function of this name; `slope` for leaky_relu and elu, and only for these."""
    if (slope is None) == (word in SLOPED):
        raise ValueError(f'"slope" is for {" and ".join(SLOPED)}, which need it; not for {word}')
    if slope is None:
        return FUNCTIONS[word]
    chosen, argument = SLOPED[word]
    return partial(chosen, **{argument: slope})
