"""Fit the baselines in one fold: each is a cell, trained and tested on the same parts as an architecture.

    majority              the most frequent class of the training part (the alphabet's first of equals); its
                          probabilities are the frequencies of the classes
    stratified            a random class, drawn by the frequencies in the training part
    thumbnail_logistic    logistic regression on the image at 16 x 16 pixels
    imagenet_logistic     logistic regression on frozen ImageNet features (imagenet.py), of the training and the
                          validation part: nothing else uses the latter, and its answers are those of the inner folds

Reads the same files as a cell's training and features_<view>.npy, which films with planted lesions don't have: their
features are computed here, at the study's own size. Writes for each baseline

    results/<study>/cells/<baseline>/<protocol>/<fold>/  predictions.parquet validation_predictions.parquet runtime.json
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import backend, protocols, stored
from benchmarks.baselines import imagenet
from benchmarks.baselines.embedding import embed, network
from benchmarks.cells.cell import Cell
from benchmarks.cells.load import Data, load
from benchmarks.cells.write import about, predictions_table, write_json
from benchmarks.datasets._files import resize
from benchmarks.errors import run_cli
from benchmarks.study.command import THREADS, stage
from benchmarks.study.names import BASELINES, IMAGENET_LOGISTIC
from benchmarks.study.study import Study

THUMBNAIL = 16  # pixels


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Shrink images uint8 (N, S, S) to float (N, 256), values 0..1."""
    return np.array([resize(image, THUMBNAIL).ravel() / 255 for image in images])


def thumbnail_classifier() -> Pipeline:
    """Standardise, then multinomial logistic regression with scikit-learn's own L2 penalty."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


Answer = Callable[[str], np.ndarray]  # part -> probabilities of the classes (N, K)


def fit_simple(cell: Cell, data: Data) -> tuple[Answer, dict[str, Any]]:
    """Fit majority, stratified or thumbnail_logistic."""
    small = {part: thumbnails(own.x[..., 0]) for part, own in data.parts.items()}
    model = {
        "majority": DummyClassifier(strategy="prior"),
        "stratified": DummyClassifier(strategy="stratified", random_state=cell.seed),
        "thumbnail_logistic": thumbnail_classifier(),
    }[cell.architecture].fit(small["train"], data.parts["train"].y)

    def answer(part: str) -> np.ndarray:
        # A class that is not in the training part has probability 0.
        probabilities = np.zeros((len(small[part]), len(data.classes)))
        probabilities[:, model.classes_] = model.predict_proba(small[part])
        return probabilities

    return answer, {}


def fit_imagenet(cell: Cell, data: Data) -> tuple[Answer, dict[str, Any]]:
    """Fit imagenet_logistic; the second value are the chosen penalties, for runtime.json."""
    features = features_of(cell, data)
    rest = [data.rows(part) for part in ("train", "validation")]
    unit = protocols.unit_of(data.samples)
    fitted = imagenet.fit(
        np.concatenate([features["train"], features["validation"]]),
        np.concatenate([data.parts["train"].y, data.parts["validation"].y]),
        np.concatenate([rows[unit].to_numpy(str) for rows in rest]),
        np.concatenate([rows["source"].fillna(rows["sample"]).to_numpy(str) for rows in rest]),
        data.heads,
        cell.seed,
    )

    def answer(part: str) -> np.ndarray:
        return fitted.predict(features[part]) if part == "test" else fitted.left_out[len(rest[0]) :]

    return answer, {"penalties": fitted.penalties}


def features_of(cell: Cell, data: Data) -> dict[str, np.ndarray]:
    """Return the frozen features of each part, (N, C): stored ones, of planted lesions computed anew."""
    if "lesion" in data.samples:
        model = network(data.parts["train"].x.shape[1])
        return {part: embed(own.x[..., 0], model) for part, own in data.parts.items()}
    views = [stored.array(cell.study.results() / f"features_{v.name}.npy") for v in cell.study.embedding_views()]
    rows = {part: data.rows(part)["row"].to_numpy() for part in data.parts}
    return {part: np.concatenate([view[own] for view in views], axis=1) for part, own in rows.items()}


def fit_cell(cell: Cell, data: Data, threads: int) -> None:
    """Fit one baseline on its fold, predict, and write the cell's files."""
    started, worked = time.perf_counter(), time.process_time()
    fit = fit_imagenet if cell.architecture == IMAGENET_LOGISTIC else fit_simple
    answer, more = fit(cell, data)
    trained = time.perf_counter()
    cell.folder.mkdir(parents=True, exist_ok=True)
    for part, name in (("test", "predictions"), ("validation", "validation_predictions")):
        table = predictions_table(answer(part), data.rows(part), data.classes)
        table.to_parquet(cell.folder / f"{name}.parquet", index=False)
    seconds = {
        "training": round(trained - started, 2),
        "prediction": round(time.perf_counter() - trained, 2),
        "process": round(time.process_time() - worked, 2),
    }
    ran = {"variant": "baseline", "backend": "scikit-learn", "precision": "float64", "seconds": seconds} | more
    write_json(cell.folder / "runtime.json", about(cell, data, threads, "benchmarks.baselines.baselines") | ran)


def fit_baselines(study: Study, protocol: str, fold: int, threads: int) -> None:
    """Fit all baselines in one fold. Raises BadInput if an earlier stage has not run."""
    backend.prepare(threads, keras=protocols.PLANTED in protocol, backend=study.backend)
    cells = [Cell(study, name, protocol, fold) for name in BASELINES]
    data = load(cells[0])  # all baselines see the same images
    for cell in cells:
        fit_cell(cell, data, threads)


main = stage(
    "Fit and test the baselines in one fold of a study.",
    fit_baselines,
    protocol={"required": True},
    fold={"required": True, "type": int},
    threads=THREADS,
)

if __name__ == "__main__":
    run_cli(main)
