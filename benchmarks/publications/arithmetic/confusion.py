"""Confusion matrices: the exact value of a figure, and a matrix with given row and column sums."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from benchmarks.publications.arithmetic.printed import Figure

Matrix = tuple[tuple[int, ...], ...]


def value(figure: Figure, matrix: Matrix, classes: Sequence[str]) -> Fraction:
    """Return the figure (not an AUC) of a confusion matrix (rows: true class), exactly.

    A ratio 0/0 is 0, as in scikit-learn.
    """
    supports = [sum(row) for row in matrix]
    if figure.scope is None:
        return ratio(sum(matrix[i][i] for i in range(len(matrix))), sum(supports))
    if figure.scope == "macro":
        return sum((_of_class(figure.metric, i, matrix) for i in range(len(matrix))), Fraction(0)) / len(matrix)
    if figure.scope == "weighted":
        weighted = (support * _of_class(figure.metric, i, matrix) for i, support in enumerate(supports))
        return sum(weighted, Fraction(0)) / sum(supports)
    return _of_class(figure.metric, list(classes).index(figure.scope), matrix)


def ratio(part: int, whole: int) -> Fraction:
    """Return part/whole, and 0 for 0/0."""
    return Fraction(part, whole) if whole else Fraction(0)


def _of_class(metric: str, i: int, matrix: Matrix) -> Fraction:
    support, predicted, right = sum(matrix[i]), sum(row[i] for row in matrix), matrix[i][i]
    n = sum(map(sum, matrix))
    others = n - support
    return {
        "recall": ratio(right, support),
        "precision": ratio(right, predicted),
        "f1": ratio(2 * right, support + predicted),
        "specificity": ratio(others - predicted + right, others),
        "accuracy": ratio(n - support - predicted + 2 * right, n),
    }[metric]


def with_sums(right: Sequence[int], supports: Sequence[int], predicted: Sequence[int]) -> Matrix | None:
    """Return a matrix with this diagonal, these row sums and column sums; None if there is none.

    The diagonal is fixed, so there is one if and only if no class has more errors in its row and its column together
    than there are errors in all. The class nearest to that bound goes first, and each step keeps the bound.
    """
    matrix = np.diag(np.array(right, dtype=np.int64))
    rows, columns = np.array(supports) - right, np.array(predicted) - right
    if rows.sum() != columns.sum() or min(rows.min(), columns.min()) < 0 or (rows + columns).max() > rows.sum():
        return None
    while rows.sum():
        slack = rows.sum() - rows - columns
        tight = int(np.argmin(slack))
        others = [k for k in range(len(rows)) if k != tight]
        if rows[tight]:
            i, j = tight, max(others, key=lambda k: (columns[k] > 0, -slack[k]))
        else:
            i, j = max(others, key=lambda k: (rows[k] > 0, -slack[k])), tight
        moved = min(int(rows[i]), int(columns[j]), *(int(slack[k]) for k in others if k not in (i, j)))
        matrix[i, j] += moved
        rows[i] -= moved
        columns[j] -= moved
    return tuple(tuple(int(cell) for cell in row) for row in matrix)
