"""The bundled samples: complete, small, and of one signature."""

from __future__ import annotations

import json

import pytest
from conftest import REPOSITORY

from tessera.client.frame import next_frame
from tessera.client.score import Score
from tessera.models.recorded import signature

SAMPLES = REPOSITORY / "Registry" / "samples"
NAMES = ("lstm", "transformer")


def model(name: str) -> dict:
    return json.loads((SAMPLES / name / "model.json").read_text(encoding="utf-8"))


def test_both_samples_have_one_signature_and_one_name() -> None:
    lstm, transformer = map(model, NAMES)
    assert lstm["inputs"] == transformer["inputs"]
    assert signature(lstm).encode() == signature(transformer).encode()
    assert lstm["name"] == transformer["name"] == "coupon"


def test_all_samples_together_are_under_four_megabytes() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 4 << 20


@pytest.mark.parametrize("name", NAMES)
def test_warm_up_requests_decode_with_the_samples_signature(name: str) -> None:
    data = (SAMPLES / name / "warmup.frames").read_bytes()
    shape, frames = signature(model(name)), 0
    while data:
        frame = next_frame(data)
        assert frame is not None
        Score.decode(frame.body, shape)
        data = data[20 + len(frame.body) :]
        frames += 1
    assert frames >= 32


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_beats_the_product_of_prior_rates_by_four_points_of_auc(name: str) -> None:
    metrics = json.loads((SAMPLES / name / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["after_cut"]["positives"] >= 250
    assert metrics["after_cut"]["auc"] >= metrics["baselines"]["product"]["auc"] + 0.04


def test_the_invented_household_has_every_column_of_the_signature() -> None:
    household = json.loads((SAMPLES / "household.json").read_text(encoding="utf-8"))
    inputs = model("lstm")["inputs"]
    names = {axis: {x["name"] for x in inputs if x["axis"] == axis} for axis in AXES}
    assert set(household["user"]) == names["user"]
    assert all(set(event["columns"]) == names["event"] for event in household["events"])
    assert all(set(coupon["columns"]) == names["coupon"] for coupon in household["coupons"])
    assert all(part["words"] for part in household["events"] + household["coupons"])


AXES = ("user", "event", "coupon")


@pytest.mark.keras
@pytest.mark.parametrize("name", NAMES)
def test_the_invented_household_is_offered_what_its_members_buy(name: str) -> None:
    from tessera.models.household import rank
    from tessera.models.saved import load_graph

    ranked = rank(load_graph(SAMPLES / name), SAMPLES / "household.json")
    words = [text for text, _ in ranked]
    assert any(word in " ".join(words[:2]) for word in ("yogurt", "diapers", "cereal"))
    assert "hair" in " ".join(words[-4:]) and "dog" in " ".join(words[-4:])
