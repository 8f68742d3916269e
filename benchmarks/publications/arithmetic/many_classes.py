"""Search for a confusion matrix of more than two classes, of known supports, that printed figures stand for.

Each class has options: its right answers and its answers, as its own figures allow. A matrix takes one option of each
class; accuracy, macro and weighted figures and the sum of the answers are linear in the choice. The linear programme
over mixtures of options, solved by column generation, proves figures impossible: a Lagrangian bound above zero holds
for every matrix. An integer programme over the options near its solution finds a matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Literal

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from benchmarks.publications.arithmetic.confusion import Matrix, value, with_sums
from benchmarks.publications.arithmetic.local_search import search
from benchmarks.publications.arithmetic.options import FEATURES, Cells, Options, Rows, features, of_class
from benchmarks.publications.arithmetic.printed import Figure
from benchmarks.publications.arithmetic.verdicts import count_range

PROVEN = 1e-9  # violation of the constraints, each of order 1, far above rounding errors
WIDER = 2e-6  # tolerance of the integer programme's solver, by which constraints are widened
SOME = 40_000  # cells of options of all classes in the linear programme
MOST = 1_500_000  # the same, where the first neither finds a mixture nor proves that there is none
FEW = 600  # options in the integer programme
NODES = 50  # of its search tree
ROUNDS = 80
NONE = 2  # status of scipy's integer programme: proven infeasible


@dataclass
class ManyClasses:
    """Classes with their supports; `answer` says what figures allow."""

    classes: tuple[str, ...]
    supports: tuple[int, ...]

    def __post_init__(self) -> None:
        self.n = sum(self.supports)

    def options(self, figures: Sequence[Figure]) -> list[Options]:
        """Return the options of each class."""
        own = [[figure for figure in figures if figure.scope == name] for name in self.classes]
        return [of_class(support, self.n, one) for support, one in zip(self.supports, own, strict=True)]

    def answer(self, figures: Sequence[Figure], steps: int = 1500) -> Matrix | Literal[False] | None:
        """Return a matrix that fits `figures`, False if there is none, None if `steps` of search found neither.

        Without steps, bounds alone are used.
        """
        options = self.options(figures)
        if not all(len(one.right) for one in options):
            return False
        rows = self._rows(figures)
        columns: list[np.ndarray] | None = None
        for most in (SOME, MOST) if steps else (SOME,):
            cells = [one.cells(max(most * s // self.n, 500)) for one, s in zip(options, self.supports, strict=True)]
            mean, violation, columns = _mixture(cells, self.supports, rows, columns)
            if mean is None:
                return False
            start = mean.round().astype(np.int64)
            if violation <= PROVEN or all(one.single() for one in cells):
                break
        found = search(options, self.supports, rows, (start[0], start[1]), steps)
        if steps and found is None and sum(int((one.high - one.low + 1).sum()) for one in options) <= FEW:
            every = [features(one.right, one.answers, s) for one, s in zip(cells, self.supports, strict=True)]
            status, found = _choice(every, rows)
            if status == NONE:
                return False
        matrix = with_sums(found[0], self.supports, found[1]) if found else None
        return matrix if matrix and all(self._holds(figure, matrix) for figure in figures) else None

    def may_fit(self, figures: Sequence[Figure]) -> bool:
        """Return False if bounds alone prove that no matrix has `figures`."""
        return self.answer(figures, 0) is not False

    def sums(self, figures: Sequence[Figure]) -> str:
        """Return in words the sum of answers that the classes' own `figures` allow, if it fails; else ""."""
        options = self.options(figures)
        if not all(len(one.right) for one in options):
            return ""
        low, high = sum(int(one.low.min()) for one in options), sum(int(one.high.max()) for one in options)
        if not low <= self.n <= high:
            return (
                f" By the classes' own figures, answers sum to {count_range(low, high)}; there are {self.n:,} images."
            )
        low, high = sum(int(one.right.min()) for one in options), sum(int(one.right.max()) for one in options)
        accuracies = [figure for figure in figures if figure.scope is None]
        if not all(figure.low * self.n <= high and low <= figure.high * self.n for figure in accuracies):
            return f" By the classes' own figures, {count_range(low, high)} of {self.n:,} answers are right."
        return ""

    def _holds(self, figure: Figure, matrix: Matrix) -> bool:
        return figure.contains(value(figure, matrix, self.classes))

    def _rows(self, figures: Sequence[Figure]) -> Rows:
        """Return the constraints: answers sum to n, errors can be placed off the diagonal, overall figures."""
        size, n = len(self.classes), self.n
        weights, low, high = [], [], []

        def add(row: np.ndarray, least: float, most: float) -> None:
            weights.append(row)
            low.append(least)
            high.append(most)

        answers = np.zeros((size, 4))
        answers[:, 1] = 1 / n
        add(answers, 1, 1)
        for i, support in enumerate(self.supports):
            placed = np.zeros((size, 4))
            placed[:, 0] = 1 / n
            placed[i] += np.array([-2, 1, 0, 0]) / n
            add(placed, -np.inf, 1 - support / n)
        for figure in figures:
            row = np.zeros((size, 4))
            if figure.scope is None and figure.metric == "accuracy":
                row[:, 0] = 1 / n
                add(row, ceil(figure.low * n) / n, floor(figure.high * n) / n)
            elif figure.scope in ("macro", "weighted") and figure.metric in FEATURES:
                supports = np.array(self.supports)
                share = supports / n if figure.scope == "weighted" else np.full(size, 1 / size)
                if figure.metric == "recall":
                    share = share / np.maximum(supports, 1)
                row[:, FEATURES.index(figure.metric)] = share
                add(row, float(figure.low), float(figure.high))
        return Rows(np.array(weights), np.array(low), np.array(high))


def _mixture(
    cells: list[Cells], supports: Sequence[int], rows: Rows, columns: list[np.ndarray] | None
) -> tuple[np.ndarray | None, float, list[np.ndarray]]:
    """Return the mixture that violates `rows` least: mean right answers and answers (2, K), violation and columns.

    The mean is None if no mixture of any options in `cells` fulfils `rows`: the prices of the linear programme give a
    bound of the violation from each cell. `columns`, the features of some options of each class, save the first rounds.
    """
    if (rows.low > rows.high).any():
        return None, np.inf, []
    if columns is None:
        ends = [np.array([0, len(one.right) - 1, one.answers.argmin(), one.answers.argmax()]) for one in cells]
        corners = [(one.right[end], one.answers[end]) for one, end in zip(cells, ends, strict=True)]
        columns = [features(*corner, support) for corner, support in zip(corners, supports, strict=True)]
    for _ in range(ROUNDS):
        shares, violation, above, below = _programme(columns, rows)
        mean = np.array([one[:2] @ share for one, share in zip(columns, shares, strict=True)]).T
        if violation <= PROVEN:
            break
        prices = below - above
        finite_low, finite_high = np.where(above > 0, rows.low, 0), np.where(below > 0, rows.high, 0)
        bound, added = above @ finite_low - below @ finite_high, []
        for i, (one, support) in enumerate(zip(cells, supports, strict=True)):
            costs = one.costs(prices @ rows.weights[:, i], support)
            best = int(costs.argmin())
            bound += costs[best]
            added.append(features(one.right[[best]], one.answers[[best]], support))
        if bound > PROVEN:
            return None, violation, columns
        if all((old == new).all(axis=0).any() for old, new in zip(columns, added, strict=True)):
            break
        columns = [np.hstack([old, new]) for old, new in zip(columns, added, strict=True)]
    return mean, violation, columns


def _programme(columns: list[np.ndarray], rows: Rows) -> tuple[list[np.ndarray], float, np.ndarray, np.ndarray]:
    """Minimise the violation of `rows` over mixtures of `columns`; return shares, violation, prices (R,) of bounds."""
    table, classes = _table(columns, rows)
    count, size = table.shape
    least, most = np.isfinite(rows.low), np.isfinite(rows.high)
    slack = np.eye(count)
    upper = np.hstack([table, np.zeros((count, count)), -slack])[most]
    lower = np.hstack([-table, -slack, np.zeros((count, count))])[least]
    one_each = np.hstack([classes, np.zeros((len(columns), 2 * count))])
    cost = np.concatenate([np.zeros(size), np.ones(2 * count)])
    limits = np.concatenate([rows.high[most], -rows.low[least]])
    found = linprog(cost, np.vstack([upper, lower]), limits, one_each, np.ones(len(columns)), method="highs")
    above, below = np.zeros(count), np.zeros(count)
    # The bound holds for any prices from 0 to 1, so rounding errors of the solver do no harm.
    prices = np.clip(-found.ineqlin.marginals, 0, 1)
    below[most], above[least] = prices[: most.sum()], prices[most.sum() :]
    ends = np.cumsum([one.shape[1] for one in columns])
    return np.split(found.x[:size], ends[:-1]), float(found.fun), above, below


def _table(columns: list[np.ndarray], rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return the constraints of all columns (R, C), and which class (K, C) each column belongs to."""
    table = np.hstack([rows.weights[:, i] @ one for i, one in enumerate(columns)])
    owner = np.repeat(np.arange(len(columns)), [one.shape[1] for one in columns])
    return table, (owner == np.arange(len(columns))[:, None]).astype(float)


def _choice(columns: list[np.ndarray], rows: Rows) -> tuple[int, tuple[list[int], list[int]] | None]:
    """Return the integer programme's status and, if found, right answers and answers of each class."""
    table, classes = _table(columns, rows)
    found = milp(
        np.zeros(table.shape[1]),
        integrality=np.ones(table.shape[1]),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(table, rows.low - WIDER, rows.high + WIDER), LinearConstraint(classes, 1, 1)],
        options={"node_limit": NODES},
    )
    if found.x is None:
        return found.status, None
    ends = np.cumsum([one.shape[1] for one in columns])
    chosen = [one[:2, part.argmax()] for one, part in zip(columns, np.split(found.x, ends[:-1]), strict=True)]
    return found.status, ([round(one[0]) for one in chosen], [round(one[1]) for one in chosen])
