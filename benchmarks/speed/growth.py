"""CPU seconds and memory of the tables and the report for growing numbers of repeats.

    python -m benchmarks.speed.growth --study demo > benchmarks/speed/growth.csv

Needs a finished study under results/. In a temporary folder, the samples are split with more repeats; the cells repeat
answers of the finished study, so that only the number of cells differs. Columns: stage, cells, cpu_seconds,
peak_memory_mb, cpu_ratio and cells_ratio (over those of the smallest), and those of benchmarks/reference.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from benchmarks import protocols
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement
from benchmarks.run.launch import CODE
from benchmarks.study.study import Study, load_study

STAGES = [
    *("analysis.scores.tables", "analysis.scores.scores", "analysis.scores.collapse", "analysis.comparison.comparison"),
    *("analysis.comparison.control", "analysis.comparison.positive_control", "analysis.comparison.learning_curve"),
    *("analysis.comparison.tuning_gain", "analysis.bias.groups", "reports.provenance", "reports.render"),
]

REPLACED = ("cells", "folds", "logs", "report")  # results that are made again


def grown(study: Study, repeats: int, place: Path) -> int:
    """Write results of `study` with `repeats` below `place`; return the number of cells."""
    large = changed(study, place, {"repeats": repeats}, REPLACED)
    results = place / "results/grown"
    cells = 0
    for protocol in large.all_protocols():
        run_stage(place, "benchmarks.samples.folds", "--protocol", protocol)
        cells += answer(study, large, protocol, results)
    return cells


def changed(study: Study, place: Path, settings: dict[str, Any], left_out: tuple[str, ...]) -> Study:
    """Write `study` with other `settings`, and its results but for the files `left_out`, below `place`."""
    named = Path(study.source.argument)
    base = str(named.resolve() if named.is_file() else named)
    raw = {"description": study.description, "extends": base} | settings
    (place / "grown.yaml").write_text(yaml.safe_dump(raw))
    shutil.copytree(study.results(), place / "results/grown", ignore=shutil.ignore_patterns(*left_out))
    return load_study(str(place / "grown.yaml"))


def answer(study: Study, large: Study, protocol: str, results: Path) -> int:
    """Write the cells of a protocol of `large` below `results`, from those of `study`; return their number."""
    folds = pd.read_parquet(results / f"folds/{protocol}.parquet")
    samples = protocols.labelled(folds, pd.read_parquet(results / "samples.parquet"))
    known, cells = study.cells(protocol), 0
    for architecture in [name for name, own in large.pairs() if own == protocol]:
        for fold, own in samples.groupby("fold"):
            place = results / f"cells/{architecture}/{protocol}/{fold}"
            cell = study.cell_folder(architecture, protocol, known[int(fold) % len(known)])
            _copy(cell, place, int(fold), len(known), own)
            cells += 1
    return cells


def _copy(cell: Path, to: Path, fold: int, folds: int, samples: pd.DataFrame) -> None:
    """Copy a finished cell without its model as fold number `fold`, of repeats with `folds` folds each."""
    shutil.copytree(cell, to, ignore=shutil.ignore_patterns("*.parquet", "model.keras"))
    runtime = json.loads((to / "runtime.json").read_text()) | {"fold": fold, "repeat": fold // folds}
    (to / "runtime.json").write_text(json.dumps(runtime))
    for path in cell.glob("*.parquet"):
        part = "validation" if path.stem.startswith("validation") else "test"
        answers = repeated(pd.read_parquet(path), samples[samples["part"] == part])
        answers.to_parquet(to / path.name, index=False)


def repeated(known: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Return a row of `known` of the same label for each of `samples`, with its sample, source, patient and label.

    A label that `known` lacks takes any row. Returns no row if `known` has none.
    """
    if known.empty:
        return known
    labels, chosen = known["label"].to_numpy(str), np.zeros(len(samples), int)
    for label, turns in samples.reset_index(drop=True).groupby("label").groups.items():
        same = labels == label
        own = np.flatnonzero(same | ~same.any())
        chosen[turns] = own[np.arange(len(turns)) % len(own)]
    given = {name: samples[name].to_numpy() for name in ("sample", "source", "patient", "label")}
    return known.iloc[chosen].reset_index(drop=True).assign(**given).astype(known.dtypes.to_dict())


def run_stage(place: Path, module: str, *options: str) -> dict[str, float]:
    """Run a stage; return its cpu_seconds and peak_memory_mb (MiB)."""
    command = [sys.executable, str(CODE / "benchmarks/run/launch.py"), module, "--study", "grown.yaml", *options]
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{module} failed with {place} as working directory")
    return {
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_memory_mb": round(used.ru_maxrss / 1024, 1),
    }


def measure(study: str, repeats: list[int]) -> pd.DataFrame:
    """Return CPU seconds and memory of every stage for each number of `repeats`."""
    finished = load_study(study)
    rows = []
    for number in repeats:
        with tempfile.TemporaryDirectory() as folder:
            cells = grown(finished, number, Path(folder))
            rows += [{"stage": stage, "cells": cells} | run_stage(Path(folder), stage) for stage in STAGES]
    table = pd.DataFrame(rows)
    first = table.groupby("stage")[["cpu_seconds", "cells"]].transform("first")
    table["cpu_ratio"] = (table["cpu_seconds"] / first["cpu_seconds"]).round(2)
    table["cells_ratio"] = (table["cells"] / first["cells"]).round(2)
    return table


main = measurement(
    "benchmarks.speed.growth",
    "Measure how the cost of tables and report grows with the number of cells.",
    measure,
    {
        "--study": {"default": "demo", "help": "a study that has run"},
        "--repeats": {"type": int, "nargs": "+", "default": [1, 10, 40]},
    },
)

if __name__ == "__main__":
    run_cli(main)
