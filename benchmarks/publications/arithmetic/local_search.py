"""Local search for right answers and answers of each class that fulfil linear constraints on their features."""

from collections.abc import Sequence

import numpy as np

from benchmarks.publications.arithmetic.options import Options, Rows, features

STEPS = (1, 2, 5, 15, 50)  # images moved at once
FULFILLED = 1e-12
RESTART = 250  # steps without a better state


def search(
    options: Sequence[Options],
    supports: Sequence[int],
    rows: Rows,
    start: tuple[np.ndarray, np.ndarray],
    steps: int,
) -> tuple[list[int], list[int]] | None:
    """Return right answers and answers of each class (K,), or None if none were found in `steps`.

    Each step takes the best of all moves of images between two classes, by the weighted violation of `rows`. Rows that
    stay violated gain weight (breakout local search, Morris 1993), so the search leaves local minima. Seeded.
    """
    rng = np.random.default_rng(0)
    sizes = np.array(supports)
    moves = _moves(len(sizes))
    low = np.where(np.isfinite(rows.low), rows.low, -1e9)
    least, most = _tables(options, sizes)
    right, answers = _inside(options, *start)
    weight, best, idle = np.ones(len(low)), np.inf, 0
    for _ in range(steps):
        tried = moves[rng.random(len(moves)) < 0.7]
        rights, answered = right + tried[:, 0], answers + tried[:, 1]
        allowed = _allowed(least, most, rights, answered)
        rights, answered = np.vstack([right, rights[allowed]]), np.vstack([answers, answered[allowed]])
        values = np.tensordot(features(rights, answered, sizes), rows.weights, ([2, 0], [1, 2]))
        wrong = np.maximum(low - values, 0) + np.maximum(values - rows.high, 0)
        wrong[wrong < FULFILLED] = 0
        if len(done := np.flatnonzero(~wrong.any(axis=1))):
            return rights[done[0]].tolist(), answered[done[0]].tolist()
        # The logarithm counts the last ten-thousandth of a figure as much as the first tenth.
        scores = np.log1p(wrong * 1e4) @ weight
        chosen = int(scores.argmin())
        if chosen == 0:
            weight = np.where(wrong[0] > 0, weight * 1.3, weight)
            weight /= weight.mean()
        right, answers = rights[chosen], answered[chosen]
        idle = 0 if scores.min() < best else idle + 1
        best = min(best, float(scores.min()))
        if idle > RESTART:
            shift = rng.normal(0, 0.1 * sizes + 1, (2, len(sizes))).round().astype(int)
            right, answers = _inside(options, right + shift[0], answers + shift[0] + shift[1])
            weight, best, idle = np.ones(len(low)), np.inf, 0
    return None


def _moves(size: int) -> np.ndarray:
    """Return changes (M, 2, K) of right answers and answers: of one class, or from one class to another."""
    unit, zero = np.eye(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    single = [(a, b) for i in range(size) for a, b in ((unit[i], zero), (zero, unit[i]), (unit[i], unit[i]))]
    both = [unit[i] - unit[j] for i in range(size) for j in range(i)]
    pairs = [pair for one in both for pair in ((one, zero), (zero, one), (one, one), (one, -one))]
    changes = np.array(single + pairs)
    return np.concatenate([sign * step * changes for step in STEPS for sign in (1, -1)])


def _tables(options: Sequence[Options], sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and greatest answers (K, S) for right answers from 0 to S - 1; where there are none, 1 and 0."""
    least, most = np.ones((2, len(sizes), sizes.max() + 1), dtype=np.int64)
    most[:] = 0
    for i, one in enumerate(options):
        least[i, one.right], most[i, one.right] = one.low, one.high
    return least, most


def _allowed(least: np.ndarray, most: np.ndarray, right: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return which rows (M,) of right answers and answers, each (M, K), are options of every class."""
    known = (right >= 0) & (right < least.shape[1])
    at = np.arange(len(least)), np.where(known, right, 0)
    return (known & (least[at] <= answers) & (answers <= most[at])).all(axis=1)


def _inside(options: Sequence[Options], right: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the options nearest to the given right answers and answers."""
    at = [int(np.abs(one.right - right[i]).argmin()) for i, one in enumerate(options)]
    inside = [
        int(np.clip(answers[i], one.low[k], one.high[k])) for i, (one, k) in enumerate(zip(options, at, strict=True))
    ]
    return np.array([one.right[k] for one, k in zip(options, at, strict=True)]), np.array(inside)
