"""Trials per minute of a KerasTuner search that reuses one traced model, and of one that traces every model.

    python -m benchmarks.speed.search > benchmarks/speed/search.csv

The same search of an architecture in its corrected form, at full size, on 64 px phantoms of the demo, alternately with
and without reuse, in one process. Each search starts without a traced model; the tracing of the first trial counts.
Memory grows with every model that is traced: thirty trials of all architectures take 24 GB, `--names` measures fewer.
Columns: architecture, round, reuse, trials, seconds, trials_per_minute, best_trial, best_score, ratio (of trials per
minute, of the round), score_difference (largest difference of a trial's score in the round), and those of
benchmarks/reference.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import backend
from benchmarks.cells.load import Part
from benchmarks.cells.model import build_model
from benchmarks.cells.progress import Progress
from benchmarks.datasets import phantom
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement
from benchmarks.speed.names import NAMES

SIZE, CLASSES, SEED = 64, 8, 1


def parts(n_train: int, n_validation: int) -> tuple[Part, Part]:
    """Return upright originals of phantom patients as training and validation part."""
    loaded = phantom.load(phantom.OPTIONS | {"patients": 40}, None, SEED)
    upright = loaded.samples[loaded.samples["upright"] & (loaded.samples["variant"] == "original")]
    rows = upright.index[: n_train + n_validation]
    images = np.stack([loaded.read(row, SIZE) for row in rows])[..., np.newaxis]
    labels = pd.Categorical(upright.loc[rows, "label"]).codes.astype(int)
    return Part(images[:n_train], labels[:n_train]), Part(images[n_train:], labels[n_train:])


def searched(
    name: str, train: Part, validation: Part, trials: int, epochs: int, reuse: bool
) -> tuple[float, pd.DataFrame]:
    """Run one search of architecture `name`; return its seconds and trials."""
    from benchmarks.cells.fit import CellModel
    from benchmarks.cells.reuse import forget
    from benchmarks.cells.search import search

    def build(hp):
        own = {"variant": "corrected", "classes": CLASSES, "image_size": SIZE, "structure": "default"}
        return build_model(name, hp=hp, seed=SEED, **own)[0]

    forget()
    model = CellModel(build, train, validation, epochs, SEED, Progress(), reuse=reuse)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        started = time.perf_counter()
        found = search(model, {"tuner": "random", "trials": trials}, epochs, Path(folder) / "search")
        return time.perf_counter() - started, found.trials


def measure(names: list[str], trials: int, epochs: int, rounds: int, threads: int) -> pd.DataFrame:
    """Search alternately with and without reuse; return a row a search."""
    backend.prepare(threads)
    train, validation = parts(44, 14)
    rows = []
    for name in names:
        for number in range(rounds):
            both = {reuse: searched(name, train, validation, trials, epochs, reuse) for reuse in (True, False)}
            rows += [{"architecture": name, "round": number + 1} | row for row in compared(both)]
            print(rows[-2:], file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


def compared(both: Mapping[bool, tuple[float, pd.DataFrame]]) -> Iterator[dict[str, Any]]:
    """Yield the columns from reuse on of two searches, given as seconds and trials by whether they reuse a model."""
    rates = {reuse: 60 * len(found) / seconds for reuse, (seconds, found) in both.items()}
    scores = [found["score"] for _, found in both.values()]
    for reuse, (seconds, found) in both.items():
        best = found[found["best"]].iloc[0]
        yield {
            "reuse": reuse,
            "trials": len(found),
            "seconds": round(seconds, 1),
            "trials_per_minute": round(rates[reuse], 2),
            "best_trial": best["trial"],
            "best_score": best["score"],
            "ratio": round(rates[True] / rates[False], 1),
            "score_difference": float(np.abs(scores[0] - scores[1]).max()),
        }


main = measurement(
    "benchmarks.speed.search",
    "Time a search with and without reuse of the traced model.",
    measure,
    {"--names": NAMES, "--trials": 10, "--epochs": 1, "--rounds": 1, "--threads": 2},
)

if __name__ == "__main__":
    run_cli(main)
