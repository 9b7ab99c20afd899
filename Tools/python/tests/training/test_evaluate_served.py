"""What `train` takes, `evaluate` sends: campaigns of more coupons than a frame of the model has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from invented_data import CUT, rewrite_table, write_data
from served import needs_programs, serve

from tessera.client import Client
from tessera.training.evaluate import (
    USERS_IN_CALL,
    Target,
    examples_on_both_sides,
    group_scores,
    served_scores,
)

pytestmark = [needs_programs, pytest.mark.keras]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serve(tmp_path_factory.mktemp("registry"), [["lstm"]]) as port:
        yield port


@pytest.mark.parametrize("count", [250, 300, 1_100])
def test_every_coupon_of_a_large_campaign_is_scored(count: int, port: int, tmp_path: Path) -> None:
    """Of eight categories with long names each, so that bytes are a limit as well as rows."""
    data = write_data(tmp_path)
    many = [
        {"coupon_upc": f"8{upc}", "product_id": str(100 + (upc + part) % 40), "campaign_id": "4"}
        for upc in range(count - 8)
        for part in range(8)
    ]
    rewrite_table(data, "coupons", lambda rows: [*rows, *many])
    rewrite_table(
        data,
        "products",
        lambda rows: [row | {"product_category": f"{row['product_id']:x>200}"} for row in rows],
    )
    _, after, _ = examples_on_both_sides(data, CUT)
    target = Target("127.0.0.1", port, "coupon")
    scores, version = served_scores(target, after)
    assert version == 1 and [len(row) for row in scores] == [count] * 30
    assert all(np.isfinite(row).all() for row in scores)
    with Client("127.0.0.1", port) as client:
        bound = client.bind("coupon")
        again = group_scores(client, bound, after[0].users[:USERS_IN_CALL], 7)
    for one, other in zip(scores, again, strict=False):
        assert one.tobytes() == other.tobytes(), "a score depends on no other coupon"
