"""Calibration of the probability of malignancy, fold by fold, on the validation part of each fold.

Each fold has a model of its own, and the probabilities of two models need not have the same scale. Where images of
several folds share one threshold (pooled ROC curve, reliability diagram, roc_auc_calibrated, brier_calibrated,
ece_calibrated), each fold's probabilities are first put on a common scale by Platt's method: a logistic regression of
severity on the logit of the probability (Platt, in Advances in Large Margin Classifiers, MIT Press, 1999). A
temperature alone could not correct a shift between folds. The slope is kept positive, so the order of the images within
a fold, and with it the area under the ROC curve within folds, stays as it is.

Labels of test samples are never read. The validation part chose the epoch and the hyperparameters, so the calibration
is a little optimistic. The intervals take it as fixed. A fold is not calibrated, and keeps the probabilities of its
model, if its validation part has one severity only, fewer than MINIMUM independent units, or a probability that is not
finite.
"""

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit

from analysis.probability_metrics import SMALLEST
from analysis.tasks import Severity, severity_of

MINIMUM = 5  # independent units in the validation part
FLATTEST = 1e-3  # slope, of a validation part in which the probability does not rise with malignancy
NO_SEVERITY = "classes do not give severity"


def calibrated(table: pd.DataFrame, validation: pd.DataFrame, samples: pd.DataFrame) -> tuple[np.ndarray, str]:
    """Return the calibrated probability of malignancy of each row of `table`, float (N,), and which folds lack one.

    `table` and `validation` are pooled predictions of the test and the validation parts, with columns fold and unit.
    The text is empty if every fold is calibrated. The probabilities are NaN if no fold is.
    """
    test, known = severity_of(table, samples), severity_of(validation, samples)
    if test is None or known is None:
        return np.full(len(table), np.nan), NO_SEVERITY
    found = test.probability.copy()
    folds, reasons = np.unique(test.folds), []
    for fold in folds:
        own, tested = known.folds == fold, test.folds == fold
        if reason := _unsuited(known, own, validation["unit"][own].nunique(), samples.attrs["unit"]):
            reasons.append(reason)
            continue
        slope, intercept = platt(known.truth[own], known.probability[own])
        found[tested] = expit(slope * _logit(found[tested]) + intercept)
    if len(reasons) == len(folds):
        found = np.full(len(table), np.nan)
    why = "; ".join(sorted(set(reasons)))
    return found, f"{len(reasons)} of {len(folds)} folds not calibrated: {why}" if reasons else ""


def platt(positive: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """Fit slope and intercept of malignancy (N,) on the logit of its probability (N,), which must be finite.

    Platt's targets, (n + 1) / (n + 2) of n positives and 1 / (n + 2) of n negatives, keep both finite where the
    probability separates the severities.
    """
    n, x = int(positive.sum()), _logit(probability)
    targets = np.where(positive, (n + 1) / (n + 2), 1 / (len(positive) - n + 2))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        score = parameters[0] * x + parameters[1]
        error = expit(score) - targets
        return float((np.logaddexp(0, score) - targets * score).sum()), np.array([error @ x, error.sum()])

    found = minimize(loss, (1.0, 0.0), jac=True, method="L-BFGS-B", bounds=[(FLATTEST, None), (None, None)])
    return float(found.x[0]), float(found.x[1])


def _unsuited(known: Severity, own: np.ndarray, n_units: int, unit: str) -> str:
    """Return why the validation samples `own` (N,) can't calibrate a fold; empty if these can."""
    if n_units < MINIMUM:
        return f"fewer than {MINIMUM} {unit}s in the validation part"
    if not np.isfinite(known.probability[own]).all():
        return "a probability of the validation part is not finite"
    malignant = known.truth[own]
    return "" if malignant.any() and not malignant.all() else "one severity in the validation part"


def _logit(probability: np.ndarray) -> np.ndarray:
    return logit(np.clip(probability, SMALLEST, 1 - SMALLEST))
