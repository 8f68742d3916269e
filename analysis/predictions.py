"""The predictions of a study's cells, pooled over folds, with what each sample's label says and whose it is."""

import numpy as np
import pandas as pd

from benchmarks import stored
from benchmarks.study.study import Study

UNITS = ("patient", "source", "sample")  # what counts as independent: the first that the data set knows of every sample
FACTORS = ("severity", "density")


def unit_of(table: pd.DataFrame) -> str:
    """Which of UNITS, columns of `table`, counts as independent there."""
    return next(unit for unit in UNITS if table[unit].notna().all())


def read_samples(study: Study) -> pd.DataFrame:
    """samples.parquet with a column unit; `samples.attrs["unit"]` says which of UNITS it holds."""
    samples = stored.table(study.results() / "samples.parquet")
    name = unit_of(samples)
    samples = samples.assign(unit=samples[name].astype(str))
    samples.attrs["unit"] = name
    return samples


def read_classes(study: Study) -> list[str]:
    """The study's classes in the order of the p_<class> columns."""
    return stored.record(study.results() / "dataset.json")["classes"]


def read_folds(study: Study, protocol: str) -> pd.DataFrame:
    """folds/<protocol>.parquet."""
    return stored.table(study.results() / "folds" / f"{protocol}.parquet")


def factor_of_label(samples: pd.DataFrame, factor: str) -> dict[str, str] | None:
    """The value of `factor` (severity, density) that each label stands for; None unless every label stands for one."""
    if samples[factor].isna().any() or (samples.groupby("label")[factor].nunique() != 1).any():
        return None
    return {label: str(value) for label, value in samples.groupby("label")[factor].first().items()}


def pooled(
    study: Study, samples: pd.DataFrame, architecture: str, protocol: str, part: str = "predictions"
) -> pd.DataFrame:
    """Test predictions of all folds of one architecture or baseline under one protocol, or those in <part>.parquet.

    Columns of predictions.parquet with fold, repeat and unit; rows in the same order for all that are compared under
    one protocol. Raises BadInput if a cell is missing.
    """
    repeats = read_folds(study, protocol).groupby("fold")["repeat"].first()
    tables = []
    for fold in study.cells(protocol):
        table = stored.table(study.cell_folder(architecture, protocol, fold) / f"{part}.parquet")
        tables.append(table.assign(fold=fold, repeat=repeats[fold]))
    units = samples.set_index("sample")["unit"]
    table = pd.concat(tables, ignore_index=True)
    return table.assign(unit=table["sample"].map(units))


def summed(table: pd.DataFrame, values: dict[str, str]) -> pd.DataFrame:
    """Probabilities of a factor's values: the sums over the classes that stand for each, columns in sorted order."""
    sums = {
        value: table[[f"p_{label}" for label, its in values.items() if its == value]].sum(axis=1, skipna=False)
        for value in sorted(set(values.values()))
    }
    # Probabilities of all classes together may add up to a little more than 1.
    return pd.DataFrame(sums).clip(upper=1)


def most_probable(probabilities: pd.DataFrame) -> np.ndarray:
    """The column with the highest probability of each row; empty where a probability is not finite."""
    finite = np.isfinite(probabilities.to_numpy()).all(axis=1)
    best = probabilities.columns.to_numpy()[probabilities.fillna(0).to_numpy().argmax(axis=1)]
    return np.where(finite, best, "")
