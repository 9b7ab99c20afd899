"""Evaluation through a server: every pair once, in order, and clear refusals."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from invented_data import CUT, write_data

from tessera.client import (
    Axis,
    Column,
    ColumnKind,
    ErrorCode,
    FrameSizeError,
    Output,
    ServerError,
    Signature,
    UserResult,
)
from tessera.client.greeting import Welcome
from tessera.client.limits import COUPONS_MAX
from tessera.training import evaluate
from tessera.training.dataset import campaigns_on_both_sides, parse_cut, read_dataset
from tessera.training.errors import DataError
from tessera.training.examples import CampaignExamples, build_examples

TARGET = evaluate.Target("127.0.0.1", 1, "coupon")
COLUMNS = (
    Column("spend", Axis.USER, ColumnKind.NUMBER),
    Column("dollars", Axis.EVENT, ColumnKind.NUMBER),
    Column("product_count", Axis.COUPON, ColumnKind.NUMBER),
)


class EchoClient:
    """Stands for a server: a coupon's score is its user's spend plus 1000 times its products."""

    columns = COLUMNS
    outputs = (Output("redeem"),)
    status = 0

    coupons_max = COUPONS_MAX
    rows_in_frame_max = 10_000
    """Coupons of one user that the server takes in a frame."""
    asked: ClassVar[list[int]] = []
    """The coupons of all users that were asked for."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self.welcome = Welcome("echo")
        self.asked.clear()

    def __enter__(self) -> EchoClient:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def bind(self, model: str, *, alias: str, version: int) -> SimpleNamespace:
        signature = Signature(self.columns, self.outputs, 64, self.coupons_max)
        return SimpleNamespace(signature=signature, version=3)

    def score(self, bound, columns, *, events, coupons, keys, deadline_us) -> SimpleNamespace:
        if max(coupons) > self.rows_in_frame_max:
            raise FrameSizeError(ErrorCode.LIMIT, "user 0 alone is too large")
        assert max(coupons) <= bound.signature.coupons_max
        self.asked.extend(coupons)
        assert len(columns["spend"]) == len(events) == len(keys)
        assert len(columns["dollars"]) == sum(events)
        assert len(columns["product_count"]) == sum(coupons)
        per_coupon = np.repeat(columns["spend"], coupons)
        scores = per_coupon + np.array(columns["product_count"]) * 1000
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


@pytest.mark.parametrize(("coupons_max", "rows_in_frame_max"), [(256, 256), (3, 256), (256, 3)])
def test_each_household_gets_the_scores_of_its_own_coupons_however_many_a_frame_takes(
    after, monkeypatch, coupons_max: int, rows_in_frame_max: int
) -> None:
    class SmallClient(EchoClient):
        pass

    SmallClient.coupons_max, SmallClient.rows_in_frame_max = coupons_max, rows_in_frame_max
    monkeypatch.setattr(evaluate, "Client", SmallClient)
    for part in after:
        for user in part.users:
            places = list(range(user["coupon_rows"]))
            user["coupons"] = user["coupons"] | {"product_count": places}
    scores, version = evaluate.served_scores(TARGET, after)
    assert sum(EchoClient.asked) == sum(part.labels.size for part in after)
    assert max(EchoClient.asked) <= min(8, coupons_max, rows_in_frame_max)
    users = [user for part in after for user in part.users]
    assert version == 3
    assert len(scores) == len(users)
    for user, row in zip(users, scores, strict=True):
        expected = user["user"]["spend"] + np.arange(user["coupon_rows"]) * 1000
        np.testing.assert_allclose(row, expected)


def test_a_model_with_other_columns_is_refused_by_name(after, monkeypatch) -> None:
    class OtherClient(EchoClient):
        columns = (*COLUMNS, Column("shoe_size", Axis.USER, ColumnKind.NUMBER))

    monkeypatch.setattr(evaluate, "Client", OtherClient)
    with pytest.raises(DataError, match="shoe_size"):
        evaluate.served_scores(TARGET, after)


def test_a_model_that_scores_no_coupons_is_refused(after, monkeypatch) -> None:
    class ChurnClient(EchoClient):
        outputs = (Output("churn", Axis.USER), Output("redeem"))

    monkeypatch.setattr(evaluate, "Client", ChurnClient)
    with pytest.raises(DataError, match="churn, scores no coupons"):
        evaluate.served_scores(TARGET, after)


def test_a_frame_that_is_too_large_with_one_coupon_ends_the_evaluation(after, monkeypatch) -> None:
    class TinyClient(EchoClient):
        rows_in_frame_max = 0

    monkeypatch.setattr(evaluate, "Client", TinyClient)
    with pytest.raises(FrameSizeError):
        evaluate.served_scores(TARGET, after)


def test_the_difference_is_over_all_pairs() -> None:
    a, b = [np.array([0.5, 0.25]), np.array([0.1])], [np.array([0.5, 0.5]), np.array([0.15])]
    assert evaluate.difference(a, b) == {"largest": 0.25, "mean": 0.1}


def test_an_address_may_be_ipv6() -> None:
    assert evaluate.parse_server("[::1]:7311") == ("::1", 7311)
