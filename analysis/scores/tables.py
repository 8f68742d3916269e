"""Tables of what was run: data, folds, cells, trials and learning curves.

Writes into results/<study>/tables/

    data.csv         label, sources, patients, before_files, after_files; a last row `all`
    datasets.csv     dataset, label, sources, patients, before_files, after_files: the same of each of several data sets
    folds.csv        protocol, repeat, fold, part, n_samples, n_sources, n_patients, seen_source, seen_patient, classes,
                     datasets (seen_*: samples of the part whose source, patient also stands in the fold's train part)
    fold_notes.csv   protocol, label, note: classes too small for what the protocol asks
    cells.csv        one row a cell, from its runtime.json and predictions
    trials.csv       architecture, protocol, fold and the cell's trials.csv; a baseline has none
    history.csv      architecture, protocol, fold and the cell's history.csv; a baseline has none
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis.explanations.probes import missing_probes
from analysis.predictions import read_classes, read_folds, read_samples
from analysis.tidy import read_table
from benchmarks import protocols, stored
from benchmarks.errors import run_cli
from benchmarks.study.study import Study, load_study

RUNTIME = [
    *("architecture", "protocol", "fold", "repeat", "variant", "image_size", "parameters", "batch_size"),
    *("learning_rate", "epochs", "trials", "n_train", "n_validation", "n_test", "precision", "seed", "threads"),
]


def data_table(samples: pd.DataFrame) -> pd.DataFrame:
    """Counts a class; patients and sources are missing where the data set doesn't know them."""

    def counts(part: pd.DataFrame) -> dict:
        known = {
            f"{unit}s": part[unit].nunique() if part[unit].notna().all() else None for unit in ("source", "patient")
        }
        return known | {f"{folder}_files": int((part["folder"] == folder).sum()) for folder in ("before", "after")}

    rows = [{"label": label, **counts(part)} for label, part in samples.groupby("label")]
    return pd.DataFrame([*rows, {"label": "all", **counts(samples)}]).astype({"sources": "Int64", "patients": "Int64"})


def datasets_table(samples: pd.DataFrame) -> pd.DataFrame:
    """The rows of data_table for each data set."""
    tables = {name: data_table(own) for name, own in samples.groupby("dataset")}
    return pd.concat(tables, names=["dataset"]).reset_index("dataset")


def folds_table(protocol: str, folds: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Sizes of all parts, and how many of their samples the train part has seen in another form."""
    joined = folds.merge(samples, on="sample", validate="m:1")
    rows = []
    for (repeat, fold), whole in joined.groupby(["repeat", "fold"]):
        train = whole[whole["part"] == "train"]
        for part in ("train", "validation", "test"):
            rows_of = whole[whole["part"] == part]
            row = {"protocol": protocol, "repeat": repeat, "fold": fold, "part": part, "n_samples": len(rows_of)}
            for unit in ("source", "patient"):
                known = samples[unit].notna().all()
                row[f"n_{unit}s"] = rows_of[unit].nunique() if known else None
                row[f"seen_{unit}"] = int(rows_of[unit].isin(train[unit].unique()).sum()) if known else None
            row |= {"classes": rows_of["label"].nunique(), "datasets": ", ".join(sorted(rows_of["dataset"].unique()))}
            rows.append(row)
    columns = ["n_sources", "n_patients", "seen_source", "seen_patient"]
    table = pd.DataFrame(rows).astype(dict.fromkeys(columns, "Int64"))
    return table[["protocol", "repeat", "fold", "part", "n_samples", *columns, "classes", "datasets"]]


def fold_notes(protocol: str, folds: pd.DataFrame, samples: pd.DataFrame, classes: list[str]) -> Iterator[dict]:
    """What a reader must know of classes that are missing from parts of folds."""
    joined = folds.merge(samples, on="sample", validate="m:1")
    n_folds = joined["fold"].nunique()
    for label in classes:
        present = {part: rows["fold"].nunique() for part, rows in joined[joined["label"] == label].groupby("part")}
        if protocol != protocols.PUBLISHED and samples.loc[samples["label"] == label, "source"].nunique() == 1:
            note = "one source: never in training while it is tested, so the class can't be learnt"
            yield {"protocol": protocol, "label": label, "note": f"not evaluable: {note}"}
            continue
        missing = {part: n_folds - present.get(part, 0) for part in ("train", "validation", "test")}
        if any(missing.values()):
            parts = ", ".join(f"{count} of {n_folds} {part} parts" for part, count in missing.items() if count)
            yield {"protocol": protocol, "label": label, "note": f"missing from {parts}"}


def cells_table(study: Study) -> pd.DataFrame:
    """One row a cell: what was trained, at what cost, and how it did on its test part; blank what a baseline lacks."""
    rows = []
    for folder in _cells(study, study.compared()):
        runtime = stored.record(folder / "runtime.json")
        predictions = stored.table(folder / "predictions.parquet")
        row = {name: runtime.get(name) for name in RUNTIME}
        row["accuracy"] = (predictions["label"] == predictions["predicted"]).mean()
        row["predicted_classes"] = predictions["predicted"].nunique()
        row["seconds"] = round(runtime["seconds"]["training"] + runtime["seconds"]["prediction"], 2)
        rows.append(row | {name: runtime[name] for name in ("peak_memory_mb", "finished")})
    return pd.DataFrame(rows).astype(dict.fromkeys(["parameters", "batch_size", "epochs", "trials"], "Int64"))


def stacked(study: Study, name: str) -> pd.DataFrame:
    """The cells' own <name>.csv under one another, with architecture, protocol and fold in front."""
    frames = []
    for folder in _cells(study, list(study.architectures)):
        frame = stored.table(folder / f"{name}.csv", dtype={"trial": str})
        for position, value in enumerate(folder.parts[-3:]):
            frame.insert(position, ("architecture", "protocol", "fold")[position], value)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def write_tables(study: Study) -> None:
    """Write all tables. Raises BadInput that names a missing cell file."""
    samples, classes = read_samples(study), read_classes(study)
    probes = read_table(study.results(), "probes")
    folds = {protocol: read_folds(study, protocol) for protocol in study.protocols}
    notes = [
        note
        for protocol, table in folds.items()
        for note in [*fold_notes(protocol, table, samples, classes), *missing_probes(protocol, probes, classes)]
    ]
    tables = {
        "data": data_table(samples),
        "datasets": datasets_table(samples),
        "folds": pd.concat([folds_table(protocol, table, samples) for protocol, table in folds.items()]),
        "fold_notes": pd.DataFrame(notes, columns=["protocol", "label", "note"]),
        "cells": cells_table(study),
        "trials": stacked(study, "trials"),
        "history": stacked(study, "history"),
    }
    for name, table in tables.items():
        table.to_csv(study.results() / "tables" / f"{name}.csv", index=False)


def _cells(study: Study, names: list[str]) -> Iterator[Path]:
    for architecture, protocol in study.pairs():
        if architecture in names:
            for fold in study.cells(protocol):
                yield study.cell_folder(architecture, protocol, fold)


def main() -> None:
    """Tabulate a study's run."""
    parser = argparse.ArgumentParser(description="Tabulate what a study ran.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    write_tables(load_study(parser.parse_args().study))


if __name__ == "__main__":
    run_cli(main)
