"""Figures of a confusion matrix by scikit-learn, rounded as a publication prints them."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score, precision_recall_fscore_support


def printed(value: float, digits: int, half: str) -> str:
    """Return `value` with `digits` after the point."""
    return str(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), half))


def all_figures(matrix: np.ndarray, digits: int, half_up: bool) -> dict[str, str]:
    """Return every figure of a matrix (K, K) of counts, classes named a, b, c, ...; rows are the true classes."""
    names, half = "abcdefgh"[: len(matrix)], ROUND_HALF_UP if half_up else ROUND_HALF_EVEN
    true, answered = (np.repeat(axis.ravel(), matrix.ravel()) for axis in np.indices(matrix.shape))
    labels = list(range(len(matrix)))
    found = {"accuracy": accuracy_score(true, answered)}
    for average in (None, "macro", "weighted"):
        values = precision_recall_fscore_support(true, answered, labels=labels, average=average, zero_division=0)
        for metric, value in zip(("precision", "recall", "f1"), values, strict=False):
            if average:
                found[f"{average}_{metric}"] = value
            else:
                found |= {f"{metric}.{name}": one for name, one in zip(names, value, strict=True)}
    if matrix.sum(axis=1).all():
        found["balanced_accuracy"] = balanced_accuracy_score(true, answered)
    for i, name in enumerate(names):
        rejected = matrix.sum() - matrix[i].sum() - matrix[:, i].sum() + matrix[i, i]
        found[f"specificity.{name}"] = rejected / max(matrix.sum() - matrix[i].sum(), 1)
        found[f"accuracy.{name}"] = (rejected + matrix[i, i]) / matrix.sum()
    return {key: printed(value, digits, half) for key, value in found.items()}
