"""Skill of one fine-tuned fold of real images: EfficientNet-Lite0 on lesion crops, study cbis_crops."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks import stored
from benchmarks.run.launch import CODE
from benchmarks.speed.gpu.workers import Failed

STUDY, CELL = "cbis_crops", "cells/efficientnet_lite/by_patient/0"
TOLD = 15  # last lines of Snakemake's message


def skill(until: float, data: Path, backend: str, cores: int) -> dict[str, Any]:
    """Decode the images, train and test one fold; return its accuracies and seconds.

    Raises Failed if that does not end by the moment `until` of time.monotonic().
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        cell = Path("results") / STUDY / CELL
        command = [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(CODE / "Snakefile"), "--directory", folder),
            *("--workflow-profile", str(CODE / "profiles/default"), "--cores", str(cores)),
            *("--config", f"study={STUDY}", f"data={data.absolute()}", f"backend={backend}"),
            *("--", str(cell / "predictions.parquet")),
        ]
        _run(command, Path(folder) / "log", until)
        predictions = stored.table(Path(folder) / cell / "predictions.parquet")
        about = stored.record(Path(folder) / cell / "runtime.json")
    return accuracies(predictions) | {
        "study": STUDY,
        "cell": CELL,
        "training_seconds": about["seconds"]["training"],
        "seconds": time.monotonic() - began,
    }


def accuracies(predictions: pd.DataFrame) -> dict[str, Any]:
    """Return images, accuracy in all classes, and area under the ROC curve of malignant against benign, per image."""
    malignant = predictions["label"].str.contains("malignant", case=False)
    columns = [name for name in predictions if name.startswith("p_") and "malignant" in name.lower()]
    return {
        "images": len(predictions),
        "accuracy": float((predictions["label"] == predictions["predicted"]).mean()),
        "severity_auc": float(roc_auc_score(malignant, predictions[columns].sum(axis=1))),
    }


def _run(command: list[str], log: Path, until: float) -> None:
    """Run a command; at `until`, end it and all that it has started. Raises Failed."""
    with log.open("w") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
        try:
            status = process.wait(max(until - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            raise Failed("not ready in time") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status:
        raise Failed(" | ".join(log.read_text(errors="replace").strip().split("\n")[-TOLD:]))
