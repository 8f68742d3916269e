"""Fit the models of a cell: one trial of a search, or the published recipe."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import keras_tuner
import numpy as np
import pandas as pd

from benchmarks.cells.batches import Epochs, in_order
from benchmarks.cells.cell import Cell, Fitted
from benchmarks.cells.keras_private import counterparts, restart_layer_numbers
from benchmarks.cells.load import Data, Part
from benchmarks.cells.model import build_cell, published_recipe
from benchmarks.cells.progress import Progress
from benchmarks.cells.reuse import KEPT, Traced, compiled, forget, numbers, traced
from benchmarks.cells.shared import shared_layers, structural
from benchmarks.checkpoints.callback import STOPPING, Checkpoints

Weights = list[np.ndarray]
Start = tuple[Traced, Weights, dict[str, Any]]


@dataclass(eq=False)
class CellModel(keras_tuner.HyperModel):
    """Model of a search: KerasTuner builds it by `build_model(hp)`, and trains it on the fold's own train part.

    Without `reuse` each trial builds and traces a model of its own. `identity` names the cell and its settings.
    """

    build_model: Callable[[keras_tuner.HyperParameters], keras.Model]
    train: Part
    validation: Part
    patience: int
    seed: int
    progress: Progress
    reuse: bool = True
    xla: bool = False
    identity: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self.starts: dict[str, Start] = {}

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Build from the cell's seed, the same for all trials: only hyperparameters differ."""
        restart_layer_numbers()
        # Keras draws from these. Its own set_random_seed makes TensorFlow drop all that it has compiled.
        random.seed(self.seed)
        np.random.seed(self.seed)
        return self.build_model(hp)

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        epochs: int,
        initial_epoch: int = 0,
        weights: Weights | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> tuple[keras.callbacks.History, Weights]:
        """Train until the validation loss has not improved for `patience` epochs, from `weights` or as a new model.

        Return the history and the weights of the best epoch.
        """
        if not self.reuse:
            forget()
            keras.backend.clear_session()
            self.starts = {}
        key, largest = structural(hp)
        # Without counterparts the layers' numbers are part of the structure.
        skipped = 0 if counterparts() else len(shared_layers(largest)) - len(shared_layers(hp))
        own, new, rates = self._start(key, largest) if counterparts() else self._start(str(hp.values), hp)
        own.become(weights or new, rates | numbers(shared_layers(hp)))
        own.start(hp.get("learning_rate"), self.seed, self.xla, skipped)
        size, best = hp.get("batch_size"), _BestWeights(own)
        stop = keras.callbacks.EarlyStopping("val_loss", patience=self.patience)
        checkpoints = checkpoints or Checkpoints()
        parts = [array for part in (self.train, self.validation) for array in (part.x, part.y)]
        about = {"cell": self.identity, "trial": hp.values, "patience": self.patience, "seed": self.seed}
        kept = {best: ("loss", "weights"), stop: STOPPING}
        first = checkpoints.resume(about, parts, kept, initial_epoch)
        train = Epochs(self.train.x, self.train.y, size, self.seed, first)
        validation = Epochs(self.validation.x, self.validation.y, size, None)
        history = own.model.fit(
            train,
            steps_per_epoch=train.steps,
            validation_data=in_order(validation),
            validation_steps=validation.steps,
            callbacks=[*kept, keras.callbacks.TerminateOnNaN(), self.progress.callback(epochs), checkpoints],
            shuffle=False,
            verbose=2,
            epochs=epochs,
            initial_epoch=first,
        )
        history.history = checkpoints.history
        return history, best.weights

    def score(self, history: dict[str, list[float]]) -> float:
        """Return the lowest validation loss, by which trials are compared; NaN if no loss is a number."""
        return float(np.fmin.reduce(history["val_loss"]))

    def _start(self, key: str, hp: keras_tuner.HyperParameters) -> Start:
        """Return the traced model for `hp`, a new model's weights, and the numbers of the architecture's own layers."""
        if key not in self.starts:
            plain = self.build(hp)
            around = {layer.name for layer in shared_layers(hp)}
            rates = numbers(layer for layer in plain.layers if layer.name not in around)
            self.starts[key] = traced(plain), plain.get_weights(), rates
            while len(self.starts) > KEPT:
                del self.starts[next(iter(self.starts))]
        return self.starts[key]


class _BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the lowest validation loss; of the first epoch if no loss is finite."""

    def __init__(self, own: Traced):
        super().__init__()
        self.own, self.loss = own, np.inf
        self.weights: Weights = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if not self.weights or logs["val_loss"] < self.loss:
            self.weights = [weight.numpy() for weight in self.own.weights]
            self.loss = logs["val_loss"] if np.isfinite(logs["val_loss"]) else np.inf


def fit_published(cell: Cell, data: Data, progress: Progress) -> Fitted:
    """Train as the published study did, with its batch size and number of epochs and without a search."""
    keras.utils.set_random_seed(cell.seed)
    started = time.perf_counter()
    epochs, learning_rate = (cell.study.published[key] for key in ("epochs", "learning_rate"))
    batch_size = published_recipe(cell.architecture)["batch_size"]
    hyperparameters = {"learning_rate": learning_rate, "batch_size": batch_size}
    model = compiled(build_cell(cell, None, len(data.classes)), learning_rate, cell.study.training["xla"])
    # Keras shuffles arrays, which it needs as a whole.
    train, validation = ((np.asarray(part.x), part.y) for part in (data.parts["train"], data.parts["validation"]))
    checkpoints = Checkpoints(cell.search_state(data.digest))
    settings = {"batch_size": batch_size, "epochs": epochs, "validation_data": validation, "verbose": 2}
    settings["initial_epoch"] = checkpoints.resume(cell.identity, [*train, *validation])
    model.fit(*train, callbacks=[progress.callback(epochs), checkpoints], **settings)
    history = history_table(checkpoints.history)
    last = history.iloc[-1]
    trial = {"trial": "published", "status": "COMPLETED", "best": True, "score": last["val_loss"]}
    trial |= {"val_accuracy": last["val_accuracy"], "epochs": epochs}
    trial |= {"seconds": round(checkpoints.earlier + time.perf_counter() - started, 3), **hyperparameters}
    return Fitted(
        model,
        hyperparameters,
        history,
        pd.DataFrame([trial]),
        lambda: None,
        resumed=checkpoints.resumed,
        earlier=checkpoints.earlier,
    )


def history_table(history: dict[str, list[float]]) -> pd.DataFrame:
    """Learning curve with columns epoch (from 1), loss, accuracy, val_loss, val_accuracy."""
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    table = pd.DataFrame({column: history[column] for column in columns})
    table.insert(0, "epoch", range(1, len(table) + 1))
    return table
