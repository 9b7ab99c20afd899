"""The peers' side of `tessera-bench peers`: one process that builds a case and times it on request.

Reads one JSON object a line on standard input and answers with one line on standard output:
  {"do": "prepare", "model": M, "events": [T…], "coupons": [N…]}
      → {"frames": FILE, "peers": [{"name": P, "scores": [one per coupon, requests in order]}, …]}
  {"do": "time", "peer": P, "seconds": S} → {"us": [one per call on the whole batch]}
The parent pins this process and itself to one core and lets them work in turn.
A batch of unequal lengths is given to a peer in two ways: padded to the longest (unknown ids and
zeros, so its scores change), and request by request (exact). OpenVINO is left out where it is not
installed; ONNX Runtime is a must.

    python worker.py FOLDER      (holds the reference models as Tessera's exporter would write them)
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from onnx_models import ACTIONS, COUPONS, DENSE, ITEMS, NAMES, PROFILE, convert

from tessera.client import Axis, Column, ColumnKind, Output, Signature
from tessera.client.frame import Frame, FrameKind
from tessera.client.score import Score, User
from tessera.models.transforms import hash_id

Feed = dict[str, np.ndarray]
COLUMNS = [Column("item", Axis.EVENT, ColumnKind.INTEGER)]
COLUMNS += [Column("action", Axis.EVENT, ColumnKind.INTEGER)]
COLUMNS += [Column(f"profile{index}", Axis.USER, ColumnKind.NUMBER) for index in range(PROFILE)]
COLUMNS += [Column("coupon", Axis.COUPON, ColumnKind.INTEGER)]
COLUMNS += [Column(f"dense{index}", Axis.COUPON, ColumnKind.NUMBER) for index in range(DENSE)]


def rows_of(ids: np.ndarray, rows: int) -> np.ndarray:
    return np.array([hash_id(int(value), rows - 1) for value in ids], np.int64)


def draw_requests(events: list[int], coupons: list[int]) -> tuple[list[Feed], bytes]:
    """Each request as a feed of one user, and all of them as recorded SCORE frames."""
    random, feeds, frames = np.random.default_rng(1), [], b""
    signature = Signature(tuple(COLUMNS), (Output("score"),), events_max=512, coupons_max=256)
    for index, (t, n) in enumerate(zip(events, coupons, strict=True)):
        items, actions = random.integers(0, 10**9, t), random.integers(0, 1000, t)
        ids = random.integers(0, 10**9, n)
        profile = random.standard_normal(PROFILE).astype(np.float32)
        dense = random.standard_normal((n, DENSE)).astype(np.float32)
        columns = [items, actions, *profile[:, None], ids, *dense.T]
        body = Score(0, [User(t, n)], columns).encode(signature)
        frames += Frame(FrameKind.SCORE, index, body).encode()
        feeds.append(
            {
                "items": rows_of(items, ITEMS)[None],
                "actions": rows_of(actions, ACTIONS)[None],
                "profile": profile[None],
                "coupons": rows_of(ids, COUPONS)[None],
                "dense": dense[None],
            }
        )
    return feeds, frames


def padded(feeds: list[Feed]) -> Feed:
    """All requests as one batch, the short ones filled with row 0 and zeros."""
    batch = {}
    for name in feeds[0]:
        longest = max(feed[name].shape[1] for feed in feeds)
        widths = [
            ((0, 0), (0, longest - feed[name].shape[1]), (0, 0))[: feed[name].ndim]
            for feed in feeds
        ]
        parts = [np.pad(feed[name], width) for feed, width in zip(feeds, widths, strict=True)]
        batch[name] = np.concatenate(parts)
    return batch


def onnx_runtime(path: Path) -> Callable[[Feed], np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda feed: session.run(None, feed)[0]


def open_vino(path: Path) -> Callable[[Feed], np.ndarray]:
    import openvino

    # Its bf16 path needs more of AMX than some virtual machines grant; float32 runs everywhere.
    hints = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(path, "CPU", hints)
    request = compiled.create_infer_request()
    return lambda feed: request.infer(feed)[0]


def engines(folder: Path, model: str) -> dict[str, Callable[[Feed], np.ndarray]]:
    found = {
        "onnxruntime-int8": onnx_runtime(folder / f"{model}.q8.onnx"),
        "onnxruntime-float32": onnx_runtime(folder / f"{model}.onnx"),
    }
    try:
        found["openvino-float32"] = open_vino(folder / f"{model}.onnx")
    except ImportError:
        print("openvino is not installed; its rows are left out", file=sys.stderr)
    return found


class Case:
    """One batch, and the ways in which the peers can run it."""

    def __init__(self, folder: Path, run: dict, model: str, events: list, coupons: list) -> None:
        feeds, frames = draw_requests(events, coupons)
        self.frames = folder / "case.frames"
        self.frames.write_bytes(frames)
        batch, self.calls = padded(feeds), {}
        even = len(set(events)) == len(set(coupons)) == 1
        for name, engine in run.items():
            if even:
                self.calls[name] = lambda e=engine: [*e(batch)]
                continue
            self.calls[f"{name} padded"] = lambda e=engine: [
                scores[:n] for scores, n in zip(e(batch), coupons, strict=True)
            ]
            self.calls[f"{name} one by one"] = lambda e=engine: [e(feed)[0] for feed in feeds]

    def prepared(self) -> dict:
        peers = []
        for name, call in self.calls.items():
            scores = np.concatenate([np.ravel(part) for part in call()])
            peers.append({"name": name, "scores": [float(score) for score in scores]})
        return {"frames": str(self.frames), "peers": peers}

    def timed(self, peer: str, seconds: float) -> dict:
        call, times = self.calls[peer], []
        end = time.perf_counter() + seconds
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            call()
            times.append((time.perf_counter() - start) * 1e6)
        return {"us": times}


def main(folder: Path) -> None:
    # Engines print to standard output what they like; the answers have it to themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for model in NAMES:
        convert(folder, model)
    run, model, case = {}, None, None
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "prepare":
            if command["model"] != model:
                model = command["model"]
                run = engines(folder, model)
            case = Case(folder, run, model, command["events"], command["coupons"])
            answer = case.prepared()
        elif command["do"] == "time" and case:
            answer = case.timed(command["peer"], command["seconds"])
        else:
            sys.exit(f"worker: cannot do {line.strip()}")
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
