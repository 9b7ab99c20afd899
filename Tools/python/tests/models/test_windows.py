"""Windows over padded histories are Keras's own layers over each user's events alone."""

import numpy as np
import pytest

pytestmark = pytest.mark.keras

LENGTHS = (9, 0, 1, 2, 3, 4, 7, 8)
WIDTH = 3
PADDINGS = [
    (size, stride, dilation, padding)
    for size in (1, 2, 3, 4)
    for stride in (1, 2, 3)
    for dilation in (1, 2)
    for padding in ("valid", "same", "causal")
    if stride == 1 or dilation == 1  # Keras has not both
]


def padded() -> tuple[np.ndarray, np.ndarray]:
    """Histories in a rectangle whose filling is not zero."""
    random = np.random.default_rng(1)
    x = random.normal(size=(len(LENGTHS), max(LENGTHS), WIDTH)).astype(np.float32)
    return x, np.arange(max(LENGTHS))[None] < np.array(LENGTHS)[:, None]


def expect_rows(found, mask, layer, padding: str, span: int) -> None:
    x, _ = padded()
    for user, length in enumerate(LENGTHS):
        rows = np.asarray(found)[user][np.asarray(mask)[user]]
        if length == 0 or (padding == "valid" and length < span):
            assert len(rows) == 0
            continue
        expected = np.asarray(layer(x[user : user + 1, :length]))[0]
        assert rows.shape == expected.shape, (user, length)
        np.testing.assert_allclose(rows, expected, atol=1e-5)


@pytest.mark.parametrize(("size", "stride", "dilation", "padding"), PADDINGS)
def test_a_convolution_is_that_of_keras(size, stride, dilation, padding):
    import keras

    from tessera.models.layers import WindowConvolution, Windows

    x, mask = padded()
    windows, _, mask = Windows(size, stride, dilation, padding)(x, mask)
    own = WindowConvolution(5, size, activation="tanh", use_bias=True, name="own")
    found = own(windows)
    plain = keras.layers.Conv1D(5, size, stride, padding, dilation_rate=dilation, activation="tanh")
    plain.build((None, None, WIDTH))
    plain.set_weights(own.convolution.get_weights())
    expect_rows(found, mask, plain, padding, (size - 1) * dilation + 1)


@pytest.mark.parametrize("mode", ["max", "mean"])
@pytest.mark.parametrize(
    ("size", "stride", "padding"),
    [(k, s, p) for k, s, d, p in PADDINGS if d == 1 and p != "causal"],
)
def test_pooling_is_that_of_keras(mode, size, stride, padding):
    import keras

    from tessera.models.layers import WindowPool, Windows

    x, mask = padded()
    windows, there, mask = Windows(size, stride, 1, padding)(x, mask)
    kind = keras.layers.MaxPooling1D if mode == "max" else keras.layers.AveragePooling1D
    expect_rows(WindowPool(mode)(windows, there), mask, kind(size, stride, padding), padding, size)
