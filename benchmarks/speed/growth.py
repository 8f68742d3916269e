"""CPU seconds and memory of the tables and the report as a study grows in repeats.

    python -m benchmarks.speed.growth --study demo > benchmarks/speed/growth.csv

Takes a finished study under results/. In a folder of its own it splits the same samples again and again, and has cells
that answer each test image as the finished study's cells did, so that only their number differs. Columns: stage, cells,
cpu_seconds, peak_memory_mb, cpu_ratio and cells_ratio (over those of the smallest), and those of benchmarks/reference.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import yaml

from benchmarks.errors import run_cli
from benchmarks.reference import about
from benchmarks.run.launch import CODE
from benchmarks.study.study import Study, load_study

STAGES = ["tables", "scores", "collapse", "comparison", "control", "learning_curve", "tuning_gain", "groups"]
MODULES = [*(f"analysis.{name}" for name in STAGES), "reports.provenance", "reports.render"]


def grown(study: Study, repeats: int, place: Path) -> int:
    """Write `study` with `repeats` below `place`, as if it had run; return the number of its cells."""
    named = Path(study.source.argument)
    base = str(named.resolve() if named.is_file() else named)
    raw = {"description": study.description, "extends": base, "repeats": repeats}
    (place / "grown.yaml").write_text(yaml.safe_dump(raw))
    large = load_study(str(place / "grown.yaml"))
    results = place / "results/grown"
    shutil.copytree(study.results(), results, ignore=shutil.ignore_patterns("cells", "folds", "logs", "report"))
    cells = 0
    for protocol in large.all_protocols():
        _run(place, "benchmarks.protocols", "--protocol", protocol)
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
    """CPU seconds and peak memory in MiB of a stage."""
    command = [sys.executable, str(CODE / "benchmarks/run/launch.py"), module, "--study", "grown.yaml", *options]
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{module} failed with {place} as working directory")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Measure, to standard output."""
    parser = argparse.ArgumentParser(description="Measure how tables and report grow with the number of cells.")
    parser.add_argument("--study", default="demo", help="a study that has run")
    parser.add_argument("--repeats", type=int, nargs="+", default=[1, 10, 40])
    arguments = parser.parse_args()
    study = load_study(arguments.study)
    rows = []
    for repeats in arguments.repeats:
        with tempfile.TemporaryDirectory() as folder:
            cells = grown(study, repeats, Path(folder))
            for module in MODULES:
                seconds, memory = _run(Path(folder), module)
                row = {"stage": module, "cells": cells, "cpu_seconds": round(seconds, 2)}
                rows.append(row | {"peak_memory_mb": round(memory, 1)})
    table = pd.DataFrame(rows)
    first = table.groupby("stage")[["cpu_seconds", "cells"]].transform("first")
    table["cpu_ratio"] = (table["cpu_seconds"] / first["cpu_seconds"]).round(2)
    table["cells_ratio"] = (table["cells"] / first["cells"]).round(2)
    for name, value in about(shlex.join(["python", "-m", "benchmarks.speed.growth", *sys.argv[1:]])).items():
        table[name] = value
    table.to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    run_cli(main)
