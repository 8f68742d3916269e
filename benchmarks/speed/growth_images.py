"""CPU seconds and memory of everything but training for growing numbers of images.

    python -m benchmarks.speed.growth_images --study demo --images 6250 25000 100000 > growth_images.csv

Needs a finished study of phantoms under results/. In a temporary folder, its data set is drawn with more patients, and
split and audited for leaks; the cells repeat answers that the finished study gave to images of the same label. The
audit of shortcuts is left out, because it trains classifiers. Each stage has a process of its own. Columns: stage,
images, cpu_seconds, peak_memory_mb, cpu_exponent and memory_exponent (slope of the regression line through the
logarithms of all sizes), cpu_last and memory_last (slope between the two largest), and those of benchmarks/reference.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement
from benchmarks.speed.growth import REPLACED, STAGES, answer, changed, run_stage
from benchmarks.study.study import Study, load_study

SIDE = 64  # pixels
COPIES = 24
IMAGES_PER_PATIENT = (COPIES + 2) * 2.1  # two originals and the copies of each source
LEFT_OUT = (*REPLACED, "search", "*.npy", "samples.parquet", "dataset.json")


def grown(study: Study, images: int, place: Path) -> Study:
    """Write a study with about `images` phantoms, and results of `study` that don't depend on them, below `place`."""
    dataset = {"patients": round(images / IMAGES_PER_PATIENT), "copies": COPIES, "side": SIDE}
    return changed(study, place, {"dataset": dataset}, LEFT_OUT)


def measure(study: str, images: list[int]) -> pd.DataFrame:
    """Return CPU seconds and memory of every stage for each number of `images`, and how they grow."""
    finished = load_study(study)
    rows = []
    for number in images:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            large = grown(finished, number, place)
            first: list[tuple[str, ...]] = [("benchmarks.samples.__main__",)]
            first += [("benchmarks.samples.folds", "--protocol", protocol) for protocol in large.all_protocols()]
            rows += [_row(place, order) for order in [*first, ("analysis.leakage", "--threads", "1")]]
            for protocol in large.all_protocols():
                answer(finished, large, protocol, place / "results/grown")
            rows += [_row(place, (stage,)) for stage in STAGES]
    table = pd.DataFrame(rows)
    # The folds of all protocols are one stage.
    table = table.groupby(["images", "stage"], sort=False, as_index=False).agg(
        {"cpu_seconds": "sum", "peak_memory_mb": "max"}
    )
    return with_exponents(table)


def _row(place: Path, order: tuple[str, ...]) -> dict:
    used = run_stage(place, *order)
    images = len(pd.read_parquet(place / "results/grown/samples.parquet", columns=["sample"]))
    row = {"stage": order[0], "images": images} | used
    print(row, file=sys.stderr, flush=True)
    return row


def with_exponents(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` (stage, images, cpu_seconds, peak_memory_mb) with the exponents of each stage."""
    parts = []
    for _, own in table.groupby("stage", sort=False):
        own = own.sort_values("images")
        n = own["images"].to_numpy(float)
        for name, column in (("cpu", "cpu_seconds"), ("memory", "peak_memory_mb")):
            values = own[column].to_numpy(float)
            own = own.assign(**{f"{name}_exponent": _slope(n, values), f"{name}_last": _slope(n[-2:], values[-2:])})
        parts.append(own)
    return pd.concat(parts, ignore_index=True)


def _slope(n: np.ndarray, values: np.ndarray) -> float:
    return round(float(np.polyfit(np.log(n), np.log(values), 1)[0]), 2)


main = measurement(
    "benchmarks.speed.growth_images",
    "Measure how the cost of all that does not train grows with the number of images.",
    measure,
    {
        "--study": {"default": "demo", "help": "a study of phantoms that has run"},
        "--images": {"type": int, "nargs": "+", "default": [6_250, 25_000, 100_000]},
    },
)

if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    run_cli(main)
