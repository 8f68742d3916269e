"""Samples, classes and folds of a study, and the probabilities of severity and density in its predictions."""

import numpy as np
import pandas as pd

from benchmarks import stored
from benchmarks.protocols import unit_of
from benchmarks.study.study import Study


def read_samples(study: Study) -> pd.DataFrame:
    """Read samples.parquet and add a column unit, a copy of the column that `samples.attrs["unit"]` names."""
    samples = stored.table(study.results() / "samples.parquet")
    name = unit_of(samples)
    samples = samples.assign(unit=samples[name].astype(str))
    samples.attrs["unit"] = name
    return samples


def read_classes(study: Study) -> list[str]:
    """Read the study's classes, in the order of the p_<class> columns."""
    return stored.record(study.results() / "dataset.json")["classes"]


def read_folds(study: Study, protocol: str) -> pd.DataFrame:
    """Read folds/<protocol>.parquet."""
    return stored.table(study.results() / "folds" / f"{protocol}.parquet")


def summed(table: pd.DataFrame, values: dict[str, str]) -> pd.DataFrame:
    """Return the probability of each value of a factor, summed over the labels with this value, columns sorted."""
    sums = {
        value: table[[f"p_{label}" for label, its in values.items() if its == value]].sum(axis=1, skipna=False)
        for value in sorted(set(values.values()))
    }
    # Probabilities of all classes together may add up to a little more than 1.
    return pd.DataFrame(sums).clip(upper=1)


def most_probable(probabilities: pd.DataFrame) -> np.ndarray:
    """Return the column with the highest probability in each row (N,); empty if a probability is not finite."""
    finite = np.isfinite(probabilities.to_numpy()).all(axis=1)
    best = probabilities.columns.to_numpy()[probabilities.fillna(0).to_numpy().argmax(axis=1)]
    return np.where(finite, best, "")
