"""Figures about predictions: AUC, AUC within one household's list, log loss."""

from __future__ import annotations

from typing import Any

import numpy as np


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """The chance that a positive pair is scored above a negative one; ties count half."""
    order = np.argsort(scores, kind="stable")
    _, group, sizes = np.unique(scores[order], return_inverse=True, return_counts=True)
    mid_rank = np.cumsum(sizes) - (sizes - 1) / 2
    ranks = np.empty(len(scores))
    ranks[order] = mid_rank[group]
    positives = int(np.sum(labels > 0))
    negatives = len(labels) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    total = float(np.sum(ranks[labels > 0]))
    return (total - positives * (positives + 1) / 2) / (positives * negatives)


def auc_within_lists(labels: list[np.ndarray], scores: list[np.ndarray]) -> float:
    """The mean AUC of the lists (one household in one campaign) that hold both kinds of pairs."""
    found = [auc(*pair) for pair in zip(labels, scores, strict=True) if 0 < pair[0].sum()]
    found = [value for value in found if not np.isnan(value)]
    return float(np.mean(found)) if found else float("nan")


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean negative log likelihood, in nats."""
    p = np.clip(np.asarray(probabilities, np.float64), 1e-7, 1 - 1e-7)
    return float(-np.mean(np.where(labels > 0, np.log(p), np.log1p(-p))))


def measure(labels: list[np.ndarray], scores: list[np.ndarray]) -> dict[str, Any]:
    """`auc` over all pairs and `auc_within_household`, rounded for print; None with a `reason`
    where there is nothing to compare."""
    found: dict[str, Any] = {
        "auc": printed(auc(np.concatenate(labels), np.concatenate(scores)), 4),
        "auc_within_household": printed(auc_within_lists(labels, scores), 4),
    }
    if found["auc"] is None:
        found["reason"] = "an AUC compares redeemed pairs with others: here is only one kind"
    elif found["auc_within_household"] is None:
        found["reason"] = "no household has both kinds of pairs in one list"
    return found


def printed(value: float, digits: int) -> float | None:
    """A figure as JSON can hold it: None where there is none."""
    return round(float(value), digits) if np.isfinite(value) else None
