"""Reads *The Complete Journey*: households, campaigns, coupons, redemptions, purchases, products.

The folder holds gzipped CSV files, one for each name in `TABLES`; where to get the public data set
is told in the project's README. Days are calendar days of the shop; what happened first is decided
by UTC, since the shop's clock shows one hour of autumn twice.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tessera.training.errors import ArgumentError, DataError
from tessera.training.tables import Row, read_table

TABLES = {
    "campaign_descriptions": ("campaign_id", "campaign_type", "start_date", "end_date"),
    "campaigns": ("campaign_id", "household_id"),
    "coupons": ("coupon_upc", "product_id", "campaign_id"),
    "coupon_redemptions": ("household_id", "coupon_upc", "campaign_id", "redemption_date"),
    "demographics": ("household_id", "age", "income", "household_size"),
    "products": (
        "product_id",
        "manufacturer_id",
        "department",
        "brand",
        "product_category",
        "product_type",
    ),
    "transactions_sample": (
        "household_id",
        "product_id",
        "sales_value",
        "retail_disc",
        "coupon_disc",
        "transaction_timestamp",
    ),
}
"""The columns that are read, by table."""
PEOPLE_COLUMNS = ("age", "income", "household_size")
SHOP_ZONE = ZoneInfo("America/New_York")


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
    """In UTC."""
    day: date
    """The shop's."""
    product: str
    dollars: float
    discount: float
    coupon_discount: float


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
            row.id("product_id"): Product(
                row.word("department"),
                row.word("product_category"),
                row.word("product_type"),
                row.word("manufacturer_id"),
                row.word("brand") == "Private",
            )
            for row in rows(folder, "products")
        },
        demographics={
            row.id("household_id"): {name: row.word(name) for name in PEOPLE_COLUMNS}
            for row in rows(folder, "demographics")
        },
        campaigns=tuple(read_campaigns(folder)),
        purchases=tuple(sorted(read_purchases(folder), key=purchase_order)),
        redemptions=tuple(
            sorted(
                {
                    Redemption(
                        row.id("household_id"),
                        row.id("coupon_upc"),
                        row.id("campaign_id"),
                        row.day("redemption_date"),
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
        message = f"no data folder at {folder}: give the folder of the CSV files as --data"
        raise ArgumentError(message)
    missing = [name for name in TABLES if not table_path(folder, name).is_file()]
    if missing:
        raise DataError(f"{folder} has no {missing[0]}.csv.gz: is it the data set's folder?")


def table_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.csv.gz"


def rows(folder: Path, name: str) -> Iterator[Row]:
    return read_table(table_path(folder, name), TABLES[name])


def purchase_order(purchase: Purchase) -> tuple:
    return (purchase.moment, purchase.household, purchase.product)


def read_campaigns(folder: Path) -> list[Campaign]:
    """Campaigns by start; households and coupons in a fixed order."""
    households: dict[str, set[str]] = defaultdict(set)
    coupons: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows(folder, "campaigns"):
        households[row.id("campaign_id")].add(row.key("household_id"))
    for row in rows(folder, "coupons"):
        coupons[row.id("campaign_id")][row.id("coupon_upc")].add(row.id("product_id"))
    found: dict[str, Campaign] = {}
    for row in rows(folder, "campaign_descriptions"):
        name = row.id("campaign_id")
        if name in found:
            raise row.error(f"campaign {name} stands here twice; remove one")
        for table, parts in (("campaigns", households), ("coupons", coupons)):
            if name not in parts:
                what = "household" if table == "campaigns" else "coupon"
                message = f"campaign {name} has no {what} in {table}.csv.gz; add some or remove it"
                raise row.error(message)
        found[name] = Campaign(
            name,
            row.word("campaign_type"),
            row.day("start_date"),
            row.day("end_date"),
            tuple(sorted(households[name])),
            {upc: tuple(sorted(products)) for upc, products in sorted(coupons[name].items())},
        )
    if not found:
        raise DataError("campaign_descriptions.csv.gz has no campaign")
    return sorted(found.values(), key=lambda part: (part.start, part.id))


def read_purchases(folder: Path) -> Iterator[Purchase]:
    """Receipt lines; the timestamp is UTC, the day is the shop's."""
    for row in rows(folder, "transactions_sample"):
        moment = row.moment("transaction_timestamp")
        yield Purchase(
            row.id("household_id"),
            moment,
            moment.astimezone(SHOP_ZONE).date(),
            row.id("product_id"),
            row.number("sales_value"),
            row.number("retail_disc"),
            row.number("coupon_disc"),
        )


def parse_cut(text: str) -> date:
    """A date as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentError(f"--cut {text}: not a date; write it as 2017-08-01") from None


def campaigns_on_both_sides(dataset: Dataset, cut: date) -> tuple[list[Campaign], list[Campaign]]:
    """Campaigns that start before the cut, and those that start on it or after it: maybe none."""
    before = [part for part in dataset.campaigns if part.start < cut]
    after = [part for part in dataset.campaigns if part.start >= cut]
    if not before:
        raise no_campaign(dataset, "before", cut)
    return before, after


def no_campaign(dataset: Dataset, side: str, cut: date) -> DataError:
    first, last = dataset.campaigns[0].start, dataset.campaigns[-1].start
    return DataError(f"no campaign starts {side} the cut {cut}: they start from {first} to {last}")
