"""Baselines: what a network has to beat, fitted in cells like any architecture, on the same parts.

    majority              always answers the most frequent class of the training part (the alphabet's first of equals);
                          its probabilities are the frequencies of the classes
    stratified            guesses a class by the frequencies in the training part
    thumbnail_logistic    logistic regression on the image at 16 x 16 pixels

Reads what a cell's training reads, writes for every baseline results/<study>/cells/<baseline>/<protocol>/<fold>/

    predictions.parquet  validation_predictions.parquet  runtime.json
"""

import argparse
import time

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import backend, stored
from benchmarks.cells.cell import Cell, Part, predictions_table, write_json
from benchmarks.datasets._files import resize
from benchmarks.errors import run_cli
from benchmarks.study.study import BASELINES, load_study

THUMBNAIL = 16  # pixels


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Images uint8 (N, S, S) shrunk to float (N, 256), values 0..1."""
    return np.array([resize(image, THUMBNAIL).ravel() / 255 for image in images])


def thumbnail_classifier() -> Pipeline:
    """Standardise, then multinomial logistic regression with scikit-learn's own L2 penalty."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def classifier(name: str, seed: int) -> ClassifierMixin:
    """The unfitted classifier of baseline `name`, which takes thumbnails (N, 256)."""
    return {
        "majority": DummyClassifier(strategy="prior"),
        "stratified": DummyClassifier(strategy="stratified", random_state=seed),
        "thumbnail_logistic": thumbnail_classifier(),
    }[name]


def fit_cell(cell: Cell, samples: pd.DataFrame, parts: dict[str, Part], classes: list[str], threads: int) -> None:
    """Fit one baseline on its fold's train part, predict, and write the cell's files."""
    started = time.perf_counter()
    small = {name: thumbnails(part.x[..., 0]) for name, part in parts.items()}
    model = classifier(cell.architecture, cell.seed).fit(small["train"], parts["train"].y)
    trained = time.perf_counter()
    cell.folder.mkdir(parents=True, exist_ok=True)
    for part, name in (("test", "predictions"), ("validation", "validation_predictions")):
        # A class that the training part lacks gets no probability.
        probabilities = np.zeros((len(parts[part].y), len(classes)))
        probabilities[:, model.classes_] = model.predict_proba(small[part])
        table = predictions_table(probabilities, samples[samples["part"] == part], classes)
        table.to_parquet(cell.folder / f"{name}.parquet", index=False)
    runtime = {
        "repeat": int(samples["repeat"].iloc[0]),
        "variant": "baseline",
        "backend": "scikit-learn",
        "precision": "float64",
        **{f"n_{part}": len(parts[part].y) for part in parts},
        "seconds": {
            "training": round(trained - started, 2),
            "prediction": round(time.perf_counter() - trained, 2),
            "process": round(time.process_time(), 2),
        },
    }
    write_json(cell.folder / "runtime.json", cell.about(threads, "benchmarks.cells.baselines") | runtime)


def main() -> None:
    """Fit all baselines in one fold."""
    parser = argparse.ArgumentParser(description="Fit and test the baselines in one fold of a study.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--fold", required=True, type=int)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    backend.prepare(arguments.threads, keras=False)
    study = load_study(arguments.study)
    classes = stored.record(study.results() / "dataset.json")["classes"]
    for name in BASELINES:
        cell = Cell(study, name, arguments.protocol, arguments.fold)
        samples, parts = cell.parts(classes)
        fit_cell(cell, samples, parts, classes, arguments.threads)


if __name__ == "__main__":
    run_cli(main)
