"""Collects a model description and its tensors, and writes the folder: the end of every importer.

An importer adds inputs and nodes in the order in which they are computed; names are made legal and
unique here, and the tensors of a node follow its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tessera.models.export import ModelFolderError, write_model
from tessera.models.limits import NAME_CHARACTERS_MAX
from tessera.models.recorded import write_frames
from tessera.models.warmup import invent_groups

NODE_NAME = re.compile(r"[A-Za-z0-9_\-/:]+")
"""Names of inputs, tables and models may hold dots besides."""


@dataclass
class Node:
    name: str
    op: str
    inputs: list[str]
    attributes: dict[str, Any]
    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    """By what stands after `NODE.` in their names, laid out as Registry/MODEL.md says."""


class GraphBuilder:
    """A description in the making: `add_input`, `add_table`, `add_node`, then `write`."""

    def __init__(self) -> None:
        self.inputs: list[dict[str, Any]] = []
        self.nodes: list[Node] = []
        self.tables: dict[str, np.ndarray] = {}
        self.names: set[str] = set()
        """Of inputs and nodes: they share one set."""

    def reserve(self, name: str) -> None:
        """Keeps a name for an input or output, so that no node is given it before.

        Raises ModelFolderError where it is not legal or taken.
        """
        check_name(name, dots=True)
        if name in self.names:
            raise ModelFolderError(f'the name "{name}" stands twice; inputs and outputs share one')
        self.names.add(name)

    def add_input(self, spec: dict[str, Any]) -> None:
        """An input column as `model.json` has it; its name was reserved."""
        self.inputs.append(spec)

    def add_table(self, wanted: str, rows: np.ndarray) -> str:
        """The name under which embedding nodes find the table [rows, width]."""
        name = unique(legal(wanted), self.tables)
        self.tables[name] = rows
        return name

    def add_node(
        self,
        wanted: str,
        op: str,
        inputs: list[str],
        tensors: dict[str, np.ndarray] | None = None,
        **attributes: Any,
    ) -> str:
        """The name of the new node: `wanted`, made legal and unique."""
        name = unique(legal(wanted), self.names)
        self.names.add(name)
        self.nodes.append(Node(name, op, list(inputs), attributes, tensors or {}))
        return name

    def rename(self, node_name: str, name: str) -> None:
        """Gives a node a name that was reserved; nodes that read it follow."""
        check_name(name, dots=False)
        self.names.discard(node_name)
        for node in self.nodes:
            node.inputs = [name if part == node_name else part for part in node.inputs]
            if node.name == node_name:
                node.name = name

    def description(self, name: str, limits: dict[str, int], outputs: list[str]) -> dict[str, Any]:
        """What `model.json` says."""
        check_name(name, dots=True)
        nodes = [
            {"name": node.name, "op": node.op, "inputs": node.inputs, **node.attributes}
            for node in self.nodes
        ]
        whole = {"format": 1, "name": name, "limits": limits}
        return whole | {"inputs": self.inputs, "nodes": nodes, "outputs": outputs}

    def tensors(self) -> dict[str, np.ndarray]:
        """Tables and the tensors of nodes, float32, by the names of `weights.safetensors`."""
        found = dict(self.tables)
        for node in self.nodes:
            found |= {f"{node.name}.{part}": value for part, value in node.tensors.items()}
        return {name: np.asarray(value, np.float32) for name, value in found.items()}

    def write(self, folder: Path, description: dict[str, Any], dtype: str, seed: int) -> None:
        """`model.json`, `weights.safetensors` and a warm-up with invented values.

        Raises ModelFolderError for what the import would refuse.
        """
        write_model(folder, description, self.tensors(), dtype)
        write_frames(folder / "warmup.frames", description, invent_groups(description, seed))


def legal(wanted: str) -> str:
    """`wanted` with an underscore in place of each character that no node's name may hold."""
    return re.sub(r"[^A-Za-z0-9_\-/:]", "_", wanted)[:NAME_CHARACTERS_MAX] or "node"


def unique(name: str, taken: Any) -> str:
    """`name`, or with the first number from 2 on that makes it new."""
    found, number = name, 2
    while found in taken:
        suffix = f"_{number}"
        found, number = name[: NAME_CHARACTERS_MAX - len(suffix)] + suffix, number + 1
    return found


def check_name(name: str, dots: bool) -> None:
    if not NODE_NAME.fullmatch(name.replace(".", "_") if dots else name):
        allowed = "A-Z a-z 0-9 _ - / :" + (" ." if dots else "")
        raise ModelFolderError(f'the name "{name}" must be made of {allowed}; choose another')
    if len(name) > NAME_CHARACTERS_MAX:
        message = f'the name "{name[:40]}…" has {len(name)} characters'
        raise ModelFolderError(f"{message}, at most {NAME_CHARACTERS_MAX}")
