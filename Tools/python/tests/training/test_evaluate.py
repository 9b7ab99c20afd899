"""Evaluation through a server: every pair once, in order, and clear refusals."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from invented_data import CUT, write_data

from tessera.client import (
    Axis,
    Column,
    ColumnKind,
    ErrorCode,
    Output,
    ServerError,
    Signature,
    UserResult,
)
from tessera.training import evaluate
from tessera.training.dataset import DataError, campaigns_on_both_sides, parse_cut, read_dataset
from tessera.training.examples import CampaignExamples, build_examples

TARGET = evaluate.Target("127.0.0.1", 1, "coupon")
COLUMNS = (
    Column("spend", Axis.USER, ColumnKind.NUMBER),
    Column("dollars", Axis.EVENT, ColumnKind.NUMBER),
    Column("product_count", Axis.COUPON, ColumnKind.NUMBER),
)


class EchoClient:
    """Stands for a server: a coupon's score is its user's spend plus its place in the list."""

    columns = COLUMNS
    status = 0

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self.users = 0

    def __enter__(self) -> EchoClient:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def bind(self, model: str, *, alias: str, version: int) -> SimpleNamespace:
        return SimpleNamespace(signature=Signature(self.columns, (Output("redeem"),)), version=3)

    def score(self, bound, columns, *, events, coupons, keys, deadline_us) -> SimpleNamespace:
        assert len(columns["spend"]) == len(events) == len(keys)
        assert len(columns["dollars"]) == sum(events)
        assert len(columns["product_count"]) == sum(coupons)
        scores = [
            spend + place
            for spend, count in zip(columns["spend"], coupons, strict=True)
            for place in range(count)
        ]
        users = [UserResult(3, self.status)] * len(events)
        return SimpleNamespace(outputs={"redeem": np.array(scores)}, users=users)


@pytest.fixture
def after(tmp_path: Path) -> list[CampaignExamples]:
    dataset = read_dataset(write_data(tmp_path))
    _, campaigns = campaigns_on_both_sides(dataset, parse_cut(CUT))
    return [build_examples(dataset, campaign) for campaign in campaigns]


def test_a_household_that_was_not_scored_ends_the_evaluation(after, monkeypatch) -> None:
    class LateClient(EchoClient):
        status = ErrorCode.DEADLINE_EXCEEDED

    monkeypatch.setattr(evaluate, "Client", LateClient)
    with pytest.raises(ServerError, match="DEADLINE_EXCEEDED"):
        evaluate.served_scores(TARGET, after)


def test_each_household_gets_the_scores_of_its_own_coupons(after, monkeypatch) -> None:
    monkeypatch.setattr(evaluate, "Client", EchoClient)
    scores, version = evaluate.served_scores(TARGET, after)
    users = [user for part in after for user in part.users]
    assert version == 3
    assert len(scores) == len(users)
    for user, row in zip(users, scores, strict=True):
        expected = user["user"]["spend"] + np.arange(user["coupon_rows"])
        np.testing.assert_allclose(row, expected)


def test_a_model_with_other_columns_is_refused_by_name(after, monkeypatch) -> None:
    class OtherClient(EchoClient):
        columns = (*COLUMNS, Column("shoe_size", Axis.USER, ColumnKind.NUMBER))

    monkeypatch.setattr(evaluate, "Client", OtherClient)
    with pytest.raises(DataError, match="shoe_size"):
        evaluate.served_scores(TARGET, after)


def test_the_difference_is_over_all_pairs() -> None:
    a, b = [np.array([0.5, 0.25]), np.array([0.1])], [np.array([0.5, 0.5]), np.array([0.15])]
    assert evaluate.difference(a, b) == {"largest": 0.25, "mean": 0.1}


def test_an_address_may_be_ipv6() -> None:
    assert evaluate.parse_server("[::1]:7311") == ("::1", 7311)
