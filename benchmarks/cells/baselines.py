"""Fit the baselines in one fold: each is a cell, trained and tested on the same parts as an architecture.

    majority              the most frequent class of the training part (the alphabet's first of equals); its
                          probabilities are the frequencies of the classes
    stratified            a random class, drawn by the frequencies in the training part
    thumbnail_logistic    logistic regression on the image at 16 x 16 pixels

Reads the same files as a cell's training, writes for each baseline results/<study>/cells/<baseline>/<protocol>/<fold>/

    predictions.parquet  validation_predictions.parquet  runtime.json
"""

import time

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import backend
from benchmarks.cells.cell import Cell
from benchmarks.cells.load import Data, load
from benchmarks.cells.write import about, predictions_table, write_json
from benchmarks.datasets._files import resize
from benchmarks.errors import run_cli
from benchmarks.study.command import THREADS, stage
from benchmarks.study.study import BASELINES, Study

THUMBNAIL = 16  # pixels


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Shrink images uint8 (N, S, S) to float (N, 256), values 0..1."""
    return np.array([resize(image, THUMBNAIL).ravel() / 255 for image in images])


def thumbnail_classifier() -> Pipeline:
    """Standardise, then multinomial logistic regression with scikit-learn's own L2 penalty."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def classifier(name: str, seed: int) -> ClassifierMixin:
    """Return the unfitted classifier of baseline `name`; its input is thumbnails (N, 256)."""
    return {
        "majority": DummyClassifier(strategy="prior"),
        "stratified": DummyClassifier(strategy="stratified", random_state=seed),
        "thumbnail_logistic": thumbnail_classifier(),
    }[name]


def fit_cell(cell: Cell, data: Data, threads: int) -> None:
    """Fit one baseline on its fold's train part, predict, and write the cell's files."""
    started = time.perf_counter()
    small = {name: thumbnails(part.x[..., 0]) for name, part in data.parts.items()}
    model = classifier(cell.architecture, cell.seed).fit(small["train"], data.parts["train"].y)
    trained = time.perf_counter()
    cell.folder.mkdir(parents=True, exist_ok=True)
    for part, name in (("test", "predictions"), ("validation", "validation_predictions")):
        # A class that is not in the training part has probability 0.
        probabilities = np.zeros((len(small[part]), len(data.classes)))
        probabilities[:, model.classes_] = model.predict_proba(small[part])
        table = predictions_table(probabilities, data.rows(part), data.classes)
        table.to_parquet(cell.folder / f"{name}.parquet", index=False)
    seconds = {
        "training": round(trained - started, 2),
        "prediction": round(time.perf_counter() - trained, 2),
        "process": round(time.process_time(), 2),
    }
    ran = {"variant": "baseline", "backend": "scikit-learn", "precision": "float64", "seconds": seconds}
    write_json(cell.folder / "runtime.json", about(cell, data, threads, "benchmarks.cells.baselines") | ran)


def fit_baselines(study: Study, protocol: str, fold: int, threads: int) -> None:
    """Fit all baselines in one fold. Raises BadInput if an earlier stage has not run."""
    backend.prepare(threads, keras=False)
    for name in BASELINES:
        cell = Cell(study, name, protocol, fold)
        fit_cell(cell, load(cell), threads)


main = stage(
    "Fit and test the baselines in one fold of a study.",
    fit_baselines,
    protocol={"required": True},
    fold={"required": True, "type": int},
    threads=THREADS,
)

if __name__ == "__main__":
    run_cli(main)
