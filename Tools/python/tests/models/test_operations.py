"""Operations are those of Registry/MODEL.md: each has a Keras layer and golden cases."""

import ast
import json
from pathlib import Path

import pytest

from tessera.models import operations as described

OPERATIONS = described.operations()
GOLDEN = described.model_page().parents[1] / "Tests" / "InferenceTests" / "golden"


def test_page_lists_operations_with_attributes():
    assert [part.word for part in OPERATIONS][:2] == ["embedding", "concat"]
    lstm = next(part for part in OPERATIONS if part.word == "lstm")
    assert [part.name for part in lstm.attributes] == [
        "units",
        "layers",
        "bidirectional",
        "returns",
    ]
    assert [part.default for part in lstm.attributes] == [None, "1", "false", None]


def test_every_operation_has_a_keras_layer():
    # Read as text: Keras itself is an extra that this test does not need.
    sources = Path(described.__file__).parent.rglob("keras_graph.py")
    tree = ast.parse(next(sources).read_text(encoding="utf-8"))
    methods = {part.name for part in ast.walk(tree) if isinstance(part, ast.FunctionDef)}
    assert {f"add_{part.word}" for part in OPERATIONS} <= methods


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda part: part.word)
def test_golden_cases_show_every_word_of_every_attribute(operation):
    nodes = [
        node
        for file in GOLDEN.glob("*/model.json")
        for node in json.loads(file.read_text(encoding="utf-8"))["nodes"]
        if node["op"] == operation.word
    ]
    assert nodes
    for attribute in operation.attributes:
        words = set(attribute.values) - {"name", "integer", "number", "boolean"}
        if len(attribute.values) > 1:
            shown = {node.get(attribute.name, attribute.default) for node in nodes}
            assert words <= shown
