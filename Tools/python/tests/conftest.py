"""What several tests need: the data set's folder, and whether the extra [train] is installed."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
DATA = Path(
    os.environ.get("TESSERA_DATA", REPOSITORY.parent / "shared" / "data" / "completejourney")
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "keras: needs Keras and TensorFlow (the extra [train])")
    config.addinivalue_line("markers", "dataset: needs the data set The Complete Journey")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    has_keras = all(importlib.util.find_spec(name) for name in ("keras", "tensorflow"))
    for item in items:
        if item.get_closest_marker("keras") and not has_keras:
            item.add_marker(pytest.mark.skip(reason="pip install 'tessera[train]' is missing"))
        if item.get_closest_marker("dataset") and not DATA.is_dir():
            reason = f"the data set is not at {DATA}; set TESSERA_DATA to its folder"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    return DATA
