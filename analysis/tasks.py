"""What answers are scored on: the study's classes, and the factors (density, severity) that these stand for."""

from typing import Protocol

import numpy as np
import pandas as pd

from analysis import metrics, probability_metrics
from analysis.predictions import factor_of_label, most_probable, summed

MALIGNANT = "malignant"


class Task(Protocol):
    """One task on one table of predictions. `rows` is a mask (N,) or slice, `weights` int (B, N) of the same rows."""

    name: str
    ANY_CLASSES: tuple[str, ...]  # metrics that mean the same whichever classes are there; others compare whole parts

    def scores(self, rows: np.ndarray) -> dict[str, float]:
        """Every metric on `rows`; NaN where undefined."""

    def resampled(self, rows: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
        """The same (B,) for each resample."""

    def whole(self, rows: np.ndarray) -> bool:
        """Whether `rows` hold every class of the task."""


class Classes:
    """Several classes: the most probable one is the answer. Ordered ones have a quadratic-weighted kappa too."""

    ANY_CLASSES = ("accuracy", "weighted_precision", "weighted_recall", "weighted_f1", "brier", "log_loss")

    def __init__(
        self, name: str, truth: np.ndarray, predicted: np.ndarray, probabilities: pd.DataFrame, ordered: bool = False
    ):
        self.name, self.truth, self.predicted, self.ordered = name, truth, predicted, ordered
        self.classes = probabilities.columns.tolist()
        self.losses = probability_metrics.class_losses(truth, probabilities.to_numpy(float), self.classes)

    def scores(self, rows: np.ndarray) -> dict[str, float]:
        """As Task."""
        truth, predicted = self.truth[rows], self.predicted[rows]
        scores = metrics.class_metrics(truth, predicted)
        if self.ordered:
            scores["quadratic_kappa"] = metrics.quadratic_kappa(truth, predicted, self.classes)
        return scores | {name: float(loss[rows].mean()) for name, loss in self.losses.items()}

    def resampled(self, rows: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
        """As Task."""
        truth, predicted = self.truth[rows], self.predicted[rows]
        drawn = metrics.resampled_class_metrics(truth, predicted, weights)
        if self.ordered:
            drawn["quadratic_kappa"] = metrics.resampled_quadratic_kappa(truth, predicted, self.classes, weights)
        total = weights.sum(axis=1)
        return drawn | {name: metrics.ratio(weights @ loss[rows], total) for name, loss in self.losses.items()}

    def whole(self, rows: np.ndarray) -> bool:
        """As Task."""
        return set(self.truth[rows]) == set(self.truth)


class Severity:
    """Malignant against benign, by the summed probability of the malignant classes."""

    name = "severity"
    ANY_CLASSES = ("brier", "log_loss", "ece")

    def __init__(self, positive: np.ndarray, probability: np.ndarray):
        self.positive, self.probability = positive, probability

    def scores(self, rows: np.ndarray) -> dict[str, float]:
        """As Task."""
        return probability_metrics.binary_metrics(self.positive[rows], self.probability[rows])

    def resampled(self, rows: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
        """As Task."""
        return probability_metrics.resampled_binary_metrics(self.positive[rows], self.probability[rows], weights)

    def whole(self, rows: np.ndarray) -> bool:
        """As Task."""
        return len(set(self.positive[rows])) == len(set(self.positive))


def tasks(table: pd.DataFrame, samples: pd.DataFrame) -> list[Task]:
    """The tasks of one table of predictions: class8 always, density and severity where every label stands for one."""
    names = [column.removeprefix("p_") for column in table.columns if column.startswith("p_")]
    own = table[[f"p_{name}" for name in names]].set_axis(names, axis=1)
    found: list[Task] = [Classes("class8", table["label"].to_numpy(), table["predicted"].to_numpy(), own)]
    if density := factor_of_label(samples, "density"):
        sums = summed(table, density)
        truth = table["label"].map(density).to_numpy()
        found.append(Classes("density", truth, most_probable(sums), sums, ordered=True))
    if severity := factor_of_label(samples, "severity"):
        probability = summed(table, severity).get(MALIGNANT, pd.Series(np.nan, table.index)).to_numpy(float)
        found.append(Severity((table["label"].map(severity) == MALIGNANT).to_numpy(), probability))
    return found
