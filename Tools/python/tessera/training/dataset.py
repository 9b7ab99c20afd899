"""Reads *The Complete Journey*: households, campaigns, coupons, redemptions, purchases, products.

The folder holds gzipped CSV files, one for each name in `TABLES`; where to get the public data set
is told in the project's README. Days are calendar days of the shop.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

TABLES = (
    "campaign_descriptions",
    "campaigns",
    "coupons",
    "coupon_redemptions",
    "demographics",
    "products",
    "transactions_sample",
)
SHOP_ZONE = ZoneInfo("America/New_York")


class DataError(Exception):
    """The data folder or an argument about it is wrong; the text says what to do."""


@dataclass(frozen=True)
class Product:
    department: str
    category: str
    type: str
    manufacturer: str
    is_private_brand: bool


@dataclass(frozen=True)
class Campaign:
    id: str
    type: str
    start: date
    end: date
    households: tuple[str, ...]
    coupons: dict[str, tuple[str, ...]]
    """Coupon → the products it is good for."""


@dataclass(frozen=True)
class Purchase:
    household: str
    moment: datetime
    product: str
    dollars: float
    discount: float
    coupon_discount: float

    @property
    def day(self) -> date:
        return self.moment.date()


@dataclass(frozen=True)
class Redemption:
    household: str
    coupon: str
    campaign: str
    day: date


@dataclass(frozen=True)
class Dataset:
    products: dict[str, Product]
    demographics: dict[str, dict[str, str]]
    campaigns: tuple[Campaign, ...]
    purchases: tuple[Purchase, ...]
    redemptions: tuple[Redemption, ...]
    """Without exact repeats."""
    sha256: dict[str, str]

    def known_before(self, day: date) -> Dataset:
        """What was known when `day` began: earlier campaigns, purchases and redemptions."""
        return replace(
            self,
            campaigns=tuple(part for part in self.campaigns if part.start < day),
            purchases=tuple(part for part in self.purchases if part.day < day),
            redemptions=tuple(part for part in self.redemptions if part.day < day),
        )


def read_dataset(folder: Path) -> Dataset:
    """Reads all tables; takes about three seconds."""
    check_folder(folder)
    return Dataset(
        products={
            row["product_id"]: Product(
                row["department"],
                row["product_category"],
                row["product_type"],
                row["manufacturer_id"],
                row["brand"] == "Private",
            )
            for row in rows(folder, "products")
        },
        demographics={row["household_id"]: row for row in rows(folder, "demographics")},
        campaigns=tuple(read_campaigns(folder)),
        purchases=tuple(sorted(read_purchases(folder), key=purchase_order)),
        redemptions=tuple(
            sorted(
                {
                    Redemption(
                        row["household_id"],
                        row["coupon_upc"],
                        row["campaign_id"],
                        date.fromisoformat(row["redemption_date"]),
                    )
                    for row in rows(folder, "coupon_redemptions")
                },
                key=lambda part: (part.day, part.household, part.coupon, part.campaign),
            )
        ),
        sha256={
            f"{name}.csv.gz": hashlib.sha256(table_path(folder, name).read_bytes()).hexdigest()
            for name in TABLES
        },
    )


def check_folder(folder: Path) -> None:
    """Refuses a folder without the tables."""
    if not folder.is_dir():
        raise DataError(f"no data folder at {folder}: give the folder of the CSV files as --data")
    missing = [name for name in TABLES if not table_path(folder, name).is_file()]
    if missing:
        raise DataError(f"{folder} has no {missing[0]}.csv.gz: is it the data set's folder?")


def table_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.csv.gz"


def rows(folder: Path, name: str):
    """The rows of one table as dictionaries."""
    with gzip.open(table_path(folder, name), "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def purchase_order(purchase: Purchase) -> tuple:
    return (purchase.moment, purchase.household, purchase.product)


def read_campaigns(folder: Path):
    """Campaigns by start; households and coupons in a fixed order."""
    households: dict[str, set[str]] = defaultdict(set)
    coupons: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows(folder, "campaigns"):
        households[row["campaign_id"]].add(row["household_id"])
    for row in rows(folder, "coupons"):
        coupons[row["campaign_id"]][row["coupon_upc"]].add(row["product_id"])
    found = [
        Campaign(
            row["campaign_id"],
            row["campaign_type"],
            date.fromisoformat(row["start_date"]),
            date.fromisoformat(row["end_date"]),
            tuple(sorted(households[row["campaign_id"]])),
            {
                upc: tuple(sorted(products))
                for upc, products in sorted(coupons[row["campaign_id"]].items())
            },
        )
        for row in rows(folder, "campaign_descriptions")
    ]
    return sorted(found, key=lambda part: (part.start, part.id))


def read_purchases(folder: Path):
    """Receipt lines; the timestamp is UTC, the day is the shop's."""
    for row in rows(folder, "transactions_sample"):
        moment = datetime.fromisoformat(row["transaction_timestamp"].replace("Z", "+00:00"))
        yield Purchase(
            row["household_id"],
            moment.astimezone(SHOP_ZONE),
            row["product_id"],
            float(row["sales_value"]),
            float(row["retail_disc"]),
            float(row["coupon_disc"]),
        )


def parse_cut(text: str) -> date:
    """A date as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"--cut {text}: not a date; write it as 2017-08-01") from None


def campaigns_on_both_sides(dataset: Dataset, cut: date) -> tuple[list[Campaign], list[Campaign]]:
    """Campaigns that start before the cut, and those that start on it or after it."""
    before = [part for part in dataset.campaigns if part.start < cut]
    after = [part for part in dataset.campaigns if part.start >= cut]
    if not before or not after:
        first, last = dataset.campaigns[0].start, dataset.campaigns[-1].start
        side = "before" if not before else "on or after"
        raise DataError(
            f"no campaign starts {side} the cut {cut}: they start from {first} to {last}"
        )
    return before, after
