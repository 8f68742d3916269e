"""Exact search for the confusion matrices of two classes, of known supports, that printed figures stand for.

With P positives and the true positives given, no figure rises with the false positives. So each figure allows an
interval of false positives for each number of true positives, found by bisection, and figures fit together where their
intervals meet. The area under the ROC curve lies between sensitivity x specificity and 1 - (1 - sensitivity) x
(1 - specificity) of any one threshold; both bounds are reached, and so is each half pair between them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor

import numpy as np

from benchmarks.publications.arithmetic.printed import Figure

SLACK = 1e-12  # of a floating-point ratio; different ratios of up to 100,000 images differ by more


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part/whole, and 0 for 0/0."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=np.asarray(whole) > 0)


@dataclass
class TwoClasses:
    """The matrices of `positives` and `negatives`; `true` (T,) are all numbers of true positives.

    `figures` are checked; `positive` is the class that `positives` counts.
    """

    positives: int
    negatives: int
    positive: str
    figures: Sequence[Figure]
    true: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.true = np.arange(self.positives + 1)
        self.allowed = {figure: self._allowed(figure) for figure in self.figures}

    def values(self, figure: Figure, true: np.ndarray, false: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and the greatest value of a figure, each (T,), for true and false positives, each (T,)."""
        positives, negatives = self.positives, self.negatives
        missed, rejected = positives - true, negatives - false
        if figure.metric == "auc":
            pairs = np.asarray(positives * negatives)
            return _ratio(true * rejected, pairs), 1 - _ratio(missed * false, pairs)
        if figure.scope is None:
            one = (true + rejected) / (positives + negatives)
            return one, one
        own = {
            "precision": (true, true + false),
            "recall": (true, np.asarray(positives)),
            "f1": (2 * true, positives + true + false),
        }
        other = {
            "precision": (rejected, rejected + missed),
            "recall": (rejected, np.asarray(negatives)),
            "f1": (2 * rejected, negatives + rejected + missed),
        }
        a, b = _ratio(*own[figure.metric]), _ratio(*other[figure.metric])
        if figure.scope == "macro":
            one = (a + b) / 2
        elif figure.scope == "weighted":
            one = (positives * a + negatives * b) / (positives + negatives)
        else:
            one = a if figure.scope == self.positive else b
        return one, one

    def _allowed(self, figure: Figure) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and the greatest allowed false positives, each (T,), for each number of true positives."""
        low, high = float(figure.low), float(figure.high)
        if figure.metric == "auc" and (pairs := 2 * self.positives * self.negatives):
            low, high = ceil(figure.low * pairs) / pairs, floor(figure.high * pairs) / pairs
            if low > high:
                return np.ones_like(self.true), np.zeros_like(self.true)
        low, high = low - SLACK, high + SLACK
        first = self._first(lambda false: self.values(figure, self.true, false)[0] <= high)
        beyond = self._first(lambda false: self.values(figure, self.true, false)[1] < low)
        return first, beyond - 1

    def _first(self, holds: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Return the least false positives (T,) for which `holds` is true; negatives + 1 if for none."""
        below, above = np.full(len(self.true), -1), np.full(len(self.true), self.negatives + 1)
        while (open_ := above - below > 1).any():
            middle = (below + above) // 2
            true = holds(np.clip(middle, 0, self.negatives)) & open_
            above = np.where(true, middle, above)
            below = np.where(open_ & ~true, middle, below)
        return above

    def feasible(self, figures: Sequence[Figure]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the true positives, and the least and greatest false positives for each, that fit all `figures`."""
        low, high = np.zeros(len(self.true), int), np.full(len(self.true), self.negatives)
        for figure in figures:
            low, high = np.maximum(low, self.allowed[figure][0]), np.minimum(high, self.allowed[figure][1])
        fits = low <= high
        return self.true[fits], low[fits], high[fits]

    def fit(self, figures: Sequence[Figure]) -> bool:
        """Return whether one matrix fits all `figures`."""
        return len(self.feasible(figures)[0]) > 0

    def example(self, figures: Sequence[Figure]) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Return a matrix that fits, the positive class first; None if there is none."""
        true, low, high = self.feasible(figures)
        if not len(true):
            return None
        i = len(true) // 2
        right, false = int(true[i]), int(low[i] + high[i]) // 2
        return (right, self.positives - right), (false, self.negatives - false)

    def span(self, wanted: Figure, figures: Sequence[Figure]) -> tuple[float, float]:
        """Return the least and the greatest value of `wanted` among the matrices that fit `figures`."""
        true, low, high = self.feasible(figures)
        return self.values(wanted, true, high)[0].min(), self.values(wanted, true, low)[1].max()
