"""The documents name things that exist: linked files, tests behind promises, commands of Tools."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
).stdout.split("\n")
DOCUMENTS = [path for path in TRACKED if path.endswith(".md")]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_of_the_repository_leads_somewhere(document: str) -> None:
    page = (REPOSITORY / document).read_text()
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page)
    missing = [
        target for target in targets if not (REPOSITORY / document).parent.joinpath(target).exists()
    ]
    assert not missing


def test_the_readme_lists_every_promise_with_its_tests_or_says_that_it_is_not_held() -> None:
    page = (REPOSITORY / "README.md").read_text()
    rows = re.findall(r"^\| (P\d+) \| .* \| (.*) \|$", page, re.MULTILINE)
    assert [number for number, _ in rows] == [f"P{index}" for index in range(1, 11)]
    for number, holders in rows:
        names = re.findall(r"`([^`]+)`", holders)
        assert names or "not yet held" in holders, number
        for name in names:
            assert any(name in path for path in TRACKED), f"{number}: {name}"


def test_the_commands_of_tools_that_documents_name_are_there() -> None:
    for document in DOCUMENTS:
        page = (REPOSITORY / document).read_text()
        for command in set(re.findall(r"`(Tools/[a-z]+)[ `]", page)):
            assert (REPOSITORY / command).exists(), f"{document}: {command}"
