"""Train and test one benchmark cell: one architecture, one protocol, one fold.

Reads samples.parquet, images_<size>.npy, dataset.json and folds/<protocol>.parquet of the study's results, writes into
results/<study>/cells/<architecture>/<protocol>/<fold>/

    trials.csv                        one row a trial; a published cell has the one it was given
    hyperparameters.json              of the chosen trial
    history.csv                       its learning curve: epoch, loss, accuracy, val_loss, val_accuracy
    model.keras                       of the epoch with the lowest validation loss; a published one, of the last
    predictions.parquet               of the test part: sample, source, patient, label, predicted, p_<class>...
    validation_predictions.parquet    the same of the validation part
    runtime.json                      what ran, on what, for how long
"""

import argparse
import dataclasses
import datetime
import hashlib
import json
import resource
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import architectures
from benchmarks import backend, protocols
from benchmarks.errors import BadInput, existing, run_cli
from benchmarks.model import build_model, published_recipe
from benchmarks.study import Study, load_study

if TYPE_CHECKING:
    import keras
    import keras_tuner

    from benchmarks.tuning import Part, SearchResult

PREDICTION_BATCH = 64


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell of a study."""

    study: Study
    architecture: str
    protocol: str
    fold: int

    @property
    def folder(self) -> Path:
        """Where the cell's files go."""
        return self.study.results() / "cells" / self.architecture / self.protocol / str(self.fold)

    @property
    def seed(self) -> int:
        """The cell's seed: folds and repeats differ, architectures and protocols share it."""
        return self.study.seed + self.fold

    @property
    def variant(self) -> str:
        """The architecture's form: `published` or `corrected`."""
        return protocols.variant(self.protocol)

    def search_state(self, digest: str) -> Path:
        """KerasTuner's folder, one for each setting of the search, so that a changed study never resumes an old one."""
        settings = self.study.cell_settings(self.architecture, self.protocol) | {"data": digest}
        key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
        return self.study.results() / "search" / self.architecture / self.protocol / f"{self.fold}-{key}"


def train_cell(cell: Cell, threads: int) -> None:
    """Search (honest protocols) or follow the published recipe, predict, and write the cell's files.

    `threads` is recorded; `backend.prepare` must have set it. Raises BadInput if an earlier stage has not run.
    """
    import keras

    started = time.perf_counter()
    about = json.loads(existing(cell.study.results() / "dataset.json").read_text())
    classes = about["classes"]
    state = cell.search_state(about["digest"])
    if cell.variant == protocols.PUBLISHED:
        result, policy, samples, parts = train_published(cell, classes)
    else:
        samples, parts = _parts(cell, classes)
        policy = _seeded(cell)
        result = _searched(cell, parts, len(classes), state)
    trained = time.perf_counter()
    cell.folder.mkdir(parents=True, exist_ok=True)
    for part, name in (("test", "predictions"), ("validation", "validation_predictions")):
        table = predictions(result.model, parts[part].x, samples[samples["part"] == part], classes)
        table.to_parquet(cell.folder / f"{name}.parquet", index=False)
    result.trials.to_csv(cell.folder / "trials.csv", index=False)
    result.history.to_csv(cell.folder / "history.csv", index=False)
    _write_json(cell.folder / "hyperparameters.json", result.hyperparameters)
    result.model.save(cell.folder / "model.keras")
    runtime = {
        "architecture": cell.architecture,
        "protocol": cell.protocol,
        "fold": cell.fold,
        "repeat": int(samples["repeat"].iloc[0]),
        "variant": cell.variant,
        "image_size": cell.study.size_of(cell.architecture),
        "parameters": result.model.count_params(),
        "cam_layer": architectures.describe(cell.architecture).form(cell.variant).cam_layer,
        "seed": cell.seed,
        "threads": threads,
        "backend": keras.backend.backend(),
        "precision": policy,
        **{f"n_{part}": len(parts[part].y) for part in parts},
        "epochs": len(result.history),
        "trials": len(result.trials),
        **{key: result.hyperparameters[key] for key in ("batch_size", "learning_rate")},
        "seconds": {
            "training": round(trained - started, 2),
            "prediction": round(time.perf_counter() - trained, 2),
            "process": round(time.process_time(), 2),
        },
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "versions": backend.versions(),
        "hardware": backend.hardware(),
        "command": shlex.join(["python", "-m", "benchmarks.training", *sys.argv[1:]]),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    _write_json(cell.folder / "runtime.json", runtime)
    shutil.rmtree(state, ignore_errors=True)


def predictions(model: "keras.Model", x: np.ndarray, samples: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Predict `x`, uint8 (N, S, S, 1), and return one row a sample with its probabilities p_<class>.

    `predicted` is empty where a probability is not finite: such a sample counts as wrong, not as the first class.
    """
    probabilities = model.predict(x, batch_size=PREDICTION_BATCH, verbose=0).astype("float32")
    table = samples[["sample", "source", "patient", "label"]].reset_index(drop=True)
    predicted = np.array(classes)[probabilities.argmax(axis=1)]
    table["predicted"] = np.where(np.isfinite(probabilities).all(axis=1), predicted, "")
    return pd.concat([table, pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])], axis=1)


def _parts(cell: Cell, classes: list[str]) -> tuple[pd.DataFrame, dict[str, "Part"]]:
    from benchmarks.tuning import Part

    results = cell.study.results()
    folds = pd.read_parquet(existing(results / "folds" / f"{cell.protocol}.parquet"))
    folds = folds[folds["fold"] == cell.fold]
    if folds.empty:
        raise BadInput(f"{results}/folds/{cell.protocol}.parquet has no fold {cell.fold}")
    # A left merge keeps the order of the folds file, which the training seed's shuffling starts from.
    samples = folds.merge(pd.read_parquet(results / "samples.parquet"), on="sample", how="left", validate="m:1")
    images = np.load(existing(results / f"images_{cell.study.size_of(cell.architecture)}.npy"), mmap_mode="r")
    numbers = samples["label"].map({label: number for number, label in enumerate(classes)}).to_numpy()
    parts = {}
    for part in ("train", "validation", "test"):
        chosen = (samples["part"] == part).to_numpy()
        parts[part] = Part(images[samples["row"].to_numpy()[chosen]][..., np.newaxis], numbers[chosen])
    return samples, parts


def _seeded(cell: Cell) -> str:
    """Set Keras' random seed and dtype policy for the cell; return the policy."""
    import keras

    policy = cell.study.training["precision"]
    if policy == protocols.PUBLISHED:
        policy = published_recipe(cell.architecture)["precision"] if cell.variant == protocols.PUBLISHED else "float32"
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(cell.seed)
    return policy


def _build(cell: Cell, hp: "keras_tuner.HyperParameters | None", n_classes: int) -> "keras.Model":
    model, _ = build_model(
        cell.architecture,
        variant=cell.variant,
        hp=hp,
        classes=n_classes,
        image_size=cell.study.size_of(cell.architecture),
        options=cell.study.options_of(cell.architecture),
        weights=cell.study.weights_of(cell.architecture),
        seed=cell.seed,
    )
    return model


def train_published(cell: Cell, classes: list[str]) -> tuple["SearchResult", str, pd.DataFrame, dict[str, "Part"]]:
    """Follow the published recipe; return the result, the dtype policy, the cell's samples and its parts.

    Raises BadInput if an earlier stage has not run.
    """
    from benchmarks.tuning import SearchResult, compiled, history_table

    samples, parts = _parts(cell, classes)
    policy = _seeded(cell)
    started = time.perf_counter()
    epochs, learning_rate = (cell.study.published[key] for key in ("epochs", "learning_rate"))
    batch_size = published_recipe(cell.architecture)["batch_size"]
    model = compiled(_build(cell, None, len(classes)), learning_rate)
    fitted = model.fit(
        parts["train"].x,
        parts["train"].y,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=(parts["validation"].x, parts["validation"].y),
        verbose=2,
    )
    history = history_table(fitted.history)
    hyperparameters = {"learning_rate": learning_rate, "batch_size": batch_size}
    last = history.iloc[-1]
    trial = {"trial": "published", "status": "COMPLETED", "best": True, "score": last["val_loss"]}
    trial |= {"val_accuracy": last["val_accuracy"], "epochs": epochs}
    trial |= {"seconds": round(time.perf_counter() - started, 3), **hyperparameters}
    return SearchResult(model, hyperparameters, history, pd.DataFrame([trial])), policy, samples, parts


def _searched(cell: Cell, parts: dict[str, "Part"], n_classes: int, state: Path) -> "SearchResult":
    from benchmarks.tuning import CellModel, search

    training = cell.study.training
    hypermodel = CellModel(
        lambda hp: _build(cell, hp, n_classes), parts["train"], parts["validation"], training["patience"], cell.seed
    )
    return search(hypermodel, cell.study.search, training["epochs"], state)


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")


def main() -> None:
    """Train and test one cell."""
    parser = argparse.ArgumentParser(description="Train and test one cell of a study.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--fold", required=True, type=int)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    backend.prepare(arguments.threads)
    cell = Cell(load_study(arguments.study), arguments.architecture, arguments.protocol, arguments.fold)
    train_cell(cell, arguments.threads)


if __name__ == "__main__":
    run_cli(main)
