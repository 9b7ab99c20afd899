"""The figures that `train` and `evaluate` print."""

from __future__ import annotations

import numpy as np
import pytest

from tessera.measures import auc, auc_within_lists, log_loss, measure


def test_auc_is_the_share_of_pairs_in_the_right_order_and_ties_count_half() -> None:
    labels, scores = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.5, 0.5])
    assert auc(labels, scores) == pytest.approx(2.5 / 4)


def test_auc_equals_the_pairwise_count_on_random_scores() -> None:
    random = np.random.default_rng(3)
    labels = random.random(200) < 0.2
    scores = np.round(random.random(200), 1)
    wins = scores[labels][:, None] - scores[~labels][None]
    assert auc(labels, scores) == pytest.approx(np.mean((wins > 0) + 0.5 * (wins == 0)))


def test_auc_within_lists_skips_lists_of_one_kind() -> None:
    labels = [np.array([0, 0]), np.array([1, 0]), np.array([0, 1])]
    scores = [np.array([9.0, 9.0]), np.array([2.0, 1.0]), np.array([2.0, 1.0])]
    assert auc_within_lists(labels, scores) == 0.5


def test_a_figure_that_there_is_not_is_none_with_a_reason() -> None:
    nobody, everybody = [np.array([0, 0])], [np.array([1, 1])]
    for labels in (nobody, everybody):
        found = measure(labels, [np.array([0.5, 0.25])])
        assert (found["auc"], found["auc_within_household"]) == (None, None)
        assert "only one kind" in found["reason"]
    apart = measure([np.array([0]), np.array([1])], [np.array([0.1]), np.array([0.2])])
    assert (apart["auc"], apart["auc_within_household"]) == (1.0, None)
    assert "no household" in apart["reason"]
    both = measure([np.array([0, 1])], [np.array([0.1, 0.2])])
    assert both == {"auc": 1.0, "auc_within_household": 1.0}


def test_log_loss_is_the_mean_negative_log_likelihood() -> None:
    assert log_loss(np.array([1, 0]), np.array([0.5, 0.25])) == pytest.approx(
        -(np.log(0.5) + np.log(0.75)) / 2
    )
