"""Exact search for the matrices of two classes of unknown supports, and for the test sizes that figures fit.

Accuracy, precision, recall and F1 are all x / (x + b): x counts right answers and b counts errors (for F1, half of all
errors). With false positives and false negatives given, each figure is an interval of true positives, of true negatives
or of their sum. So figures fit together where, for some pair of error counts, these intervals leave whole numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np

from benchmarks.publications.arithmetic.printed import Figure, Stated

NO_LIMIT = 2**50
PAIRS = 50_000  # of error counts looked at together
MOST_PAIRS = 3_000_000  # of error counts in one search: about one second
MOST_ERRORS = 1000  # in the search for test sizes


@dataclass(frozen=True)
class Right:
    """Right answers that fit for pairs (B,) of error counts: bounds of true positives, true negatives, both."""

    positive: tuple[np.ndarray, np.ndarray]
    negative: tuple[np.ndarray, np.ndarray]
    total: tuple[np.ndarray, np.ndarray]

    def fits(self) -> np.ndarray:
        """Return for which pairs (B,) there are right answers."""
        ranges = (self.positive, self.negative, self.total)
        return np.logical_and.reduce([low <= high for low, high in ranges])


def searchable(figure: Figure) -> bool:
    """Return whether the search covers a figure: accuracy, precision, recall or F1, not averaged over classes."""
    return figure.metric != "auc" and figure.scope not in ("macro", "weighted")


def right_answers(
    stated: Stated, figures: Sequence[Figure], false_positive: np.ndarray, false_negative: np.ndarray
) -> Right:
    """Return the right answers that fit n, supports and `figures` for pairs (B,) of error counts."""
    errors = false_positive + false_negative
    wrong = {True: {"precision": false_positive, "recall": false_negative}}
    wrong[False] = {"precision": false_negative, "recall": false_positive}
    positive = negative = total = np.zeros_like(errors), np.full_like(errors, NO_LIMIT)
    for figure in figures:
        if figure.scope is None:
            total = _meet(total, _bounds(figure, 2 * errors))
            continue
        own = figure.scope == stated.positive
        bounds = _bounds(figure, errors if figure.metric == "f1" else 2 * wrong[own][figure.metric])
        if own:
            positive = _meet(positive, bounds)
        else:
            negative = _meet(negative, bounds)
    for name, support in stated.supports.items():
        if name == stated.positive:
            positive = _meet(positive, (support - false_negative,) * 2)
        else:
            negative = _meet(negative, (support - false_positive,) * 2)
    if stated.n is not None:
        total = _meet(total, (stated.n - errors,) * 2)
    elif stated.n_max is not None:
        total = _meet(total, (np.zeros_like(errors), stated.n_max - errors))
    total = _meet(total, (positive[0] + negative[0], positive[1] + negative[1]))
    return Right(positive, negative, total)


def _meet(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.maximum(a[0], b[0]), np.minimum(a[1], b[1])


def _bounds(figure: Figure, twice: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and greatest whole x, each (B,), of which x / (x + twice / 2) prints as `figure`; 0/0 is 0."""
    low, high = figure.low, figure.high
    most = np.full_like(twice, NO_LIMIT)
    if high < 1:
        most = twice * high.numerator // (2 * (high.denominator - high.numerator))
    if low == 0:
        return np.zeros_like(twice), most
    if low == 1:
        return np.where(twice == 0, 1, NO_LIMIT + 1), most
    least = -(-twice * low.numerator // (2 * (low.denominator - low.numerator)))
    return np.maximum(least, 1), most


def matrix(stated: Stated, figures: Sequence[Figure]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return a matrix of `stated.n` images that fits, the positive class first; None if there is none.

    Raises OverflowError if there are too many pairs of error counts to look at.
    """
    for false_positive, false_negative in _pairs(stated, figures):
        right = right_answers(stated, figures, false_positive, false_negative)
        if len(fitting := np.flatnonzero(right.fits())):
            i = int(fitting[len(fitting) // 2])
            total = int(right.total[0][i])
            low = max(int(right.positive[0][i]), total - int(right.negative[1][i]))
            high = min(int(right.positive[1][i]), total - int(right.negative[0][i]))
            positive = (low + high) // 2
            return (positive, int(false_negative[i])), (int(false_positive[i]), total - positive)
    return None


def _pairs(stated: Stated, figures: Sequence[Figure]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield all false positives and false negatives, each (B,), whose sum the printed accuracy allows."""
    assert stated.n is not None
    accuracies = [figure for figure in figures if figure.scope is None]
    low = max((figure.low for figure in accuracies), default=Fraction(0))
    high = min((figure.high for figure in accuracies), default=Fraction(1))
    least, most = ceil(stated.n * (1 - high)), floor(stated.n * (1 - low))
    if (most + least + 2) * (most - least + 1) // 2 > MOST_PAIRS:
        raise OverflowError
    waiting: list[np.ndarray] = []
    for errors in range(least, most + 1):
        waiting.append(np.stack([np.arange(errors + 1), errors - np.arange(errors + 1)]))
        if sum(part.shape[1] for part in waiting) >= PAIRS or errors == most:
            both = np.concatenate(waiting, axis=1)
            waiting = []
            yield both[0], both[1]


def sizes(stated: Stated, figures: Sequence[Figure], wanted: int = 3) -> dict[int, list[tuple[int, int | None]]]:
    """Return for the `wanted` least numbers of errors that fit: ranges of test sizes; an upper bound None: no limit.

    Empty if no number of errors up to MOST_ERRORS fits. Figures of one class must be those of two classes.
    """
    found: dict[int, list[tuple[int, int | None]]] = {}
    overall = all(figure.scope is None for figure in figures) and not stated.supports
    for errors in range(MOST_ERRORS + 1):
        false_positive = np.array([0]) if overall else np.arange(errors + 1)
        right = right_answers(stated, figures, false_positive, errors - false_positive)
        fits = right.fits()
        if fits.any():
            ranges = zip(right.total[0][fits] + errors, right.total[1][fits] + errors, strict=True)
            found[errors] = _merged(sorted((max(int(low), 1), int(high)) for low, high in ranges))
        if len(found) == wanted:
            break
    return found


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int | None]]:
    merged: list[list[int]] = []
    for low, high in ranges:
        if merged and low <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], high)
        else:
            merged.append([low, high])
    return [(low, high if high < NO_LIMIT else None) for low, high in merged]


def exhaustive(stated: Stated, figures: Sequence[Figure]) -> bool:
    """Return whether more errors than `sizes` tries cannot fit, because n has a limit."""
    if stated.n_max is None:
        return False
    low = max((figure.low for figure in figures if figure.scope is None), default=Fraction(0))
    return stated.n_max * (1 - low) <= MOST_ERRORS
