"""What `tessera-registry import` takes, as Registry/MODEL.md and FORMAT.md say; a test compares.

What would be refused there is not written here.
"""

from __future__ import annotations

DESCRIPTION_BYTES_MAX = 128 << 20
"""`model.json`: a vocabulary of `TABLE_ROWS_MAX` entries of 30 bytes, written without spaces."""
TABLE_ROWS_MAX = 4_000_000
"""Entries of a vocabulary, or hash buckets."""
METRICS_BYTES_MAX = 64 << 10
"""`metrics.json`: it stands in every manifest."""
NAME_CHARACTERS_MAX = 64
"""Of inputs, nodes, tables and models: a name has one byte for its length on the wire."""
EVENTS_MAX = COUPONS_MAX = 1024
"""The largest `limits` of a model: rows of one user."""
VECTOR_WIDTH_MAX = 4096
"""Numbers of a row of a vector input, or of an output."""
