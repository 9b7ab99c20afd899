"""Data that are wrong: one line with file, line, column and what to do; never a traceback."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from invented_data import CUT, rewrite_table, write_data

from tessera.__main__ import main
from tessera.training.dataset import TABLES, read_dataset

FAULTS = Path(__file__).parent / "faults"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("latin1", ["products.csv.gz, line 2", "byte 25 (0xc9) is not UTF-8", "save"]),
        ("utf16", ["products.csv.gz, line 1", "is not UTF-8"]),
        ("na", ["transactions_sample.csv.gz, line 2, column sales_value: NA", 'na = ""']),
        ("na-word", ["demographics.csv.gz, line 2, column income: NA", 'na = ""']),
        ("nan", ["transactions_sample.csv.gz, line 2, column retail_disc: 'nan' is no number"]),
        ("stamp", ["line 2, column transaction_timestamp: '5 January'", "2017-08-01T13:30:00Z"]),
        ("letters", ["campaigns.csv.gz, line 3, column household_id: 'H1'", "number the house"]),
        ("negative", ["campaigns.csv.gz, line 2, column household_id: '-1'"]),
        ("no-households", ["descriptions.csv.gz, line 5: campaign 4 has no household", "remove"]),
        ("no-coupons", ["descriptions.csv.gz, line 4: campaign 3 has no coupon in coupons.csv.gz"]),
        ("short-row", ["coupons.csv.gz, line 3: 2 values, the first line has 3"]),
        ("no-column", ["coupons.csv.gz, line 1: there is no column product_id"]),
        ("empty", ["coupons.csv.gz is empty"]),
        ("day", ["coupon_redemptions.csv.gz, line 2, column redemption_date: 'June' is no day"]),
        ("twice", ["campaign_descriptions.csv.gz, line 3: campaign 1 stands here twice"]),
        ("cut", ["campaigns.csv.gz, after line", "the gzip file ends too early; get it again"]),
        ("damaged", ["campaigns.csv.gz, after line", "get it again"]),
        ("not-gzip", ["campaigns.csv.gz, after line 0: not gzip", "compress it with gzip"]),
    ],
)
def test_a_fault_in_a_table_is_told_in_one_line(
    fault: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_data(tmp_path)
    for table in (FAULTS / fault).iterdir():
        shutil.copy(table, data)
    call = ["evaluate", "--server", "127.0.0.1:1", "--model", "coupon", "--cut", CUT]
    assert main([*call, "--data", str(data)]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and all(word in lines[0] for word in words), lines


def test_every_fault_that_lies_here_is_tried() -> None:
    marks = test_a_fault_in_a_table_is_told_in_one_line.pytestmark
    assert {case[0] for case in marks[0].args[1]} == {path.name for path in FAULTS.iterdir()}


def test_a_byte_order_mark_before_the_tables_changes_nothing(tmp_path: Path) -> None:
    data = write_data(tmp_path)
    plain = read_dataset(data)
    for name in TABLES:
        path = data / f"{name}.csv.gz"
        path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + gzip.decompress(path.read_bytes())))
    marked = read_dataset(data)
    assert replace(marked, sha256=plain.sha256) == plain


def test_a_redemption_of_a_coupon_that_is_nowhere_else_is_of_no_category(tmp_path: Path) -> None:
    from tessera.training.examples import build_examples

    data = write_data(tmp_path)
    rewrite_table(
        data, "coupon_redemptions", lambda rows: [*rows, rows[0] | {"coupon_upc": "unknown"}]
    )
    dataset = read_dataset(data)
    assert build_examples(dataset, dataset.campaigns[-1]).labels.any()


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def machine_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


def purchases_at(data: Path, stamps: list[str]) -> list[tuple[str, datetime, date]]:
    """What is read of a household's purchases with these stamps."""

    def stamped(rows: list[dict]) -> list[dict]:
        return [
            rows[0] | {"transaction_timestamp": stamp, "product_id": str(index)}
            for index, stamp in enumerate(stamps)
        ]

    rewrite_table(data, "transactions_sample", stamped)
    return [(part.product, part.moment, part.day) for part in read_dataset(data).purchases]


def test_the_hour_that_comes_twice_is_read_in_the_order_of_what_happened(tmp_path: Path) -> None:
    # At 06:00 UTC the clocks of the shop went from 02:00 back to 01:00.
    stamps = ["2017-11-05T06:30:00Z", "2017-11-05T05:50:00Z", "2017-11-05T01:40:00-05:00"]
    found = purchases_at(write_data(tmp_path), stamps)
    assert [product for product, _, _ in found] == ["1", "0", "2"]
    assert {day for _, _, day in found} == {date(2017, 11, 5)}


def test_a_stamp_without_a_zone_is_utc_wherever_this_runs(
    tmp_path: Path, machine_zone: str
) -> None:
    stamps = ["2017-06-09T03:30:00", "2017-06-09 04:30:00", "2017-06-09T04:15:00Z"]
    found = purchases_at(write_data(tmp_path), stamps)
    moments = [
        datetime(2017, 6, 9, 3, 30),
        datetime(2017, 6, 9, 4, 15),
        datetime(2017, 6, 9, 4, 30),
    ]
    assert [moment for _, moment, _ in found] == [part.replace(tzinfo=UTC) for part in moments]
    assert [day.day for _, _, day in found] == [8, 9, 9]
