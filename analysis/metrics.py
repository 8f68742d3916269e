"""Scores of answers from confusion matrices: scikit-learn's metrics, for thousands of resamples at once.

CONTRIBUTING.md shows how to declare a new metric with the decorator `metric`: a function of confusion matrices (B, K,
K), counts of true class by predicted class, that returns floats (B,), NaN where undefined. A class may have no samples.
Metrics of probabilities are in analysis/probability_metrics.py.
"""

import warnings
from collections.abc import Callable

import numpy as np
from sklearn import metrics as sklearn_metrics

Added = dict[str, Callable[..., np.ndarray]]  # functions of metrics that were declared by decorator, by name

# Name in the report of every metric of every task, in the report's order; the decorators add to these names.
NAMES = ["accuracy", "balanced_accuracy", "mcc", "quadratic_kappa", "macro_precision", "macro_recall", "macro_f1"]
NAMES += ["weighted_precision", "weighted_recall", "weighted_f1", "roc_auc_within", "roc_auc", "roc_auc_calibrated"]
NAMES += ["average_precision", "sensitivity", "specificity", "sensitivity_at_90_specificity", "brier"]
NAMES += ["brier_calibrated", "log_loss", "ece", "ece_calibrated"]
TITLES = {name: name.replace("_", " ") for name in NAMES}
TITLES |= {"mcc": "Matthews correlation", "macro_f1": "macro F1", "weighted_f1": "weighted F1"}
TITLES |= {"roc_auc_within": "AUC within folds", "roc_auc": "pooled AUC"}
TITLES |= {"sensitivity_at_90_specificity": "sensitivity at 90% specificity", "brier": "Brier score"}
TITLES |= {"ece": "expected calibration error", "roc_auc_calibrated": "pooled AUC, calibrated"}
TITLES |= {"brier_calibrated": "Brier score, calibrated", "ece_calibrated": "expected calibration error, calibrated"}
ADDED: Added = {}


def metric(title: str, added: Added = ADDED) -> Callable[[Callable], Callable]:
    """Decorator: declare a metric by its function; `title` is its name in the report."""

    def declare(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        added[function.__name__] = function
        TITLES[function.__name__] = title
        return function

    return declare


def class_metrics(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Compute accuracy, balanced_accuracy, mcc, and macro_ and weighted_ precision, recall and f1 of labels (N,).

    mcc is the multi-class correlation of Matthews (Gorodkin, Comput. Biol. Chem. 28, 2004), 0 for a constant answer.
    Macro and weighted averages include only classes in `truth`, as scikit-learn's balanced accuracy does.
    """
    present = sorted(set(truth))
    scores = {"accuracy": sklearn_metrics.accuracy_score(truth, predicted)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")
        warnings.filterwarnings("ignore", message="A single label was found")
        scores["balanced_accuracy"] = sklearn_metrics.balanced_accuracy_score(truth, predicted)
        scores["mcc"] = sklearn_metrics.matthews_corrcoef(truth, predicted)
    for average in ("macro", "weighted"):
        precision, recall, f1, _ = sklearn_metrics.precision_recall_fscore_support(
            truth, predicted, labels=present, average=average, zero_division=0
        )
        scores |= {f"{average}_precision": precision, f"{average}_recall": recall, f"{average}_f1": f1}
    whole = _matrices(truth, predicted, sorted({*truth, *predicted}), np.ones((1, len(truth))))
    scores |= {name: function(whole).item() for name, function in ADDED.items()}
    return {name: float(value) for name, value in scores.items()}


def resampled_class_metrics(truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Compute class_metrics of B resamples with `weights` (B, N): (B,) each, NaN for an empty resample."""
    matrix = _matrices(truth, predicted, sorted({*truth, *predicted}), weights)
    right = np.einsum("bkk->bk", matrix)
    support, answered = matrix.sum(axis=2), matrix.sum(axis=1)
    present = support > 0
    by_class = {
        "precision": ratio(right, answered, empty=0),
        "recall": ratio(right, support, empty=0),
        "f1": ratio(2 * right, support + answered, empty=0),
    }
    total, n_present = support.sum(axis=1), present.sum(axis=1)
    scores = {"accuracy": ratio(right.sum(axis=1), total)}
    scores["balanced_accuracy"] = ratio((by_class["recall"] * present).sum(axis=1), n_present)
    spread = (total**2 - (support**2).sum(axis=1)) * (total**2 - (answered**2).sum(axis=1))
    agreement = right.sum(axis=1) * total - (support * answered).sum(axis=1)
    mcc = ratio(agreement, np.sqrt(np.maximum(spread, 0)), empty=0)
    scores["mcc"] = np.where(total > 0, mcc, np.nan)
    for average, share, n in (("macro", present, n_present), ("weighted", support, total)):
        scores |= {f"{average}_{name}": ratio((each * share).sum(axis=1), n) for name, each in by_class.items()}
    return scores | {name: function(matrix) for name, function in ADDED.items()}


def quadratic_kappa(truth: np.ndarray, predicted: np.ndarray, order: list[str]) -> float:
    """Compute Cohen's kappa with quadratic weights; NaN if an answer is not in `order`, or all are of one class."""
    if not set(predicted) <= set(order) or len({*truth, *predicted}) < 2:
        return np.nan
    return float(sklearn_metrics.cohen_kappa_score(truth, predicted, labels=order, weights="quadratic"))


def resampled_quadratic_kappa(
    truth: np.ndarray, predicted: np.ndarray, order: list[str], weights: np.ndarray
) -> np.ndarray:
    """Compute quadratic_kappa of B resamples (B,); NaN where undefined."""
    if not set(predicted) <= set(order):
        return np.full(len(weights), np.nan)
    matrix = _matrices(truth, predicted, order, weights)
    distance = np.subtract.outer(np.arange(len(order)), np.arange(len(order))) ** 2
    expected = matrix.sum(axis=2)[:, :, None] * matrix.sum(axis=1)[:, None, :]
    total = matrix.sum(axis=(1, 2))
    return 1 - ratio((matrix * distance).sum(axis=(1, 2)) * total, (expected * distance).sum(axis=(1, 2)))


def mean(scores: list[dict]) -> dict:
    """Return each score averaged over the repeats of a protocol."""
    return {name: np.mean([each[name] for each in scores], axis=0) for name in scores[0]}


def ratio(numerator: np.ndarray, denominator: np.ndarray, empty: float = np.nan) -> np.ndarray:
    """Return the element-wise quotient, `empty` where the denominator is not positive."""
    return np.divide(numerator, denominator, out=np.full(np.shape(numerator), float(empty)), where=denominator > 0)


def _matrices(truth: np.ndarray, predicted: np.ndarray, classes: list[str], weights: np.ndarray) -> np.ndarray:
    """Return the confusion matrix (B, K, K) of each resample: true class by predicted class."""
    number = {label: index for index, label in enumerate(classes)}
    cell = np.array([number[t] * len(classes) + number[p] for t, p in zip(truth, predicted, strict=True)])
    return (weights @ np.eye(len(classes) ** 2)[cell]).reshape(len(weights), len(classes), len(classes))
