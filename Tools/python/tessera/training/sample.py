"""`tessera train`: data set → trained sample model → a folder that the registry imports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from tessera.measures import log_loss, measure
from tessera.models.export import write_json, write_model
from tessera.models.recorded import write_frames
from tessera.models.saved import load_graph
from tessera.models.warmup import invent_groups
from tessera.training.architectures import DROPOUT, describe
from tessera.training.baselines import lists_of, measure_baselines
from tessera.training.dataset import parse_cut
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
    description = describe(arch, dataset, before)
    graph, held_out = train(description, before, dataset, cut, DROPOUT, seed, Schedule(epochs))
    write_model(out, description, graph.tensors(), dtype)
    write_frames(out / "warmup.frames", description, invent_groups(description, seed))
    # What is measured is what was written: the weights as rounded for the file.
    shipped = load_graph(out)
    labels, scores = lists_of(after), predict(shipped, after)
    flat = np.concatenate(labels)
    print("fitting the baselines (about a minute)", file=sys.stderr)
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
        "after_cut": {
            "pairs": len(flat),
            "positives": int(flat.sum()),
            **measure(labels, scores),
            "log_loss": round(log_loss(flat, np.concatenate(scores)), 6),
        },
        "after_cut_without_events": measure(labels, predict(shipped, without_events(after))),
        "baselines": measure_baselines(before, after, seed),
    }
    write_json(out / "metrics.json", metrics)
    return metrics
