"""`python -m tessera`: help, and one clear line for what is wrong."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from tessera.__main__ import main

TRAIN = ["train", "--arch", "lstm"]
EVALUATE = ["evaluate", "--model", "coupon", "--cut", "2017-08-01"]


def test_without_arguments_it_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert "train" in text and "evaluate" in text


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a refused call prints."""
    assert main(words) != 0
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys) -> None:
    out = ["--out", str(tmp_path / "model"), "--cut", "2017-08-01"]
    line = refused([*TRAIN, *out, "--data", str(tmp_path / "nowhere")], capsys)
    assert "nowhere" in line and "--data" in line


def test_a_folder_without_the_tables_says_which_one_is_missing(tmp_path: Path, capsys) -> None:
    out = ["--out", str(tmp_path / "model"), "--cut", "2017-08-01"]
    assert "campaign_descriptions" in refused([*TRAIN, *out, "--data", str(tmp_path)], capsys)


def test_a_cut_that_is_no_date_is_refused_with_an_example(tmp_path: Path, capsys) -> None:
    out = ["--out", str(tmp_path / "model"), "--cut", "August"]
    assert "2017-08-01" in refused([*TRAIN, *out, "--data", str(tmp_path)], capsys)


def test_an_output_that_is_a_file_is_refused(tmp_path: Path, capsys) -> None:
    (tmp_path / "model").write_text("")
    out = ["--out", str(tmp_path / "model"), "--cut", "2017-08-01"]
    assert "--out" in refused([*TRAIN, *out, "--data", str(tmp_path)], capsys)


@pytest.mark.parametrize("words", [["--seed", "-1"], ["--seed", "4294967296"], ["--epochs", "0"]])
def test_a_number_outside_its_range_is_refused(words: list[str], tmp_path: Path, capsys) -> None:
    call = [*TRAIN, "--cut", "2017-08-01", "--data", str(tmp_path), "--out", str(tmp_path / "m")]
    assert words[0] in refused([*call, *words], capsys)


@pytest.mark.parametrize(
    "server", ["localhost", "localhost:x", ":80", "localhost:99999", "localhost:8²"]
)
def test_a_server_that_is_no_address_is_refused(server: str, tmp_path: Path, capsys) -> None:
    words = [*EVALUATE, "--data", str(tmp_path), "--server", server]
    assert "HOST:PORT" in refused(words, capsys)


@pytest.mark.dataset
def test_a_cut_with_nothing_after_it_says_which_dates_there_are(data_folder: Path, capsys) -> None:
    words = ["evaluate", "--model", "coupon", "--cut", "2030-01-01", "--server", "127.0.0.1:1"]
    assert "2016-11-14" in refused([*words, "--data", str(data_folder)], capsys)


def test_the_release_is_told(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == version("tessera") + "\n"
