"""Reads an exported model folder back into Keras."""

from __future__ import annotations

import json
from pathlib import Path

from tessera.models.keras_graph import KerasGraph


def load_graph(folder: Path) -> KerasGraph:
    """The graph of `model.json` with the weights of `weights.safetensors`."""
    from safetensors.numpy import load_file

    graph = KerasGraph(json.loads((folder / "model.json").read_text(encoding="utf-8")))
    graph.load(load_file(folder / "weights.safetensors"))
    return graph
