"""Keras models are exported with one call and served with exactly the scores of Keras."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import needs_programs, serve

import tessera
from tessera.client import Client
from tessera.client.frame import next_frame
from tessera.client.score import Score
from tessera.models.operations import operations
from tessera.models.recorded import signature

pytestmark = pytest.mark.keras
NAMES = (
    "history",
    "bidirectional",
    "half",
    "two_inputs",
    "pairwise",
    "fixed_coupons",
    "padded",
    "lost_mask",
    "nested",
    "listwise",
    "raw_values",
    "named_outputs",
    "masked_numbers",
    "elements",
    "operators",
    "recurrent",
    "convolution",
)
SERVED = {part.word for part in operations()}
GOLDEN = 24
FRAME_HEADER_BYTES = 20
DIFFERENCE_MAX = 1e-4


def requires(*words: str) -> None:
    """Skips a test for operations that Registry/MODEL.md does not list yet."""
    missing = sorted(set(words) - SERVED)
    if missing:
        pytest.skip(f"the graph has no {', '.join(missing)} yet")


def words_of(description: dict[str, Any]) -> set[str]:
    return {node["op"] for node in description["nodes"]}


@dataclass
class Folder:
    path: Path
    model: Any
    exported: Any

    @property
    def description(self) -> dict[str, Any]:
        return json.loads((self.path / "model.json").read_text(encoding="utf-8"))

    def tensors(self, file: str = "weights") -> dict[str, np.ndarray]:
        from safetensors.numpy import load_file

        return load_file(self.path / f"{file}.safetensors")

    def node(self, name: str) -> dict[str, Any]:
        return next(node for node in self.description["nodes"] if node["name"] == name)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Folder]:
    """Every model of `keras_models`, exported."""
    from keras_models import MODELS, build

    assert tuple(MODELS) == NAMES
    root, found = tmp_path_factory.mktemp("folders"), {}
    for name in MODELS:
        model, options = build(name)
        exported = tessera.export(model, root / name, golden=GOLDEN, name=name, **options)
        found[name] = Folder(root / name, model, exported)
    return found


@pytest.fixture(scope="module")
def client(
    folders: dict[str, Folder], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """A client of a server of all models whose operations there are."""
    imports = [
        [str(folder.path), "--name", name, "--precision", "float32"]
        for name, folder in folders.items()
        if words_of(folder.description) <= SERVED
    ]
    with (
        serve(tmp_path_factory.mktemp("registry"), imports) as port,
        Client("127.0.0.1", port) as client,
    ):
        yield client


def golden_frames(folder: Folder) -> list[Score]:
    data, shape = (folder.path / "golden.frames").read_bytes(), signature(folder.description)
    found = []
    while data:
        frame = next_frame(data)
        assert frame is not None and frame.request_id == len(found)
        found.append(Score.decode(frame.body, shape))
        data = data[FRAME_HEADER_BYTES + len(frame.body) :]
    return found


@needs_programs
@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_served_with_the_scores_of_keras(
    name: str, folders: dict[str, Folder], request: pytest.FixtureRequest, record_property: Any
) -> None:
    folder = folders[name]
    requires(*words_of(folder.description))
    client = request.getfixturevalue("client")
    model = client.bind(name)
    columns = [spec["name"] for spec in folder.description["inputs"]]
    parts: dict[str, list[np.ndarray]] = {}
    for score in golden_frames(folder):
        reply = client.score(
            model,
            dict(zip(columns, score.columns, strict=True)),
            events=[user.events for user in score.users],
            coupons=[user.coupons for user in score.users],
        )
        for output, values in reply.outputs.items():
            parts.setdefault(output, []).append(values.reshape(len(values), -1))
    expected = folder.tensors("golden")
    assert sorted(parts) == sorted(expected)
    for output, values in expected.items():
        difference = float(np.abs(np.concatenate(parts[output]) - values).max())
        record_property(f"difference of {output}", difference)
        assert values.std() > 0.01
        assert difference <= DIFFERENCE_MAX, output


@pytest.mark.parametrize("name", NAMES)
def test_golden_scores_have_a_row_for_each_row_that_is_answered(
    name: str, folders: dict[str, Folder]
) -> None:
    folder = folders[name]
    users = [user for score in golden_frames(folder) for user in score.users]
    assert len(users) == GOLDEN
    rows = sum(user.coupons for user in users) or len(users)
    assert {len(values) for values in folder.tensors("golden").values()} == {rows}
    assert all(values.dtype == np.float32 for values in folder.tensors("golden").values())


def test_the_golden_users_have_histories_of_every_length_that_keras_can_run(
    folders: dict[str, Folder],
) -> None:
    def lengths(name: str) -> set[int]:
        return {user.events for score in golden_frames(folders[name]) for user in score.users}

    assert lengths("history") == {20}
    assert {1, 16} <= lengths("bidirectional") and 0 not in lengths("bidirectional")
    assert {0, 1, 12} <= lengths("pairwise")
    # Keras's mean over no rows is no number.
    assert {1, 15} <= lengths("padded") and 0 not in lengths("padded")


def test_inputs_get_their_axis_and_kind_from_shape_and_reader(folders: dict[str, Folder]) -> None:
    assert folders["nested"].description["inputs"] == [
        {"name": "items", "axis": "event", "kind": "id", "values": "integer", "rows": 40},
        {"name": "favourite", "axis": "user", "kind": "id", "values": "integer", "rows": 40},
    ]
    assert folders["pairwise"].description["inputs"] == [
        {"name": "coupon", "axis": "coupon", "kind": "vector", "width": 6},
        {"name": "items", "axis": "event", "kind": "id", "values": "integer", "rows": 40},
        {"name": "price", "axis": "coupon", "kind": "number"},
    ]
    words, shop, age = folders["raw_values"].description["inputs"]
    assert words["vocabulary"] == ["", "tea", "milk", "bread"] and words["values"] == "string"
    assert shop["vocabulary"] == [12, 7, 99] and shop["values"] == "integer"
    assert age["mean"] == 41.5 and age["deviation"] == pytest.approx(90**0.5)


def test_limits_are_the_lengths_of_the_inputs(folders: dict[str, Folder]) -> None:
    limits = {name: folder.description["limits"] for name, folder in folders.items()}
    assert limits["history"] == {"events": 20, "coupons": 0}
    assert limits["raw_values"] == {"events": 64, "coupons": 0}
    assert limits["pairwise"] == {"events": 12, "coupons": 256}
    assert limits["listwise"] == {"events": 16, "coupons": 10}
    assert limits["elements"] == {"events": 1, "coupons": 0}


def test_the_model_itself_keeps_its_weights_where_half_of_their_bits_are_stored(
    folders: dict[str, Folder],
) -> None:
    folder = folders["half"]
    stored = folder.tensors()["redeem.weight"]
    kernel = folder.model.get_layer("redeem").kernel.numpy()
    assert stored.dtype == np.float16
    assert not np.array_equal(stored.T, kernel)
    np.testing.assert_array_equal(stored.T, kernel.astype(np.float16))


def test_a_table_that_two_layers_read_is_stored_once(folders: dict[str, Folder]) -> None:
    tensors = folders["nested"].tensors()
    assert sum(value.shape == (40, 8) for value in tensors.values()) == 1
    np.testing.assert_array_equal(tensors["shared.weight"], tensors["shared_2.weight"])


def test_what_was_written_is_told(folders: dict[str, Folder]) -> None:
    text = str(folders["history"].exported)
    assert "input items: event, id 0…39" in text and "3 nodes, outputs redeem" in text
    assert f"{GOLDEN} golden users" in text and "[64, 16]" in text
    assert "send 20 events for every user" in text
    assert 'events where "items" is 0 and' in str(folders["padded"].exported)
    assert "padding counts as data" in str(folders["lost_mask"].exported)


def test_no_golden_requests_of_the_model_before_stay_in_the_folder(tmp_path: Path) -> None:
    from keras_models import build

    model, _ = build("elements")
    for golden, files in ((2, 5), (0, 3)):
        tessera.export(model, tmp_path, golden=golden)
        assert len(list(tmp_path.iterdir())) == files


# Keras does not read masks back from .h5.
@pytest.mark.parametrize(("name", "suffix"), [("padded", ".keras"), ("two_inputs", ".h5")])
def test_a_saved_file_gives_the_folder_of_its_model(
    name: str, suffix: str, folders: dict[str, Folder], tmp_path: Path
) -> None:
    folder, options = folders[name], {"golden": 8, "name": name}
    folder.model.save(tmp_path / f"saved{suffix}")
    tessera.export(tmp_path / f"saved{suffix}", tmp_path / "again", **options)
    tessera.export(folder.model, tmp_path / "first", **options)
    for file in ("model.json", "weights.safetensors", "warmup.frames", "golden.frames"):
        again, first = ((tmp_path / part / file).read_bytes() for part in ("again", "first"))
        assert again == first, file
    again, first = (Folder(tmp_path / part, None, None) for part in ("again", "first"))
    np.testing.assert_allclose(
        again.tensors("golden")["redeem"], first.tensors("golden")["redeem"], atol=1e-6
    )


def test_the_command_writes_the_folder(folders: dict[str, Folder], tmp_path: Path, capsys) -> None:
    from tessera.__main__ import main

    folders["pairwise"].model.save(tmp_path / "pairwise.keras")
    words = ["export", str(tmp_path / "pairwise.keras"), "--out", str(tmp_path / "out")]
    words += ["--input", "coupon=coupon", "--input", "price=coupon", "--coupons", "30"]
    assert main([*words, "--events", "9", "--golden", "5"]) == 0
    assert "input coupon: coupon, vector of 6" in capsys.readouterr().out
    whole = json.loads((tmp_path / "out" / "model.json").read_text(encoding="utf-8"))
    assert whole["limits"] == {"events": 9, "coupons": 30}


def test_importing_tessera_loads_neither_keras_nor_numpys_friends() -> None:
    code = "import tessera, sys; tessera.export; print([x for x in sys.modules if 'keras' in x])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_cell_of_a_gru_has_the_gates_of_keras(folders: dict[str, Folder]) -> None:
    """z r h, the recurrent bias beside the other one: computed by hand from the tensors."""
    folder = folders["recurrent"]
    node, tensors = folder.node("gru"), folder.tensors()
    assert node == {
        "name": "gru",
        "op": "gru",
        "inputs": ["item"],
        "units": 6,
        "reset_after": True,
        "bidirectional": False,
        "returns": "sequence",
    }
    x = np.random.default_rng(3).normal(size=(4, 8)).astype(np.float32)
    t = {part: tensors[f"gru.0.forward.{part}"] for part in (*CELL, "recurrent_bias")}
    h = np.zeros(6)
    for row in x:
        z, r, new = np.split(t["input_weight"] @ row + t["bias"], 3)
        z_h, r_h, new_h = np.split(t["recurrent_weight"] @ h + t["recurrent_bias"], 3)
        z, r = sigmoid(z + z_h), sigmoid(r + r_h)
        h = z * h + (1 - z) * np.tanh(new + r * new_h)
    layer = folder.model.get_layer("gru")
    np.testing.assert_allclose(np.asarray(layer(x[None]))[0, -1], h, atol=1e-5)


def test_gru_without_reset_after_and_simple_rnn_have_one_bias(folders: dict[str, Folder]) -> None:
    folder = folders["recurrent"]
    names = {name.split(".", 1)[1] for name in folder.tensors() if name.startswith("bidirectional")}
    assert names == {f"0.{way}.{part}" for way in ("forward", "backward") for part in CELL}
    rnn = folder.node("simple_rnn")
    assert (rnn["op"], rnn["activation"], rnn["returns"]) == ("rnn", "relu", "state")
    assert folder.tensors()["simple_rnn.0.forward.recurrent_weight"].shape == (4, 4)


def test_a_convolution_has_its_kernel_in_the_order_of_the_format(
    folders: dict[str, Folder],
) -> None:
    folder = folders["convolution"]
    first, pool, second, after, mean, last = folder.description["nodes"][1:7]
    options = {"filters": 6, "kernel": 3, "stride": 1, "dilation": 2, "padding": "causal"}
    assert options.items() <= first.items() and first["activation"] == "relu"
    assert (pool["op"], pool["mode"], pool["size"], pool["stride"]) == ("pool1d", "max", 2, 2)
    assert (second["activation"], after["op"], after["function"]) == (
        "none",
        "activation",
        "softplus",
    )
    assert (mean["mode"], mean["padding"]) == ("mean", "same")
    assert (last["op"], last["mode"]) == ("pool", "max")
    x = np.random.default_rng(4).normal(size=(16, 8)).astype(np.float32)
    weight, bias = (folder.tensors()[f"{first['name']}.{part}"] for part in ("weight", "bias"))
    rows = np.concatenate([np.zeros((4, 8), np.float32), x])
    # Column k · w + i is number i of the row that stands k · dilation after the first.
    windows = np.stack([rows[t : t + 5 : 2].reshape(-1) for t in range(16)])
    by_hand = np.maximum(windows @ weight.T + bias, 0)
    layer = folder.model.get_layer(first["name"])
    np.testing.assert_allclose(np.asarray(layer(x[None]))[0], by_hand, atol=1e-4)


def test_operations_on_rows_have_the_words_of_the_format(folders: dict[str, Folder]) -> None:
    folder = folders["elements"]
    ops = [node["op"] for node in folder.description["nodes"]]
    assert {"subtract", "max", "min", "batch_norm", "l2_norm", "dot", "softmax"} <= set(ops)
    functions = {
        (node["function"], node.get("slope"))
        for node in folder.description["nodes"]
        if node["op"] == "activation"
    }
    assert functions == {("leaky_relu", 0.1), ("leaky_relu", 0.2), ("elu", 0.7), ("silu", None)}
    tensors = folder.tensors()
    gains = {name: values for name, values in tensors.items() if name.endswith("gain")}
    np.testing.assert_allclose(gains["rescaling.gain"], [0.5] * 6)
    np.testing.assert_allclose(tensors["rescaling.bias"], [-1.0] * 6)
    np.testing.assert_allclose(gains["standard.gain"], [2**-0.5] * 6, rtol=1e-6)
    np.testing.assert_allclose(gains["average.gain"], [0.5] * 6)
    norm = folder.model.get_layer("batch_normalization")
    np.testing.assert_array_equal(tensors["batch_normalization.mean"], norm.moving_mean.numpy())


CELL = ("input_weight", "recurrent_weight", "bias")


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
