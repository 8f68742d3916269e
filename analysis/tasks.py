"""Tasks that predictions are scored on: the classes of the study, and the density and severity of each class.

The answer is the most probable class, the density with the highest summed probability of its classes, or malignant if
the summed probability of the malignant classes is at least 0.5.

Every task has a `name`, the `truth` of each sample (N,), and ANY_CLASSES: the metrics that can be compared between
folds with different classes. `rows` is a mask (N,) or slice, `weights` int (B, N) counts these rows in each resample.
"""

import dataclasses

import numpy as np
import pandas as pd

from analysis import metrics, probability_metrics
from analysis.predictions import most_probable, summed
from benchmarks.cells.heads import factor_of_label

MALIGNANT = "malignant"
AUC = "roc_auc_within"  # the headline of severity; roc_auc, pooled over the folds, stands beside it
CALIBRATED = "_calibrated"  # end of the name of a metric of calibrated probabilities
ON_COMMON_SCALE = ("roc_auc", "brier", "ece")  # metrics that are also computed of calibrated probabilities
Rows = np.ndarray | slice


class Classes:
    """Several classes, answered by the most probable one. Ordered classes also have a quadratic-weighted kappa."""

    ANY_CLASSES = ("accuracy", "weighted_precision", "weighted_recall", "weighted_f1", "brier", "log_loss")

    def __init__(
        self, name: str, truth: np.ndarray, predicted: np.ndarray, probabilities: pd.DataFrame, ordered: bool = False
    ):
        self.name, self.truth, self.predicted, self.ordered = name, truth, predicted, ordered
        self.classes = probabilities.columns.tolist()
        self.losses = probability_metrics.class_losses(truth, probabilities.to_numpy(float), self.classes)

    def scores(self, rows: Rows) -> dict[str, float]:
        """Return every metric on `rows`; NaN where undefined."""
        truth, predicted = self.truth[rows], self.predicted[rows]
        scores = metrics.class_metrics(truth, predicted)
        if self.ordered:
            scores["quadratic_kappa"] = metrics.quadratic_kappa(truth, predicted, self.classes)
        return scores | {name: float(loss[rows].mean()) for name, loss in self.losses.items()}

    def resampled(self, rows: Rows, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return every metric on `rows` in each resample (B,); NaN where undefined."""
        truth, predicted = self.truth[rows], self.predicted[rows]
        drawn = metrics.resampled_class_metrics(truth, predicted, weights)
        if self.ordered:
            drawn["quadratic_kappa"] = metrics.resampled_quadratic_kappa(truth, predicted, self.classes, weights)
        total = weights.sum(axis=1)
        return drawn | {name: metrics.ratio(weights @ loss[rows], total) for name, loss in self.losses.items()}


@dataclasses.dataclass(frozen=True)
class Severity:
    """Malignant (`truth` True) against benign, by the summed probability of the malignant classes.

    `folds` (N,) names the fold that tested each sample, no two repeats alike: the area under the ROC curve within folds
    compares the samples of one fold alone. `calibrated` (N,) are the probabilities on a common scale of all folds
    (analysis/scores/calibration.py), which have metrics of their own.
    """

    truth: np.ndarray
    probability: np.ndarray
    folds: np.ndarray
    calibrated: np.ndarray | None = None
    name = "severity"
    ANY_CLASSES = ("brier", "brier_calibrated", "log_loss", "ece", "ece_calibrated")

    def scores(self, rows: Rows) -> dict[str, float]:
        """Return every metric on `rows`; NaN where undefined."""
        within = self._within(rows, np.ones((1, len(self.truth[rows]))))
        own = probability_metrics.binary_metrics(self.truth[rows], self.probability[rows])
        if self.calibrated is not None:
            scaled = probability_metrics.binary_metrics(self.truth[rows], self.calibrated[rows])
            own |= {f"{name}{CALIBRATED}": scaled[name] for name in ON_COMMON_SCALE}
        return {AUC: float(within[0])} | own

    def resampled(self, rows: Rows, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return every metric on `rows` in each resample (B,); NaN where undefined."""
        own = probability_metrics.resampled_binary_metrics(self.truth[rows], self.probability[rows], weights)
        if self.calibrated is not None:
            scaled = probability_metrics.resampled_binary_metrics(self.truth[rows], self.calibrated[rows], weights)
            own |= {f"{name}{CALIBRATED}": scaled[name] for name in ON_COMMON_SCALE}
        return {AUC: self._within(rows, weights)} | own

    def on_common_scale(self) -> np.ndarray:
        """Return the calibrated probabilities (N,), or those of the models where no fold is calibrated."""
        if self.calibrated is None or not np.isfinite(self.calibrated).all():
            return self.probability
        return self.calibrated

    def _within(self, rows: Rows, weights: np.ndarray) -> np.ndarray:
        own = (self.truth[rows], self.probability[rows], self.folds[rows])
        return probability_metrics.roc_auc_within(*own, weights)


Task = Classes | Severity


def tasks(table: pd.DataFrame, samples: pd.DataFrame) -> list[Task]:
    """Return the tasks of predictions (with a column fold): class8; density, severity if each label has just one."""
    own = table.filter(regex="^p_").rename(columns=lambda column: column.removeprefix("p_"))
    found: list[Task] = [Classes("class8", table["label"].to_numpy(), table["predicted"].to_numpy(), own)]
    if density := factor_of_label(samples, "density"):
        sums = summed(table, density)
        truth = table["label"].map(density).to_numpy()
        found.append(Classes("density", truth, most_probable(sums), sums, ordered=True))
    severity = severity_of(table, samples)
    return [*found, severity] if severity else found


def severity_of(table: pd.DataFrame, samples: pd.DataFrame) -> Severity | None:
    """Return the severity of predictions (a column calibrated may be there); None if a label has not just one."""
    severity = factor_of_label(samples, "severity")
    if severity is None:
        return None
    probability = summed(table, severity).get(MALIGNANT, pd.Series(np.nan, table.index)).to_numpy(float)
    calibrated = table["calibrated"].to_numpy(float) if "calibrated" in table else None
    malignant = (table["label"].map(severity) == MALIGNANT).to_numpy(bool)
    return Severity(malignant, probability, table["fold"].to_numpy(), calibrated)
