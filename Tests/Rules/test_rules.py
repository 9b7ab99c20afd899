"""The repository keeps its own rules (CONTRIBUTING.md, "What we hold to")."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import rules

REPOSITORY = Path(__file__).resolve().parents[2]
TRACKED = [
    path
    for path in subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if (REPOSITORY / path).exists()
]
DOCUMENTS = [path for path in TRACKED if path.endswith(".md")]
SOURCES = [path for path in TRACKED if path.endswith(".swift") and not path.startswith("Tests/")]
TESTS = [path for path in TRACKED if path.endswith(".swift") and path.startswith("Tests/")]
CODE = [path for path in TRACKED if path.endswith((".swift", ".c", ".h", ".py"))]
MEASURING = [
    path for path in DOCUMENTS if path.endswith(("README.md", "ARCHITECTURE.md", "DECISIONS.md"))
]


def faults(paths: list[str], rule: Callable[[str], list[rules.Fault]]) -> list[str]:
    return [
        f"{path}:{line}: {reason}"
        for path in paths
        for line, reason in rule((REPOSITORY / path).read_text())
    ]


def test_every_unsafe_has_its_reason() -> None:
    assert not faults(SOURCES, rules.unsafe_without_reason)


def test_a_default_says_why_its_set_is_open() -> None:
    assert not faults(SOURCES, rules.default_without_reason)


def test_limits_stand_in_the_limits_file_of_their_module() -> None:
    others = [path for path in SOURCES if not path.endswith("Limits.swift")]
    assert not faults(others, rules.limit_outside_limits)


def test_messages_take_limits_from_the_constants() -> None:
    assert not faults(SOURCES, rules.limit_retyped)


def test_no_test_expects_a_time() -> None:
    assert not faults(TESTS, rules.timed_expectation)


def test_a_figure_stands_with_its_command() -> None:
    assert not faults(MEASURING, rules.figure_without_command)


def test_files_are_short() -> None:
    tests = [path for path in CODE if "ests/" in path]
    others = [path for path in CODE if "ests/" not in path]
    assert not faults(others, lambda text: rules.too_long(text, 500))
    assert not faults(tests, lambda text: rules.too_long(text, 800))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (rules.unsafe_without_reason, "func f() {\n  unsafe g()\n}\n"),
        (rules.unsafe_without_reason, "/// Documentation.\nfunc f() {\n  let x = unsafe g()\n}\n"),
        (
            rules.unsafe_without_reason,
            "// unsafe: fine.\nstruct A {\n}\nfunc f() {\n  unsafe g()\n}\n",
        ),
        (rules.default_without_reason, "switch x {\ncase .a: 1\ndefault: 2\n}\n"),
        (rules.limit_outside_limits, "  private static let batchMax = 4_096\n"),
        (rules.limit_retyped, '  throw E("\\(n) rows, at most 64")\n'),
        (rules.timed_expectation, "    #expect(ContinuousClock.now - start < .seconds(5))\n"),
        (rules.figure_without_command, "# A\n\nA request takes 7 µs of the loop.\n"),
        (lambda text: rules.too_long(text, 3), "\n\n\n\n"),
    ],
)
def test_a_rule_refuses_what_it_is_there_for(
    rule: Callable[[str], list[rules.Fault]], text: str
) -> None:
    assert rule(text)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            rules.unsafe_without_reason,
            "func f() {\n  // The span vouches for it.\n  unsafe g()\n}\n",
        ),
        (
            rules.unsafe_without_reason,
            "// unsafe: every pointer is ours.\nstruct A {\n  let x = unsafe g()\n}\n",
        ),
        (rules.unsafe_without_reason, "  @unsafe func f() {}\n  // the word unsafe\n"),
        (rules.default_without_reason, "// Codes are an open set.\ndefault: 2\n"),
        (rules.timed_expectation, '    #expect(said(pool.lease("a")) == "wait")\n'),
        (rules.figure_without_command, "# A\n\nIt takes 7 µs (`tessera-bench plan`).\n"),
    ],
)
def test_a_rule_lets_pass_what_is_right(
    rule: Callable[[str], list[rules.Fault]], text: str
) -> None:
    assert not rule(text)


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
    assert [number for number, _ in rows] == [f"P{index}" for index in range(1, 16)]
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
