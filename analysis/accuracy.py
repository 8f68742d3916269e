"""Accuracies of a study's cells with their resamples, so that any two on the same test images compare in pairs."""

import dataclasses

import numpy as np
import pandas as pd

from analysis import metrics
from analysis.bootstrap import Bootstrap, Interval, interval
from analysis.predictions import pooled, read_samples
from benchmarks.study.study import Study


@dataclasses.dataclass(frozen=True)
class Accuracy:
    """Share of right answers, its values in the resamples (B,), and the samples and independent units behind it."""

    estimate: float
    drawn: np.ndarray
    n_samples: int
    n_units: int
    unit: str

    def limits(self) -> Interval:
        """The 95 % interval."""
        return interval(self.drawn, self.n_units, self.unit)

    def minus(self, other: "Accuracy") -> tuple[float, Interval]:
        """The difference to `other` and its 95 % interval, both read in the same resamples."""
        return self.estimate - other.estimate, interval(self.drawn - other.drawn, self.n_units, self.unit)

    def about(self) -> dict:
        """The columns n_samples, n_units and unit."""
        return {"n_samples": self.n_samples, "n_units": self.n_units, "unit": f"{self.unit}s"}


def accuracy(table: pd.DataFrame, bootstrap: Bootstrap, unit: str) -> Accuracy:
    """Accuracy of pooled predictions, as predictions.pooled gives them; `unit` is what counts as independent."""
    right = (table["predicted"] == table["label"]).to_numpy(float)
    weights = bootstrap.weights(table["unit"])
    drawn = metrics.ratio(weights @ right, weights.sum(axis=1))
    return Accuracy(float(right.mean()), drawn, table["sample"].nunique(), table["unit"].nunique(), unit)


class Accuracies:
    """Reads cells, and draws the resamples that all of them share."""

    def __init__(self, study: Study):
        self.study = study
        self.samples = read_samples(study)
        self.bootstrap = Bootstrap(self.samples["unit"].tolist(), study.bootstrap, study.seed)

    def of(self, name: str, protocol: str, part: str = "predictions") -> Accuracy:
        """Accuracy of one architecture or baseline, pooled over the folds; `part` as in predictions.pooled."""
        table = pooled(self.study, self.samples, name, protocol, part)
        return accuracy(table, self.bootstrap, self.samples.attrs["unit"])


def not_evaluable(limits: Interval) -> str:
    """The verdict where a difference has no interval."""
    return limits.note.replace("interval not evaluable", "not evaluable")
