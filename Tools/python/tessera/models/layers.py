"""Keras layers that the graph's operations need beside Keras's own: masked, ragged-faithful.

Shapes: B users, L rows of an axis (user: 1, event: T padded, coupon: N padded), w width.
`mask` [B, T] is true for the events that exist; padded events lie after the newest one.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops


class BagReduce(keras.layers.Layer):
    """[B, L, M, w] members and their ids [B, L, M] (-1 = padding) → mean or sum [B, L, w]."""

    def __init__(self, reduce: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.reduce = reduce

    def call(self, members, ids):
        present = ops.cast(ids >= 0, "float32")[..., None]
        total = ops.sum(members * present, axis=2)
        if self.reduce == "sum":
            return total
        return total / ops.maximum(ops.sum(present, axis=2), 1.0)


class Broadcast(keras.layers.Layer):
    """Repeats a user-axis tensor [B, 1, w] for the rows of `like` [B, L, …] → [B, L, w]."""

    def call(self, x, like):
        return ops.repeat(x, ops.shape(like)[1], axis=1)


class Pool(keras.layers.Layer):
    """Events [B, T, w] → user [B, 1, w] by `mode`; a user without events gets zeros."""

    def __init__(self, mode: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.mode = mode

    def call(self, x, mask):
        present = ops.cast(mask, "float32")[..., None]
        count = ops.sum(present, axis=1, keepdims=True)
        some = ops.cast(count > 0, "float32")
        if self.mode == "mean":
            return ops.sum(x * present, axis=1, keepdims=True) / ops.maximum(count, 1.0)
        if self.mode == "sum":
            return ops.sum(x * present, axis=1, keepdims=True)
        if self.mode == "max":
            return some * ops.max(ops.where(present > 0, x, -1e30), axis=1, keepdims=True)
        if self.mode == "first":
            return some * x[:, :1]
        rows = ops.arange(ops.shape(x)[1])[None, :, None]
        newest = ops.cast(ops.cast(rows, "float32") == count - 1, "float32")
        return ops.sum(x * newest, axis=1, keepdims=True)


class Scale(keras.layers.Layer):
    """x · gain + bias of each column; the identity until it is trained."""

    def build(self, x_shape) -> None:
        self.gain = self.add_weight((x_shape[-1],), initializer="ones", name="gain")
        self.bias = self.add_weight((x_shape[-1],), initializer="zeros", name="bias")

    def call(self, x):
        return x * self.gain + self.bias


class Windows(keras.layers.Layer):
    """Windows over each user's own events: [B, T, w] → [B, windows, size, w], zeros for events that
    are not there; beside them which of their rows are there [B, windows, size] and which windows
    there are [B, windows].

    Keras's own padding would count the events that only fill the rectangle.
    """

    def __init__(self, size: int, stride: int, dilation: int, padding: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.size, self.stride, self.dilation, self.padding = size, stride, dilation, padding

    def call(self, x, mask):
        span = (self.size - 1) * self.dilation + 1
        rows = ops.sum(ops.cast(mask, "int32"), axis=1)[:, None]
        begun = (rows + self.stride - 1) // self.stride
        count, left = begun, ops.zeros_like(rows)
        if self.padding == "valid":
            count = ops.maximum(rows - span + self.stride, 0) // self.stride
        elif self.padding == "causal":
            left = left + span - 1
        else:
            left = ops.maximum((begun - 1) * self.stride + span - rows, 0) // 2
        # As many as the longest history can have.
        windows = ops.arange((ops.shape(x)[1] + self.stride - 1) // self.stride)
        steps = ops.arange(self.size) * self.dilation
        row = windows[None, :, None] * self.stride + steps[None, None] - left[..., None]
        there = ops.logical_and(row >= 0, row < rows[..., None])
        index = ops.reshape(ops.where(there, row, 0), (ops.shape(x)[0], -1, 1))
        found = ops.reshape(ops.take_along_axis(x, index, axis=1), (*ops.shape(there), x.shape[-1]))
        found = ops.where(there[..., None], found, 0.0)
        return found, there, windows[None] < count


class WindowConvolution(keras.layers.Layer):
    """Keras's Conv1D on windows: [B, windows, size, w] → [B, windows, filters]."""

    def __init__(self, filters: int, size: int, **options) -> None:
        super().__init__(name=options.pop("name"))
        self.convolution = keras.layers.Conv1D(filters, size, strides=size, **options)

    def call(self, windows):
        batch, count, size, width = ops.shape(windows)
        return self.convolution(ops.reshape(windows, (batch, count * size, width)))


class WindowPool(keras.layers.Layer):
    """The largest or the mean over the rows of a window that are there: [B, windows, w]."""

    def __init__(self, mode: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.mode = mode

    def call(self, windows, there):
        there = there[..., None]
        if self.mode == "max":
            # A window of the rectangle's filling has no row, and zeros are as good as any.
            largest = ops.max(ops.where(there, windows, -1e30), axis=2)
            return ops.where(ops.any(there, axis=2), largest, 0.0)
        count = ops.sum(ops.cast(there, "float32"), axis=2)
        return ops.sum(windows, axis=2) / ops.maximum(count, 1.0)


class StackedRecurrent(keras.layers.Layer):
    """Keras's recurrent layers on top of each other, each in one or both directions.

    `node` is that of an lstm, gru or rnn; `kind` is the Keras layer, which gets `options` beside
    what all have in common.
    """

    def __init__(self, kind: type, node: dict, dropout: float = 0.0, options=None, **kw) -> None:
        super().__init__(**kw)
        self.units, self.returns = node["units"], node["returns"]
        both = node.get("bidirectional", False)
        directions = ("forward", "backward") if both else ("forward",)
        self.cells = [
            {
                direction: kind(
                    self.units,
                    return_sequences=True,
                    return_state=True,
                    go_backwards=direction == "backward",
                    dropout=dropout,
                    name=f"{k}_{direction}",
                    **options or {},
                )
                for direction in directions
            }
            for k in range(node.get("layers", 1))
        ]
        # Keras finds layers in lists, not in lists of dicts.
        self.parts = [cell for layer in self.cells for cell in layer.values()]

    def build(self, x_shape, mask_shape=None) -> None:
        for layer in self.cells:
            for cell in layer.values():
                cell.build(x_shape)
            x_shape = (*x_shape[:-1], self.units * len(layer))

    def call(self, x, mask, training=False):
        state = None
        for layer in self.cells:
            sequences, states = [], []
            for direction, cell in layer.items():
                sequence, hidden, *_ = cell(x, mask=mask, training=training)
                if direction == "backward":
                    sequence = ops.flip(sequence, axis=1)
                sequences.append(sequence)
                states.append(hidden)
            x = ops.concatenate(sequences, axis=-1)
            state = ops.concatenate(states, axis=-1)
        if self.returns == "sequence":
            return x
        return state[:, None, :]


class Transformer(keras.layers.Layer):
    """Encoder blocks from Keras's MultiHeadAttention, Dense and LayerNormalization."""

    def __init__(self, spec: dict, width: int, positions_rows: int, dropout: float = 0.0, **kw):
        super().__init__(**kw)
        self.spec, self.width, self.positions_rows = spec, width, positions_rows
        epsilon = spec["epsilon"]
        self.blocks = [
            {
                "attention": keras.layers.MultiHeadAttention(
                    spec["heads"], width // spec["heads"], dropout=dropout, name=f"{k}_attention"
                ),
                "norm1": keras.layers.LayerNormalization(epsilon=epsilon, name=f"{k}_norm1"),
                "ff1": keras.layers.Dense(
                    spec["feed_forward"], activation=spec["activation"], name=f"{k}_ff1"
                ),
                "ff2": keras.layers.Dense(width, name=f"{k}_ff2"),
                "norm2": keras.layers.LayerNormalization(epsilon=epsilon, name=f"{k}_norm2"),
            }
            for k in range(spec["layers"])
        ]
        self.parts = [part for block in self.blocks for part in block.values()]
        self.drop = keras.layers.Dropout(dropout)

    def build(self, x_shape, mask_shape=None) -> None:
        for block in self.blocks:
            block["attention"].build(x_shape, x_shape)
            for part in ("norm1", "ff1", "norm2"):
                block[part].build(x_shape)
            block["ff2"].build((*x_shape[:-1], self.spec["feed_forward"]))
        if self.spec["positions"] == "learned":
            self.positions = self.add_weight(
                (self.positions_rows, self.width), initializer="random_normal", name="positions"
            )

    def position_rows(self, count):
        """The positions of the first `count` events, [count, w]."""
        if self.spec["positions"] == "learned":
            return self.positions[:count]
        return ops.convert_to_tensor(sinusoids(self.positions_rows, self.width))[:count]

    def call(self, x, mask, training=False):
        events = ops.shape(x)[1]
        if self.spec["positions"] != "none":
            x = x + self.position_rows(events)[None]
        allowed = ops.repeat(mask[:, None, :], events, axis=1)
        if self.spec["causal"]:
            row = ops.arange(events)
            allowed = ops.logical_and(allowed, (row[None, :, None] >= row[None, None, :]))
        for block in self.blocks:
            x = self.step(
                x,
                block["norm1"],
                lambda y, b=block: b["attention"](y, y, attention_mask=allowed, training=training),
                training,
            )
            x = self.step(x, block["norm2"], lambda y, b=block: b["ff2"](b["ff1"](y)), training)
        return x

    def step(self, x, norm, branch, training):
        """One residual branch: the norm stands before it (pre) or after the sum (post)."""
        if self.spec["norm"] == "pre":
            return x + self.drop(branch(norm(x)), training=training)
        return norm(x + self.drop(branch(x), training=training))


def sinusoids(rows: int, width: int) -> np.ndarray:
    """pe[p, 2i] = sin(p / 10000^(2i/w)), pe[p, 2i+1] = cos(the same); float32 [rows, width]."""
    angle = np.arange(rows)[:, None] / 10000.0 ** (np.arange(0, width, 2)[None] / width)
    table = np.zeros((rows, width))
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle)[:, : width // 2]
    return table.astype(np.float32)
