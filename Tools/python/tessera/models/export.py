"""Writes a model folder that `tessera-registry import` takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tessera.client.limits import STRING_BYTES_MAX
from tessera.json_files import json_text
from tessera.models.limits import DESCRIPTION_BYTES_MAX, METRICS_BYTES_MAX, TABLE_ROWS_MAX


class ModelFolderError(ValueError):
    """A model folder that cannot be written or read; the text says what to do."""


def write_model(
    folder: Path, description: dict[str, Any], tensors: dict[str, np.ndarray], dtype: str
) -> None:
    """`model.json` and `weights.safetensors` (float32 or float16) in `folder`, which is made.

    Raises ModelFolderError for what the import would refuse.
    """
    from safetensors.numpy import save

    for spec in description["inputs"]:
        check_table(spec)
    text = json_text(description) + "\n"
    check_size(text, DESCRIPTION_BYTES_MAX, description)
    kind = np.float16 if dtype == "float16" else np.float32
    weights = {name: stored(name, value, kind) for name, value in tensors.items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_text(text, encoding="utf-8")
    (folder / "weights.safetensors").write_bytes(save(weights))


def write_metrics(folder: Path, metrics: dict[str, Any]) -> None:
    """`metrics.json`: what training measured; a figure that there is not is None or left out."""
    text = json_text(metrics) + "\n"
    if len(text.encode()) > METRICS_BYTES_MAX:
        message = f"metrics.json would have {len(text.encode())} bytes, at most {METRICS_BYTES_MAX}"
        raise ModelFolderError(message)
    (folder / "metrics.json").write_text(text, encoding="utf-8")


def stored(name: str, value: np.ndarray, kind: type[np.floating]) -> np.ndarray:
    """A tensor as the file has it, all finite."""
    with np.errstate(over="ignore"):
        found = np.ascontiguousarray(value.astype(kind))
    if np.isfinite(found).all():
        return found
    if np.isfinite(value).all():
        message = f"{np.abs(value).max():g} is no finite {kind.__name__}; export as float32"
    else:
        message = "there are numbers that are not finite; training has diverged"
    raise ModelFolderError(f'tensor "{name}": {message}')


def check_table(spec: dict[str, Any]) -> None:
    """Refuses a vocabulary or a number of buckets outside of its limits."""
    place = f'input "{spec["name"]}"'
    vocabulary = spec.get("vocabulary")
    count = spec.get("hash_buckets", 1) if vocabulary is None else len(vocabulary)
    if not 1 <= count <= TABLE_ROWS_MAX:
        what = "hash_buckets" if vocabulary is None else "entries in the vocabulary"
        raise ModelFolderError(f"{place}: {count} {what}, not 1…{TABLE_ROWS_MAX}")
    for entry in vocabulary or ():
        if isinstance(entry, str) and len(entry.encode()) > STRING_BYTES_MAX:
            message = f"the vocabulary's {entry[:40]!r}… has {len(entry.encode())} bytes"
            raise ModelFolderError(f"{place}: {message}, at most {STRING_BYTES_MAX}")


def check_size(text: str, bytes_max: int, description: dict[str, Any]) -> None:
    size = len(text.encode())
    if size <= bytes_max:
        return
    longest = max(description["inputs"], key=lambda spec: len(spec.get("vocabulary", ())))
    raise ModelFolderError(
        f"model.json would have {size} bytes, at most {bytes_max}: input "
        f'"{longest["name"]}" has a vocabulary of {len(longest.get("vocabulary", ()))} entries; '
        "use hash_buckets, or leave rare entries out"
    )
