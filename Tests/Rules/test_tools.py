"""What is installed and run from the checkout: one release, no traces, the right compiler."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "Tools" / "python"
PROJECT = tomllib.loads((PACKAGE / "pyproject.toml").read_text())


def test_the_python_package_is_of_the_servers_release() -> None:
    release = (REPOSITORY / "Protocol" / "TesseraWire" / "Release.swift").read_text()
    assert re.findall(r'static let number = "(.*)"', release) == [PROJECT["project"]["version"]]


@pytest.mark.parametrize("hook", ["build_wheel", "build_editable"])
def test_installing_the_python_package_leaves_nothing_beside_its_sources(
    hook: str, tmp_path: Path
) -> None:
    """pip calls these hooks in the folder itself: what they write would stand in the checkout."""
    backend = PROJECT["build-system"]["build-backend"]
    if importlib.util.find_spec(backend.split(".")[0]) is None:
        pytest.skip(f"{backend} is missing; pip install -e 'Tools/python[test]' brings it")
    copy, wheels = tmp_path / "python", tmp_path / "wheels"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    wheels.mkdir()
    before = sorted(copy.rglob("*"))
    script = f"import {backend} as backend; backend.{hook}({str(wheels)!r})"
    subprocess.run([sys.executable, "-c", script], cwd=copy, check=True, timeout=60)
    assert sorted(copy.rglob("*")) == before
    assert len(list(wheels.glob("tessera-*.whl"))) == 1


@pytest.mark.skipif(shutil.which("swift") is None, reason="swift is not on the PATH")
def test_another_clang_that_stands_first_on_the_path_is_not_taken(tmp_path: Path) -> None:
    """Debian's has no runtime of the sanitizers."""
    (tmp_path / "clang").write_text("#!/bin/sh\necho another clang >&2\nexit 1\n")
    (tmp_path / "clang").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [REPOSITORY / "Tests" / "Support" / "clang", "--version"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and "swift" in run.stdout, run.stdout + run.stderr


def test_no_script_calls_whatever_clang_is_on_the_path() -> None:
    scripts = [REPOSITORY / "Tests" / "Support" / "kernels" / "check"]
    scripts += [path for path in (REPOSITORY / "Tools").iterdir() if path.is_file()]
    for script in scripts:
        lines = script.read_text().splitlines()
        assert not [line for line in lines if re.match(r"\s*(exec |CC=)?clang\s", line)], script


def test_every_mutant_is_still_a_change_of_the_code() -> None:
    command = [REPOSITORY / "Tests" / "Mutants" / "run", "--check"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
