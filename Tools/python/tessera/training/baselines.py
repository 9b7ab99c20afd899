"""What the models must beat: prior rates, and two learners on hand-made features."""

from __future__ import annotations

from typing import Any

import numpy as np

from tessera.measures import measure
from tessera.training.examples import CampaignExamples

USER_FEATURES = (
    "campaigns_received",
    "coupons_received",
    "coupons_redeemed",
    "campaigns_redeemed",
    "redeemed_per_1000",
    "days_since_redemption",
    "lines_bought",
    "spend",
    "discount_share",
    "coupon_lines",
    "days_since_purchase",
)
COUPON_FEATURES = (
    "product_count",
    "private_share",
    "campaign_days",
    "coupons_in_campaign",
    "sold_per_1000",
    "coupon_per_1000",
    "category_per_1000",
    "bought_product",
    "bought_type",
    "bought_category",
    "bought_department",
    "bought_manufacturer",
    "category_share",
    "redeemed_before",
    "received_before",
    "redeemed_category",
)
# Smoothed, so never zero: a regression reads the logarithm of their product as a sum.
RATES = ("redeemed_per_1000", "coupon_per_1000", "category_per_1000")


def features(examples: CampaignExamples) -> np.ndarray:
    """[pairs, features] float32, pairs household by household; missing values are NaN."""
    rows = []
    for user in examples.users:
        own = np.array([user["user"][name] for name in USER_FEATURES], np.float32)
        coupons = np.array([user["coupons"][name] for name in COUPON_FEATURES], np.float32).T
        rows.append(np.hstack([np.tile(own, (len(coupons), 1)), coupons]))
    x = np.concatenate(rows)
    rates = np.isin(USER_FEATURES + COUPON_FEATURES, RATES)
    x[:, rates] = np.log(x[:, rates])
    x[:, ~rates] = np.log1p(x[:, ~rates])
    return x


def lists_of(examples: list[CampaignExamples]) -> list[np.ndarray]:
    """The labels as one array for each household in each campaign."""
    return [row for part in examples for row in part.labels]


def split(scores: np.ndarray, examples: list[CampaignExamples]) -> list[np.ndarray]:
    """Flat scores of all pairs → one array for each household in each campaign."""
    sizes = [len(row) for row in lists_of(examples)]
    return np.split(scores, np.cumsum(sizes)[:-1])


def rate_baselines(after: list[CampaignExamples]) -> dict[str, list[np.ndarray]]:
    """Smoothed prior rates of the coupon, of the household, and their product, by list."""
    popularity = [part.coupon_rate for part in after for _ in part.labels]
    household = [
        np.full(part.labels.shape[1], rate) for part in after for rate in part.household_rate
    ]
    product = [a * b for a, b in zip(popularity, household, strict=True)]
    return {"coupon_popularity": popularity, "household_rate": household, "product": product}


def learned_baselines(
    before: list[CampaignExamples], after: list[CampaignExamples], seed: int
) -> dict[str, list[np.ndarray]]:
    """Logistic regression and gradient boosting, trained before the cut on the same features."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    learners = {
        "logistic_regression": make_pipeline(
            SimpleImputer(add_indicator=True),
            StandardScaler(),
            LogisticRegression(C=0.1, solver="newton-cholesky"),
        ),
        "gradient_boosting": HistGradientBoostingClassifier(
            max_iter=120,
            learning_rate=0.05,
            max_leaf_nodes=8,
            min_samples_leaf=200,
            l2_regularization=10.0,
            random_state=seed,
        ),
    }
    x = np.concatenate([features(part) for part in before])
    y = np.concatenate([part.labels.ravel() for part in before])
    x_after = np.concatenate([features(part) for part in after])
    return {
        name: split(learner.fit(x, y).predict_proba(x_after)[:, 1], after)
        for name, learner in learners.items()
    }


def measure_baselines(
    before: list[CampaignExamples], after: list[CampaignExamples], seed: int
) -> dict[str, dict[str, Any]]:
    """Every baseline by name with its AUCs on the pairs after the cut; those that learn only where
    there is something to learn."""
    scores = rate_baselines(after)
    if any(part.labels.any() for part in before):
        scores |= learned_baselines(before, after, seed)
    labels = lists_of(after)
    return {name: measure(labels, values) for name, values in scores.items()}
