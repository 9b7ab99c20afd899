"""Golden cases of every graph operation and transform, computed by Keras.

    python -m tessera.models.golden --out Tests/InferenceTests/golden

Each case is a folder: `model.json`, `weights.safetensors` (float32), `requests.frames` (recorded
SCORE frames with users of 0, 1, 3, … events and 1…5 coupons) and `expected.json` (per output the
scores of all coupon rows in order). Needs the extra `[train]`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from tessera.json_files import write_json
from tessera.models.batches import Batcher
from tessera.models.export import write_model
from tessera.models.functions import FUNCTIONS, SLOPED
from tessera.models.keras_graph import KerasGraph
from tessera.models.operations import Operation, operations
from tessera.models.recorded import write_frames

EVENT_LIMIT, COUPON_LIMIT = 16, 8
# (events, coupons) of every user; the groups become frames.
GROUPS = [[(0, 1)], [(1, 2), (3, 5)], [(16, 1), (0, 3), (7, 4), (2, 2)]]
WORDS = ["MILK", "BREAD", "SOFT DRINKS", "CAFÉ", "茶", "TEA"]

Case = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def number(name: str, axis: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "axis": axis, "kind": "number", **options}


def node(name: str, op: str, inputs: list[str], **options: Any) -> dict[str, Any]:
    return {"name": name, "op": op, "inputs": inputs, **options}


def scored(part: str, activation: str = "tanh") -> list[dict[str, Any]]:
    """The end of every case: `part` (user or coupon axis) beside the coupon's number → a score."""
    return [
        node("beside", "concat", [part, "value"]),
        node("hidden", "linear", ["beside"], units=6, activation=activation),
        node("score", "linear", ["hidden"], units=1, activation="none"),
    ]


def event_vectors(width: int) -> Case:
    """Inputs and nodes that make `event`, vectors of `width` on the event axis."""
    inputs = [
        {
            "name": "word",
            "axis": "event",
            "kind": "id",
            "values": "string",
            "vocabulary": WORDS[:5],
        },
        number("spend", "event"),
        number("value", "coupon"),
    ]
    nodes = [
        node("word_vector", "embedding", ["word"], table="words", width=width - 1),
        node("event", "concat", ["word_vector", "spend"]),
    ]
    return inputs, nodes


def over_events(name: str, op: str, width: int = 8, pool: str | None = None, **options) -> Case:
    """A case whose operation `op` reads the events; a sequence is pooled by `pool`."""
    inputs, nodes = event_vectors(width)
    nodes.append(node(name, op, ["event"], **options))
    if pool is None:
        return inputs, nodes + scored(name)
    return inputs, [*nodes, node("pooled", "pool", [name], mode=pool), *scored("pooled")]


def recurrent(op: str, layers: int, bidirectional: bool, returns: str, **options) -> Case:
    options |= {"units": 5, "layers": layers, "bidirectional": bidirectional, "returns": returns}
    return over_events("history", op, pool="mean" if returns == "sequence" else None, **options)


def transformer(norm: str, causal: bool, positions: str, activation: str, pool: str) -> Case:
    return over_events(
        "history",
        "transformer",
        pool=pool,
        layers=2,
        heads=2,
        feed_forward=12,
        norm=norm,
        causal=causal,
        activation=activation,
        positions=positions,
        epsilon=1e-6,
    )


def id_case(spec: dict[str, Any]) -> Case:
    """A user, an event or a coupon id (or bag) → its embedding → a score."""
    options = {"reduce": spec.pop("reduce")} if spec["kind"] == "bag" else {}
    inputs = [spec, number("value", "coupon")]
    nodes = [node("vector", "embedding", [spec["name"]], table="rows", width=4, **options)]
    part = "vector"
    if spec["axis"] == "event":
        nodes.append(node("pooled", "pool", ["vector"], mode="mean"))
        part = "pooled"
    return inputs, nodes + scored(part)


def strings(axis: str, kind: str = "id", **options: Any) -> Case:
    options = options or {"vocabulary": WORDS[:4]}
    return id_case({"name": "word", "axis": axis, "kind": kind, "values": "string", **options})


def integers(axis: str, kind: str = "id", **options: Any) -> Case:
    return id_case({"name": "item", "axis": axis, "kind": kind, "values": "integer", **options})


def number_case(axis: str = "coupon", **options: Any) -> Case:
    inputs = [number("amount", axis, **options), number("value", "coupon")]
    if "boundaries" in options:
        nodes = [node("vector", "embedding", ["amount"], table="rows", width=3)]
        return inputs, nodes + scored("vector")
    return inputs, scored("amount")


def axes_case(op: str, takes_two: bool = False) -> Case:
    """A user vector meets a coupon vector in `op`; events stay on their own axis."""
    inputs = [number("age", "user"), number("spend", "event"), number("value", "coupon")]
    nodes = [
        node("user_vector", "linear", ["age"], units=4, activation="tanh"),
        node("event_vector", "linear", ["spend"], units=4, activation="tanh"),
        node("joined_events", op, ["user_vector", "event_vector"]),
        node("pooled", "pool", ["joined_events"], mode="mean"),
        node("pooled_vector", "linear", ["pooled"], units=4, activation="none", use_bias=False),
        node("coupon_vector", "linear", ["value"], units=4, activation="tanh"),
        node("joined", op, ["pooled_vector", "user_vector", "coupon_vector"]),
    ]
    if takes_two:
        nodes[-1] = node("among_users", op, ["pooled_vector", "user_vector"])
        nodes.append(node("joined", op, ["among_users", "coupon_vector"]))
    return inputs, nodes + scored("joined")


def on_each_axis(op: str, **options: Any) -> Case:
    """`op` reads a concat of events, one of the user's, and a product of coupons."""
    inputs, nodes = event_vectors(6)
    return [*inputs, number("age", "user")], [
        *nodes,
        node("of_event", op, ["event"], **options),
        node("history", "pool", ["of_event"], mode="mean"),
        node("user", "concat", ["history", "age"]),
        node("of_user", op, ["user"], **options),
        node("coupon", "linear", ["value"], units=17),
        node("of_coupon", op, ["coupon"], **options),
        node("both", "concat", ["of_user", "of_coupon"]),
        *scored("both"),
    ]


def dot_case() -> Case:
    """Products of the user with each event, with itself and with each coupon."""
    inputs, nodes = event_vectors(19)
    return [*inputs, number("age", "user")], [
        *nodes,
        node("user_vector", "linear", ["age"], units=19, activation="tanh"),
        node("near", "dot", ["user_vector", "event"]),
        node("nearness", "pool", ["near"], mode="mean"),
        node("size", "dot", ["user_vector", "user_vector"]),
        node("coupon_vector", "linear", ["value"], units=19, activation="tanh"),
        node("match", "dot", ["coupon_vector", "user_vector"]),
        node("both", "concat", ["nearness", "size", "match"]),
        *scored("both"),
    ]


def slice_case() -> Case:
    """Slices of concats, products and slices: side by side, multiplied, repeated and pooled."""
    inputs, nodes = event_vectors(7)
    return [*inputs, number("age", "user")], [
        *nodes,
        node("middle", "slice", ["event"], begin=2, width=4),
        node("first", "slice", ["event"], begin=0, width=2),
        node("swapped", "concat", ["middle", "first"]),
        node("dense", "linear", ["swapped"], units=6, activation="tanh"),
        node("half", "slice", ["dense"], begin=3, width=3),
        node("pooled", "pool", ["half"], mode="mean"),
        node("last", "slice", ["pooled"], begin=2, width=1),
        node("user", "concat", ["age", "last", "pooled"]),
        node("user_part", "slice", ["user"], begin=1, width=3),
        node("coupon", "linear", ["value"], units=5, activation="tanh"),
        node("coupon_part", "slice", ["coupon"], begin=1, width=3),
        node("product", "multiply", ["user_part", "coupon_part"]),
        node("beside", "concat", ["product", "user_part", "value"]),
        node("heads", "linear", ["beside"], units=2, activation="tanh"),
        node("score", "slice", ["heads"], begin=1, width=1),
        node("logit", "slice", ["heads"], begin=0, width=1),
        node("redeem", "sigmoid", ["logit"]),
    ]


def activation_case(**options: Any) -> Case:
    """Activations that join the product before them, one of which is an output, and one alone."""
    inputs, nodes = event_vectors(6)
    return [*inputs, number("age", "user")], [
        *nodes,
        node("dense", "linear", ["event"], units=5),
        node("joined", "activation", ["dense"], **options),
        node("history", "pool", ["joined"], mode="mean"),
        node("user", "concat", ["history", "age"]),
        node("bent", "activation", ["user"], **options),
        node("beside", "concat", ["bent", "value"]),
        node("hidden", "linear", ["beside"], units=6, activation="tanh"),
        node("logit", "linear", ["hidden"], units=1),
        node("score", "activation", ["logit"], **options),
    ]


def sequences_case() -> Case:
    """Every operation over events reads rows that windows made of them, and of each other."""
    inputs, nodes = event_vectors(8)
    inputs.append(number("age", "user"))
    first = {"kernel": 3, "stride": 2, "padding": "same", "activation": "tanh"}
    nodes += [
        node("half", "conv1d", ["event"], filters=6, **first),
        node("gate", "conv1d", ["event"], filters=6, **first),
        node("gated", "multiply", ["half", "gate"]),
        node("aged", "concat", ["gated", "age"]),
        node("dense", "linear", ["aged"], units=6),
        node("attended", "transformer", ["dense"], layers=1, heads=2, feed_forward=9, norm="post",
             causal=True, activation="relu", positions="learned", epsilon=1e-3),
        node("quarter", "pool1d", ["attended"], mode="max", size=2, stride=2),
        node("normed", "layer_norm", ["quarter"], epsilon=1e-3),
        node("gru", "gru", ["normed"], units=5, bidirectional=True, returns="sequence"),
        node("lstm", "lstm", ["gru"], units=4, returns="state"),
        node("rnn", "rnn", ["aged"], units=3, returns="state"),
        node("pooled", "pool", ["quarter"], mode="last"),
        node("all", "concat", ["lstm", "rnn", "pooled"]),
    ]  # fmt: skip
    return inputs, nodes + scored("all")


def outputs_case() -> Case:
    """Two named outputs, one of them behind a sigmoid."""
    inputs, nodes = number_case()
    nodes[-1] = node("logit", "linear", ["hidden"], units=1, activation="none")
    return inputs, [
        *nodes,
        node("redeem", "sigmoid", ["logit"]),
        node("score", "linear", ["hidden"], units=1, activation="tanh", use_bias=False),
    ]


def vector_case() -> Case:
    """A vector for each row of each axis."""
    inputs = [
        {"name": f"{axis}_vector", "axis": axis, "kind": "vector", "width": width}
        for axis, width in (("user", 3), ("event", 5), ("coupon", 1))
    ]
    nodes = [
        node("events", "concat", ["user_vector", "event_vector"]),
        node("pooled", "pool", ["events"], mode="mean"),
        node("part", "concat", ["pooled", "coupon_vector"]),
    ]
    return [*inputs, number("value", "coupon")], nodes + scored("part")


def wide_outputs_case(axis: str) -> Case:
    """An output of several numbers for each row, on the user or the coupon axis."""
    inputs, nodes = number_case(axis)
    part = "hidden" if axis == "coupon" else "amount"
    return inputs, [
        *nodes[:-1],
        node("score", "linear", ["hidden"], units=1),
        node("redeem", "linear", [part], units=3, activation="sigmoid"),
    ]


def cases() -> dict[str, Case]:
    """Every case by the name of its folder."""
    found = {
        "embedding_string_user": strings("user"),
        "embedding_string_event": strings("event"),
        "embedding_integer_coupon": integers("coupon", vocabulary=[7, -3, 40_000, 5_000_000_000]),
        "embedding_bag_mean": strings("coupon", "bag", vocabulary=WORDS[:4], reduce="mean"),
        "embedding_bag_sum": integers("coupon", "bag", vocabulary=[7, -3, 300], reduce="sum"),
        "embedding_bag_event": strings("event", "bag", hash_buckets=9, reduce="sum"),
        "transform_hash_string": strings("coupon", hash_buckets=11),
        "transform_hash_integer": integers("event", hash_buckets=13),
        "transform_missing": number_case(missing=1.5),
        "transform_log1p": number_case(log1p=True),
        "transform_clip": number_case("user", clip=[-2.0, 3.5]),
        "transform_standardise": number_case(mean=2.5, deviation=4.0),
        "transform_all": number_case(
            missing=-2.0, log1p=True, clip=[-1, 2], mean=0.7, deviation=0.5
        ),
        "transform_bucketise": number_case(boundaries=[-4, 0, 1, 7.5]),
        "transform_bucketise_log1p": number_case(missing=3.0, log1p=True, boundaries=[0.5, 1.5, 2]),
        "concat": axes_case("concat"),
        "add": axes_case("add"),
        "multiply": axes_case("multiply"),
        "outputs_two": outputs_case(),
        "outputs_wide_user": wide_outputs_case("user"),
        "outputs_wide_coupon": wide_outputs_case("coupon"),
        "input_vector": vector_case(),
        "embedding_rows": integers("event", rows=13),
        "embedding_rows_bag": integers("coupon", "bag", rows=13, reduce="mean"),
        "layer_norm": over_events("normal", "layer_norm", pool="last", epsilon=1e-3),
    }
    for activation in ("none", "relu", "gelu", "tanh", "sigmoid"):
        inputs, nodes = number_case("user")
        nodes[1]["activation"] = activation
        found[f"linear_{activation}"] = (inputs, nodes)
    for mode in ("last", "first", "mean", "max"):
        found[f"pool_{mode}"] = over_events("pooled", "pool", mode=mode)
    for returns in ("state", "sequence"):
        found[f"lstm_1_{returns}"] = recurrent("lstm", 1, False, returns)
        found[f"lstm_2_{returns}"] = recurrent("lstm", 2, False, returns)
        found[f"lstm_1_bidirectional_{returns}"] = recurrent("lstm", 1, True, returns)
        found[f"lstm_2_bidirectional_{returns}"] = recurrent("lstm", 2, True, returns)
    for norm in ("pre", "post"):
        for causal in (False, True):
            direction = "causal" if causal else "full"
            found[f"transformer_{norm}_{direction}"] = transformer(
                norm, causal, "learned", "relu" if causal else "gelu", "last"
            )
    found["transformer_sinusoidal"] = transformer("pre", False, "sinusoidal", "relu", "mean")
    found["transformer_no_positions"] = transformer("post", True, "none", "gelu", "max")
    found["subtract"] = axes_case("subtract", takes_two=True)
    found["slice"] = slice_case()
    found["scale"] = on_each_axis("scale")
    found["batch_norm"] = on_each_axis("batch_norm", epsilon=1e-3)
    found["dot"] = dot_case()
    found["l2_norm"] = on_each_axis("l2_norm", epsilon=1e-12)
    found["l2_norm_large_epsilon"] = on_each_axis("l2_norm", epsilon=2.0)
    found["softmax"] = on_each_axis("softmax")
    found["pool_sum"] = over_events("pooled", "pool", mode="sum")
    for activation in ("silu", "gelu_tanh", "softplus", "hard_sigmoid"):
        inputs, nodes = number_case("user")
        nodes[1]["activation"] = activation
        found[f"linear_{activation}"] = (inputs, nodes)
    for function in (*FUNCTIONS, *SLOPED):
        if function == "none":
            continue
        slope = {"slope": 0.25} if function in SLOPED else {}
        found[f"activation_{function}"] = activation_case(function=function, **slope)
    for returns in ("state", "sequence"):
        for reset_after in (False, True):
            order = "reset_after" if reset_after else "reset_first"
            found[f"gru_1_{order}_{returns}"] = recurrent(
                "gru", 1, False, returns, reset_after=reset_after
            )
            found[f"gru_2_bidirectional_{order}_{returns}"] = recurrent(
                "gru", 2, True, returns, reset_after=reset_after
            )
        for activation in ("tanh", "relu"):
            found[f"rnn_1_{activation}_{returns}"] = recurrent(
                "rnn", 1, False, returns, activation=activation
            )
            found[f"rnn_2_bidirectional_{activation}_{returns}"] = recurrent(
                "rnn", 2, True, returns, activation=activation
            )
    # Windows over 0, 1, 3, … events: some have none, some only windows that reach beyond the rows.
    for name, options in {
        "valid": {"kernel": 2, "activation": "relu"},
        "valid_stride": {"kernel": 2, "stride": 3, "padding": "valid", "use_bias": False},
        "same": {"kernel": 4, "padding": "same", "activation": "tanh"},
        "same_stride": {"kernel": 3, "stride": 2, "padding": "same", "activation": "gelu"},
        "same_dilation": {"kernel": 3, "dilation": 2, "padding": "same", "activation": "sigmoid"},
        "causal": {"kernel": 3, "dilation": 2, "padding": "causal"},
        "causal_stride": {"kernel": 3, "stride": 2, "padding": "causal"},
        "silu": {"kernel": 2, "activation": "silu"},
        "gelu_tanh": {"kernel": 2, "activation": "gelu_tanh"},
        "softplus": {"kernel": 2, "activation": "softplus"},
        "hard_sigmoid": {"kernel": 2, "activation": "hard_sigmoid"},
        "valid_dilation": {"kernel": 2, "dilation": 3, "padding": "valid"},
    }.items():
        found[f"conv1d_{name}"] = over_events("result", "conv1d", pool="mean", filters=6, **options)
    for mode in ("max", "mean"):
        for padding in ("valid", "same"):
            for size, stride in ((3, 1), (2, 2), (3, 2)):
                found[f"pool1d_{mode}_{padding}_{size}_{stride}"] = over_events(
                    "result", "pool1d", pool="last",
                    mode=mode, size=size, stride=stride, padding=padding,
                )  # fmt: skip
    found["sequences"] = sequences_case()
    shown = {part["op"] for _, nodes in found.values() for part in nodes}
    for operation in operations():
        if operation.word not in shown:
            found |= plain_cases(operation)
    return found


def plain_cases(operation: Operation) -> dict[str, Case]:
    """What the page says of an operation that has no case of its own: one for each word that an
    attribute can be, and one at least; required attributes have any value of their kind."""
    if operation.takes_several:
        return {operation.word: axes_case(operation.word)}
    required = {part.name: part.examples()[0] for part in operation.attributes if not part.default}
    choices = [
        {part.name: word}
        for part in operation.attributes
        if len(part.values) > 1
        for word in part.examples()
    ] or [{}]
    found = {}
    for choice in choices:
        name = "_".join([operation.word, *choice.values()])
        pool = None if operation.runs_over_events else "mean"
        found[name] = over_events("result", operation.word, pool=pool, **required | choice)
    return found


def describe(inputs: list[dict[str, Any]], nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """The case as a model description; its outputs are the nodes named score and redeem."""
    return {
        "format": 1,
        "name": "golden",
        "limits": {"events": EVENT_LIMIT, "coupons": COUPON_LIMIT},
        "inputs": inputs,
        "nodes": nodes,
        "outputs": [part["name"] for part in nodes if part["name"] in ("redeem", "score")],
    }


def random_value(spec: dict[str, Any], random: np.random.Generator) -> Any:
    """One raw value, known or unknown to the vocabulary; a number is at times missing."""
    if spec["kind"] == "bag":
        member = {**spec, "kind": "id"}
        return [random_value(member, random) for _ in range(random.integers(0, 5))]
    if spec["kind"] == "vector":
        return [float(value) / 8 for value in random.integers(-64, 64, spec["width"])]
    if spec["kind"] == "number":
        # Multiples of 1/8 are the same in float16 and float32, so any encoding may carry them.
        return float("nan") if random.random() < 0.15 else float(random.integers(-64, 64)) / 8
    if spec["values"] == "string":
        return str(random.choice([*WORDS, ""]))
    known = spec.get("vocabulary", range(spec.get("rows", 0)))
    return int(random.choice([*known, 0, 1, 12, -100, 70_000]))


def random_user(
    inputs: list[dict[str, Any]], events: int, coupons: int, random: np.random.Generator
) -> dict[str, Any]:
    """A user with a random value in every row of every input."""
    user: dict[str, Any] = {"key": 0, "user": {}, "events": {}, "coupons": {}}
    user |= {"event_rows": events, "coupon_rows": coupons}
    for spec in inputs:
        name = spec["name"]
        if spec["axis"] == "user":
            user["user"][name] = random_value(spec, random)
        else:
            part, rows = ("events", events) if spec["axis"] == "event" else ("coupons", coupons)
            user[part][name] = [random_value(spec, random) for _ in range(rows)]
    return user


def write_case(folder: Path, case: Case, seed: int) -> None:
    """Builds one case in Keras with random weights, scores random users one by one, writes all."""
    description = describe(*case)
    random = np.random.default_rng(seed)
    graph = KerasGraph(description)
    tensors = {
        name: random.normal(
            float(name.endswith(("gain", "variance"))), 0.1 if value.ndim == 1 else 0.5, value.shape
        ).astype(np.float32)
        for name, value in sorted(graph.tensors().items())
    }
    graph.load(tensors)
    batcher = Batcher(description)
    groups = [
        [random_user(description["inputs"], *rows, random) for rows in group] for group in GROUPS
    ]
    expected: dict[str, list[float]] = {name: [] for name in description["outputs"]}
    for user in (user for group in groups for user in group):
        scores = graph.predict(batcher.pad(batcher.transform([user])))
        for name, values in scores.items():
            expected[name] += [float(value) for value in values[0].reshape(-1)]
    write_model(folder, description, tensors, "float32")
    write_frames(folder / "requests.frames", description, groups)
    write_json(folder / "expected.json", expected)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tessera.models.golden", description=__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder that gets a folder per case"
    )
    out = parser.parse_args(arguments).out
    for seed, (name, case) in enumerate(cases().items()):
        write_case(out / name, case, seed)
        print(name)


if __name__ == "__main__":
    main()
