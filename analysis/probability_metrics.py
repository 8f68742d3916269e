"""Scores of probabilities, for many resamples at once: discrimination, calibration and proper scores.

`positive` is bool (N,), `probability` float (N,) in 0..1, `weights` int (B, N): how often resample b holds sample i.
The decorator `binary_metric` declares a new metric: a function of these three, with finite probabilities, that returns
floats (B,), NaN where undefined.
"""

import functools

import numpy as np
from sklearn import metrics as sklearn_metrics

from analysis.metrics import Added, metric, ratio

SPECIFICITY = 0.9  # sensitivity is given at this specificity; screening programmes recall about a tenth of the women
MOST_ALARMS = 1 - SPECIFICITY + 1e-9  # false positive rate at most, which rounding may put just above a tenth
BINS = 10  # of equal width, for the calibration error and the reliability diagram
SMALLEST = float(np.finfo(np.float32).eps)  # probability in a log loss: predictions are stored as float32
AT_SPECIFICITY = f"sensitivity_at_{100 * SPECIFICITY:.0f}_specificity"
NEEDS_BOTH = ("roc_auc", "average_precision", AT_SPECIFICITY)  # metrics that need samples of both classes
NEEDS_FINITE = (*NEEDS_BOTH, "brier", "log_loss", "ece")  # metrics that need finite probabilities
ADDED: Added = {}
binary_metric = functools.partial(metric, added=ADDED)  # decorator: declare a metric of two classes


def binary_metrics(positive: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Compute the metrics of probabilities of two classes; NaN where undefined.

    sensitivity and specificity at a probability of 0.5; roc_auc; average_precision; the highest sensitivity at a
    specificity of at least 90%; brier (Brier, Mon. Weather Rev. 78, 1950); log_loss; ece, the expected calibration
    error over ten bins of equal width (Naeini et al., AAAI 2015), which is biased upwards in small samples.
    """
    scores = dict.fromkeys(("sensitivity", "specificity", *NEEDS_FINITE, *ADDED), np.nan)
    answered = probability >= 0.5
    if positive.any():
        scores["sensitivity"] = sklearn_metrics.recall_score(positive, answered)
    if (~positive).any():
        scores["specificity"] = sklearn_metrics.recall_score(~positive, ~answered & np.isfinite(probability))
    finite, once = np.isfinite(probability).all(), np.ones((1, len(positive)))
    if finite and positive.any() and (~positive).any():
        false_alarms, found, _ = sklearn_metrics.roc_curve(positive, probability, drop_intermediate=False)
        scores["roc_auc"] = sklearn_metrics.roc_auc_score(positive, probability)
        scores["average_precision"] = sklearn_metrics.average_precision_score(positive, probability)
        scores[AT_SPECIFICITY] = found[false_alarms <= MOST_ALARMS].max()
    if finite:
        scores["brier"] = sklearn_metrics.brier_score_loss(positive, probability, labels=[False, True])
        scores["log_loss"] = log_losses(positive, probability).mean()
        scores["ece"] = _calibration_errors(positive, probability, once)[0]
        scores |= {name: function(positive, probability, once).item() for name, function in ADDED.items()}
    return {name: float(value) for name, value in scores.items()}


def resampled_binary_metrics(
    positive: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Compute binary_metrics of B resamples: (B,) each, NaN where undefined."""
    p, n = weights[:, positive], weights[:, ~positive]
    scores = {
        "sensitivity": ratio(p @ (probability[positive] >= 0.5), p.sum(axis=1)),
        "specificity": ratio(n @ (probability[~positive] < 0.5), n.sum(axis=1)),
    }
    if not np.isfinite(probability).all() or not len(probability):
        return scores | dict.fromkeys((*NEEDS_FINITE, *ADDED), np.full(len(weights), np.nan))
    found, alarms = cumulated(positive, probability, weights)
    both = (found[:, -1] > 0) & (alarms[:, -1] > 0)
    rises = np.diff(found, prepend=0)
    precisions = ratio(found, found + alarms, empty=0)
    sensitivities, false_rates = (ratio(count, count[:, -1:]) for count in (found, alarms))
    reached = np.where(false_rates <= MOST_ALARMS, sensitivities, 0).max(axis=1)
    undefined = np.where(both, 0.0, np.nan)
    total = weights.sum(axis=1)
    return scores | {
        "roc_auc": ratio(_right_pairs(found, alarms), found[:, -1] * alarms[:, -1]),
        "average_precision": ratio((rises * precisions).sum(axis=1), found[:, -1]) + undefined,
        AT_SPECIFICITY: reached + undefined,
        "brier": ratio(weights @ (probability - positive) ** 2, total),
        "log_loss": ratio(weights @ log_losses(positive, probability), total),
        "ece": _calibration_errors(positive, probability, weights),
        **{name: function(positive, probability, weights) for name, function in ADDED.items()},
    }


def roc_auc_within(positive: np.ndarray, probability: np.ndarray, folds: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute the area under the ROC curve within folds in each resample (B,), 0..1; NaN where undefined.

    `folds` (N,) names the fold that tested each sample. The area is the share of pairs of a positive and a negative
    sample of the same fold in which the positive has the higher probability; ties count half. Pairs are summed over the
    folds. Each fold has a model of its own, and the probabilities of two models need not have the same scale: the
    pooled area, roc_auc, also compares samples of different folds, which usually lowers it (Forman & Scholz, SIGKDD
    Explorations 12, 2010; Airola et al., Comput. Stat. Data Anal. 55, 2011). With one fold, both are equal. Undefined
    where no fold has samples of both classes, or a probability is not finite.
    """
    if not np.isfinite(probability).all():
        return np.full(len(weights), np.nan)
    right, pairs = np.zeros((2, len(weights)))
    for fold in np.unique(folds):
        own = folds == fold
        found, alarms = cumulated(positive[own], probability[own], weights[:, own])
        right += _right_pairs(found, alarms)
        pairs += found[:, -1] * alarms[:, -1]
    return ratio(right, pairs)


def class_losses(truth: np.ndarray, probabilities: np.ndarray, classes: list[str]) -> dict[str, np.ndarray]:
    """Compute the brier score and the log loss of each sample (N,); NaN where a probability is not finite.

    `probabilities` (N, K) are in the order of `classes`. brier is the sum of squared errors over the classes, 0..2, as
    in Brier's paper; log_loss is minus the logarithm of the true class's probability.
    """
    truth_of = truth[:, None] == np.array(classes)
    own = (probabilities * truth_of).sum(axis=1)
    losses = {"brier": ((probabilities - truth_of) ** 2).sum(axis=1), "log_loss": -np.log(np.clip(own, SMALLEST, 1))}
    return {name: np.where(np.isfinite(probabilities).all(axis=1), loss, np.nan) for name, loss in losses.items()}


def log_losses(positive: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Compute the log loss (N,): minus the logarithm of the true class's probability."""
    return -np.log(np.clip(np.where(positive, probability, 1 - probability), SMALLEST, 1))


def cumulated(positive: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count positives and negatives (B, T) at or above each of T thresholds of probability, the highest first."""
    order = np.argsort(-probability, kind="stable")
    starts = np.flatnonzero(np.diff(-probability[order], prepend=-np.inf) > 0)
    found, alarms = (
        np.add.reduceat(np.where(kind[order], weights[:, order], 0), starts, axis=1).cumsum(axis=1)
        for kind in (positive, ~positive)
    )
    return found, alarms


def bins(probability: np.ndarray) -> np.ndarray:
    """Return the bin (N,), 0..9, of each probability; a probability of 1 is in the last bin."""
    return np.minimum((probability * BINS).astype(int), BINS - 1)


def _right_pairs(found: np.ndarray, alarms: np.ndarray) -> np.ndarray:
    """Count the pairs (B,) of a positive and a negative in the right order, ties half, from `cumulated`."""
    rises, falls = np.diff(found, prepend=0), np.diff(alarms, prepend=0)
    return (rises * (alarms[:, -1:] - alarms + falls / 2)).sum(axis=1)


def _calibration_errors(positive: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    one_hot = np.eye(BINS)[bins(probability)]
    gaps = np.abs(weights @ (one_hot * (probability - positive)[:, None]))
    return ratio(gaps.sum(axis=1), weights.sum(axis=1))
