"""Scores every pair after the cut through a running server and measures the answers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tessera.client import Client, ServerError
from tessera.client.refusals import Error
from tessera.measures import log_loss, measure
from tessera.models.batches import AXIS_PART
from tessera.training.baselines import lists_of, measure_baselines
from tessera.training.dataset import DataError, campaigns_on_both_sides, parse_cut, read_dataset
from tessera.training.examples import CampaignExamples, build_examples

USERS_IN_FRAME = 16
DEADLINE_US = 2_000_000


@dataclass(frozen=True)
class Target:
    """A model on a server: an alias, or exactly one version when `version` is not 0."""

    host: str
    port: int
    model: str
    alias: str = "production"
    version: int = 0


def parse_server(text: str) -> tuple[str, int]:
    """`HOST:PORT`."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise DataError(f"--server {text}: write it as HOST:PORT, like 127.0.0.1:7311")
    return host.strip("[]"), int(port)


def examples_on_both_sides(
    folder: Path, cut_text: str
) -> tuple[list[CampaignExamples], list[CampaignExamples], Any]:
    """Examples before the cut (with the labels known then) and after it, and the data set."""
    from tqdm import tqdm

    cut = parse_cut(cut_text)
    dataset = read_dataset(folder)
    before, after = campaigns_on_both_sides(dataset, cut)
    bar = tqdm(before + after, "examples", leave=False, file=sys.stderr)
    built = [
        build_examples(dataset, campaign, cut if campaign.start < cut else None) for campaign in bar
    ]
    return built[: len(before)], built[len(before) :], dataset


def served_scores(target: Target, examples: list[CampaignExamples]) -> tuple[list, int]:
    """The first output's scores as one array per household and campaign, and the version."""
    from tqdm import tqdm

    users = [user for part in examples for user in part.users]
    found: list[np.ndarray] = []
    with Client(target.host, target.port, timeout=30.0) as client:
        bound = client.bind(target.model, alias=target.alias, version=target.version)
        bar = tqdm(total=len(users), desc=f"scoring {target.model}", leave=False, file=sys.stderr)
        for start in range(0, len(users), USERS_IN_FRAME):
            group = users[start : start + USERS_IN_FRAME]
            columns = {}
            for column in bound.signature.columns:
                part = AXIS_PART[column.axis.name.lower()]
                missing = column.name not in group[0][part]
                if missing:
                    raise DataError(
                        f"model {target.model} wants the column {column.name}, "
                        "which this data set's examples do not have"
                    )
                columns[column.name] = [
                    value
                    for user in group
                    for value in (
                        [user[part][column.name]] if part == "user" else user[part][column.name]
                    )
                ]
            reply = client.score(
                bound,
                columns,
                events=[user["event_rows"] for user in group],
                coupons=[user["coupon_rows"] for user in group],
                keys=[user["key"] for user in group],
                deadline_us=DEADLINE_US,
            )
            for user, result in zip(group, reply.users, strict=True):
                if result.status:
                    raise ServerError(Error(result.status, f"user {user['key']} was not scored"))
            scores = next(iter(reply.outputs.values()))
            found += np.split(scores, np.cumsum([user["coupon_rows"] for user in group])[:-1])
            bar.update(len(group))
        bar.close()
    return found, bound.version


def difference(a: list[np.ndarray], b: list[np.ndarray]) -> dict[str, float]:
    """The largest and the mean absolute difference over all pairs."""
    gap = np.abs(np.concatenate(a).astype(np.float64) - np.concatenate(b))
    return {"largest": round(float(gap.max()), 6), "mean": round(float(gap.mean()), 7)}


def evaluate(
    data: Path,
    cut: str,
    target: Target,
    reference: Target | None,
    keras_folder: Path | None,
    seed: int,
) -> dict[str, Any]:
    """Everything that `tessera evaluate` prints."""
    if keras_folder is not None and not (keras_folder / "model.json").is_file():
        raise DataError(f"--keras {keras_folder}: no model.json there")
    before, after, _ = examples_on_both_sides(data, cut)
    labels = lists_of(after)
    scores, version = served_scores(target, after)
    flat = np.concatenate(labels)
    result: dict[str, Any] = {
        "model": target.model,
        "version": version,
        "cut": cut,
        "pairs": len(flat),
        "positives": int(flat.sum()),
        **measure(labels, scores),
        "log_loss": round(log_loss(flat, np.concatenate(scores)), 6),
    }
    if reference is not None:
        others, other_version = served_scores(reference, after)
        result["reference"] = {
            "model": reference.model,
            "version": other_version,
            **measure(labels, others),
            "difference": difference(scores, others),
        }
    if keras_folder is not None:
        from tessera.models.saved import load_graph
        from tessera.training.fitting import predict

        own = predict(load_graph(keras_folder), after)
        result["keras"] = {**measure(labels, own), "difference": difference(scores, own)}
    print("fitting the baselines (about a minute)", file=sys.stderr)
    result["baselines"] = measure_baselines(before, after, seed)
    return result
