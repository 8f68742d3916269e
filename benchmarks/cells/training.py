"""Train and test one cell: load, build, search or follow the published recipe, predict, write."""

import time
from collections.abc import Callable

import keras

from benchmarks import stored
from benchmarks.cells.cell import Cell, Fitted
from benchmarks.cells.fit import fit_published
from benchmarks.cells.load import Data, load
from benchmarks.cells.model import set_precision
from benchmarks.cells.predict import predict_parts
from benchmarks.cells.progress import Progress
from benchmarks.cells.search import search_cell
from benchmarks.cells.write import write_cell
from benchmarks.protocols import PUBLISHED

Fit = Callable[[Cell, Data, Progress], Fitted]


def train_cell(cell: Cell, threads: int, progress: Progress | None = None, fit: Fit | None = None) -> None:
    """Train and test `cell`, and write its files; `benchmarks.backend.prepare` must have set `threads`.

    `fit` trains it, by default a search or, under the published protocol, the published recipe.

    Raises BadInput if an earlier stage has not run.
    """
    started, worked = time.perf_counter(), time.process_time()
    data = load(cell)
    precision = set_precision(cell)
    fit = fit or (fit_published if cell.variant == PUBLISHED else search_cell)
    fitted = fit(cell, data, progress or Progress())
    trained = time.perf_counter()
    predictions, dead = predict_parts(fitted, data)
    seconds = {
        "training": round(fitted.earlier + trained - started, 2),
        "prediction": round(time.perf_counter() - trained, 2),
        "process": round(time.process_time() - worked, 2),
    }
    ran = {"backend": keras.backend.backend(), "precision": precision, "dead_features": dead, "seconds": seconds}
    write_cell(cell, data, fitted, predictions, threads, ran)
    stored.remove(cell.search_state(data.digest))
