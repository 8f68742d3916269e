"""CPU seconds and memory of the tables and the report for growing numbers of repeats.

    python -m benchmarks.speed.growth --study demo > benchmarks/speed/growth.csv

Needs a finished study under results/. In a temporary folder, the samples are split with more repeats; the cells copy
the answers of the finished study, so that only the number of cells differs. Columns: stage, cells, cpu_seconds,
peak_memory_mb, cpu_ratio and cells_ratio (over those of the smallest), and those of benchmarks/reference.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import yaml

from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement
from benchmarks.run.launch import CODE
from benchmarks.study.study import Study, load_study

STAGES = [
    *("analysis.scores.tables", "analysis.scores.scores", "analysis.scores.collapse", "analysis.comparison.comparison"),
    *("analysis.comparison.control", "analysis.comparison.positive_control", "analysis.comparison.learning_curve"),
    *("analysis.comparison.tuning_gain", "analysis.bias.groups", "reports.provenance", "reports.render"),
]


def grown(study: Study, repeats: int, place: Path) -> int:
    """Write results of `study` with `repeats` below `place`; return the number of cells."""
    named = Path(study.source.argument)
    base = str(named.resolve() if named.is_file() else named)
    raw = {"description": study.description, "extends": base, "repeats": repeats}
    (place / "grown.yaml").write_text(yaml.safe_dump(raw))
    large = load_study(str(place / "grown.yaml"))
    results = place / "results/grown"
    shutil.copytree(study.results(), results, ignore=shutil.ignore_patterns("cells", "folds", "logs", "report"))
    cells = 0
    for protocol in large.all_protocols():
        _run(place, "benchmarks.samples.folds", "--protocol", protocol)
        folds = pd.read_parquet(results / f"folds/{protocol}.parquet")
        tested = folds[folds["part"] == "test"].groupby("fold")["sample"]
        for architecture in [name for name, own in large.pairs() if own == protocol]:
            had = [study.cell_folder(architecture, protocol, fold) for fold in study.cells(protocol)]
            known = pd.concat(pd.read_parquet(folder / "predictions.parquet") for folder in had)
            known = known.set_index("sample", drop=False)
            for fold, samples in tested:
                _copy(had[fold % len(had)], results / f"cells/{architecture}/{protocol}/{fold}", fold, len(had))
                answers = known.loc[samples]
                for name in ("predictions", "default_predictions"):
                    answers.to_parquet(results / f"cells/{architecture}/{protocol}/{fold}/{name}.parquet", index=False)
                cells += 1
    return cells


def _copy(cell: Path, to: Path, fold: int, folds: int) -> None:
    shutil.copytree(cell, to, ignore=shutil.ignore_patterns("*.parquet", "model.keras"))
    runtime = json.loads((to / "runtime.json").read_text()) | {"fold": fold, "repeat": fold // folds}
    (to / "runtime.json").write_text(json.dumps(runtime))


def _run(place: Path, module: str, *options: str) -> tuple[float, float]:
    """Run a stage; return its CPU seconds and peak memory in MiB."""
    command = [sys.executable, str(CODE / "benchmarks/run/launch.py"), module, "--study", "grown.yaml", *options]
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{module} failed with {place} as working directory")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(study: str, repeats: list[int]) -> pd.DataFrame:
    """Return CPU seconds and memory of every stage for each number of `repeats`."""
    finished = load_study(study)
    rows = []
    for number in repeats:
        with tempfile.TemporaryDirectory() as folder:
            cells = grown(finished, number, Path(folder))
            for stage in STAGES:
                seconds, memory = _run(Path(folder), stage)
                row = {"stage": stage, "cells": cells, "cpu_seconds": round(seconds, 2)}
                rows.append(row | {"peak_memory_mb": round(memory, 1)})
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
