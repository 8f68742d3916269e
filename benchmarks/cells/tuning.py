"""KerasTuner inside one honest fold: search, resume after an interruption, choose by a stated rule.

The tuner's state lives in a folder that Snakemake doesn't know (it wipes the outputs of an interrupted job), so that a
search goes on where it stopped: finished trials are kept, the interrupted one is trained again from its start.
"""

import json
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pandas as pd
from keras.src.utils.naming import reset_uids

from benchmarks.cells.batches import Epochs
from benchmarks.cells.cell import Part
from benchmarks.cells.progress import Progress, Silent
from benchmarks.cells.reuse import KEPT, Traced, forget, numbers, traced
from benchmarks.cells.shared import shared_layers, structural


@dataclass(frozen=True)
class SearchResult:
    """The chosen model with its hyperparameters, its history and the table of all trials.

    `load_default` returns the model of the default configuration, None if it was not tried or did not complete.
    """

    model: keras.Model
    hyperparameters: dict
    history: pd.DataFrame
    trials: pd.DataFrame
    load_default: Callable[[], keras.Model | None]


class CellModel(keras_tuner.HyperModel):
    """What KerasTuner builds and fits: `build_model(hp)`, trained on the fold's own train part.

    Without `reuse` every trial builds and traces a model of its own.
    """

    def __init__(
        self,
        build_model: Callable,
        train: Part,
        validation: Part,
        patience: int,
        seed: int,
        progress: Progress | Silent,
        reuse: bool = True,
        xla: bool = False,
    ):
        super().__init__()
        self.build_model, self.train, self.validation = build_model, train, validation
        self.patience, self.seed, self.progress, self.reuse, self.xla = patience, seed, progress, reuse, xla
        self.starts: dict[str, tuple[Traced, list[np.ndarray], dict]] = {}

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Build; every trial of a cell starts from the same seed, so only hyperparameters differ."""
        # Layers are numbered from one again, whatever was built before.
        reset_uids()
        # Keras draws from these. Its set_random_seed would have TensorFlow forget all that it has compiled.
        random.seed(self.seed)
        np.random.seed(self.seed)
        return self.build_model(hp)

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        epochs: int,
        initial_epoch: int = 0,
        weights: list[np.ndarray] | None = None,
    ) -> tuple[keras.callbacks.History, list[np.ndarray]]:
        """Train until the validation loss has not improved for `patience` epochs, from `weights` or as a new model.

        Return the history and the weights of the best epoch.
        """
        shared, new, own = self._start(hp)
        shared.become(weights or new, own | numbers(shared_layers(hp)))
        shared.start(hp.get("learning_rate"), self.seed, self.xla)
        size = hp.get("batch_size")
        train = Epochs(self.train.x, self.train.y, size, self.seed, initial_epoch)
        validation = Epochs(self.validation.x, self.validation.y, size, None)
        best = _BestWeights(shared)
        stop = [keras.callbacks.EarlyStopping("val_loss", patience=self.patience), keras.callbacks.TerminateOnNaN()]
        history = shared.model.fit(
            train,
            steps_per_epoch=train.steps,
            validation_data=validation,
            validation_steps=validation.steps,
            callbacks=[best, *stop, self.progress.callback(epochs)],
            shuffle=False,
            verbose=2,
            epochs=epochs,
            initial_epoch=initial_epoch,
        )
        return history, best.weights

    def _start(self, hp: keras_tuner.HyperParameters) -> tuple[Traced, list[np.ndarray], dict]:
        """The traced model of the structure that `hp` gives; a new plain one's weights, and its own layers' numbers."""
        if not self.reuse:
            forget()
            keras.backend.clear_session()
            self.starts = {}
        key, chosen = structural(hp)
        if key not in self.starts:
            plain = self.build(chosen)
            around = {layer.name for layer in shared_layers(chosen)}
            own = numbers(layer for layer in plain.layers if layer.name not in around)
            self.starts[key] = traced(plain), plain.get_weights(), own
            while len(self.starts) > KEPT:
                del self.starts[next(iter(self.starts))]
        return self.starts[key]


class _BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the lowest validation loss; of the first if it never is a number."""

    def __init__(self, own: Traced):
        super().__init__()
        self.own, self.weights, self.loss = own, None, np.inf

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        if self.weights is None or logs["val_loss"] < self.loss:
            self.weights = self.own.learnt()
            self.loss = logs["val_loss"] if np.isfinite(logs["val_loss"]) else np.inf


class _DefaultFirst:
    """Makes an oracle try the default configuration first, as the yardstick of what the search buys."""

    def populate_space(self, trial_id: str) -> dict:
        if not self.start_order:
            values = {hp.name: hp.default for hp in self.hyperparameters.space if self.hyperparameters.is_active(hp)}
            return {"status": keras_tuner.engine.trial.TrialStatus.RUNNING, "values": values}
        return super().populate_space(trial_id)


class _RandomOracle(_DefaultFirst, keras_tuner.oracles.RandomSearchOracle):
    pass


class _BayesianOracle(_DefaultFirst, keras_tuner.oracles.BayesianOptimizationOracle):
    pass


class _Reusing:
    """Trains trials by `CellModel`; keeps each one's best weights, learning curve and time in its folder."""

    def run_trial(self, trial, **kwargs):
        self.hypermodel.progress.trial(int(trial.trial_id) + 1, self.oracle.max_trials)
        started = time.perf_counter()
        values = trial.hyperparameters.values
        # Hyperband goes on with the weights of a trial it had stopped early.
        if "tuner/trial_id" in values:
            kwargs |= {"weights": self._load(values["tuner/trial_id"])}
        if "tuner/epochs" in values:
            kwargs |= {"epochs": values["tuner/epochs"], "initial_epoch": values["tuner/initial_epoch"]}
        history, weights = self.hypermodel.fit(trial.hyperparameters, **kwargs)
        folder = Path(self.get_trial_dir(trial.trial_id))
        folder.mkdir(parents=True, exist_ok=True)
        # Keras' own file takes ten times as long.
        np.savez(self._weights(trial.trial_id), *weights)
        record = {"seconds": time.perf_counter() - started, "history": history.history}
        (folder / "record.json").write_text(json.dumps(record))
        return history

    def load_model(self, trial):
        model = self.hypermodel.build(trial.hyperparameters)
        model.set_weights(self._load(trial.trial_id))
        return model

    def _load(self, trial_id: str) -> list[np.ndarray]:
        with np.load(self._weights(trial_id)) as weights:
            return list(weights.values())

    def _weights(self, trial_id: str) -> Path:
        return Path(self.get_trial_dir(trial_id)) / "best.npz"


class _Tuner(_Reusing, keras_tuner.Tuner):
    pass


class _Hyperband(_Reusing, keras_tuner.Hyperband):
    pass


def search(hypermodel: CellModel, settings: dict, epochs: int, state: Path) -> SearchResult:
    """Run (or finish) the search and return the best trial's model at its best epoch.

    `settings` is the study's `search`, `state` the tuner's folder. The best trial is the completed one with the lowest
    validation loss; the first of equals. Raises RuntimeError with the trials' own messages if none completed.
    """
    try:
        tuner = _tuner(hypermodel, settings, epochs, state)
    except json.JSONDecodeError:
        # Killed while the tuner wrote its state: start over, the seed makes the same trials.
        shutil.rmtree(state)
        tuner = _tuner(hypermodel, settings, epochs, state)
    tuner.search(epochs=epochs)
    trials = [tuner.oracle.trials[number] for number in sorted(tuner.oracle.trials)]
    completed = [trial for trial in trials if trial.status == keras_tuner.engine.trial.TrialStatus.COMPLETED]
    if not completed:
        raise RuntimeError("no trial completed:\n" + "\n".join(str(trial.message) for trial in trials))
    best = min(completed, key=lambda trial: (trial.score, trial.trial_id))
    tried = settings["tuner"] != "hyperband" and trials[0] in completed
    return SearchResult(
        model=tuner.load_model(best),
        hyperparameters=dict(best.hyperparameters.values),
        history=history_table(_record(tuner, best)["history"]),
        trials=pd.DataFrame([_trial_row(tuner, trial, trial is best) for trial in trials]),
        load_default=lambda: tuner.load_model(trials[0]) if tried else None,
    )


def history_table(history: dict[str, list[float]]) -> pd.DataFrame:
    """Learning curve with columns epoch (from 1), loss, accuracy, val_loss, val_accuracy."""
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    table = pd.DataFrame({column: history[column] for column in columns})
    table.insert(0, "epoch", range(1, len(table) + 1))
    return table


def _tuner(hypermodel: CellModel, settings: dict, epochs: int, state: Path) -> keras_tuner.Tuner:
    place = {"directory": str(state.parent), "project_name": state.name}
    common = {"objective": "val_loss", "seed": hypermodel.seed}
    if settings["tuner"] == "hyperband":
        return _Hyperband(hypermodel, max_epochs=epochs, **common, **place)
    oracle = {"random": _RandomOracle, "bayesian": _BayesianOracle}[settings["tuner"]]
    return _Tuner(hypermodel=hypermodel, oracle=oracle(max_trials=settings["trials"], **common), **place)


def _record(tuner: keras_tuner.Tuner, trial: keras_tuner.engine.trial.Trial) -> dict:
    return json.loads((Path(tuner.get_trial_dir(trial.trial_id)) / "record.json").read_text())


def _trial_row(tuner: keras_tuner.Tuner, trial: keras_tuner.engine.trial.Trial, best: bool) -> dict:
    row = {"trial": trial.trial_id, "status": trial.status, "best": best}
    if trial.status == keras_tuner.engine.trial.TrialStatus.COMPLETED:
        record = _record(tuner, trial)
        curve = record["history"]
        at_best = int(np.nanargmin(curve["val_loss"]))
        row |= {
            "score": trial.score,
            "val_accuracy": curve["val_accuracy"][at_best],
            "epochs": len(curve["val_loss"]),
            "seconds": round(record["seconds"], 3),
        }
    return row | {name: value for name, value in trial.hyperparameters.values.items() if "/" not in name}
