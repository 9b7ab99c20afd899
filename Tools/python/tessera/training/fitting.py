"""Trains a Keras graph on households × coupons.

One row of a batch is one household in one campaign with all its coupons, so the history is read
once for a whole list. Labels are rare (about two in a thousand): what reads the history learns from
purchases first and is then kept, weights are averaged over the steps, the number of epochs comes
from households held out of a first run, and a second run of that length uses every household.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tessera.measures import auc, log_loss, printed
from tessera.models.batches import Batcher
from tessera.models.keras_graph import KerasGraph
from tessera.training.dataset import Dataset
from tessera.training.errors import DataError
from tessera.training.examples import CampaignExamples
from tessera.training.pretraining import history_layers, pretrain

HOUSEHOLDS_IN_BATCH = 64
SMALL_CAMPAIGN_COUPONS = 64
HELD_OUT_SHARE = 0.2
HOUSEHOLDS_MIN = 2
"""One to learn from, and one to see how long that helps."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn."""

    epochs_max: int = 10
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    ema_momentum: float = 0.98


class Pool:
    """Padded arrays of many lists of similar length, with labels and the mask of real pairs."""

    def __init__(self, batcher: Batcher, examples: list[CampaignExamples]) -> None:
        users = [user for part in examples for user in part.users]
        self.inputs = batcher.pad(batcher.transform(users))
        width = self.inputs["coupon_mask"].shape[1]
        self.weights = self.inputs.pop("coupon_mask").astype(np.float32)
        self.labels = np.concatenate(
            [np.pad(x.labels, ((0, 0), (0, width - x.labels.shape[1]))) for x in examples]
        )
        self.keys = np.array([user["key"] for user in users])

    def batches(self, rows: np.ndarray):
        """Batches of these rows, in the order given."""
        for start in range(0, len(rows), HOUSEHOLDS_IN_BATCH):
            chosen = rows[start : start + HOUSEHOLDS_IN_BATCH]
            inputs = {name: value[chosen] for name, value in self.inputs.items()}
            yield inputs, self.labels[chosen], self.weights[chosen]


def make_pools(batcher: Batcher, examples: list[CampaignExamples]) -> list[Pool]:
    """Long and short campaigns apart, so that padding stays small."""
    small = [part for part in examples if len(part.campaign.coupons) <= SMALL_CAMPAIGN_COUPONS]
    large = [part for part in examples if len(part.campaign.coupons) > SMALL_CAMPAIGN_COUPONS]
    return [Pool(batcher, part) for part in (small, large) if part]


class Trainer:
    """One run over the pools."""

    def __init__(self, description: dict[str, Any], dropout: dict[str, float], seed: int) -> None:
        keras.utils.set_random_seed(seed)
        self.graph = KerasGraph(description, dropout)
        self.random = np.random.default_rng(seed)
        self.output = description["outputs"][0]

    def fit(self, pools: list[Pool], rows: list[np.ndarray], epochs: int, schedule: Schedule):
        """Yields after every epoch, with the averaged weights in the graph meanwhile."""
        steps = sum(-(-len(part) // HOUSEHOLDS_IN_BATCH) for part in rows)
        rate = keras.optimizers.schedules.CosineDecay(
            schedule.learning_rate, steps * schedule.epochs_max, alpha=0.05
        )
        model = self.graph.model
        optimizer = keras.optimizers.AdamW(
            rate, weight_decay=schedule.weight_decay, global_clipnorm=1.0
        )
        optimizer.build(model.trainable_variables)
        self.start_from_base_rate(pools, rows)
        pairs = sum(pool.weights[part].sum() for pool, part in zip(pools, rows, strict=True))
        scale = float(pairs) / steps

        @tf.function(reduce_retracing=True)
        def step(inputs, labels, weights):
            with tf.GradientTape() as tape:
                scores = model(inputs, training=True)[self.output][..., 0]
                scores = tf.clip_by_value(scores, 1e-7, 1 - 1e-7)
                losses = -labels * tf.math.log(scores) - (1 - labels) * tf.math.log(1 - scores)
                loss = tf.reduce_sum(losses * weights) / scale
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

        average = [variable.numpy() for variable in model.trainable_variables]
        count = 0
        for epoch in range(epochs):
            work = [
                batch
                for pool, part in zip(pools, rows, strict=True)
                for batch in pool.batches(self.random.permutation(part))
            ]
            self.random.shuffle(work)
            bar = f"epoch {epoch + 1}/{epochs}"
            for batch in tqdm(work, bar, leave=False, file=sys.stderr, disable=None):
                step(*(tf.nest.map_structure(tf.constant, part) for part in batch))
                count += 1
                momentum = min(schedule.ema_momentum, count / (count + 10))
                for mean, variable in zip(average, model.trainable_variables, strict=True):
                    mean *= momentum
                    mean += (1 - momentum) * variable.numpy()
            latest = [variable.numpy() for variable in model.trainable_variables]
            self.assign(average)
            yield epoch
            if epoch + 1 < epochs:
                self.assign(latest)

    def freeze_history(self) -> None:
        """Keeps what pretraining taught: a few hundred redemptions would only blur it."""
        for name in history_layers(self.graph):
            self.graph.model.get_layer(name).trainable = False

    def assign(self, values: list[np.ndarray]) -> None:
        for variable, value in zip(self.graph.model.trainable_variables, values, strict=True):
            variable.assign(value)

    def start_from_base_rate(self, pools: list[Pool], rows: list[np.ndarray]) -> None:
        """The last bias starts at the logit of the share of positives."""
        positives = sum(pool.labels[part].sum() for pool, part in zip(pools, rows, strict=True))
        pairs = sum(pool.weights[part].sum() for pool, part in zip(pools, rows, strict=True))
        # Half a pair where there is none: the logit stays finite.
        share = float(np.clip(positives, 0.5, pairs - 0.5) / pairs)
        self.graph.layers["logit"].bias.assign([np.log(share / (1 - share))])


def train(
    description: dict[str, Any],
    examples: list[CampaignExamples],
    dataset: Dataset,
    cut: date,
    dropout: dict[str, float],
    seed: int,
    schedule: Schedule | None = None,
) -> tuple[KerasGraph, dict[str, Any]]:
    """The trained graph and what was seen on the held-out households, epoch by epoch."""
    schedule = schedule or Schedule()
    pools = make_pools(Batcher(description), examples)
    households = np.unique(np.concatenate([pool.keys for pool in pools]))
    held_out = choose_held_out(households, seed)
    inside = [np.flatnonzero(~np.isin(pool.keys, held_out)) for pool in pools]
    outside = [np.flatnonzero(np.isin(pool.keys, held_out)) for pool in pools]
    curve: list[dict[str, Any]] = []
    trainer = Trainer(description, dropout, seed)
    pretrain(trainer.graph, dataset, cut, seed)
    pretrained = trainer.graph.tensors()
    trainer.freeze_history()
    for _ in trainer.fit(pools, inside, schedule.epochs_max, schedule):
        curve.append(validate(trainer.graph, pools, outside, trainer.output))
        tqdm.write(f"held-out households: {curve[-1]}", file=sys.stderr)
    epochs = 1 + int(np.argmin([point["log_loss"] for point in curve]))
    trainer = Trainer(description, dropout, seed)
    trainer.graph.load(pretrained)
    trainer.freeze_history()
    everyone = [np.arange(len(pool.keys)) for pool in pools]
    for _ in trainer.fit(pools, everyone, epochs, schedule):
        pass
    return trainer.graph, {"epochs": epochs, **curve[epochs - 1]}


def choose_held_out(households: np.ndarray, seed: int) -> np.ndarray:
    """About a fifth of the households, one at least; and one at least is left to learn from."""
    if len(households) < HOUSEHOLDS_MIN:
        message = f"campaigns before the cut went to {len(households)} household"
        raise DataError(f"{message}; training needs {HOUSEHOLDS_MIN} at least")
    chosen = np.random.default_rng(seed).random(len(households)) < HELD_OUT_SHARE
    if chosen.all() or not chosen.any():
        chosen[0] = not chosen[0]
    return households[chosen]


def validate(
    graph: KerasGraph, pools: list[Pool], rows: list[np.ndarray], output: str
) -> dict[str, Any]:
    """AUC (None where nobody or everybody redeemed) and log loss on the pairs of these rows."""
    labels, scores = [], []
    for pool, part in zip(pools, rows, strict=True):
        for inputs, truth, weights in pool.batches(part):
            labels.append(truth[weights > 0])
            scores.append(graph.predict(inputs)[output][weights > 0])
    labels, scores = np.concatenate(labels), np.concatenate(scores)
    loss = log_loss(labels, scores)
    if not np.isfinite(loss):
        raise DataError("training has diverged: the scores are not finite; clean the numbers")
    return {"auc": printed(auc(labels, scores), 4), "log_loss": round(loss, 6)}


def predict(graph: KerasGraph, examples: list[CampaignExamples]) -> list[np.ndarray]:
    """Keras probabilities of every list (household in campaign), in order."""
    batcher = Batcher(graph.description)
    output = graph.description["outputs"][0]
    found: list[np.ndarray] = []
    for part in examples:
        for start in range(0, len(part.users), HOUSEHOLDS_IN_BATCH):
            users = part.users[start : start + HOUSEHOLDS_IN_BATCH]
            found += list(graph.predict(batcher.pad(batcher.transform(users)))[output])
    return found
