"""Teaches the history's encoder to read before it learns from the rare redemptions.

Redemptions are a few hundred, purchases tens of thousands. So the nodes that make `taste` out of
the events first learn to tell which product categories a household buys in the four weeks after its
history ends: logits = taste · (category table) + popularity. Only purchases before the cut count.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tessera.models.batches import Batcher
from tessera.models.keras_graph import KerasGraph
from tessera.training.dataset import Dataset
from tessera.training.errors import DataError
from tessera.training.examples import History, event_columns

WEEKS_AHEAD = 4
HOUSEHOLDS_IN_BATCH = 128
EVENTS_MIN = 3


def history_reader(graph: KerasGraph) -> keras.Model:
    """Events → `taste` [B, 1, width of the category table]."""
    inputs = [name for name, spec in graph.specs.items() if spec["axis"] == "event"]
    return keras.Model(
        {name: graph.edges_in[name] for name in (*inputs, "event_mask")}, graph.edges["taste"]
    )


def history_layers(graph: KerasGraph) -> list[str]:
    """The names of the Keras layers that pretraining teaches."""
    return [layer.name for layer in history_reader(graph).layers if layer.weights]


def next_purchases(dataset: Dataset, cut: date, categories: list[str]):
    """Histories at several days before the cut, and what was bought after: users, [B, 1 + C]."""
    row = {name: 1 + index for index, name in enumerate(categories)}
    ahead = timedelta(weeks=WEEKS_AHEAD)
    days = [part.day for part in dataset.purchases if part.day < cut]
    users, targets = [], []
    if not days:
        return users, np.array(targets)
    first = min(days) + ahead
    # Where the cut is far beyond the data, nothing is bought in between.
    day = min(cut, max(days) + timedelta(days=1)) - ahead
    while day >= first:
        history = History(dataset, day)
        bought: dict[str, np.ndarray] = {}
        for part in dataset.purchases:
            if day <= part.day < day + ahead:
                target = bought.setdefault(part.household, np.zeros(1 + len(row), np.float32))
                target[row.get(history.product(part.product).category, 0)] += 1
        for household, target in sorted(bought.items()):
            events = event_columns(history, household)
            target[0] = 0
            if len(events["kind"]) >= EVENTS_MIN and target.any():
                users.append({"events": events})
                targets.append(target / target.sum())
        day -= timedelta(weeks=2)
    return users, np.array(targets)


def pretrain(graph: KerasGraph, dataset: Dataset, cut: date, seed: int, epochs: int = 4) -> None:
    """Trains the nodes up to `taste`, and the tables that they read."""
    events = [spec for spec in graph.description["inputs"] if spec["axis"] == "event"]
    batcher = Batcher({"inputs": events})
    categories = graph.specs["category"]["vocabulary"]
    users, targets = next_purchases(dataset, cut, categories)
    if not users:
        raise DataError(
            f"before the cut {cut} no household has {EVENTS_MIN} events and a purchase within "
            f"{WEEKS_AHEAD} weeks after them; training needs some, give more purchases"
        )
    inputs = batcher.pad(batcher.transform(users))
    inputs.pop("coupon_mask")
    reader = history_reader(graph)
    popularity = tf.Variable(np.log(targets.mean(axis=0) + 1e-5).astype(np.float32))
    table = graph.layers["category"]
    variables = [*reader.trainable_variables, popularity]
    steps = epochs * -(-len(users) // HOUSEHOLDS_IN_BATCH)
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(4e-3, steps), weight_decay=0.01, global_clipnorm=1.0
    )
    optimizer.build(variables)

    @tf.function(reduce_retracing=True)
    def step(batch, target):
        with tf.GradientTape() as tape:
            taste = reader(batch, training=True)[:, 0]
            logits = tf.matmul(taste, table.embeddings, transpose_b=True) + popularity
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(target, logits))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    random = np.random.default_rng(seed)
    with tqdm(total=steps, desc="pretraining", file=sys.stderr, leave=False, disable=None) as bar:
        for _ in range(epochs):
            order = random.permutation(len(users))
            for start in range(0, len(order), HOUSEHOLDS_IN_BATCH):
                chosen = order[start : start + HOUSEHOLDS_IN_BATCH]
                loss = step(
                    {name: tf.constant(value[chosen]) for name, value in inputs.items()},
                    tf.constant(targets[chosen]),
                )
                bar.update()
                bar.set_postfix(loss=f"{float(loss):.3f}")
