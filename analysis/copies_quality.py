"""How well copies are found on the real augmented files, whose truth is known: recall, false alarms, time, memory.

    python -m analysis.copies_quality --data PATH > benchmarks/reference/copies.csv

Columns: test, n_train, n_test (images), n_copies (test images that have a copy in train), found (of those), n_wrong
(flagged test images whose most similar partner is of another source), lowest_copy and highest_other (the similarity of
the least similar of the most similar copies, and of the most similar pair of different sources), seconds and
peak_memory_mb, and those of benchmarks/reference. A highest_other below RECORDED is left empty.
"""

import argparse
import io
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy import fft
from skimage import exposure
from sklearn.model_selection import GroupKFold, KFold

from analysis.audit import copies
from benchmarks.datasets import mendeley_inbreast
from benchmarks.datasets._files import resize
from benchmarks.errors import run_cli
from benchmarks.reference import about

SEED = 1
FOLDS = 5
RECORDED = 0.4  # similarities from here on are looked at, below the threshold to see how far away the others stay


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


def _turn(image: np.ndarray, degrees: float) -> np.ndarray:
    return np.asarray(Image.fromarray(image).rotate(degrees, resample=Image.Resampling.BILINEAR))


def _zoom(image: np.ndarray, factor: float) -> np.ndarray:
    side = round(len(image) / factor)
    start = (len(image) - side) // 2
    return resize(image[start : start + side, start : start + side], len(image))


def _clahe(image: np.ndarray) -> np.ndarray:
    return np.round(exposure.equalize_adapthist(image, clip_limit=0.03) * 255).astype(np.uint8)


# What is done to each upright original before it is looked for among the augmented files.
CHANGES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "turned by any angle": lambda image, rng: _turn(image, rng.uniform(0, 360)),
    "mirrored, any angle": lambda image, rng: _turn(image[:, ::-1], rng.uniform(0, 360)),
    "CLAHE (clip 0.03), any angle": lambda image, rng: _turn(_clahe(image), rng.uniform(0, 360)),
    "rescaled to 227 px": lambda image, rng: resize(image, 227),
    "rescaled to 112 px": lambda image, rng: resize(image, 112),
    "JPEG quality 30": lambda image, rng: _jpeg(image, 30),
    "any angle, 227 px, CLAHE, JPEG quality 50": lambda image, rng: _jpeg(
        resize(_turn(_clahe(image), rng.uniform(0, 360)), 227), 50
    ),
    "noise of 5 grey levels": lambda image, rng: np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(
        np.uint8
    ),
    "shifted by 1 % of the side": lambda image, rng: np.roll(image, 2, axis=1),
    "shifted by 2 % of the side": lambda image, rng: np.roll(image, 4, axis=1),
    "shifted by 4 % of the side": lambda image, rng: np.roll(image, 9, axis=1),
    "zoomed by 2 %": lambda image, rng: _zoom(image, 1.02),
    "zoomed by 5 %": lambda image, rng: _zoom(image, 1.05),
    "zoomed by 10 %": lambda image, rng: _zoom(image, 1.1),
}


def rows(data: Path) -> Iterator[dict]:
    """The measurements, on the published folders at `data`."""
    dataset = mendeley_inbreast.load(mendeley_inbreast.OPTIONS, data, SEED)
    samples = dataset.samples
    after = samples[samples["folder"] == "after"]
    sources = after["source"].to_numpy(dtype=str)
    start = time.perf_counter()
    spectra = copies.describe(map(dataset.native, after.index))
    describing = time.perf_counter() - start
    splits = {
        "as shipped, split by files": KFold(FOLDS, shuffle=True, random_state=SEED).split(sources),
        "as shipped, split by sources": GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(
            sources, groups=sources
        ),
    }
    for name, folds in splits.items():
        start = time.perf_counter()
        parts = [_judged(spectra[a], spectra[b], sources[a], sources[b]) for a, b in folds]
        yield {"test": name, **_pooled(parts), "seconds": time.perf_counter() - start + describing}
    start = time.perf_counter()
    pairs = _judged(spectra, spectra, sources, sources)
    yield {
        "test": "as shipped, all against all",
        **_pooled([pairs]),
        "seconds": time.perf_counter() - start + 2 * describing,
    }
    upright = samples[samples["upright"]]
    originals = [dataset.native(row) for row in upright.index]
    for name, change in CHANGES.items():
        rng = np.random.default_rng(SEED)
        start = time.perf_counter()
        asked = copies.describe(change(image, rng) for image in originals)
        part = _judged(spectra, asked, sources, upright["source"].to_numpy(dtype=str))
        yield {"test": name, **_pooled([part]), "seconds": time.perf_counter() - start}


def _judged(a: np.ndarray, b: np.ndarray, sources_a: np.ndarray, sources_b: np.ndarray) -> dict:
    found = copies.search(a, b, least=RECORDED)
    same = sources_a[found["a"]] == sources_b[found["b"]]
    flagged = found[found["similarity"] >= copies.THRESHOLD]
    best = flagged.sort_values("similarity").drop_duplicates("b", keep="last")
    right = sources_a[best["a"]] == sources_b[best["b"]]
    has_copy = np.isin(sources_b, sources_a)
    return {
        "n_train": len(a),
        "n_test": len(b),
        "n_copies": int(has_copy.sum()),
        "found": int(has_copy[best["b"]].sum()),
        "n_wrong": int((~right).sum()),
        "lowest_copy": found[same].groupby("b")["similarity"].max().min(),
        "highest_other": found.loc[~same, "similarity"].max(),
    }


def _pooled(parts: list[dict]) -> dict:
    table = pd.DataFrame(parts)
    sums = table[["n_test", "n_copies", "found", "n_wrong"]].sum()
    extremes = {"lowest_copy": table["lowest_copy"].min(), "highest_other": table["highest_other"].max()}
    return {"n_train": table["n_train"].max(), **sums, **extremes}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure how well copies are found on the real augmented files.")
    parser.add_argument("--data", required=True, type=Path, help="the published folders, or their zip")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads (default: all)")
    arguments = parser.parse_args()
    with fft.set_workers(arguments.threads):
        table = pd.DataFrame(rows(arguments.data)).round({"lowest_copy": 3, "highest_other": 3, "seconds": 1})
    table["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    table = table.assign(**about("python -m analysis.copies_quality --data PATH"))
    table.to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    run_cli(main)
