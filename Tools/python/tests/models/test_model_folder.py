"""A model folder is written as the registry imports it, and read as the registry reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import REPOSITORY

from tessera.json_files import JSONFileError, json_text
from tessera.models import limits
from tessera.models.export import ModelFolderError, check_size, write_metrics, write_model

FAULTS = Path(__file__).parent / "faults"


def description(**options: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "name": "tiny",
        "limits": {"events": 1, "coupons": 4},
        "inputs": [{"name": "item", "axis": "coupon", "kind": "id", **options}],
        "nodes": [
            {"name": "vector", "op": "embedding", "inputs": ["item"], "table": "t", "width": 1},
            {"name": "score", "op": "linear", "inputs": ["vector"], "units": 1},
        ],
        "outputs": ["score"],
    }


def test_the_limits_are_those_of_the_pages() -> None:
    model = (REPOSITORY / "Registry" / "MODEL.md").read_text(encoding="utf-8")
    registry = (REPOSITORY / "Registry" / "FORMAT.md").read_text(encoding="utf-8")
    (file_mebibytes,) = re.findall(r"The file has at most (\d+) MiB", model)
    entries = re.findall(r"`(?:vocabulary|hash_buckets)`: 1…([\d,]+)", model)
    (metrics,) = re.findall(r"^\| `metricsBytesMax` \| (\d+) \|", registry, re.MULTILINE)
    assert int(file_mebibytes) << 20 == limits.DESCRIPTION_BYTES_MAX
    assert [int(text.replace(",", "")) for text in entries] == [limits.TABLE_ROWS_MAX] * 2
    assert int(metrics) == limits.METRICS_BYTES_MAX
    assert f"Names have 1…{limits.NAME_CHARACTERS_MAX} characters" in model
    assert f"each 1…{limits.EVENTS_MAX:,}; N_max" in model
    assert f"`width` (1…{limits.VECTOR_WIDTH_MAX:,})" in model


def test_the_vocabulary_that_the_page_says_fits_the_file_fits_it() -> None:
    """As it is written: with a space after each comma it would not."""
    page = " ".join((REPOSITORY / "Registry" / "MODEL.md").read_text(encoding="utf-8").split())
    assert "a vocabulary of 4,000,000 entries of 30 bytes fits" in page
    sample = json_text(["x" * 30] * 10_000)
    whole = len(sample) * limits.TABLE_ROWS_MAX // 10_000
    assert whole + (1 << 20) <= limits.DESCRIPTION_BYTES_MAX


def test_a_description_that_the_import_would_not_read_is_not_written() -> None:
    whole = description(values="string", vocabulary=["tea"] * 7)
    message = 'model.json would have 99 bytes, at most 98: input "item" has a vocabulary of 7'
    with pytest.raises(ModelFolderError, match=re.escape(message)) as caught:
        check_size("x" * 99, 98, whole)
    assert "use hash_buckets" in str(caught.value)


@pytest.mark.keras
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"values": "string", "vocabulary": []}, "0 entries in the vocabulary, not 1…4000000"),
        ({"values": "string", "vocabulary": ["x" * 256]}, "has 256 bytes, at most 255"),
        ({"values": "integer", "hash_buckets": 4_000_001}, "4000001 hash_buckets, not 1…4000000"),
    ],
)
def test_a_table_that_the_import_would_refuse_is_not_written(
    options: dict, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelFolderError) as caught:
        write_model(tmp_path / "model", description(**options), {}, "float32")
    assert 'input "item"' in str(caught.value) and words in str(caught.value)
    assert not (tmp_path / "model").exists()


@pytest.mark.keras
@pytest.mark.parametrize(
    ("value", "dtype", "words"),
    [
        (70_000.0, "float16", 'tensor "t": 70000 is no finite float16; export as float32'),
        (np.nan, "float32", 'tensor "t": there are numbers that are not finite; training has'),
    ],
)
def test_weights_that_the_import_would_refuse_are_not_written(
    value: float, dtype: str, words: str, tmp_path: Path
) -> None:
    tensors = {"t": np.array([[1.0], [value]], np.float32)}
    with pytest.raises(ModelFolderError, match=re.escape(words)):
        whole = description(values="string", vocabulary=["tea"])
        write_model(tmp_path / "model", whole, tensors, dtype)
    assert not (tmp_path / "model").exists()


def test_metrics_are_json_and_small(tmp_path: Path) -> None:
    write_metrics(tmp_path, {"auc": None})
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8")) == {"auc": None}
    with pytest.raises(ValueError):
        write_metrics(tmp_path, {"auc": float("nan")})
    with pytest.raises(ModelFolderError, match="at most 65536"):
        write_metrics(tmp_path, {"note": "x" * (1 << 16)})


@pytest.mark.keras
def test_a_key_that_stands_twice_is_refused_as_the_registry_refuses_it() -> None:
    """The server read the first of two activations, Keras the last."""
    from tessera.models.saved import load_graph

    with pytest.raises(JSONFileError, match='the key "activation" stands twice'):
        load_graph(FAULTS / "duplicate-key")


@pytest.mark.keras
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / "model.json").write_text("[]"), "is no description of a model"),
        (lambda folder: (folder / "model.json").write_text('{"nodes": 5}'), "is no description"),
        (
            lambda folder: (folder / "weights.safetensors").write_bytes(b"cut"),
            "weights.safetensors is damaged",
        ),
    ],
)
def test_a_folder_that_cannot_be_read_says_why(change: Any, words: str, tmp_path: Path) -> None:
    from tessera.models.saved import load_graph

    tensors = {"t": np.ones((2, 1)), "score.weight": np.ones((1, 1)), "score.bias": np.ones(1)}
    write_model(tmp_path, description(values="string", vocabulary=["tea"]), tensors, "float32")
    load_graph(tmp_path)
    change(tmp_path)
    with pytest.raises(ModelFolderError, match=words):
        load_graph(tmp_path)


@pytest.mark.keras
def test_weights_of_another_model_are_refused_by_name(tmp_path: Path) -> None:
    from tessera.models.saved import load_graph

    whole = description(values="string", vocabulary=["tea"])
    write_model(tmp_path, whole, {"t": np.ones((9, 1))}, "float32")
    with pytest.raises(ModelFolderError, match=r"is not that of model\.json"):
        load_graph(tmp_path)
