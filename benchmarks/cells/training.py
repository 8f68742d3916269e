"""Train and test one benchmark cell: one architecture, one protocol, one fold.

Reads samples.parquet, images_<size>.npy, dataset.json and folds/<protocol>.parquet of the study's results, writes into
results/<study>/cells/<architecture>/<protocol>/<fold>/

    trials.csv                        one row a trial; a published cell has the one it was given
    hyperparameters.json              of the chosen trial
    history.csv                       its learning curve: epoch, loss, accuracy, val_loss, val_accuracy
    model.keras                       of the epoch with the lowest validation loss; a published one, of the last
    predictions.parquet               of the test part: sample, source, patient, label, predicted, p_<class>...
    validation_predictions.parquet    the same of the validation part
    default_predictions.parquet       the same of the test part by the default configuration; empty if it wasn't tried
    runtime.json                      what ran, on what, for how long; dead_features: the share of the classifier's
                                      inputs that are the same for every test image
"""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import architectures
from benchmarks import protocols, stored
from benchmarks.cells.cell import Cell, Part, predictions_table, write_json
from benchmarks.cells.model import build_model, published_recipe
from benchmarks.cells.progress import Progress

if TYPE_CHECKING:
    import keras
    import keras_tuner

    from benchmarks.cells.tuning import SearchResult


def train_cell(cell: Cell, threads: int) -> None:
    """Search (honest protocols) or follow the published recipe, predict, and write the cell's files.

    `threads` is recorded; `backend.prepare` must have set it. Raises BadInput if an earlier stage has not run.
    """
    with Progress(cell) as progress:
        _train_cell(cell, threads, progress)


def _train_cell(cell: Cell, threads: int, progress: Progress) -> None:
    import keras

    started, worked = time.perf_counter(), time.process_time()
    about = stored.record(cell.study.results() / "dataset.json")
    classes = about["classes"]
    state = cell.search_state(about["digest"])
    if cell.variant == protocols.PUBLISHED:
        callbacks = [progress.callback(cell.study.published["epochs"])]
        result, policy, samples, parts = train_published(cell, classes, callbacks)
    else:
        samples, parts = cell.parts(classes)
        policy = _prepared(cell)
        result = _searched(cell, parts, len(classes), state, progress)
    trained = time.perf_counter()
    cell.folder.mkdir(parents=True, exist_ok=True)
    tested = samples[samples["part"] == "test"]
    test, features = predictions(result.model, parts["test"].x, tested, classes)
    test.to_parquet(cell.folder / "predictions.parquet", index=False)
    validated = samples[samples["part"] == "validation"]
    validation, _ = predictions(result.model, parts["validation"].x, validated, classes)
    validation.to_parquet(cell.folder / "validation_predictions.parquet", index=False)
    result.trials.to_csv(cell.folder / "trials.csv", index=False)
    result.history.to_csv(cell.folder / "history.csv", index=False)
    write_json(cell.folder / "hyperparameters.json", result.hyperparameters)
    result.model.save(cell.folder / "model.keras")
    description = architectures.describe(cell.architecture)
    runtime = {
        "repeat": int(samples["repeat"].iloc[0]),
        "variant": description.variant(cell.variant),
        "parameters": result.model.count_params(),
        "cam_layer": description.form(cell.variant).cam_layer,
        "backend": keras.backend.backend(),
        "precision": policy,
        **{f"n_{part}": len(parts[part].y) for part in parts},
        "epochs": len(result.history),
        "trials": len(result.trials),
        **{key: result.hyperparameters[key] for key in ("batch_size", "learning_rate")},
        "dead_features": dead_features(features),
        "seconds": {
            "training": round(trained - started, 2),
            "prediction": round(time.perf_counter() - trained, 2),
            "process": round(time.process_time() - worked, 2),
        },
    }
    default = test
    if not result.trials["best"].iloc[0]:
        model = result.load_default()
        default = predictions(model, parts["test"].x, tested, classes)[0] if model else test.iloc[:0]
    default.to_parquet(cell.folder / "default_predictions.parquet", index=False)
    write_json(cell.folder / "runtime.json", cell.about(threads, "benchmarks.training") | runtime)
    shutil.rmtree(state, ignore_errors=True)


def predictions(
    model: "keras.Model", x: np.ndarray, samples: pd.DataFrame, classes: list[str]
) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Predict `x`, uint8 (N, S, S, 1): the rows of predictions.parquet, and what the last dense layer saw (N, c)."""
    from benchmarks.cells.reuse import traced

    probabilities, features = traced(model).ask(model, x)
    return predictions_table(probabilities, samples, classes), features


def dead_features(features: np.ndarray | None) -> float | None:
    """Share of the columns of `features` (N, c) that are the same, or not finite, for all images; None without any.

    With 1.0 the model can't tell one image from another.
    """
    if features is None:
        return None
    # float64: the range of large float16 values overflows.
    return round(float(np.mean(~(np.ptp(features.astype("float64"), axis=0) > 0))), 4)


def _prepared(cell: Cell) -> str:
    """Set Keras' dtype policy for the cell, and the random seed of a published one; return the policy."""
    import keras

    policy = cell.study.training["precision"]
    if policy == protocols.PUBLISHED:
        policy = published_recipe(cell.architecture)["precision"] if cell.variant == protocols.PUBLISHED else "float32"
    keras.config.set_dtype_policy(policy)
    if cell.variant == protocols.PUBLISHED:
        # A search seeds each of its trials.
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
        augmentation=cell.study.training["augmentation"],
        structure=cell.study.search["structure"],
        seed=cell.seed,
    )
    return model


def train_published(
    cell: Cell, classes: list[str], callbacks: Sequence["keras.callbacks.Callback"] = ()
) -> tuple["SearchResult", str, pd.DataFrame, dict[str, Part]]:
    """Follow the published recipe; return the result, the dtype policy, the cell's samples and its parts.

    Raises BadInput if an earlier stage has not run.
    """
    from benchmarks.cells.reuse import compiled
    from benchmarks.cells.tuning import SearchResult, history_table

    samples, parts = cell.parts(classes)
    policy = _prepared(cell)
    started = time.perf_counter()
    epochs, learning_rate = (cell.study.published[key] for key in ("epochs", "learning_rate"))
    batch_size = published_recipe(cell.architecture)["batch_size"]
    model = compiled(_build(cell, None, len(classes)), learning_rate, cell.study.training["xla"])
    fitted = model.fit(
        parts["train"].x,
        parts["train"].y,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=(parts["validation"].x, parts["validation"].y),
        callbacks=[*callbacks],
        verbose=2,
    )
    history = history_table(fitted.history)
    hyperparameters = {"learning_rate": learning_rate, "batch_size": batch_size}
    last = history.iloc[-1]
    trial = {"trial": "published", "status": "COMPLETED", "best": True, "score": last["val_loss"]}
    trial |= {"val_accuracy": last["val_accuracy"], "epochs": epochs}
    trial |= {"seconds": round(time.perf_counter() - started, 3), **hyperparameters}
    result = SearchResult(model, hyperparameters, history, pd.DataFrame([trial]), lambda: None)
    return result, policy, samples, parts


def _searched(cell: Cell, parts: dict[str, Part], n_classes: int, state: Path, progress: Progress) -> "SearchResult":
    from benchmarks.cells.tuning import CellModel, search

    training = cell.study.training
    hypermodel = CellModel(
        lambda hp: _build(cell, hp, n_classes),
        parts["train"],
        parts["validation"],
        training["patience"],
        cell.seed,
        progress,
        xla=training["xla"],
    )
    return search(hypermodel, cell.study.search, training["epochs"], state)
