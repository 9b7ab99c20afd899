"""The built server on a free port, with models of the samples: for tests of the whole way.

Needs the built programs, in the folder that TESSERA_BIN names (Tools/test does it).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = os.environ.get("TESSERA_BIN", "")
SAMPLES = Path(__file__).parents[3] / "Registry" / "samples"

needs_programs = pytest.mark.skipif(
    not PROGRAMS, reason="TESSERA_BIN does not name the folder of the built programs"
)


@contextmanager
def serve(folder: Path, imports: Sequence[Sequence[str]]) -> Iterator[int]:
    """The port of a server; each import is a sample's name and more arguments of `import`.

    Every imported model is promoted. At the end the server must drain and exit with 0.
    """
    registry = [f"{PROGRAMS}/tessera-registry", "--registry", str(folder)]
    for sample, *arguments in imports:
        name = arguments[arguments.index("--name") + 1] if "--name" in arguments else "coupon"
        command = ["import", str(SAMPLES / sample), *arguments]
        subprocess.run([*registry, *command], check=True, timeout=60)
        subprocess.run([*registry, "promote", name, "1"], check=True, timeout=60)
    command = [f"{PROGRAMS}/tessera-server", "--registry", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        line = server.stdout.readline()
        match = re.search(r"listening on \S+:(\d+)", line)
        assert match, f"the server said {line!r}"
        yield int(match[1])
    finally:
        server.terminate()
        assert server.wait(30) == 0, "SIGTERM drains and exits 0"
