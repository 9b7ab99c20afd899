"""The tables of the codec are those of Protocol/SPEC.md, and the client is light."""

from __future__ import annotations

import re
import subprocess
import sys

from conftest import REPOSITORY

from tessera.client import limits
from tessera.client.codes import ErrorCode
from tessera.client.frame import Capability, FrameKind

SPEC = (REPOSITORY / "Protocol" / "SPEC.md").read_text(encoding="utf-8")


def test_the_limits_are_those_of_section_11() -> None:
    page = dict(re.findall(r"^\| `(\w+_max)` \| (\d+) \|", SPEC, re.MULTILINE))
    here = {name.lower(): value for name, value in vars(limits).items() if name.endswith("_MAX")}
    assert {name: int(value) for name, value in page.items()} == here


def test_the_kinds_of_frames_are_those_of_section_2() -> None:
    row = r"^\| `(0x\w\w)` \| (\w+) \| (\w+) \| (\w*) ?\| [\w ]*\| (\d+) \|"
    page = [
        (int(number, 16), name, sender, needs.upper() or "NONE", int(longest))
        for number, name, sender, needs, longest in re.findall(row, SPEC, re.MULTILINE)
    ]
    here = [
        (kind.value, kind.name, kind.sender.value, kind.capability.name, kind.body_bytes_max)
        for kind in FrameKind
    ]
    assert page == here


def test_the_capabilities_are_those_of_section_4() -> None:
    table = SPEC.split("| bit | capability | allows |")[1]
    page = re.findall(r"^\| (\d+) \| (\w+) \|", table.split("\n\n")[0], re.MULTILINE)
    here = [(part.bit_length() - 1, part.name) for part in Capability]
    assert [(int(bit), name.upper()) for bit, name in page] == here[: len(page)]
    assert Capability.ALL == (1 << len(page)) - 1


def test_the_error_codes_are_those_of_section_10() -> None:
    row = r"^\| (\d+) \| `(\w+)` \| (yes|no) \| (never|here|elsewhere|after binding) \|"
    page = [
        (int(number), name, closes == "yes", retry.upper().replace(" ", "_"))
        for number, name, closes, retry in re.findall(row, SPEC, re.MULTILINE)
    ]
    assert page == [(code.value, code.name, code.closes, code.retry.name) for code in ErrorCode]


def test_importing_the_client_loads_nothing_but_numpy_and_the_checksum() -> None:
    script = "import sys, tessera.client; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(run.stdout.split())
    assert {"numpy", "google_crc32c", "tessera"} <= loaded
    heavy = {"keras", "tensorflow", "sklearn", "safetensors", "tqdm", "pandas", "scipy"}
    assert not loaded & heavy
