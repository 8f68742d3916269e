"""Pooled predictions of a study's cells, and their accuracies in common resamples, which pair all differences."""

import dataclasses

import numpy as np
import pandas as pd

from analysis import metrics
from analysis.bootstrap import Bootstrap, Interval, interval
from analysis.predictions import read_folds, read_samples
from benchmarks import stored
from benchmarks.study.study import Study


@dataclasses.dataclass(frozen=True)
class Accuracy:
    """Share of right answers, its values in the resamples (B,), and the numbers of samples and independent units."""

    estimate: float
    drawn: np.ndarray
    n_samples: int
    n_units: int
    unit: str

    def limits(self) -> Interval:
        """Return the 95% interval."""
        return interval(self.drawn, self.n_units, self.unit)

    def minus(self, other: "Accuracy") -> tuple[float, Interval]:
        """Return the difference to `other` and its paired 95% interval."""
        return self.estimate - other.estimate, interval(self.drawn - other.drawn, self.n_units, self.unit)

    def columns(self) -> dict:
        """Return the columns ci_low, ci_high, n_samples, n_units and unit."""
        counts = {"n_samples": self.n_samples, "n_units": self.n_units, "unit": f"{self.unit}s"}
        return self.limits().columns() | counts


class Accuracies:
    """Samples and resamples of a study, and the accuracies computed with them; `n` is the number of resamples."""

    def __init__(self, study: Study, n: int | None = None):
        self.study, self.samples = study, read_samples(study)
        self.unit = self.samples.attrs["unit"]
        self.bootstrap = Bootstrap(self.samples["unit"].tolist(), n or study.bootstrap, study.seed)

    def pooled(self, name: str, protocol: str, part: str = "predictions") -> pd.DataFrame:
        """Read <part>.parquet of all folds of one architecture or baseline, with columns fold, repeat and unit.

        Rows are in the same order for all under one protocol. Raises BadInput if a cell is missing.
        """
        repeats = read_folds(self.study, protocol).groupby("fold")["repeat"].first()
        tables = []
        for fold in self.study.cells(protocol):
            table = stored.table(self.study.cell_folder(name, protocol, fold) / f"{part}.parquet")
            tables.append(table.assign(fold=fold, repeat=repeats[fold]))
        table = pd.concat(tables, ignore_index=True)
        return table.assign(unit=table["sample"].map(self.samples.set_index("sample")["unit"]))

    def of(self, name: str, protocol: str, part: str = "predictions") -> Accuracy:
        """Return the accuracy of one architecture or baseline over all folds; `part` as in `pooled`."""
        return self.of_table(self.pooled(name, protocol, part))

    def of_table(self, table: pd.DataFrame) -> Accuracy:
        """Return the accuracy of rows of pooled predictions."""
        right = (table["predicted"] == table["label"]).to_numpy(float)
        weights = self.bootstrap.weights(table["unit"])
        drawn = metrics.ratio(weights @ right, weights.sum(axis=1))
        return Accuracy(float(right.mean()), drawn, table["sample"].nunique(), table["unit"].nunique(), self.unit)
