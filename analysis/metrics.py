"""Scores of answers from confusion matrices, many at once: what scikit-learn computes, for thousands of resamples.

A further one is a function of confusion matrices, declared here:

    @metric("Cohen's kappa")
    def cohen_kappa(matrices):
        '''Agreement beyond chance (Cohen, Educ. Psychol. Meas. 20, 1960).'''
        total = matrices.sum(axis=(1, 2))
        ...
        return (observed - expected) / (1 - expected)

`matrices` are counts (B, K, K), true class by predicted class, of which all cells of a class may be 0; it returns
floats (B,), NaN where undefined. Its name is the metric's in tables/scores.csv; estimate, interval and the report's
column follow, with the first line of its docstring. One of probabilities of benign and malignant stands in
analysis/probability_metrics.py.
"""

import warnings
from collections.abc import Callable

import numpy as np
from sklearn import metrics as sklearn_metrics

Labels = np.ndarray

# Macro and weighted averages run over the classes that stand in the truth, as scikit-learn's balanced accuracy does.
AVERAGED = {"precision": sklearn_metrics.precision_score, "recall": sklearn_metrics.recall_score}
AVERAGED["f1"] = sklearn_metrics.f1_score
# Every metric of every task in the report's order and words; `metric` and `binary_metric` add to them.
TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "mcc": "Matthews correlation",
    "quadratic_kappa": "quadratic kappa",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "macro_f1": "macro F1",
    "weighted_precision": "weighted precision",
    "weighted_recall": "weighted recall",
    "weighted_f1": "weighted F1",
    "roc_auc": "area under ROC",
    "average_precision": "average precision",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "sensitivity_at_90_specificity": "sensitivity at 90 % specificity",
    "brier": "Brier score",
    "log_loss": "log loss",
    "ece": "calibration error",
}
ADDED: dict[str, Callable[[np.ndarray], np.ndarray]] = {}


def metric(title: str) -> Callable[[Callable], Callable]:
    """Decorator: add a score of answers by its function of confusion matrices; `title` is what the report calls it."""

    def declare(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
        ADDED[function.__name__] = function
        TITLES[function.__name__] = title
        return function

    return declare


def class_metrics(truth: Labels, predicted: Labels) -> dict[str, float]:
    """Score labels (N,) by scikit-learn: accuracy, balanced_accuracy, mcc; macro_ and weighted_ precision, recall, f1.

    mcc is the multi-class correlation of Matthews (Gorodkin, Comput. Biol. Chem. 28, 2004), 0 for a constant answer.
    """
    present = sorted(set(truth))
    scores = {"accuracy": sklearn_metrics.accuracy_score(truth, predicted)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")
        warnings.filterwarnings("ignore", message="A single label was found")
        scores["balanced_accuracy"] = sklearn_metrics.balanced_accuracy_score(truth, predicted)
        scores["mcc"] = sklearn_metrics.matthews_corrcoef(truth, predicted)
    for average in ("macro", "weighted"):
        for name, score in AVERAGED.items():
            scores[f"{average}_{name}"] = score(truth, predicted, labels=present, average=average, zero_division=0)
    whole = _matrices(truth, predicted, sorted({*truth, *predicted}), np.ones((1, len(truth))))
    scores |= {name: function(whole).item() for name, function in ADDED.items()}
    return {name: float(value) for name, value in scores.items()}


def resampled_class_metrics(truth: Labels, predicted: Labels, weights: np.ndarray) -> dict[str, np.ndarray]:
    """The same scores (B,) for each of B resamples that count sample i `weights[b, i]` times; NaN if one is empty."""
    matrix = _matrices(truth, predicted, sorted({*truth, *predicted}), weights)
    right = np.einsum("bkk->bk", matrix)
    support, answered = matrix.sum(axis=2), matrix.sum(axis=1)
    present = support > 0
    by_class = {
        "precision": ratio(right, answered, empty=0),
        "recall": ratio(right, support, empty=0),
        "f1": ratio(2 * right, support + answered, empty=0),
    }
    total = support.sum(axis=1)
    n_present = present.sum(axis=1)
    scores = {"accuracy": ratio(right.sum(axis=1), total)}
    scores["balanced_accuracy"] = ratio((by_class["recall"] * present).sum(axis=1), n_present)
    scores["mcc"] = _mcc(right.sum(axis=1), support, answered, total)
    for name, values in by_class.items():
        scores[f"macro_{name}"] = ratio((values * present).sum(axis=1), n_present)
    for name, values in by_class.items():
        scores[f"weighted_{name}"] = ratio((values * support).sum(axis=1), total)
    return scores | {name: function(matrix) for name, function in ADDED.items()}


def quadratic_kappa(truth: Labels, predicted: Labels, order: list[str]) -> float:
    """Cohen's kappa with quadratic weights over classes in `order`; NaN if an answer is none of them or all agree."""
    if not set(predicted) <= set(order) or len({*truth, *predicted}) < 2:
        return np.nan
    return float(sklearn_metrics.cohen_kappa_score(truth, predicted, labels=order, weights="quadratic"))


def resampled_quadratic_kappa(truth: Labels, predicted: Labels, order: list[str], weights: np.ndarray) -> np.ndarray:
    """The same (B,) for each of B resamples; NaN where undefined."""
    if not set(predicted) <= set(order):
        return np.full(len(weights), np.nan)
    matrix = _matrices(truth, predicted, order, weights)
    distance = np.subtract.outer(np.arange(len(order)), np.arange(len(order))) ** 2
    expected = matrix.sum(axis=2)[:, :, None] * matrix.sum(axis=1)[:, None, :]
    total = matrix.sum(axis=(1, 2))
    return 1 - ratio((matrix * distance).sum(axis=(1, 2)) * total, (expected * distance).sum(axis=(1, 2)))


def mean(scores: list[dict]) -> dict:
    """Each score averaged over the repeats of a protocol."""
    return {name: np.mean([each[name] for each in scores], axis=0) for name in scores[0]}


def ratio(numerator: np.ndarray, denominator: np.ndarray, empty: float = np.nan) -> np.ndarray:
    """Element-wise quotient, `empty` where the denominator is not positive."""
    return np.divide(numerator, denominator, out=np.full(np.shape(numerator), float(empty)), where=denominator > 0)


def _matrices(truth: Labels, predicted: Labels, classes: list[str], weights: np.ndarray) -> np.ndarray:
    """Confusion matrix (B, K, K) of each resample: true class, predicted class."""
    number = {label: index for index, label in enumerate(classes)}
    cell = np.array([number[t] * len(classes) + number[p] for t, p in zip(truth, predicted, strict=True)])
    one_hot = np.eye(len(classes) ** 2)[cell]
    return (weights @ one_hot).reshape(len(weights), len(classes), len(classes))


def _mcc(right: np.ndarray, support: np.ndarray, answered: np.ndarray, total: np.ndarray) -> np.ndarray:
    spread = (total**2 - (support**2).sum(axis=1)) * (total**2 - (answered**2).sum(axis=1))
    scores = ratio(right * total - (support * answered).sum(axis=1), np.sqrt(np.maximum(spread, 0)), empty=0)
    return np.where(total > 0, scores, np.nan)
