"""`tessera train` from end to end, on a tiny invented data set."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from invented_data import CUT, write_data

from tessera.__main__ import main

pytestmark = pytest.mark.keras


def test_training_writes_a_complete_folder_and_prints_its_metrics(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "model"
    words = ["train", "--data", str(data), "--cut", CUT, "--arch", "lstm", "--out", str(out)]
    words += ["--epochs", "1"]
    assert main(words) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics == json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["after_cut"]["pairs"] == 30 * 8
    assert set(metrics["baselines"]) == {
        "coupon_popularity",
        "household_rate",
        "product",
        "logistic_regression",
        "gradient_boosting",
    }
    assert {path.name for path in out.iterdir()} == {
        "model.json",
        "weights.safetensors",
        "warmup.frames",
        "metrics.json",
    }


def test_pretraining_reads_no_purchase_on_or_after_the_cut(tmp_path: Path) -> None:
    from dataclasses import replace
    from datetime import date

    from tessera.training.dataset import read_dataset
    from tessera.training.pretraining import next_purchases

    dataset, cut = read_dataset(write_data(tmp_path)), date(2017, 4, 1)
    past = replace(dataset, purchases=dataset.known_before(cut).purchases)
    categories = ["TEA", "BREAD", "CHEESE", "APPLES"]
    users, targets = next_purchases(dataset, cut, categories)
    blind_users, blind_targets = next_purchases(past, cut, categories)
    assert len(users) > 0
    assert repr(users) == repr(blind_users)
    np.testing.assert_array_equal(targets, blind_targets)
