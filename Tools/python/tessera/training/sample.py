"""`tessera train`: data set → trained sample model → a folder that the registry imports."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from tessera.measures import log_loss, measure, printed
from tessera.models.export import write_metrics, write_model
from tessera.models.keras_graph import KerasGraph
from tessera.models.recorded import write_frames
from tessera.models.saved import load_graph
from tessera.models.warmup import invent_groups
from tessera.training.architectures import DROPOUT, describe
from tessera.training.baselines import lists_of, measure_baselines
from tessera.training.dataset import parse_cut
from tessera.training.errors import DataError
from tessera.training.evaluate import examples_on_both_sides
from tessera.training.examples import CampaignExamples
from tessera.training.fitting import Schedule, predict, train


def without_events(examples: list[CampaignExamples]) -> list[CampaignExamples]:
    """The same pairs, as if nothing were known of the household's history but its counts."""
    return [
        CampaignExamples(
            part.campaign,
            [
                user | {"events": {name: [] for name in user["events"]}, "event_rows": 0}
                for user in part.users
            ],
            part.labels,
            part.household_rate,
            part.coupon_rate,
        )
        for part in examples
    ]


def train_and_export(
    data: Path, cut_text: str, arch: str, out: Path, dtype: str, seed: int, epochs: int
) -> dict[str, Any]:
    """Trains, writes the folder, and returns what is in `metrics.json`."""
    before, after, dataset = examples_on_both_sides(data, cut_text)
    cut = parse_cut(cut_text)
    if not any(part.labels.any() for part in before):
        message = f"before the cut {cut} no coupon was redeemed in a campaign that had sent it"
        raise DataError(f"{message}; there is nothing to learn from, give a later cut")
    description = describe(arch, dataset, before)
    graph, held_out = train(description, before, dataset, cut, DROPOUT, seed, Schedule(epochs))
    write_model(out, description, graph.tensors(), dtype)
    write_frames(out / "warmup.frames", description, invent_groups(description, seed))
    # What is measured is what was written: the weights as rounded for the file.
    shipped = load_graph(out)
    metrics = {
        "command": f"python -m tessera train --data DIR --cut {cut} --arch {arch} --out {out}"
        f" --dtype {dtype} --seed {seed} --epochs {epochs}",
        "data": "The Complete Journey (84.51°/dunnhumby), as in the R package completejourney",
        "data_sha256": dataset.sha256,
        "cut": str(cut),
        "seed": seed,
        "dtype": dtype,
        "parameters": int(sum(value.size for value in graph.tensors().values())),
        "held_out_households": held_out,
        **figures_after_cut(shipped, before, after, cut, seed),
    }
    write_metrics(out, metrics)
    return metrics


def figures_after_cut(
    graph: KerasGraph,
    before: list[CampaignExamples],
    after: list[CampaignExamples],
    cut: date,
    seed: int,
) -> dict[str, Any]:
    """How well the model does on campaigns that it has not seen."""
    if not after:
        reason = f"no campaign starts on or after {cut}: no figures of campaigns not trained on"
        print(reason, file=sys.stderr)
        return {"after_cut": {"pairs": 0, "reason": reason}}
    labels, scores = lists_of(after), predict(graph, after)
    flat = np.concatenate(labels)
    print("fitting the baselines (about a minute)", file=sys.stderr)
    return {
        "after_cut": {
            "pairs": len(flat),
            "positives": int(flat.sum()),
            **measure(labels, scores),
            "log_loss": printed(log_loss(flat, np.concatenate(scores)), 6),
        },
        "after_cut_without_events": measure(labels, predict(graph, without_events(after))),
        "baselines": measure_baselines(before, after, seed),
    }
