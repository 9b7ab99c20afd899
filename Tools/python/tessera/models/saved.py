"""Reads an exported model folder back into Keras."""

from __future__ import annotations

from pathlib import Path

from tessera.json_files import read_json
from tessera.models.export import ModelFolderError
from tessera.models.keras_graph import KerasGraph


def load_graph(folder: Path) -> KerasGraph:
    """The graph of `model.json` with the weights of `weights.safetensors`.

    Raises JSONFileError, ModelFolderError, and OSError.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    description = read_json(folder / "model.json")
    try:
        graph = KerasGraph(description)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        message = f"{folder / 'model.json'} is no description of a model: {error!r}"
        raise ModelFolderError(message) from error
    weights = folder / "weights.safetensors"
    try:
        tensors = load_file(weights)
    except SafetensorError as error:
        raise ModelFolderError(f"{weights} is damaged: {error}") from error
    try:
        graph.load(tensors)
    except (KeyError, ValueError) as error:
        raise ModelFolderError(f"{weights} is not that of model.json: {error}") from error
    return graph
