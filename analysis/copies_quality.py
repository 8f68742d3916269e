"""Accuracy of the search for copies on the real augmented files, whose copies are known, with time and memory.

    python -m analysis.copies_quality --data PATH > benchmarks/reference/rigid.csv

Columns: test, n_train, n_test (images), n_copies (test images that have a copy in train), found (of those), n_wrong
(flagged test images whose most similar partner is of another source), lowest_copy (the least similarity of a test image
to its most similar copy), highest_other (the highest similarity of different sources, empty below RECORDED), seconds,
peak_memory_mb, and those of benchmarks/reference.
"""

import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import fft
from sklearn.model_selection import GroupKFold, KFold

from analysis.film_changes import clahe, jpeg, turn
from benchmarks.copies import rigid
from benchmarks.datasets import mendeley_inbreast
from benchmarks.datasets._files import resize
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement

SEED = 1
FOLDS = 5
RECORDED = 0.4  # least similarity of a recorded pair, below the threshold to show the margin


def _zoom(image: np.ndarray, factor: float) -> np.ndarray:
    side = round(len(image) / factor)
    start = (len(image) - side) // 2
    return resize(image[start : start + side, start : start + side], len(image))


def _noisy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)


# Change of each upright original before the search among the augmented files.
CHANGES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "turned by any angle": turn,
    "mirrored, any angle": lambda image, rng: turn(image[:, ::-1], rng),
    "CLAHE (clip 0.03), any angle": lambda image, rng: turn(clahe(image), rng),
    "rescaled to 227 px": lambda image, rng: resize(image, 227),
    "rescaled to 112 px": lambda image, rng: resize(image, 112),
    "JPEG quality 30": lambda image, rng: jpeg(image, 30),
    "any angle, 227 px, CLAHE, JPEG quality 50": lambda image, rng: jpeg(resize(turn(clahe(image), rng), 227), 50),
    "noise of 5 grey levels": _noisy,
    "shifted by 1% of the side": lambda image, rng: np.roll(image, 2, axis=1),
    "shifted by 2% of the side": lambda image, rng: np.roll(image, 4, axis=1),
    "shifted by 4% of the side": lambda image, rng: np.roll(image, 9, axis=1),
    "zoomed by 2%": lambda image, rng: _zoom(image, 1.02),
    "zoomed by 5%": lambda image, rng: _zoom(image, 1.05),
    "zoomed by 10%": lambda image, rng: _zoom(image, 1.1),
}


def rows(data: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table, measured on the published folders at `data`."""
    dataset = mendeley_inbreast.load(mendeley_inbreast.OPTIONS, data, SEED)
    samples = dataset.samples
    after = samples[samples["folder"] == "after"]
    sources = after["source"].to_numpy(dtype=str)
    start = time.perf_counter()
    spectra = rigid.describe(map(dataset.native, after.index))
    describing = time.perf_counter() - start
    everything = np.arange(len(sources))
    by_file, by_source = (splitter(FOLDS, shuffle=True, random_state=SEED) for splitter in (KFold, GroupKFold))
    splits = {
        "as shipped, split by files": (by_file.split(sources), 1),
        "as shipped, split by sources": (by_source.split(sources, groups=sources), 1),
        "as shipped, all against all": ([(everything, everything)], 2),
    }
    for name, (folds, n_described) in splits.items():
        start = time.perf_counter()
        found = _pooled([_judged(spectra[a], spectra[b], sources[a], sources[b]) for a, b in folds])
        yield {"test": name, **found, "seconds": time.perf_counter() - start + n_described * describing}
    upright = samples[samples["upright"]]
    originals = [dataset.native(row) for row in upright.index]
    for name, change in CHANGES.items():
        rng = np.random.default_rng(SEED)
        start = time.perf_counter()
        asked = rigid.describe(change(image, rng) for image in originals)
        found = _pooled([_judged(spectra, asked, sources, upright["source"].to_numpy(dtype=str))])
        yield {"test": name, **found, "seconds": time.perf_counter() - start}


def _judged(a: np.ndarray, b: np.ndarray, sources_a: np.ndarray, sources_b: np.ndarray) -> dict[str, Any]:
    found = rigid.search(a, b, least=RECORDED)
    same = sources_a[found["a"]] == sources_b[found["b"]]
    flagged = found[found["similarity"] >= rigid.THRESHOLD]
    best = flagged.sort_values("similarity").drop_duplicates("b", keep="last")
    has_copy = np.isin(sources_b, sources_a)
    return {
        "n_train": len(a),
        "n_test": len(b),
        "n_copies": int(has_copy.sum()),
        "found": int(has_copy[best["b"]].sum()),
        "n_wrong": int((sources_a[best["a"]] != sources_b[best["b"]]).sum()),
        "lowest_copy": found[same].groupby("b")["similarity"].max().min(),
        "highest_other": found.loc[~same, "similarity"].max(),
    }


def _pooled(folds: list[dict[str, Any]]) -> dict[str, Any]:
    how = {"n_train": "max", "lowest_copy": "min", "highest_other": "max"}
    table = pd.DataFrame(folds)
    return {column: table[column].agg(how.get(column, "sum")) for column in table}


def measure(data: Path, threads: int) -> pd.DataFrame:
    """Return the table without the columns of benchmarks/reference."""
    with fft.set_workers(threads):
        table = pd.DataFrame(rows(data)).round({"lowest_copy": 3, "highest_other": 3, "seconds": 1})
    return table.assign(peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


main = measurement(
    "analysis.copies_quality",
    "Measure the accuracy of the search for copies on the real augmented files.",
    measure,
    {
        "--data": {"required": True, "type": Path, "help": "the published folders, or their zip"},
        "--threads": {"type": int, "default": os.cpu_count(), "help": "threads (default: all)"},
    },
)

if __name__ == "__main__":
    run_cli(main)
