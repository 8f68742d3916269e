"""Scores of single cells, for studies that take so long that only some of their folds were run.

    python -m analysis.single_folds results/STUDY/cells/ARCHITECTURE/PROTOCOL/FOLD ... > TABLE

Columns: study, image_size, architecture, protocol, fold, n_test, n_patients, roc_auc (severity), ci_low, ci_high (95%,
bootstrap over patients), density_accuracy, density_majority (share of the most frequent density), trained_by (command
of the cell), and those of benchmarks/reference. A single fold says how its cells compare, not what an architecture
reaches in general.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from analysis.bootstrap import Bootstrap, interval
from analysis.tasks import Severity, tasks
from benchmarks import stored
from benchmarks.errors import BadInput, run_cli
from benchmarks.reference.command import measurement

RESAMPLES, SEED = 2000, 0
AUC = "roc_auc"


def measure(cells: list[Path]) -> pd.DataFrame:
    """Return one row for each folder of a finished cell."""
    return pd.DataFrame([_measured(cell) for cell in cells])


def _measured(cell: Path) -> dict[str, Any]:
    """Return the row of a cell. Raises BadInput if its labels have no severity and density, or it isn't finished."""
    results = cell.parents[3]
    runtime = stored.record(cell / "runtime.json")
    samples = stored.table(results / "samples.parquet")
    table = stored.table(cell / "predictions.parquet").assign(fold=runtime["fold"])
    known = {task.name: task for task in tasks(table, samples)}
    severity = known.get("severity")
    if not isinstance(severity, Severity) or "density" not in known:
        raise BadInput(f"{cell}: a label needs one severity and one density; name cells of a study that has both")
    patients = table["patient"].astype(str)
    weights = Bootstrap(patients.tolist(), RESAMPLES, SEED).weights(patients)
    auc = severity.scores(slice(None))[AUC]
    limits = interval(severity.resampled(slice(None), weights)[AUC], patients.nunique(), "patient")
    density = samples.set_index("sample")["density"].reindex(table["sample"])
    return {
        "study": results.name,
        **{name: runtime[name] for name in ("image_size", "architecture", "protocol", "fold", "n_test")},
        **{"n_patients": patients.nunique(), "roc_auc": round(auc, 4)},
        **{"ci_low": round(limits.low, 4), "ci_high": round(limits.high, 4)},
        "density_accuracy": round(known["density"].scores(slice(None))["accuracy"], 4),
        "density_majority": round(float(density.value_counts(normalize=True).max()), 4),
        "trained_by": runtime["command"],
    }


main = measurement(
    "analysis.single_folds",
    "Score single cells.",
    measure,
    {"cells": {"nargs": "+", "type": Path, "metavar": "CELL", "help": "folder of a finished cell"}},
)

if __name__ == "__main__":
    run_cli(main)
