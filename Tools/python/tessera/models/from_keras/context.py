"""What the mapping of every layer reads and adds to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tessera.models.errors import Fault
from tessera.models.from_keras.columns import Column
from tessera.models.from_keras.values import Refused, Value, rowwise, shown
from tessera.models.graph_builder import GraphBuilder


@dataclass(frozen=True)
class Reading:
    """A layer that brings a user's events together."""

    layer: str
    layer_class: str
    is_masked: bool
    takes_none: bool
    """Keras computes it where all events are masked, as the server does without events."""


@dataclass
class Context:
    columns: dict[str, Column]
    builder: GraphBuilder = field(default_factory=GraphBuilder)
    faults: list[Fault] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    tables: list[tuple[Any, np.ndarray, str]] = field(default_factory=list)
    """Embedding layer, its rows in the order of the ids, and the table's name."""

    def shared_table(self, layer: Any, rows: np.ndarray) -> str:
        """The table's name: a layer that is called twice has one, if its ids are alike."""
        for known, table, name in self.tables:
            if known is layer and np.array_equal(table, rows):
                return name
        name = self.builder.add_table(layer.name, rows)
        self.tables.append((layer, rows, name))
        return name

    def reads_events(
        self, layer: Any, x: Value, uses_mask: bool = True, takes_none: bool = False
    ) -> Value:
        """`x`, if it is a sequence of events; `layer` is noted as one that mixes them.

        Layers that ignore Keras's mask read padding as data.
        """
        rowwise(x)
        if x.axis != "event" or len(x.shape) != 2:
            raise Refused(
                f"it reads the rows of a tensor {shown(x.shape)} on the {x.axis} axis",
                "only events have an order that it can read; say inputs={...: 'event'}",
            )
        is_masked = x.is_masked and uses_mask
        self.readings.append(Reading(layer.name, type(layer).__name__, is_masked, takes_none))
        return x

    @property
    def padded_columns(self) -> list[Column]:
        """Inputs whose padding Keras masks."""
        return [column for column in self.columns.values() if column.padding is not None]

    def unmasked_readings(self) -> list[Fault]:
        """Layers that read padding although others are spared it: no history would suit both."""
        if not (self.padded_columns and any(reading.is_masked for reading in self.readings)):
            return []
        return [
            Fault(
                reading.layer,
                reading.layer_class,
                "it reads padding, which other layers are spared by a mask",
                "let the mask reach all of them (Masking on inputs of numbers, too), or none",
            )
            for reading in self.readings
            if not reading.is_masked
        ]
