"""The codec against the transcripts of Protocol/vectors: every frame of a server decodes, and every
request is answered at most once. The blocking client has one request in flight; it is not played.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from test_wire import BODIES, VECTORS

from tessera.client.frame import HEADER_BYTES, FrameKind, next_frame

TRANSCRIPTS = sorted((VECTORS / "transcripts").glob("*.txt"))
NO_ANSWER = 0


def events(path: Path) -> list[tuple[str, bytes]]:
    """What begins each event, and the bytes of its frame."""
    found = []
    for event in path.read_text(encoding="utf-8").split("\n\n"):
        first, *lines = event.strip().splitlines()
        digits = "".join(line.split("#")[0].strip() for line in lines)
        if first[0] in "<>":
            found.append((first, bytes.fromhex(digits)))
    return found


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 20


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_every_answer_decodes_and_answers_one_request(path: Path) -> None:
    unanswered: list[int] = []
    for first, data in events(path):
        request_id = int.from_bytes(data[8:16], "little")
        if first.startswith(">"):
            if data[4] != FrameKind.CANCEL:
                unanswered.append(request_id)
            continue
        frame = next_frame(data)
        assert frame is not None and len(data) == HEADER_BYTES + len(frame.body)
        assert first[2:].split()[0] == frame.kind.name
        if frame.kind in BODIES:
            BODIES[frame.kind].decode(frame.body)
        if frame.kind != FrameKind.GOAWAY and request_id != NO_ANSWER:
            unanswered.remove(request_id)
