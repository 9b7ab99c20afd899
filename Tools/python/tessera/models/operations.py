"""The operations of the graph, read off the tables of `Registry/MODEL.md`, section 4.

That page is the one description: the Swift reader is tested against it, and whatever lists
operations here asks this module. Needs a checkout of the repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Attribute:
    name: str
    values: tuple[str, ...]
    """The words to choose from, or one of `name`, `integer`, `number`, `boolean`."""
    default: str | None
    """None: required."""

    def examples(self) -> list:
        """Values that are allowed: every word, or one of the kind."""
        kinds = {"name": "rows", "integer": 3, "number": 0.5, "boolean": True}
        return [kinds.get(value, value) for value in self.values]


@dataclass(frozen=True)
class Operation:
    word: str
    inputs: str
    """`1 vector`, `2…64 vectors`, `1 event vector` or `1 id or bag`."""
    attributes: tuple[Attribute, ...]

    @property
    def takes_several(self) -> bool:
        return "…" in self.inputs

    @property
    def runs_over_events(self) -> bool:
        return "event" in self.inputs


def operations(page: Path | None = None) -> list[Operation]:
    """All operations in the order of the page."""
    text = (page or model_page()).read_text(encoding="utf-8")
    attributes = table(text, "| `op` | attribute | values | default |")
    return [
        Operation(
            word,
            inputs,
            tuple(
                Attribute(name, tuple(values.split(", ")), None if "*" in default else default)
                for op, name, values, default in attributes
                if op == word
            ),
        )
        for word, inputs, _ in table(text, "| `op` | inputs | result |")
    ]


def model_page() -> Path:
    """`Registry/MODEL.md` of the checkout that this file belongs to."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "Registry" / "MODEL.md").is_file():
            return folder / "Registry" / "MODEL.md"
    raise FileNotFoundError("Registry/MODEL.md: run this from a checkout of the repository")


def table(text: str, heading: str) -> list[list[str]]:
    """The cells of a Markdown table's rows, without backticks."""
    rows = text.split(heading + "\n", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    return [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")] for row in rows]
