"""What of a Keras model has no place on the server is said all at once, with what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tessera
from tessera.models.errors import UnsupportedModelError
from tessera.models.export import ModelFolderError

pytestmark = pytest.mark.keras


def refused(build: Callable[[Any], Any], folder: Path, **options: Any) -> UnsupportedModelError:
    """The error of exporting what `build` makes with `keras`."""
    import keras

    with pytest.raises(UnsupportedModelError) as caught:
        tessera.export(build(keras), folder / "model", **options)
    assert not (folder / "model").exists()
    return caught.value


def test_all_faults_of_a_model_are_told_at_once(tmp_path: Path) -> None:
    def build(keras: Any) -> Any:
        x = keras.Input((None,), dtype="int32", name="items")
        word = keras.Input((1,), dtype="string", name="word")
        h = keras.layers.Embedding(30, 8)(x)
        h = keras.layers.MultiHeadAttention(2, 4, name="attention")(h, h)
        h = keras.layers.LSTM(4, activation="relu", name="memory")(h)
        h = keras.layers.PReLU(name="bent")(h)
        hashed = keras.layers.Hashing(10, name="hashed")(word)
        place = keras.layers.Flatten()(keras.layers.Embedding(10, 3)(hashed))
        wide = keras.layers.Dense(3, activation=lambda y: y * y, name="square")(h)
        return keras.Model([x, word], keras.layers.Concatenate()([h, place, wide]))

    error = refused(build, tmp_path)
    faults = {fault.layer: fault for fault in error.faults}
    assert {"attention", "memory", "bent", "hashed", "square"} <= set(faults)
    assert "KerasGraph" in faults["attention"].instead
    assert "activation='tanh'" in faults["memory"].why
    assert "FNV-1a" in faults["hashed"].why
    text = str(error)
    assert text.startswith(f"the model has {len(faults)} parts that cannot be served:\n")
    assert 'MultiHeadAttention "attention": ' in text and "; build the model with" in text


def sequence(*parts: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A Sequential of ten items, embedded 8 wide, and `parts`."""

    def build(keras: Any) -> Any:
        start = [keras.Input((10,), dtype="int32"), keras.layers.Embedding(30, 8)]
        return keras.Sequential([*start, *(part(keras.layers) for part in parts)])

    return build


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([lambda k: k.Flatten(), lambda k: k.Dense(1)], "mixes rows"),
        ([lambda k: k.LSTM(4, go_backwards=True)], "Bidirectional"),
        ([lambda k: k.LSTM(4, stateful=False, recurrent_activation="tanh")], "'sigmoid' only"),
        ([lambda k: k.Bidirectional(k.LSTM(4), merge_mode="sum")], "use 'concat'"),
        ([lambda k: k.LSTM(4, return_sequences=True)], "has a row for each event row"),
        ([lambda k: k.LSTM(4), lambda k: k.Dense(2, "relu6")], "no activation relu6"),
        ([lambda k: k.LSTM(4), lambda k: k.ReLU(max_value=6)], "use a plain ReLU"),
        ([lambda k: k.Conv1D(4, 2, groups=2), lambda k: k.LSTM(2)], "groups=2"),
        ([lambda k: k.BatchNormalization(axis=1), lambda k: k.LSTM(2)], "axis=1"),
    ],
)
def test_a_layer_that_is_not_served_says_why(parts: list, words: str, tmp_path: Path) -> None:
    assert words in str(refused(sequence(*parts), tmp_path))


def test_events_and_coupons_do_not_meet(tmp_path: Path) -> None:
    def build(keras: Any) -> Any:
        x, coupon = keras.Input((10,), dtype="int32"), keras.Input((4,), name="coupon")
        event = keras.layers.Embedding(30, 8)(x)
        both = keras.layers.Concatenate()([event, keras.layers.RepeatVector(10)(coupon)])
        return keras.Model([x, coupon], keras.layers.LSTM(3)(both))

    error = refused(build, tmp_path, inputs={"coupon": "coupon"})
    assert "events and coupons meet in it" in str(error)


def test_padding_that_only_some_layers_read_is_refused(tmp_path: Path) -> None:
    """Keras's maximum takes the padded rows, its LSTM leaves them out."""

    def build(keras: Any) -> Any:
        x = keras.Input((10,), dtype="int32")
        event = keras.layers.Embedding(30, 8, mask_zero=True)(x)
        parts = [keras.layers.LSTM(3)(event), keras.layers.GlobalMaxPooling1D(name="most")(event)]
        return keras.Model(x, keras.layers.Concatenate()(parts))

    (fault,) = refused(build, tmp_path).faults
    assert fault.layer == "most" and "reads padding" in fault.why


def test_one_input_cannot_be_ids_and_numbers(tmp_path: Path) -> None:
    def build(keras: Any) -> Any:
        x = keras.Input((1,), name="age")
        own = keras.layers.Flatten()(keras.layers.Embedding(90, 3)(x))
        return keras.Model(x, keras.layers.Concatenate()([own, keras.layers.Dense(2)(x)]))

    assert 'the input "age" is read by another layer' in str(refused(build, tmp_path))


def test_a_state_that_is_given_is_refused(tmp_path: Path) -> None:
    def build(keras: Any) -> Any:
        x, u = keras.Input((10, 3)), keras.Input((4,))
        return keras.Model([x, u], keras.layers.LSTM(4)(x, initial_state=[u, u]))

    assert "initial_state" in str(refused(build, tmp_path))


def test_a_layer_that_computes_in_half_precision_is_refused(tmp_path: Path) -> None:
    half = sequence(lambda k: k.LSTM(3), lambda k: k.Dense(1, dtype="mixed_float16"))
    assert "it computes in float16" in str(refused(half, tmp_path))


def test_an_input_that_nothing_reads_is_refused(tmp_path: Path) -> None:
    def build(keras: Any) -> Any:
        x, idle = keras.Input((3,)), keras.Input((2,), name="idle")
        return keras.Model([x, idle], keras.layers.Dense(1)(x))

    (fault,) = refused(build, tmp_path).faults
    assert (fault.layer, fault.why) == ("idle", "no layer reads it")


def test_a_subclass_of_model_is_refused(tmp_path: Path) -> None:
    def build(keras: Any) -> Any:
        class Own(keras.Model):
            def call(self, x):
                return x

        return Own()

    assert "computes in Python" in str(refused(build, tmp_path))


def small() -> Any:
    import keras

    x = keras.Input((10,), dtype="int32", name="items")
    h = keras.layers.LSTM(3)(keras.layers.Embedding(30, 8)(x))
    return keras.Model(x, keras.layers.Dense(1, "sigmoid")(h))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"inputs": {"item": "event"}}, 'no input "item"; it has items'),
        ({"inputs": {"items": "coupons"}}, "'coupons' is no axis"),
        ({"outputs": ["a", "b"]}, "2 names of outputs, the model has 1"),
        ({"outputs": ["items"]}, "stands twice"),
        ({"outputs": ["redeem.v2"]}, 'the name "redeem.v2" must be made of'),
        ({"limits": {"events": 12}}, "12 events, but the model's Input has 10"),
        ({"limits": {"rows": 12}}, '"rows" is none'),
        ({"name": "my model"}, 'the name "my model"'),
    ],
)
def test_wrong_arguments_say_what_would_be_right(options: dict, words: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError) as caught:
        tessera.export(small(), tmp_path / "model", **options)
    assert words in str(caught.value)
    assert not (tmp_path / "model").exists()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"is not a keras\.Model"):
        tessera.export("model.pt", tmp_path)


def test_the_command_says_every_fault_on_its_own_line(tmp_path: Path, capsys) -> None:
    import keras

    from tessera.__main__ import main

    flat = sequence(lambda k: k.Flatten(name="flat"), lambda k: k.PReLU(name="bent"))(keras)
    flat.save(tmp_path / "flat.keras")
    words = ["export", str(tmp_path / "flat.keras"), "--out", str(tmp_path / "out")]
    assert main(words) == 1
    assert [line[:4] for line in capsys.readouterr().err.splitlines()] == ["tess", "- Fl", "- PR"]
    assert main([*words, "--input", "items"]) == 2
    assert "not NAME=AXIS" in capsys.readouterr().err
    (tmp_path / "broken.keras").write_text("no model")
    assert main(["export", str(tmp_path / "broken.keras"), "--out", str(tmp_path / "out")]) == 1
    assert "Keras does not read" in capsys.readouterr().err
