"""Accuracies of a study's cells, with values in common resamples so that differences are paired."""

import dataclasses

import numpy as np
import pandas as pd

from analysis import metrics
from analysis.bootstrap import Bootstrap, Interval, interval
from analysis.predictions import pooled, read_samples
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
    """Samples and resamples of a study, and the accuracies computed with them."""

    def __init__(self, study: Study):
        self.study, self.samples = study, read_samples(study)
        self.unit = self.samples.attrs["unit"]
        self.bootstrap = Bootstrap(self.samples["unit"].tolist(), study.bootstrap, study.seed)

    def pooled(self, name: str, protocol: str, part: str = "predictions") -> pd.DataFrame:
        """Return predictions.pooled of one architecture or baseline."""
        return pooled(self.study, self.samples, name, protocol, part)

    def of(self, name: str, protocol: str, part: str = "predictions") -> Accuracy:
        """Return the accuracy of one architecture or baseline over all folds; `part` as in predictions.pooled."""
        return self.of_table(self.pooled(name, protocol, part))

    def of_table(self, table: pd.DataFrame) -> Accuracy:
        """Return the accuracy of rows of pooled predictions."""
        right = (table["predicted"] == table["label"]).to_numpy(float)
        weights = self.bootstrap.weights(table["unit"])
        drawn = metrics.ratio(weights @ right, weights.sum(axis=1))
        return Accuracy(float(right.mean()), drawn, table["sample"].nunique(), table["unit"].nunique(), self.unit)
