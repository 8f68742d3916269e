"""Write the files of a cell into results/<study>/cells/<architecture>/<protocol>/<fold>/

trials.csv                        one row a trial; one row for a published recipe
hyperparameters.json              of the best trial
history.csv                       its learning curve: epoch, loss, accuracy, val_loss, val_accuracy
model.keras                       of the epoch with the lowest validation loss; of a published recipe, the last
predictions.parquet               of the test part: sample, source, patient, label, predicted, p_<class>...
validation_predictions.parquet    the same of the validation part
default_predictions.parquet       of the test part by the default configuration; empty if that was not tried
runtime.json                      versions, hardware, command, seconds and sizes; dead_features: the share of the
                                  classifier's inputs that are the same for every test image; resumed: the epochs after
                                  which training was continued from a checkpoint
"""

import datetime
import json
import resource
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import architectures
from architectures import CORRECTED
from benchmarks import backend
from benchmarks.cells.cell import Cell, Fitted
from benchmarks.cells.load import Data


def write_cell(
    cell: Cell, data: Data, fitted: Fitted, predictions: dict[str, np.ndarray], threads: int, ran: dict[str, Any]
) -> None:
    """Write the cell's files; `ran` goes into runtime.json, which is written last."""
    cell.folder.mkdir(parents=True, exist_ok=True)
    for name, probabilities in predictions.items():
        rows = data.rows("validation" if name == "validation_predictions" else "test").iloc[: len(probabilities)]
        table = predictions_table(probabilities, rows, data.classes)
        table.to_parquet(cell.folder / f"{name}.parquet", index=False)
    fitted.trials.to_csv(cell.folder / "trials.csv", index=False)
    fitted.history.to_csv(cell.folder / "history.csv", index=False)
    write_json(cell.folder / "hyperparameters.json", fitted.hyperparameters)
    fitted.model.save(cell.folder / "model.keras")
    description = architectures.describe(cell.architecture)
    ran = {
        "variant": description.variant(cell.variant),
        "recipe": cell.study.recipe_of(cell.architecture) if cell.variant == CORRECTED else None,
        "parameters": fitted.model.count_params(),
        "cam_layer": description.form(cell.variant).cam_layer,
        "epochs": len(fitted.history),
        "trials": len(fitted.trials),
        "resumed": fitted.resumed,
        **{key: fitted.hyperparameters[key] for key in ("batch_size", "learning_rate")},
        **ran,
    }
    write_json(cell.folder / "runtime.json", about(cell, data, threads, "benchmarks.training") | ran)


def about(cell: Cell, data: Data, threads: int, module: str) -> dict[str, Any]:
    """Return the part of runtime.json that every cell has; call it when the cell is done."""
    return {
        "architecture": cell.architecture,
        "protocol": cell.protocol,
        "fold": cell.fold,
        "repeat": int(data.samples["repeat"].iloc[0]),
        "image_size": cell.study.size_of(cell.architecture),
        "seed": cell.seed,
        "threads": threads,
        **{f"n_{part}": len(own.y) for part, own in data.parts.items()},
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "versions": backend.versions(),
        "hardware": backend.hardware(),
        "command": shlex.join(["python", "-m", module, *sys.argv[1:]]),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def predictions_table(probabilities: np.ndarray, samples: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Table with one row a sample and its probabilities p_<class>, from float (N, classes).

    `predicted` is empty where a probability is not finite: the sample counts as wrong, not as the first class.
    """
    probabilities = probabilities.astype("float32")
    table = samples[["sample", "source", "patient", "label"]].reset_index(drop=True)
    predicted = np.array(classes)[probabilities.argmax(axis=1)]
    table["predicted"] = np.where(np.isfinite(probabilities).all(axis=1), predicted, "")
    return pd.concat([table, pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])], axis=1)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` to `path`, indented."""
    path.write_text(json.dumps(content, indent=2) + "\n")
