"""Right answers and answers of one class that its printed figures allow: whole numbers, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np

from benchmarks.publications.arithmetic.printed import Figure

FEATURES = ("recall", "predicted", "precision", "f1")  # order in `features`; recall stands for the right answers


@dataclass(frozen=True)
class Options:
    """Numbers (T,) of right answers of a class, ascending; `low` to `high`, each (T,), are its answers for each."""

    right: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def cells(self, most: int) -> "Cells":
        """Return about `most` cells that hold all options; each option alone if there are no more."""
        total = int((self.high - self.low + 1).sum())
        step = 1 if total <= most else ceil((total / most) ** 0.5)
        block = step if len(self.right) > step else 1
        kept = np.arange(0, len(self.right), block)
        last = self.right[np.minimum(kept + block, len(self.right)) - 1]
        low, high = np.minimum.reduceat(self.low, kept), np.maximum.reduceat(self.high, kept)
        answers = [np.arange(a, b + 1, step) for a, b in zip(low, high, strict=True)]
        sizes = [len(one) for one in answers]
        first = np.concatenate(answers)
        ends = np.minimum(first + step - 1, np.repeat(high, sizes))
        return Cells(np.repeat(self.right[kept], sizes), np.repeat(last, sizes), first, ends)


@dataclass(frozen=True)
class Cells:
    """Ranges of right answers and of answers of one class, each bound (C,)."""

    right: np.ndarray
    right_end: np.ndarray
    answers: np.ndarray
    answers_end: np.ndarray

    def single(self) -> bool:
        """Return whether each cell is one option."""
        return bool((self.right == self.right_end).all() and (self.answers == self.answers_end).all())

    def costs(self, weights: np.ndarray, support: int) -> np.ndarray:
        """Return a lower bound (C,) of the sum of weights (4,) times features; exact for single options."""
        costs = weights[0] * (self.right if weights[0] > 0 else self.right_end)
        costs = costs + weights[1] * (self.answers if weights[1] > 0 else self.answers_end)
        for weight, factor, shift in ((weights[2], 1, 0), (weights[3], 2, support)):
            if weight > 0:
                costs += weight * factor * self.right / np.maximum(self.answers_end + shift, 1)
            elif weight < 0:
                costs += weight * np.minimum(factor * self.right_end / np.maximum(self.answers + shift, 1), 1)
        return costs


@dataclass(frozen=True)
class Rows:
    """Constraints low <= sum over classes of weights (R, K, 4) times features <= high, each (R,)."""

    weights: np.ndarray
    low: np.ndarray
    high: np.ndarray


def features(right: np.ndarray, answers: np.ndarray, support: np.ndarray | int) -> np.ndarray:
    """Return right answers, answers, precision and F1, (4, *shape) float; 0/0 is 0."""
    precision = right / np.maximum(answers, 1)
    return np.stack([right, answers, precision, 2 * right / np.maximum(support + answers, 1)])


def of_class(support: int, n: int, figures: Sequence[Figure]) -> Options:
    """Return the options of a class with `support` of `n` images; empty if no whole numbers fit its `figures`."""
    ranges = [(right, *_answers(right, support, n, figures)) for right in _right(support, figures)]
    fitting = np.array([one for one in ranges if one[1] <= one[2]], dtype=np.int64).reshape(-1, 3)
    return Options(*fitting.T)


def _right(support: int, figures: Sequence[Figure]) -> range:
    low, high = 0, support
    for figure in figures:
        if figure.metric == "recall":
            if support == 0 and figure.low > 0:
                return range(0)
            low, high = max(low, ceil(figure.low * support)), min(high, floor(figure.high * support))
    return range(low, high + 1)


def _answers(right: int, support: int, n: int, figures: Sequence[Figure]) -> tuple[int, int]:
    """Return the least and the greatest number of answers with the class, of which `right` are right."""
    least, most = Fraction(right), Fraction(right + n - support)
    for figure in figures:
        low, high = _inverse(figure, right, support, n)
        least, most = max(least, low), min(most, high)
    return ceil(least), floor(most)


def _inverse(figure: Figure, right: int, support: int, n: int) -> tuple[Fraction, Fraction]:
    """Return the interval of answers for which one figure has its printed value."""
    anything, nothing = (Fraction(0), Fraction(n)), (Fraction(1), Fraction(0))
    others = n - support
    if figure.metric in ("precision", "f1"):
        twice, shift = (2, support) if figure.metric == "f1" else (1, 0)
        if right == 0:
            return anything if figure.low == 0 else nothing
        if figure.high == 0:
            return nothing
        most = twice * right / figure.low - shift if figure.low else Fraction(n)
        return twice * right / figure.high - shift, most
    if figure.metric == "specificity":
        if others == 0:
            return anything if figure.low == 0 else nothing
        return right + others * (1 - figure.high), right + others * (1 - figure.low)
    if figure.metric == "accuracy":
        return others + 2 * right - figure.high * n, others + 2 * right - figure.low * n
    return anything
