"""Trials a minute of a KerasTuner search whose trials share a traced model, and of one that traces a model for each.

    python -m benchmarks.speed.search > benchmarks/speed/search.csv

The same search of densenet (DenseNet121 as it is) on 64 px phantoms of the demo, in turn with and without, in one
process; each starts without a traced model, and the first trial's tracing counts. Columns: round, reuse, trials,
seconds, trials_per_minute, best_trial, best_score, ratio (of trials a minute, of the round), score_difference (the
largest between the round's searches, trial by trial), and those of benchmarks/reference.
"""

import argparse
import contextlib
import shlex
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import backend
from benchmarks.cells.load import Part
from benchmarks.cells.model import build_model
from benchmarks.cells.progress import Progress
from benchmarks.datasets import phantom
from benchmarks.errors import run_cli
from benchmarks.reference import about

SIZE, CLASSES, SEED = 64, 8, 1


def parts(n_train: int, n_validation: int) -> tuple[Part, Part]:
    """Upright originals of phantom patients: train and validation part."""
    loaded = phantom.load(phantom.OPTIONS | {"patients": 40}, None, SEED)
    upright = loaded.samples[loaded.samples["upright"] & (loaded.samples["variant"] == "original")]
    rows = upright.index[: n_train + n_validation]
    images = np.stack([loaded.read(row, SIZE) for row in rows])[..., np.newaxis]
    labels = pd.Categorical(upright.loc[rows, "label"]).codes.astype(int)
    return Part(images[:n_train], labels[:n_train]), Part(images[n_train:], labels[n_train:])


def searched(train: Part, validation: Part, trials: int, epochs: int, reuse: bool) -> tuple[float, pd.DataFrame]:
    """Seconds and trials of one search."""
    from benchmarks.cells.fit import CellModel
    from benchmarks.cells.reuse import forget
    from benchmarks.cells.search import search

    def build(hp):
        own = {"variant": "corrected", "classes": CLASSES, "image_size": SIZE, "structure": "default"}
        return build_model("densenet", hp=hp, seed=SEED, **own)[0]

    forget()
    model = CellModel(build, train, validation, epochs, SEED, Progress(), reuse=reuse)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        started = time.perf_counter()
        found = search(model, {"tuner": "random", "trials": trials}, epochs, Path(folder) / "search")
        return time.perf_counter() - started, found.trials


def main() -> None:
    """Search in turn with and without reuse, to standard output."""
    parser = argparse.ArgumentParser(description="Time a search with and without reuse of the traced model.")
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    backend.prepare(arguments.threads)
    train, validation = parts(44, 14)
    told = about(shlex.join(["python", "-m", "benchmarks.speed.search", *sys.argv[1:]]))
    rows = []
    for number in range(arguments.rounds):
        pair = []
        for reuse in (True, False):
            seconds, trials = searched(train, validation, arguments.trials, arguments.epochs, reuse)
            best = trials[trials["best"]].iloc[0]
            row = {"round": number + 1, "reuse": reuse, "trials": len(trials), "seconds": round(seconds, 1)}
            row |= {"trials_per_minute": round(60 * len(trials) / seconds, 2)}
            pair.append((row | {"best_trial": best["trial"], "best_score": best["score"]}, trials["score"]))
        (one, scores), (other, expected) = pair
        ratio = round(one["trials_per_minute"] / other["trials_per_minute"], 1)
        difference = float(np.abs(scores - expected).max())
        rows += [row | {"ratio": ratio, "score_difference": difference} | told for row in (one, other)]
    pd.DataFrame(rows).to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    run_cli(main)
