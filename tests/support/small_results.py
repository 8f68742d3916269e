"""A results folder small enough to check by hand: six sources of four patients, two honest folds, one published."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study, load_study

BY_HAND = {
    "description": "Small enough to check by hand.",
    "seed": 1,
    "dataset": {"name": "phantom"},
    "image_size": 64,
    "protocols": ["published", "by_patient"],
    "folds": 2,
    "architectures": {"simple": {}},
}
CLASSES = ["Density1Benign", "Density1Malignant", "Density2Malignant"]
# source, patient, label
SOURCES = [
    ("s1", "p1", "Density1Benign"),
    ("s2", "p1", "Density1Malignant"),
    ("s3", "p2", "Density2Malignant"),
    ("s4", "p2", "Density2Malignant"),
    ("s5", "p3", "Density2Malignant"),
    ("s6", "p4", "Density1Benign"),
]
# Fold 0 tests p1 and p2, fold 1 the others; nobody validates.
TESTED = {0: ["s1", "s2", "s3", "s4"], 1: ["s5", "s6"]}
PREDICTED = {
    "s1": "Density1Benign",
    "s2": "Density1Benign",
    "s3": "Density2Malignant",
    "s4": "Density1Malignant",
    "s5": "Density2Malignant",
    "s6": "Density2Malignant",
}
# The most frequent class of what each fold trains on: fold 0 has a tie, which the alphabet breaks.
MAJORITY = {("published", 0): CLASSES[2], ("by_patient", 0): CLASSES[0], ("by_patient", 1): CLASSES[2]}


def samples_table() -> pd.DataFrame:
    """Each source as its original in `before` and one copy in `after`."""
    rows = []
    for source, patient, label in SOURCES:
        for folder in ("before", "after"):
            rows.append({"sample": f"{folder}/{label}/{source}.png", "label": label, "folder": folder})
            rows[-1] |= {"source": source, "patient": patient, "upright": folder == "before"}
            rows[-1] |= {"density": int(label[7]), "severity": label[8:].lower(), "boxes": [[0.25, 0.25, 0.5, 0.5]]}
    return pd.DataFrame(rows).assign(row=range(len(rows)), dataset="made-up")


def folds_tables() -> dict[str, pd.DataFrame]:
    """Folds of `by_patient` as in TESTED, and a `published` one that trains on all copies and tests two originals."""
    honest = [
        {"sample": f"before/{label}/{source}.png", "fold": fold, "part": "test" if source in tested else "train"}
        for fold, tested in TESTED.items()
        for source, _, label in SOURCES
    ]
    published = [{"sample": f"after/{label}/{source}.png", "fold": 0, "part": "train"} for source, _, label in SOURCES]
    published += [{"sample": f"before/{CLASSES[0]}/s1.png", "fold": 0, "part": "test"}]
    published += [{"sample": f"before/{CLASSES[2]}/s3.png", "fold": 0, "part": "test"}]
    return {
        "published": pd.DataFrame(published).assign(repeat=0),
        "by_patient": pd.DataFrame(honest).assign(repeat=0),
    }


def predictions(samples: pd.DataFrame, predicted: dict[str, str]) -> pd.DataFrame:
    """Predictions of `samples`: 0.8 for the class of `predicted` (by source), 0.1 for the two others."""
    table = samples[["sample", "source", "patient", "label"]].reset_index(drop=True)
    table["predicted"] = table["source"].map(predicted)
    for label in CLASSES:
        table[f"p_{label}"] = np.where(table["predicted"] == label, 0.8, 0.1).astype("float32")
    return table


def write_results(place: Path) -> Study:
    """Write the study file and its results below `place`, which must be the working directory; return the study."""
    content = BY_HAND | {"bootstrap": 400, "probes": {"per_class": 1}}
    (place / "small.yaml").write_text(yaml.safe_dump(content))
    study = load_study("small.yaml")
    results = study.results()
    (results / "folds").mkdir(parents=True)
    (results / "tables").mkdir()
    samples = samples_table()
    samples.to_parquet(results / "samples.parquet")
    (results / "dataset.json").write_text(json.dumps({"classes": CLASSES}))
    right = {source: label for source, _, label in SOURCES}
    for protocol, folds in folds_tables().items():
        folds.to_parquet(results / "folds" / f"{protocol}.parquet")
        for fold, part in folds[folds["part"] == "test"].groupby("fold"):
            tested = samples[samples["sample"].isin(part["sample"])]
            answers = predictions(tested, right if protocol == "published" else PREDICTED)
            write_cell(results / "cells" / "simple" / protocol / str(fold), answers, protocol, int(fold))
            for baseline in BASELINES:
                majority = predictions(tested, dict.fromkeys(right, MAJORITY[protocol, fold]))
                write_baseline(results / "cells" / baseline / protocol / str(fold), majority, protocol, int(fold))
    return study


def write_baseline(folder: Path, answers: pd.DataFrame, protocol: str, fold: int) -> None:
    """The files of one baseline's cell."""
    folder.mkdir(parents=True)
    answers.to_parquet(folder / "predictions.parquet")
    answers.head(0).to_parquet(folder / "validation_predictions.parquet")
    runtime = {"architecture": folder.parts[-3], "protocol": protocol, "fold": fold, "repeat": 0, "variant": "baseline"}
    runtime |= {"image_size": 64, "n_train": 2, "n_validation": 1, "n_test": len(answers), "precision": "float64"}
    runtime |= {"seed": 1, "threads": 1, "seconds": {"training": 0.5, "prediction": 0.5, "process": 1}}
    runtime |= {"peak_memory_mb": 5, "finished": "2026-01-01T00:00:00+00:00"}
    (folder / "runtime.json").write_text(json.dumps(runtime))


def write_cell(folder: Path, answers: pd.DataFrame, protocol: str, fold: int) -> None:
    """The files of one cell that tables are made from."""
    folder.mkdir(parents=True)
    for name in ("predictions", "default_predictions"):
        answers.to_parquet(folder / f"{name}.parquet")
    answers.head(0).to_parquet(folder / "validation_predictions.parquet")
    runtime = {"architecture": "simple", "protocol": protocol, "fold": fold, "repeat": 0, "variant": "corrected"}
    runtime |= {"image_size": 64, "parameters": 10, "batch_size": 8, "learning_rate": 0.001, "epochs": 2, "trials": 1}
    runtime |= {"n_train": 2, "n_validation": 1, "n_test": len(answers), "precision": "float32", "seed": 1}
    runtime |= {"threads": 1, "seconds": {"training": 2.5, "prediction": 0.5, "process": 3}, "peak_memory_mb": 9}
    runtime |= {"dead_features": 0.25}
    (folder / "runtime.json").write_text(json.dumps(runtime | {"finished": "2026-01-01T00:00:00+00:00"}))
    (folder / "trials.csv").write_text("trial,status,best,score\n00,COMPLETED,True,1.5\n")
    (folder / "history.csv").write_text("epoch,loss,accuracy,val_loss,val_accuracy\n1,2,0,2,0\n2,1,1,1,1\n")
