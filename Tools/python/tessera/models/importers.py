"""`tessera.export`: a trained model of another framework → a model folder."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tessera.models.recorded import remove_golden, write_golden

KERAS_FILES = (".keras", ".h5")
LARGEST_SHOWN = 5


@dataclass(frozen=True)
class Exported:
    """What was written; as text, for people."""

    folder: Path
    description: dict[str, Any]
    """The content of `model.json`."""
    shapes: dict[str, tuple[int, ...]]
    """Of the tensors."""
    golden: int
    """Users in `golden.frames`."""
    notes: tuple[str, ...] = ()
    """What whoever sends requests must know."""

    def __str__(self) -> str:
        whole = self.description
        limits = " and ".join(f"{count} {axis}" for axis, count in whole["limits"].items() if count)
        lines = [f'{self.folder}: model "{whole["name"]}", at most {limits} a user']
        lines += [f"  input {spec['name']}: {told(spec)}" for spec in whole["inputs"]]
        lines.append(f"  {len(whole['nodes'])} nodes, outputs {', '.join(whole['outputs'])}")
        sizes = sorted(self.shapes.items(), key=lambda item: -np.prod(item[1]))
        largest = ", ".join(f"{name} {list(shape)}" for name, shape in sizes[:LARGEST_SHOWN])
        lines.append(f"  {len(sizes)} tensors, the largest: {largest}")
        lines.append(f"  {self.golden} golden users")
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])

    __repr__ = __str__


def told(spec: dict[str, Any]) -> str:
    """Axis and kind of an input in a few words."""
    words = f"{spec['axis']}, {spec['kind']}"
    if spec["kind"] == "vector":
        return f"{words} of {spec['width']}"
    if "rows" in spec:
        return f"{words} 0…{spec['rows'] - 1}"
    if "vocabulary" in spec:
        return f"{words} of {len(spec['vocabulary'])} {spec['values']}s"
    return words


def export(
    model: Any,
    folder: Path,
    inputs: dict[str, str],
    outputs: list[str] | None,
    limits: dict[str, int],
    golden: int,
    name: str | None,
    dtype: str,
    seed: int,
) -> Exported:
    """See `tessera.export`."""
    if dtype not in ("float32", "float16"):
        raise ValueError(f"dtype={dtype!r}: float32 or float16")
    if golden < 0:
        raise ValueError(f"golden={golden}: at least 0")
    if not is_keras(model):
        kinds = f"a keras.Model, or the path of a {' or '.join(KERAS_FILES)} file"
        raise TypeError(f"{type(model).__name__} {str(model)[:80]!r} is not {kinds}")
    from tessera.models import from_keras

    if isinstance(model, (str, Path)):
        model = from_keras.load_model(Path(model))
    converted = from_keras.convert(model, inputs, outputs, limits, name)
    description = converted.description
    requests = from_keras.golden_requests(converted, golden, dtype, seed) if golden else None
    converted.builder.write(folder, description, dtype, seed)
    remove_golden(folder)
    if requests:
        write_golden(folder, description, *requests)
    shapes = {part: value.shape for part, value in converted.builder.tensors().items()}
    notes = tuple(converted.notes)
    return Exported(folder, description, shapes, golden, notes)


def is_keras(model: Any) -> bool:
    """Whether it is a Keras model or a file of one; Keras is not loaded to find out."""
    if isinstance(model, (str, Path)):
        return Path(model).suffix in KERAS_FILES
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)
