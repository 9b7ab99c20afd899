"""Scores every pair after the cut through a running server and measures the answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tessera.client import (
    Axis,
    BoundModel,
    Client,
    Column,
    FrameSizeError,
    Meaning,
    ServerError,
    Signature,
)
from tessera.client.refusals import Error
from tessera.measures import log_loss, measure, printed
from tessera.models.batches import AXIS_PART, column_rows
from tessera.training.baselines import lists_of, measure_baselines
from tessera.training.dataset import (
    Dataset,
    campaigns_on_both_sides,
    no_campaign,
    parse_cut,
    read_dataset,
)
from tessera.training.errors import ArgumentError, DataError
from tessera.training.examples import CampaignExamples, build_examples

USERS_IN_CALL = 16
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
    is_port = port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not colon or not host or not is_port:
        raise ArgumentError(f"--server {text}: write it as HOST:PORT, like 127.0.0.1:7311")
    return host.strip("[]"), int(port)


def examples_on_both_sides(
    folder: Path, cut_text: str, *, is_after_needed: bool = False
) -> tuple[list[CampaignExamples], list[CampaignExamples], Dataset]:
    """Examples before the cut (with the labels known then) and after it, and the data set.

    Raises DataError where there is none before the cut, or none after it that is needed.
    """
    from tqdm import tqdm

    cut = parse_cut(cut_text)
    dataset = read_dataset(folder)
    before, after = campaigns_on_both_sides(dataset, cut)
    if is_after_needed and not after:
        raise no_campaign(dataset, "on or after", cut)
    # Bars are for terminals only (`disable=None`): a log gets lines.
    bar = tqdm(before + after, "examples", leave=False, file=sys.stderr, disable=None)
    built = [
        build_examples(dataset, campaign, cut if campaign.start < cut else None) for campaign in bar
    ]
    return built[: len(before)], built[len(before) :], dataset


def served_scores(target: Target, examples: list[CampaignExamples]) -> tuple[list[np.ndarray], int]:
    """The first output's scores as one array per household and campaign, and the version."""
    from tqdm import tqdm

    users = [user for part in examples for user in part.users]
    with Client(target.host, target.port, timeout=30.0) as client:
        bound = client.bind(target.model, alias=target.alias, version=target.version)
        check_signature(target, bound.signature, users[0])
        coupons_max = min(bound.signature.coupons_max, client.welcome.limits.coupons_max)
        found: list[np.ndarray] = []
        words = f"scoring {target.model}"
        bar = tqdm(total=len(users), desc=words, leave=False, file=sys.stderr, disable=None)
        for start in range(0, len(users), USERS_IN_CALL):
            group = users[start : start + USERS_IN_CALL]
            found += group_scores(client, bound, group, coupons_max)
            bar.update(len(group))
        bar.close()
    return found, bound.version


def check_signature(target: Target, signature: Signature, user: dict[str, Any]) -> None:
    """Refuses a model that is about something else."""
    for column in signature.columns:
        if column.name not in user[AXIS_PART[column.axis.name.lower()]]:
            raise DataError(
                f"model {target.model} wants the column {column.name}, "
                "which this data set's examples do not have"
            )
    output = signature.outputs[0]
    if output.axis != Axis.COUPON or output.meaning == Meaning.VECTOR:
        message = f"the first output of model {target.model}, {output.name}, scores no coupons"
        raise DataError(f"{message}; evaluate a model that does")


def group_scores(
    client: Client, bound: BoundModel, group: list[dict[str, Any]], coupons_max: int
) -> list[np.ndarray]:
    """The scores of each user, whose coupons go in parts where they are too many for a frame: no
    score depends on what else is asked."""
    parts = [part for user in group for part in in_parts(user, coupons_max)]
    try:
        reply = client.score(
            bound,
            {column.name: values_of(column, parts) for column in bound.signature.columns},
            events=[part["event_rows"] for part in parts],
            coupons=[part["coupon_rows"] for part in parts],
            keys=[part["key"] for part in parts],
            deadline_us=DEADLINE_US,
        )
    except FrameSizeError:
        if coupons_max == 1:
            raise
        return group_scores(client, bound, group, coupons_max // 2)
    for part, result in zip(parts, reply.users, strict=True):
        if result.status:
            raise ServerError(Error(result.status, f"user {part['key']} was not scored"))
    scores = next(iter(reply.outputs.values()))
    return np.split(scores, np.cumsum([user["coupon_rows"] for user in group])[:-1])


def values_of(column: Column, users: list[dict[str, Any]]) -> list:
    """The values of a column, users one after another."""
    spec = {"name": column.name, "axis": column.axis.name.lower()}
    return [value for user in users for value in column_rows(user, spec)]


def in_parts(user: dict[str, Any], coupons_max: int) -> Iterator[dict[str, Any]]:
    """The user with at most `coupons_max` of its coupons at a time, in their order."""
    for start in range(0, user["coupon_rows"], coupons_max):
        rows = slice(start, min(start + coupons_max, user["coupon_rows"]))
        coupons = {name: values[rows] for name, values in user["coupons"].items()}
        yield user | {"coupons": coupons, "coupon_rows": rows.stop - rows.start}


def difference(a: list[np.ndarray], b: list[np.ndarray]) -> dict[str, float | None]:
    """The largest and the mean absolute difference over all pairs."""
    gap = np.abs(np.concatenate(a).astype(np.float64) - np.concatenate(b))
    return {"largest": printed(gap.max(), 6), "mean": printed(gap.mean(), 7)}


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
        raise ArgumentError(f"--keras {keras_folder}: no model.json there")
    before, after, _ = examples_on_both_sides(data, cut, is_after_needed=True)
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
        "log_loss": printed(log_loss(flat, np.concatenate(scores)), 6),
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
