"""Tables of what was run: data, folds, cells, trials and training histories.

Writes into results/<study>/tables/

    data.csv         label, sources, patients, before_files, after_files; a last row `all`
    datasets.csv     dataset, label, sources, patients, before_files, after_files: data.csv for each data set
    folds.csv        protocol, repeat, fold, part, n_samples, n_sources, n_patients, seen_source, seen_patient, classes,
                     datasets (seen_*: samples of the part whose source or patient is also in the fold's train part)
    fold_notes.csv   protocol, label, note: classes that are missing from parts of folds or from the probes
    cells.csv        one row for each cell, from its runtime.json and predictions
    trials.csv history.csv    architecture, protocol, fold and the cell's own table; a baseline has none
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis.predictions import read_classes, read_folds, read_samples
from analysis.tidy import read_table, table_stage
from benchmarks import stored
from benchmarks.errors import run_cli
from benchmarks.protocols import NOT_HONEST
from benchmarks.study.study import Study

PARTS, UNITS = ("train", "validation", "test"), ("source", "patient")
COUNTS = ["n_sources", "n_patients", "seen_source", "seen_patient"]
FOLDS = ["protocol", "repeat", "fold", "part", "n_samples", *COUNTS, "classes", "datasets"]
SETTINGS = [
    *("architecture", "protocol", "fold", "repeat", "variant", "image_size", "parameters", "batch_size"),
    *("learning_rate", "epochs", "trials", "n_train", "n_validation", "n_test", "precision", "seed", "threads"),
]
NO_PROBE = "no probe: fold 0 tests no image of this class"
ONE_SOURCE = "not evaluable: one source: never in training while it is tested, so the class can't be learnt"


def data_table(samples: pd.DataFrame) -> pd.DataFrame:
    """Count sources, patients and files of each class; sources and patients are missing if the data set has no ids."""
    rows = []
    for label, own in [*samples.groupby("label"), ("all", samples)]:
        row = {f"{unit}s": own[unit].nunique() if own[unit].notna().all() else None for unit in UNITS}
        row |= {f"{name}_files": (own["folder"] == name).sum() for name in ("before", "after")}
        rows.append({"label": label} | row)
    return pd.DataFrame(rows).astype({"sources": "Int64", "patients": "Int64"})


def datasets_table(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of data_table for each data set."""
    each = {name: data_table(own) for name, own in samples.groupby("dataset")}
    return pd.concat(each, names=["dataset"]).reset_index("dataset")


def folds_table(protocol: str, folds: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Count samples, sources and patients of all parts, and samples whose source or patient is in the train part."""
    known = [unit for unit in UNITS if samples[unit].notna().all()]
    rows = []
    for (repeat, fold), whole in folds.merge(samples, on="sample", validate="m:1").groupby(["repeat", "fold"]):
        train = whole[whole["part"] == "train"]
        for part in PARTS:
            own = whole[whole["part"] == part]
            row = {"protocol": protocol, "repeat": repeat, "fold": fold, "part": part, "n_samples": len(own)}
            row |= {f"n_{unit}s": own[unit].nunique() for unit in known}
            row |= {f"seen_{unit}": own[unit].isin(train[unit]).sum() for unit in known}
            row |= {"classes": own["label"].nunique(), "datasets": ", ".join(sorted(own["dataset"].unique()))}
            rows.append(row)
    return pd.DataFrame(rows).reindex(columns=FOLDS).astype(dict.fromkeys(COUNTS, "Int64"))


def fold_notes(protocol: str, folds: pd.DataFrame, samples: pd.DataFrame, classes: list[str]) -> Iterator[dict]:
    """Yield rows of fold_notes.csv on the classes that are missing from parts of folds."""
    joined = folds.merge(samples, on="sample", validate="m:1")
    n_folds = joined["fold"].nunique()
    for label in classes:
        about = {"protocol": protocol, "label": label}
        present = joined[joined["label"] == label].groupby("part")["fold"].nunique()
        missing = {part: n_folds - present.get(part, 0) for part in PARTS}
        if protocol not in NOT_HONEST and samples.loc[samples["label"] == label, "source"].nunique() == 1:
            yield about | {"note": ONE_SOURCE}
        elif any(missing.values()):
            parts = ", ".join(f"{count} of {n_folds} {part} parts" for part, count in missing.items() if count)
            yield about | {"note": f"missing from {parts}"}


def cells_table(study: Study) -> pd.DataFrame:
    """Return cells.csv: settings, cost and test accuracy of each cell; settings that a baseline lacks are missing."""
    rows = []
    for folder in _cells(study, study.compared()):
        runtime = stored.record(folder / "runtime.json")
        predictions = stored.table(folder / "predictions.parquet")
        row = {name: runtime.get(name) for name in SETTINGS}
        row["accuracy"] = (predictions["label"] == predictions["predicted"]).mean()
        row["predicted_classes"] = predictions["predicted"].nunique()
        row["seconds"] = round(runtime["seconds"]["training"] + runtime["seconds"]["prediction"], 2)
        rows.append(row | {name: runtime[name] for name in ("peak_memory_mb", "finished")})
    return pd.DataFrame(rows).astype(dict.fromkeys(["parameters", "batch_size", "epochs", "trials"], "Int64"))


def stacked(study: Study, name: str) -> pd.DataFrame:
    """Stack <name>.csv of all cells, with the columns architecture, protocol and fold in front."""
    frames = []
    for folder in _cells(study, list(study.architectures)):
        frame = stored.table(folder / f"{name}.csv", dtype={"trial": str})
        key = dict(zip(("architecture", "protocol", "fold"), folder.parts[-3:], strict=True))
        frames.append(frame.assign(**key)[[*key, *frame.columns]])
    return pd.concat(frames, ignore_index=True)


def _cells(study: Study, names: list[str]) -> Iterator[Path]:
    for architecture, protocol in study.pairs():
        if architecture in names:
            for fold in study.cells(protocol):
                yield study.cell_folder(architecture, protocol, fold)


def tables(study: Study) -> dict[str, pd.DataFrame]:
    """Return all tables by name. Raises BadInput that names a missing cell file."""
    samples, classes = read_samples(study), read_classes(study)
    probes = read_table(study.results(), "probes")
    folds: list[pd.DataFrame] = []
    notes: list[dict] = []
    for protocol in study.protocols:
        table = read_folds(study, protocol)
        folds.append(folds_table(protocol, table, samples))
        notes += fold_notes(protocol, table, samples, classes)
        shown = set(probes.loc[(probes["protocol"] == protocol) & probes["shown"], "label"])
        notes += [{"protocol": protocol, "label": label, "note": NO_PROBE} for label in classes if label not in shown]
    return {
        "data": data_table(samples),
        "datasets": datasets_table(samples),
        "folds": pd.concat(folds),
        "fold_notes": pd.DataFrame(notes, columns=["protocol", "label", "note"]),
        "cells": cells_table(study),
        "trials": stacked(study, "trials"),
        "history": stacked(study, "history"),
    }


main = table_stage("Tabulate what a study ran.", tables)

if __name__ == "__main__":
    run_cli(main)
