"""A tiny invented data set in the data set's own format, for tests that must run anywhere."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np

CATEGORIES = ["TEA", "BREAD", "CHEESE", "APPLES"]
CAMPAIGNS = [
    ("1", "Type B", "2017-02-01"),
    ("2", "Type A", "2017-03-01"),
    ("3", "Type B", "2017-04-01"),
    ("4", "Type A", "2017-05-01"),
]
HOUSEHOLDS = [str(number) for number in range(1, 31)]
CUT = "2017-04-15"


def write_table(folder: Path, name: str, rows: list[dict]) -> None:
    with gzip.open(folder / f"{name}.csv.gz", "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def rewrite_table(folder: Path, name: str, change: Callable[[list[dict]], list[dict]]) -> None:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    write_table(folder, name, change(rows))


def write_data(folder: Path) -> Path:
    """Thirty households, forty products, four campaigns of eight coupons."""
    random = np.random.default_rng(5)
    folder.mkdir(parents=True, exist_ok=True)
    products = [
        {
            "product_id": str(100 + number),
            "manufacturer_id": str(number % 3),
            "department": "GROCERY" if number % 4 else "DRINKS",
            "brand": "Private" if number % 5 == 0 else "National",
            "product_category": CATEGORIES[number % 4],
            "product_type": f"TYPE {number % 8}",
            "package_size": "",
        }
        for number in range(40)
    ]
    purchases = [
        {
            "household_id": household,
            "store_id": "1",
            "basket_id": "1",
            "product_id": str(100 + random.integers(40)),
            "quantity": "1",
            "sales_value": str(random.integers(1, 40) / 4),
            "retail_disc": "0.25",
            "coupon_disc": "0.0",
            "coupon_match_disc": "0.0",
            "week": "1",
            "transaction_timestamp": f"2017-{month:02}-{random.integers(1, 28):02}T03:00:00Z",
        }
        for household in HOUSEHOLDS
        for month in (1, 2, 3, 4)
        for _ in range(3)
    ]
    sent = [(campaign, household) for campaign, _, _ in CAMPAIGNS for household in HOUSEHOLDS]
    redeemed = [(campaign, household) for campaign, household in sent if random.random() < 0.4]
    write_table(
        folder,
        "campaign_descriptions",
        [
            {"campaign_id": name, "campaign_type": kind, "start_date": start, "end_date": start}
            for name, kind, start in CAMPAIGNS
        ],
    )
    write_table(
        folder,
        "campaigns",
        [{"campaign_id": c, "household_id": name} for c, name in sent],
    )
    write_table(
        folder,
        "coupons",
        [
            {"coupon_upc": f"9{number}", "product_id": str(100 + number), "campaign_id": campaign}
            for campaign, _, _ in CAMPAIGNS
            for number in range(8)
        ],
    )
    write_table(
        folder,
        "coupon_redemptions",
        [
            {
                "household_id": household,
                "coupon_upc": f"9{random.integers(8)}",
                "campaign_id": campaign,
                "redemption_date": CAMPAIGNS[int(campaign) - 1][2][:8] + "05",
            }
            for campaign, household in redeemed
        ],
    )
    write_table(
        folder,
        "demographics",
        [
            {"household_id": name, "age": "35-44", "income": "50-74K", "household_size": "2"}
            for name in HOUSEHOLDS[::2]
        ],
    )
    write_table(folder, "products", products)
    write_table(folder, "transactions_sample", purchases)
    return folder
