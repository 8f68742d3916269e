"""What each part of a recipe brings: cells of some folds, trained by the study's recipe and with one part changed.

    python -m benchmarks.validation.ablation --study cbis_crops --architecture efficientnet_lite --folds 0 1

Reads samples, images, folds and cached maps from results/<study>. Appends to benchmarks/reference/ablation.csv a row a
fold and change: study, architecture, change, fold, auc (severity), density_accuracy, n_test, n_patients, epochs,
seconds, threads, command, hardware, versions, finished. A difference of one fold is no finding: compare a change over
folds.
"""

import dataclasses
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks import backend, reference, stored
from benchmarks.cells.cell import Cell
from benchmarks.cells.load import Data, load
from benchmarks.cells.progress import Progress
from benchmarks.errors import BadInput, run_cli
from benchmarks.protocols import BY_PATIENT
from benchmarks.reference import NONE
from benchmarks.study.command import THREADS, stage
from benchmarks.study.recipe import searched
from benchmarks.study.study import Study

CHANGES: dict[str, dict] = {
    NONE: {},
    "no augmentation": {"augmentation": 0.0},
    "no average of the weights": {"average": 0.0},
    "constant rate": {"schedule": "constant"},
    "no mirrored answers": {"mirrored": False},
    "one head with the classes": {"heads": "classes"},
    "no label smoothing": {"label_smoothing": 0.0},
    "mean pooling": {"pooling": "mean"},
    "no dropout": {"dropout": 0.0},
    "a tenth of the rate": {"learning_rate": 3e-5},
}


def ablate(
    study: Study, architecture: str, folds: list[int], changes: list[str] | None, threads: int, out: Path
) -> None:
    """Train and append one row after another, so that a run that is cut off keeps what it has."""
    backend.prepare(threads, backend=study.backend)
    recipe = study.recipe_of(architecture)
    if recipe is None or searched(recipe):
        raise BadInput(f"{study.path}: {architecture} needs a recipe with one value for each key")
    # The command without --out, which does not affect the results.
    words = ["--study", study.source.argument, "--architecture", architecture, "--folds", *map(str, folds)]
    words += [*(["--changes", *changes] if changes else []), "--threads", str(threads)]
    command = shlex.join(["python", "-m", "benchmarks.validation.ablation", *words])
    for change, settings in CHANGES.items():
        same = change != NONE and settings.items() <= recipe.items()
        if same or (changes and change not in changes):
            continue
        entry = study.architectures[architecture] | {"recipe": recipe | settings}
        own = dataclasses.replace(study, architectures={**study.architectures, architecture: entry})
        for fold in folds:
            row = {"study": study.name, "architecture": architecture, "change": change, "fold": fold}
            row |= dict(_measured(Cell(own, architecture, BY_PATIENT, fold))) | {"threads": threads}
            row |= reference.about(command)
            out.parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame([row]).to_csv(out, mode="a", header=not out.exists(), index=False)


def _measured(cell: Cell) -> Iterator[tuple[str, object]]:
    from benchmarks.cells.model import set_precision
    from benchmarks.cells.predict import predict
    from benchmarks.recipe.fit import fit_recipe

    started = time.perf_counter()
    data = load(cell)
    set_precision(cell)
    fitted = fit_recipe(cell, data, Progress())
    stored.remove(cell.search_state(data.digest))
    answers = predict(fitted.model, data.parts["test"].x, fitted.mirrored)[0]
    yield "auc", round(_auc(data, answers), 4)
    density = _summed(answers, data.heads["density"])
    yield "density_accuracy", round(float((density.argmax(1) == data.heads["density"][data.parts["test"].y]).mean()), 4)
    yield "n_test", len(answers)
    yield "n_patients", data.rows("test")["patient"].nunique()
    yield "epochs", len(fitted.history)
    yield "seconds", round(time.perf_counter() - started)


def _auc(data: Data, answers: np.ndarray) -> float:
    severity = data.heads["severity"]  # 0 benign, 1 malignant
    return float(roc_auc_score(severity[data.parts["test"].y], _summed(answers, severity)[:, 1]))


def _summed(answers: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    return answers @ np.eye(numbers.max() + 1)[numbers]


main = stage(
    "Measure what each part of a recipe brings.",
    ablate,
    architecture={"required": True},
    folds={"type": int, "nargs": "+", "required": True},
    changes={"nargs": "+", "choices": list(CHANGES), "help": "only these"},
    threads=THREADS,
    out={"type": Path, "default": reference.FOLDER / "ablation.csv", "help": "table to append to"},
)

if __name__ == "__main__":
    run_cli(main)
