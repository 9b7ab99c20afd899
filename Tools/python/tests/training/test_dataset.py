"""The examples of the real data set: what they may know, and how they are labelled."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import REPOSITORY

from tessera.training.dataset import Dataset, campaigns_on_both_sides, read_dataset
from tessera.training.examples import EVENTS_MAX, build_examples, label_matrix

pytestmark = pytest.mark.dataset

CUT = date(2017, 8, 1)


@pytest.fixture(scope="module")
def dataset(data_folder: Path) -> Dataset:
    return read_dataset(data_folder)


@pytest.mark.parametrize("campaign_id", ["9", "14", "27"])
def test_no_example_changes_when_everything_from_the_campaigns_start_on_is_deleted(
    dataset: Dataset, campaign_id: str
) -> None:
    campaign = next(part for part in dataset.campaigns if part.id == campaign_id)
    past = dataset.known_before(campaign.start)
    past = replace(past, campaigns=(*past.campaigns, campaign))
    assert len(past.purchases) < len(dataset.purchases)
    complete, blind = build_examples(dataset, campaign), build_examples(past, campaign)
    assert repr(complete.users) == repr(blind.users)
    assert complete.household_rate.tolist() == blind.household_rate.tolist()
    assert complete.coupon_rate.tolist() == blind.coupon_rate.tolist()
    assert complete.labels.sum() > 0 and blind.labels.sum() == 0


def test_no_purchase_of_the_first_day_is_in_a_history(dataset: Dataset) -> None:
    campaign = next(part for part in dataset.campaigns if part.id == "9")
    examples = build_examples(dataset, campaign)
    assert all(min(user["events"]["days_ago"], default=1) >= 1 for user in examples.users)
    assert max(user["event_rows"] for user in examples.users) == EVENTS_MAX


def test_events_stand_oldest_first(dataset: Dataset) -> None:
    campaign = next(part for part in dataset.campaigns if part.id == "14")
    for user in build_examples(dataset, campaign).users:
        days = user["events"]["days_ago"]
        assert days == sorted(days, reverse=True)


def test_labels_known_only_after_the_cut_are_not_trained_on(dataset: Dataset) -> None:
    campaign = next(part for part in dataset.campaigns if part.id == "12")
    known = label_matrix(dataset, campaign, until=CUT).sum()
    assert 0 < known < label_matrix(dataset, campaign, until=None).sum()


def test_the_cut_leaves_at_least_250_redemptions_after_it(dataset: Dataset) -> None:
    _, after = campaigns_on_both_sides(dataset, CUT)
    assert sum(label_matrix(dataset, part, until=None).sum() for part in after) >= 250


def test_the_registrys_samples_hold_no_row_of_the_data(dataset: Dataset) -> None:
    """The household of the quickstart is nobody: no household has its demographics and spend."""
    path = REPOSITORY / "Registry" / "samples" / "household.json"
    invented = json.loads(path.read_text(encoding="utf-8"))
    by_household: dict[str, float] = {}
    for part in dataset.purchases:
        by_household[part.household] = by_household.get(part.household, 0.0) + part.dollars
    same_spend = {
        name
        for name, spend in by_household.items()
        if abs(spend - invented["user"]["spend"]) < 0.005
    }
    same_people = {
        name
        for name, row in dataset.demographics.items()
        if all(row[key] == invented["user"][key] for key in ("age", "income", "household_size"))
    }
    assert not same_spend & same_people
