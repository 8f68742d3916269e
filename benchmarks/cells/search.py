"""Search the hyperparameters of a cell by KerasTuner, on the train and validation part of its fold alone.

The tuner's state lies in a folder that Snakemake does not know, because Snakemake deletes the outputs of an interrupted
job. A later run resumes the search: it keeps finished trials and trains the interrupted trial from its last checkpoint,
which it has if it is long, or else from its start.
"""

import json
import time
from pathlib import Path
from typing import Any, Protocol

import keras
import keras_tuner
import numpy as np
import pandas as pd

from benchmarks import stored
from benchmarks.cells.cell import Cell, Fitted
from benchmarks.cells.fit import CellModel, Weights, history_table
from benchmarks.cells.keras_tuner_private import message, planned_trials, trials
from benchmarks.cells.load import Data
from benchmarks.cells.model import build_cell
from benchmarks.cells.progress import Progress
from benchmarks.checkpoints.callback import Checkpoints

RUNNING, COMPLETED = "RUNNING", "COMPLETED"  # status of a trial
CHECKPOINTS = "checkpoints"  # folder of a trial that is being trained


class Hypermodel(Protocol):
    """What a search asks of the model that it tries."""

    seed: int
    progress: Progress

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Return the untrained model of a trial."""

    def fit(
        self, hp: keras_tuner.HyperParameters, epochs: int, *, checkpoints: Checkpoints
    ) -> tuple[keras.callbacks.History, Weights]:
        """Train a trial; return its history and the weights to keep."""

    def score(self, history: dict[str, list[float]]) -> float:
        """Return the number by which trials are compared, the lower the better."""


class _DefaultFirst(keras_tuner.Oracle):
    """Makes an oracle try the default configuration first: the gain from the search is measured against it."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        space = self.get_space()
        default = {hp.name: hp.default for hp in space.space if space.is_active(hp)}
        if not trials(self):
            return {"status": RUNNING, "values": default}
        # The oracle knows what it drew itself, and may draw the default again where there are few combinations.
        while (found := super().populate_space(trial_id)).get("values") == default:
            pass
        return found


class _RandomOracle(_DefaultFirst, keras_tuner.oracles.RandomSearchOracle):
    pass


class _BayesianOracle(_DefaultFirst, keras_tuner.oracles.BayesianOptimizationOracle):
    pass


class _Tuner(keras_tuner.Tuner):
    """Trains trials by `CellModel`; keeps each trial's best weights, learning curve and time in its folder."""

    def run_trial(self, trial: Any, **kwargs: Any) -> float:
        self.hypermodel.progress.trial(int(trial.trial_id) + 1, planned_trials(self.oracle))
        started = time.perf_counter()
        values = trial.hyperparameters.values
        # Hyperband continues with the weights of a trial that it had stopped early.
        if "tuner/trial_id" in values:
            kwargs |= {"weights": self._load(values["tuner/trial_id"])}
        if "tuner/epochs" in values:
            kwargs |= {"epochs": values["tuner/epochs"], "initial_epoch": values["tuner/initial_epoch"]}
        folder = Path(self.get_trial_dir(trial.trial_id))
        folder.mkdir(parents=True, exist_ok=True)
        checkpoints = Checkpoints(folder / CHECKPOINTS)
        history, weights = self.hypermodel.fit(trial.hyperparameters, checkpoints=checkpoints, **kwargs)
        # Keras' own file takes ten times as long.
        np.savez(folder / "best.npz", *weights)
        seconds = checkpoints.earlier + time.perf_counter() - started
        record = {"seconds": seconds, "history": history.history}
        record |= {"resumed": checkpoints.resumed, "earlier": checkpoints.earlier}
        (folder / "record.json").write_text(json.dumps(record))
        return self.hypermodel.score(history.history)

    def on_trial_end(self, trial: Any) -> None:
        super().on_trial_end(trial)
        # Not before the tuner has written that the trial is completed.
        stored.remove(Path(self.get_trial_dir(trial.trial_id)) / CHECKPOINTS)

    def load_model(self, trial: Any) -> keras.Model:
        model = self.hypermodel.build(trial.hyperparameters)
        model.set_weights(self._load(trial.trial_id))
        return model

    def record(self, trial: Any) -> dict[str, Any]:
        """Return seconds and history of a completed trial."""
        return json.loads((Path(self.get_trial_dir(trial.trial_id)) / "record.json").read_text())

    def _load(self, trial_id: str) -> list[np.ndarray]:
        with np.load(Path(self.get_trial_dir(trial_id)) / "best.npz") as weights:
            return list(weights.values())


class _Hyperband(_Tuner, keras_tuner.Hyperband):
    pass


def search_cell(cell: Cell, data: Data, progress: Progress) -> Fitted:
    """Search as the cell's study says; resume a search that was interrupted."""
    training = cell.study.training
    parts, settings = (data.parts["train"], data.parts["validation"]), (training["patience"], cell.seed, progress)

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        return build_cell(cell, hp, len(data.classes))

    hypermodel = CellModel(build, *parts, *settings, xla=training["xla"], identity=cell.identity)
    return search(hypermodel, cell.study.search, training["epochs"], cell.search_state(data.digest))


def search(hypermodel: Hypermodel, settings: dict[str, Any], epochs: int, state: Path) -> Fitted:
    """Run (or finish) the search and return the best trial's model at its best epoch.

    `settings` is the study's `search`, `state` the tuner's folder. The best trial is the completed one with the lowest
    validation loss; the first of equals. Raises RuntimeError with the trials' own messages if none completed.
    """
    try:
        tuner = _tuner(hypermodel, settings, epochs, state)
    except json.JSONDecodeError:
        # The process was killed while the tuner wrote its state. Start over: the seed gives the same trials.
        stored.remove(state)
        tuner = _tuner(hypermodel, settings, epochs, state)
    tuner.search(epochs=epochs)
    tried = trials(tuner.oracle)
    completed = [trial for trial in tried if trial.status == COMPLETED]
    if not completed:
        raise RuntimeError("no trial completed:\n" + "\n".join(message(trial) for trial in tried))
    best = min(completed, key=lambda trial: (trial.score, trial.trial_id))
    records = [tuner.record(trial) for trial in completed]
    has_default = settings["tuner"] != "hyperband" and tried[0] in completed
    return Fitted(
        model=tuner.load_model(best),
        hyperparameters=dict(best.hyperparameters.values),
        history=history_table(tuner.record(best)["history"]),
        trials=pd.DataFrame([_row(tuner, trial, trial is best) for trial in tried]),
        load_default=lambda: tuner.load_model(tried[0]) if has_default else None,
        # Records of a search that began before there were checkpoints have neither.
        resumed=[epoch for record in records for epoch in record.get("resumed", [])],
        earlier=sum(record.get("earlier", 0.0) for record in records),
    )


def _tuner(hypermodel: Hypermodel, settings: dict[str, Any], epochs: int, state: Path) -> _Tuner:
    place = {"directory": str(state.parent), "project_name": state.name}
    common = {"objective": "val_loss", "seed": hypermodel.seed}
    if settings["tuner"] == "hyperband":
        return _Hyperband(hypermodel, max_epochs=epochs, **common, **place)
    oracle = {"random": _RandomOracle, "bayesian": _BayesianOracle}[settings["tuner"]]
    return _Tuner(hypermodel=hypermodel, oracle=oracle(max_trials=settings["trials"], **common), **place)


def _row(tuner: _Tuner, trial: Any, best: bool) -> dict[str, Any]:
    row = {"trial": trial.trial_id, "status": trial.status, "best": best}
    if trial.status == COMPLETED:
        record = tuner.record(trial)
        curve = record["history"]
        # A recipe that trains on the validation part has no validation loss.
        at_best = int(np.nanargmin(curve["val_loss"])) if np.isfinite(curve["val_loss"]).any() else -1
        row |= {
            "score": trial.score,
            "val_accuracy": curve["val_accuracy"][at_best],
            "epochs": len(curve["val_loss"]),
            "seconds": round(record["seconds"], 3),
        }
    return row | {name: value for name, value in trial.hyperparameters.values.items() if "/" not in name}
