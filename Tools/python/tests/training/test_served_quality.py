"""The bundled models on the real pairs after the cut, through the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import SAMPLES, needs_programs, serve

from tessera.measures import measure
from tessera.training.baselines import lists_of, rate_baselines
from tessera.training.evaluate import Target, difference, examples_on_both_sides, served_scores

MODELS = ("lstm", "transformer")
pytestmark = [needs_programs, pytest.mark.keras, pytest.mark.dataset]


@pytest.fixture(scope="module")
def after(data_folder: Path) -> Any:
    cuts = {json.loads((SAMPLES / model / "metrics.json").read_text())["cut"] for model in MODELS}
    assert len(cuts) == 1, "both samples were trained before one cut"
    return examples_on_both_sides(data_folder, cuts.pop())[1]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    imports = [
        [model, "--name", f"{model}-{precision}", "--precision", precision]
        for model in MODELS
        for precision in ("int8", "float32")
    ]
    with serve(tmp_path_factory.mktemp("registry"), imports) as port:
        yield port


@pytest.mark.parametrize("model", MODELS)
def test_a_served_model_ranks_like_keras_and_above_the_prior_rates(
    model: str, after: Any, port: int
) -> None:
    from tessera.models.saved import load_graph
    from tessera.training.fitting import predict

    labels = lists_of(after)
    int8, _ = served_scores(Target("127.0.0.1", port, f"{model}-int8"), after)
    float32, _ = served_scores(Target("127.0.0.1", port, f"{model}-float32"), after)
    served, keras = (
        measure(labels, int8),
        measure(labels, predict(load_graph(SAMPLES / model), after)),
    )
    prior_rates = measure(labels, rate_baselines(after)["product"])
    quantised = difference(int8, float32)

    assert sum(part.sum() for part in labels) >= 250, "redemptions after the cut"
    assert abs(served["auc"] - keras["auc"]) <= 0.002
    assert served["auc"] >= prior_rates["auc"] + 0.04
    assert quantised["largest"] <= 0.02
    assert quantised["mean"] <= 0.002
