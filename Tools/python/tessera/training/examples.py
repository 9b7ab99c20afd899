"""Households × coupons of a campaign as users with raw columns, and their labels.

Everything in an example is what was known strictly before the campaign's start; what happens on the
first day or later is a label at most. These are the columns of the sample models' signature: a
shop's back end would compute the same ones.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from tessera.training.dataset import Campaign, Dataset, Product, Purchase, Redemption

EVENTS_MAX = 64
NAN = float("nan")
UNKNOWN_PRODUCT = Product("", "", "", "", False)
# A level of the product tree → the pair column that counts the household's purchases in it.
LEVELS = ("product", "type", "category", "department", "manufacturer")


@dataclass
class CampaignExamples:
    """All pairs of one campaign: `users` has one entry a household, `labels` is [H, N]."""

    campaign: Campaign
    users: list[dict[str, Any]]
    labels: np.ndarray
    household_rate: np.ndarray
    """[H] the household's prior redemptions per coupon received, smoothed."""
    coupon_rate: np.ndarray
    """[N] the coupon's prior redemptions per household that received it, smoothed."""


class History:
    """What was known before `day`, indexed by household and by coupon."""

    def __init__(self, dataset: Dataset, day: date) -> None:
        known = dataset.known_before(day)
        self.day, self.products, self.demographics = day, known.products, known.demographics
        self.purchases: dict[str, list[Purchase]] = defaultdict(list)
        self.redemptions: dict[str, list[Redemption]] = defaultdict(list)
        self.received: dict[str, list[Campaign]] = defaultdict(list)
        self.coupon_received: Counter[str] = Counter()
        self.coupon_redeemed: Counter[str] = Counter()
        self.category_received: Counter[str] = Counter()
        self.category_redeemed: Counter[str] = Counter()
        self.coupon_products: dict[str, tuple[str, ...]] = {}
        self.coupon_category: dict[str, str] = {}
        for purchase in known.purchases:
            self.purchases[purchase.household].append(purchase)
        for campaign in known.campaigns:
            self.add_campaign(campaign)
        for redemption in known.redemptions:
            self.redemptions[redemption.household].append(redemption)
            self.coupon_redeemed[redemption.coupon] += 1
            self.category_redeemed[self.category_of(redemption.coupon)] += 1
        self.product_lines = Counter(part.product for part in known.purchases)
        self.lines = max(1, len(known.purchases))
        self.rate = (sum(self.coupon_redeemed.values()) + 1) / (
            sum(self.coupon_received.values()) + 500
        )

    def add_campaign(self, campaign: Campaign) -> None:
        for household in campaign.households:
            self.received[household].append(campaign)
        self.add_coupons(campaign)
        for coupon in campaign.coupons:
            self.coupon_received[coupon] += len(campaign.households)
            self.category_received[self.category_of(coupon)] += len(campaign.households)

    def add_coupons(self, campaign: Campaign) -> None:
        """The products of a campaign's coupons: known when it starts, unlike who redeems them."""
        for coupon, products in campaign.coupons.items():
            self.coupon_products[coupon] = products
            self.coupon_category.pop(coupon, None)

    def product(self, name: str) -> Product:
        return self.products.get(name, UNKNOWN_PRODUCT)

    def category_of(self, coupon: str) -> str:
        """The category of most of the coupon's products, as its latest campaign lists them."""
        if coupon not in self.coupon_category:
            products = self.coupon_products.get(coupon, ())
            self.coupon_category[coupon] = most_common(self.product(x).category for x in products)
        return self.coupon_category[coupon]

    def smoothed(self, redeemed: int, received: int, weight: float) -> float:
        """A rate that starts from the rate over all coupons, with `weight` pairs of belief."""
        return (redeemed + weight * self.rate) / (received + weight)


def most_common(values) -> str:
    """The most frequent value, the first in the alphabet of equals, or nothing."""
    counted = Counter(values)
    return min(counted, key=lambda value: (-counted[value], value)) if counted else ""


def build_examples(dataset: Dataset, campaign: Campaign, until: date | None = None):
    """The examples of one campaign. Redemptions on `until` or later are not labels yet."""
    history = History(dataset, campaign.start)
    history.add_coupons(campaign)
    coupons = coupon_columns(history, campaign)
    counts = purchase_counts(history, campaign)
    users = []
    for row, household in enumerate(campaign.households):
        user = {
            "key": int(household),
            "user": user_columns(history, household),
            "events": event_columns(history, household),
            "coupons": coupons | pair_columns(history, campaign, household, counts, row),
            "coupon_rows": len(campaign.coupons),
        }
        users.append(user | {"event_rows": len(user["events"]["kind"])})
    return CampaignExamples(
        campaign,
        users,
        label_matrix(dataset, campaign, until),
        np.array([household_rate(history, name) for name in campaign.households]),
        np.array(coupons["coupon_per_1000"]) / 1000,
    )


def label_matrix(dataset: Dataset, campaign: Campaign, until: date | None) -> np.ndarray:
    """[H, N] float32: 1 where the household redeemed the coupon in this campaign."""
    row = {name: index for index, name in enumerate(campaign.households)}
    column = {name: index for index, name in enumerate(campaign.coupons)}
    labels = np.zeros((len(row), len(column)), np.float32)
    for part in dataset.redemptions:
        in_time = until is None or part.day < until
        known = part.household in row and part.coupon in column
        if part.campaign == campaign.id and known and in_time:
            labels[row[part.household], column[part.coupon]] = 1
    return labels


def household_rate(history: History, household: str) -> float:
    received = sum(len(campaign.coupons) for campaign in history.received[household])
    return history.smoothed(len(history.redemptions[household]), received, 200.0)


def user_columns(history: History, household: str) -> dict[str, Any]:
    """The household: demographics (empty = not known) and what it did before."""
    people = history.demographics.get(household, {})
    purchases, redemptions = history.purchases[household], history.redemptions[household]
    received = history.received[household]
    spend = sum(part.dollars for part in purchases)
    saved = sum(part.discount for part in purchases)
    return {
        "age": people.get("age", ""),
        "income": people.get("income", ""),
        "household_size": people.get("household_size", ""),
        "campaigns_received": len(received),
        "coupons_received": sum(len(campaign.coupons) for campaign in received),
        "coupons_redeemed": len(redemptions),
        "campaigns_redeemed": len({part.campaign for part in redemptions}),
        "redeemed_per_1000": round(1000 * household_rate(history, household), 4),
        "days_since_redemption": days_since(history.day, [part.day for part in redemptions]),
        "lines_bought": len(purchases),
        "spend": round(spend, 2),
        "discount_share": round(saved / spend, 4) if spend > 0 else NAN,
        "coupon_lines": sum(part.coupon_discount > 0 for part in purchases),
        "days_since_purchase": days_since(history.day, [part.day for part in purchases]),
    }


def days_since(today: date, days: list[date]) -> float:
    return (today - max(days)).days if days else NAN


def event_columns(history: History, household: str) -> dict[str, list]:
    """The latest events, oldest first: purchases, campaigns received, coupons redeemed."""
    events = []
    for part in history.purchases[household]:
        product = history.product(part.product)
        kind = "purchase with coupon" if part.coupon_discount > 0 else "purchase"
        words = (kind, product.category, product.department)
        events.append((part.day, 1, *words, part.dollars, round(part.discount, 2)))
    for part in history.redemptions[household]:
        products = [history.product(name) for name in history.coupon_products.get(part.coupon, ())]
        category = most_common(product.category for product in products)
        department = most_common(product.department for product in products)
        events.append((part.day, 2, "redemption", category, department, NAN, NAN))
    for campaign in history.received[household]:
        events.append((campaign.start, 0, f"campaign {campaign.type}", "", "", NAN, NAN))
    # Stable: purchases of one day stay in the order of their receipts.
    events = sorted(events, key=lambda event: event[:2])[-EVENTS_MAX:]
    return {
        "kind": [event[2] for event in events],
        "category": [event[3] for event in events],
        "department": [event[4] for event in events],
        "dollars": [event[5] for event in events],
        "discount": [event[6] for event in events],
        "days_ago": [(history.day - event[0]).days for event in events],
    }


def coupon_columns(history: History, campaign: Campaign) -> dict[str, list]:
    """What the coupons of a campaign are, and how they and their like did before."""
    columns: dict[str, list] = defaultdict(list)
    for coupon, names in campaign.coupons.items():
        products = [history.product(name) for name in names]
        category = most_common(product.category for product in products)
        lines = sum(history.product_lines[name] for name in names)
        received = history.coupon_received[coupon]
        redeemed = history.coupon_redeemed[coupon]
        columns["campaign_type"].append(campaign.type)
        columns["coupon_department"].append(most_common(part.department for part in products))
        columns["coupon_categories"].append(largest_first(part.category for part in products))
        columns["product_count"].append(len(names))
        columns["private_share"].append(
            round(sum(part.is_private_brand for part in products) / len(products), 4)
        )
        columns["campaign_days"].append((campaign.end - campaign.start).days)
        columns["coupons_in_campaign"].append(len(campaign.coupons))
        columns["sold_per_1000"].append(round(1000 * lines / history.lines, 4))
        rate = history.smoothed(redeemed, received, 200.0)
        columns["coupon_per_1000"].append(round(1000 * rate, 4))
        redeemed = history.category_redeemed[category]
        rate = history.smoothed(redeemed, history.category_received[category], 400.0)
        columns["category_per_1000"].append(round(1000 * rate, 4))
    return dict(columns)


def largest_first(values, count_max: int = 8) -> list[str]:
    """Distinct values, the most frequent first, at most `count_max`."""
    counted = Counter(values)
    return sorted(counted, key=lambda value: (-counted[value], value))[:count_max]


def level_value(history: History, name: str, level: str) -> str:
    return name if level == "product" else getattr(history.product(name), level)


def purchase_counts(history: History, campaign: Campaign) -> dict[str, np.ndarray]:
    """Level → [H, N]: the household's earlier receipt lines in the coupon's products, types, …"""
    counts = {}
    for level in LEVELS:
        wanted: dict[str, int] = {}
        coupon_values = []
        for names in campaign.coupons.values():
            values = {level_value(history, name, level) for name in names} - {""}
            coupon_values.append([wanted.setdefault(value, len(wanted)) for value in values])
        members = np.zeros((len(wanted), len(coupon_values)), np.float32)
        for column, values in enumerate(coupon_values):
            members[values, column] = 1
        bought = np.zeros((len(campaign.households), len(wanted)), np.float32)
        for row, household in enumerate(campaign.households):
            for part in history.purchases[household]:
                column = wanted.get(level_value(history, part.product, level))
                if column is not None:
                    bought[row, column] += 1
        counts[level] = bought @ members
    return counts


def pair_columns(
    history: History, campaign: Campaign, household: str, counts: dict[str, np.ndarray], row: int
) -> dict[str, list]:
    """What this household has to do with each coupon: purchases by level, earlier redemptions."""
    redeemed = Counter(part.coupon for part in history.redemptions[household])
    categories = Counter(history.category_of(part) for part in redeemed.elements())
    received = Counter(name for part in history.received[household] for name in part.coupons)
    lines = max(1, len(history.purchases[household]))
    columns: dict[str, list] = {
        f"bought_{level}": [int(count) for count in counts[level][row]] for level in LEVELS
    }
    columns["category_share"] = [round(float(x) / lines, 4) for x in counts["category"][row]]
    columns["redeemed_before"] = [redeemed[name] for name in campaign.coupons]
    columns["received_before"] = [received[name] for name in campaign.coupons]
    columns["redeemed_category"] = [
        categories[history.category_of(name)] for name in campaign.coupons
    ]
    return columns
