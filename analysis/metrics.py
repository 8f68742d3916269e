"""Scores from confusion matrices, many at once: what scikit-learn computes, for thousands of bootstrap resamples."""

import warnings

import numpy as np
from sklearn import metrics as sklearn_metrics

Labels = np.ndarray

# Macro and weighted averages run over the classes that stand in the truth, as scikit-learn's balanced accuracy does.
AVERAGED = {"precision": sklearn_metrics.precision_score, "recall": sklearn_metrics.recall_score}
AVERAGED["f1"] = sklearn_metrics.f1_score


def class_metrics(truth: Labels, predicted: Labels) -> dict[str, float]:
    """Score labels (N,) by scikit-learn: accuracy, balanced_accuracy, macro_* and weighted_* precision, recall, f1."""
    present = sorted(set(truth))
    scores = {"accuracy": sklearn_metrics.accuracy_score(truth, predicted)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")
        scores["balanced_accuracy"] = sklearn_metrics.balanced_accuracy_score(truth, predicted)
    for average in ("macro", "weighted"):
        for name, score in AVERAGED.items():
            scores[f"{average}_{name}"] = score(truth, predicted, labels=present, average=average, zero_division=0)
    return {name: float(value) for name, value in scores.items()}


def resampled_class_metrics(truth: Labels, predicted: Labels, weights: np.ndarray) -> dict[str, np.ndarray]:
    """The same scores (B,) for each of B resamples that count sample i `weights[b, i]` times; NaN if one is empty."""
    classes = sorted({*truth, *predicted})
    number = {label: index for index, label in enumerate(classes)}
    cell = np.array([number[t] * len(classes) + number[p] for t, p in zip(truth, predicted, strict=True)])
    one_hot = np.eye(len(classes) ** 2)[cell]
    matrix = (weights @ one_hot).reshape(len(weights), len(classes), len(classes))
    right = np.einsum("bkk->bk", matrix)
    support, answered = matrix.sum(axis=2), matrix.sum(axis=1)
    present = support > 0
    by_class = {
        "precision": _ratio(right, answered, empty=0),
        "recall": _ratio(right, support, empty=0),
        "f1": _ratio(2 * right, support + answered, empty=0),
    }
    total = support.sum(axis=1)
    n_present = present.sum(axis=1)
    scores = {"accuracy": _ratio(right.sum(axis=1), total)}
    scores["balanced_accuracy"] = _ratio((by_class["recall"] * present).sum(axis=1), n_present)
    for name, values in by_class.items():
        scores[f"macro_{name}"] = _ratio((values * present).sum(axis=1), n_present)
    for name, values in by_class.items():
        scores[f"weighted_{name}"] = _ratio((values * support).sum(axis=1), total)
    return scores


def binary_metrics(positive: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Sensitivity, specificity (at a probability of 0.5) and roc_auc of bool (N,) and float (N,); NaN if undefined."""
    answered = probability >= 0.5
    scores = {"sensitivity": np.nan, "specificity": np.nan, "roc_auc": np.nan}
    if positive.any():
        scores["sensitivity"] = float(sklearn_metrics.recall_score(positive, answered))
    if (~positive).any():
        scores["specificity"] = float(sklearn_metrics.recall_score(~positive, ~answered & np.isfinite(probability)))
    if positive.any() and (~positive).any() and np.isfinite(probability).all():
        scores["roc_auc"] = float(sklearn_metrics.roc_auc_score(positive, probability))
    return scores


def resampled_binary_metrics(
    positive: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """The same scores (B,) for each of B resamples that count sample i `weights[b, i]` times; NaN where undefined."""
    p, n = weights[:, positive], weights[:, ~positive]
    return {
        "sensitivity": _ratio(p @ (probability[positive] >= 0.5), p.sum(axis=1)),
        "specificity": _ratio(n @ (probability[~positive] < 0.5), n.sum(axis=1)),
        "roc_auc": _resampled_auc(positive, probability, weights),
    }


def _resampled_auc(positive: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of pairs of a positive and a negative sample that are in the right order, ties counting half."""
    if not np.isfinite(probability).all() or not len(probability):
        return np.full(len(weights), np.nan)
    order = np.argsort(probability, kind="stable")
    starts = np.flatnonzero(np.diff(probability[order], prepend=-np.inf) > 0)
    p, n = (
        np.add.reduceat(np.where(kind[order], weights[:, order], 0), starts, axis=1) for kind in (positive, ~positive)
    )
    below = n.cumsum(axis=1) - n / 2
    return _ratio((p * below).sum(axis=1), p.sum(axis=1) * n.sum(axis=1))


def mean(scores: list[dict]) -> dict:
    """Each score averaged over the repeats of a protocol."""
    return {name: np.mean([each[name] for each in scores], axis=0) for name in scores[0]}


def _ratio(numerator: np.ndarray, denominator: np.ndarray, empty: float = np.nan) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.full(np.shape(numerator), float(empty)), where=denominator > 0)
