"""Writes `faults`: tables with one fault each, as people have brought them."""

from __future__ import annotations

import gzip
from pathlib import Path

FOLDER = Path(__file__).parent / "faults"
STAMPS = "household_id,product_id,sales_value,retail_disc,coupon_disc,transaction_timestamp\n"
REDEEMED = "household_id,coupon_upc,campaign_id,redemption_date\n"
SENT = "campaign_id,household_id\n"
PRODUCTS = "product_id,manufacturer_id,department,brand,product_category,product_type\n"


def main() -> None:
    tables = {
        "latin1/products": (PRODUCTS + "7,1,GROCERY,National,CAFÉ,COFFEE\n").encode("latin-1"),
        "utf16/products": (PRODUCTS + "7,1,GROCERY,National,TEA,TEA\n").encode("utf-16"),
        "na/transactions_sample": f"{STAMPS}1,7,NA,0.0,0.0,2017-01-05T03:00:00Z\n".encode(),
        "na-word/demographics": b"household_id,age,income,household_size\n1,35-44,NA,2\n",
        "nan/transactions_sample": f"{STAMPS}1,7,1.0,nan,0.0,2017-01-05T03:00:00Z\n".encode(),
        "stamp/transactions_sample": f"{STAMPS}1,7,1.0,0.0,0.0,5 January\n".encode(),
        "letters/campaigns": f"{SENT}1,1\n1,H1\n".encode(),
        "negative/campaigns": f"{SENT}1,-1\n".encode(),
        "no-households/campaigns": f"{SENT}1,1\n2,1\n3,1\n".encode(),
        "no-coupons/coupons": b"coupon_upc,product_id,campaign_id\n9,7,1\n9,7,2\n9,7,4\n",
        "short-row/coupons": b"coupon_upc,product_id,campaign_id\n9,7,1\n9,7\n",
        "no-column/coupons": b"coupon_upc,product,campaign_id\n9,7,1\n",
        "empty/coupons": b"",
        "day/coupon_redemptions": f"{REDEEMED}1,9,1,June\n".encode(),
        "twice/campaign_descriptions": b"campaign_id,campaign_type,start_date,end_date\n"
        + b"1,Type A,2017-02-01,2017-02-05\n" * 2,
    }
    for name, data in tables.items():
        write(name, gzip.compress(data, mtime=0))
    whole = gzip.compress((SENT + "".join(f"{x},{x * x}\n" for x in range(99))).encode(), mtime=0)
    write("cut/campaigns", whole[:-40])
    write("damaged/campaigns", whole[:20] + b"\xff" * 20 + whole[40:])
    write("not-gzip/campaigns", f"{SENT}1,1\n".encode())


def write(name: str, data: bytes) -> None:
    path = FOLDER / f"{name}.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    main()
