"""Writes a model folder that `tessera-registry import` takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np


def write_json(path: Path, value: Any) -> None:
    """Readable JSON: one line per input, node or list of plain values, so that diffs stay small."""
    path.write_text(json_text(value) + "\n", encoding="utf-8")


def json_text(value: Any, indent: str = "") -> str:
    """JSON with objects and lists of objects broken into lines where they exceed a line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + len(indent) <= 100 or not isinstance(value, (dict, list)):
        return flat
    inner = indent + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {json_text(part, inner)}" for key, part in value.items()]
        return "{\n" + ",\n".join(inner + part for part in parts) + "\n" + indent + "}"
    if not any(isinstance(part, (dict, list)) for part in value):
        return flat
    return (
        "[\n" + ",\n".join(inner + json_text(part, inner) for part in value) + "\n" + indent + "]"
    )


def write_model(
    folder: Path, description: dict[str, Any], tensors: dict[str, np.ndarray], dtype: str
) -> None:
    """`model.json` and `weights.safetensors` (float32 or float16) in `folder`, which is made."""
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "model.json", description)
    kind = np.float16 if dtype == "float16" else np.float32
    weights = {name: np.ascontiguousarray(value.astype(kind)) for name, value in tensors.items()}
    (folder / "weights.safetensors").write_bytes(save(weights))
