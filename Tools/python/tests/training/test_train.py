"""`tessera train` from end to end, on a tiny invented data set."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from invented_data import CUT, rewrite_table, write_data
from served import PROGRAMS

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


def train(data: Path, out: Path, cut: str = CUT) -> int:
    words = ["train", "--data", str(data), "--cut", cut, "--arch", "lstm", "--out", str(out)]
    return main([*words, "--epochs", "1"])


def strict(text: str) -> dict[str, Any]:
    """JSON as the registry reads it."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def imported(out: Path, registry: Path) -> None:
    """Where the programs are built, the folder must be one that they take."""
    if PROGRAMS:
        command = [f"{PROGRAMS}/tessera-registry", "--registry", str(registry), "import", str(out)]
        subprocess.run(command, check=True, timeout=60)


def test_training_on_everything_works_and_says_that_nothing_was_held_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "model"
    # Nobody is known either: a vocabulary has an entry all the same.
    people = {"household_id": "1", "age": "", "income": "", "household_size": ""}
    rewrite_table(data, "demographics", lambda rows: [people])
    assert train(data, out, cut="2030-01-01") == 0
    printed = capsys.readouterr()
    metrics = strict(printed.out)
    assert metrics == strict((out / "metrics.json").read_text(encoding="utf-8"))
    reason = "no campaign starts on or after 2030-01-01: no figures of campaigns not trained on"
    assert metrics["after_cut"] == {"pairs": 0, "reason": reason}
    assert "baselines" not in metrics and reason in printed.err
    imported(out, tmp_path / "registry")


def test_where_nothing_is_redeemed_after_the_cut_its_figures_are_null_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "model"
    rewrite_table(
        data,
        "coupon_redemptions",
        lambda rows: [row for row in rows if row["redemption_date"] < CUT],
    )
    assert train(data, out) == 0
    metrics = strict(capsys.readouterr().out)
    assert metrics == strict((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["after_cut"]["positives"] == 0 and metrics["after_cut"]["auc"] is None
    for figures in (metrics["after_cut"], *metrics["baselines"].values()):
        assert "only one kind" in figures["reason"]
    imported(out, tmp_path / "registry")


def keep(column: str, values: set[str]) -> Callable[[list[dict]], list[dict]]:
    return lambda rows: [row for row in rows if row[column] in values]


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        (
            "coupon_redemptions",
            lambda rows: [row for row in rows if row["redemption_date"] >= CUT],
            "before the cut 2017-04-15 no coupon was redeemed",
        ),
        (
            "transactions_sample",
            lambda rows: [row for row in rows if row["transaction_timestamp"] >= CUT],
            "no household has 3 events and a purchase within 4 weeks after them",
        ),
        ("campaigns", keep("household_id", {"1"}), "went to 1 household; training needs 2"),
    ],
)
def test_what_cannot_be_learned_from_is_told_in_one_line(
    table: str, change: Any, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "model"
    if table == "campaigns":
        everyone = [f"9{number}" for number in range(8)]
        redeemed = {"household_id": "1", "campaign_id": "1", "redemption_date": "2017-02-05"}
        rows = [redeemed | {"coupon_upc": name} for name in everyone]
        rewrite_table(data, "coupon_redemptions", lambda _: rows)
    rewrite_table(data, table, change)
    assert train(data, out) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and words in lines[0]
    assert not out.exists()


@pytest.mark.parametrize("households", [2, 5])
def test_a_handful_of_households_is_enough_to_train(households: int, tmp_path: Path) -> None:
    """With so few, the draw holds out all or none of them at times."""
    from tessera.training.fitting import choose_held_out

    for seed in range(50):
        held_out = choose_held_out(np.arange(households), seed)
        assert 0 < len(held_out) < households


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
