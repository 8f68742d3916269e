"""The predictions of a study's cells, pooled over folds, with what each sample's label says and whose it is."""

import json

import numpy as np
import pandas as pd

from benchmarks.errors import existing
from benchmarks.study import Study

UNITS = ("patient", "source", "sample")  # what counts as independent: the first that the data set knows of every sample
FACTORS = ("severity", "density")


def read_samples(study: Study) -> pd.DataFrame:
    """samples.parquet with a column unit; `samples.attrs["unit"]` says which of UNITS it holds."""
    samples = pd.read_parquet(existing(study.results() / "samples.parquet"))
    name = next(name for name in UNITS if samples[name].notna().all())
    samples = samples.assign(unit=samples[name].astype(str))
    samples.attrs["unit"] = name
    return samples


def read_classes(study: Study) -> list[str]:
    """The study's classes in the order of the p_<class> columns."""
    return json.loads(existing(study.results() / "dataset.json").read_text())["classes"]


def read_folds(study: Study, protocol: str) -> pd.DataFrame:
    """folds/<protocol>.parquet."""
    return pd.read_parquet(existing(study.results() / "folds" / f"{protocol}.parquet"))


def factor_of_label(samples: pd.DataFrame, factor: str) -> dict[str, str] | None:
    """The value of `factor` (severity, density) that each label stands for; None unless every label stands for one."""
    if samples[factor].isna().any() or (samples.groupby("label")[factor].nunique() != 1).any():
        return None
    return {label: str(value) for label, value in samples.groupby("label")[factor].first().items()}


def pooled(
    study: Study, samples: pd.DataFrame, architecture: str, protocol: str, part: str = "predictions"
) -> pd.DataFrame:
    """Test predictions of all folds of one architecture under one protocol, or those in <part>.parquet.

    Columns of predictions.parquet with fold, repeat, unit and majority: the label that the sample's fold would always
    answer, the most frequent one among the un-augmented sources it trains on. Raises BadInput if a cell is missing.
    """
    folds = read_folds(study, protocol)
    repeats = folds.groupby("fold")["repeat"].first()
    majority = _majority_labels(folds, samples)
    tables = []
    for fold in study.cells(protocol):
        cell = study.results() / "cells" / architecture / protocol / str(fold)
        table = pd.read_parquet(existing(cell / f"{part}.parquet"))
        tables.append(table.assign(fold=fold, repeat=repeats[fold], majority=majority[fold]))
    units = samples.set_index("sample")["unit"]
    table = pd.concat(tables, ignore_index=True)
    return table.assign(unit=table["sample"].map(units))


def summed(table: pd.DataFrame, values: dict[str, str]) -> pd.DataFrame:
    """Probabilities of a factor's values: the sums over the classes that stand for each, columns in sorted order."""
    return pd.DataFrame(
        {
            value: table[[f"p_{label}" for label, its in values.items() if its == value]].sum(axis=1, skipna=False)
            for value in sorted(set(values.values()))
        }
    )


def most_probable(probabilities: pd.DataFrame) -> np.ndarray:
    """The column with the highest probability of each row; empty where a probability is not finite."""
    finite = np.isfinite(probabilities.to_numpy()).all(axis=1)
    best = probabilities.columns.to_numpy()[probabilities.fillna(0).to_numpy().argmax(axis=1)]
    return np.where(finite, best, "")


def _majority_labels(folds: pd.DataFrame, samples: pd.DataFrame) -> dict[int, str]:
    train = folds[folds["part"] == "train"].merge(samples, on="sample")
    # A source counts once, however many copies of it there are; without known sources every file counts.
    train["one"] = train["source"].fillna(train["sample"])
    sources = train.drop_duplicates(["fold", "one"])
    # value_counts breaks ties by order of appearance; sorted labels make that the alphabet.
    return {fold: part["label"].sort_values().value_counts().index[0] for fold, part in sources.groupby("fold")}
