"""What ends an export: a model of another framework with parts that the server does not run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One layer that cannot be served."""

    layer: str
    layer_class: str
    why: str
    instead: str

    def __str__(self) -> str:
        return f'{self.layer_class} "{self.layer}": {self.why}; {self.instead}'


class UnsupportedModelError(ValueError):
    """A model with parts that the server does not run; `faults` has all that were found."""

    def __init__(self, faults: list[Fault]) -> None:
        parts = "1 part" if len(faults) == 1 else f"{len(faults)} parts"
        lines = [f"the model has {parts} that cannot be served:", *(f"- {x}" for x in faults)]
        super().__init__("\n".join(lines))
        self.faults = faults
