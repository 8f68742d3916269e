"""Arithmetic on printed figures: never "impossible" for a real matrix, and the answers of an exhaustive search."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed_figures import all_figures, printed
from sklearn.metrics import roc_auc_score

from benchmarks.publications.arithmetic.check import ONE_MATRIX, check_figures
from benchmarks.publications.arithmetic.confusion import value, with_sums
from benchmarks.publications.arithmetic.options import features, of_class
from benchmarks.publications.arithmetic.printed import read
from benchmarks.publications.arithmetic.unknown_supports import sizes
from benchmarks.publications.arithmetic.verdicts import IMPOSSIBLE, NOT_EVALUABLE, POSSIBLE

SEEDS = st.integers(0, 2**32 - 1)


def impossible(figures) -> list[str]:
    return [f"{one.question} {one.reason}" for one in check_figures(figures) if one.verdict == IMPOSSIBLE]


def supports_of(matrix: np.ndarray) -> dict[str, int]:
    return {f"support.{name}": int(row.sum()) for name, row in zip("abcdefgh", matrix, strict=False)}


def random_matrix(rng: np.random.Generator, size: int, n: int) -> np.ndarray:
    """A classifier of random skill in each class, and random class frequencies: from collapsed to perfect."""
    true = rng.choice(size, n, p=rng.dirichlet(np.full(size, rng.choice([0.3, 1, 10]))))
    skill = np.clip(rng.random(size) * rng.choice([0.3, 1]) + rng.choice([0, 0.7]), 0, 1)
    guess = rng.choice(size, n, p=rng.dirichlet(np.full(size, rng.choice([0.2, 5]))))
    answered = np.where(rng.random(n) < skill[true], true, guess)
    matrix = np.zeros((size, size), int)
    np.add.at(matrix, (true, answered), 1)
    return matrix


@settings(max_examples=60)
@given(SEEDS, st.integers(2, 8), st.sampled_from([10, 40, 200, 2000]), st.integers(2, 4), st.booleans(), st.booleans())
def test_figures_of_a_real_matrix_are_never_impossible(seed, size, most, digits, half_up, with_supports):
    rng = np.random.default_rng(seed)
    matrix = random_matrix(rng, size, int(rng.integers(size, most + 1)))
    figures = all_figures(matrix, digits, half_up)
    kept = {key: text for key, text in figures.items() if rng.random() < rng.choice([0.1, 0.5, 1.0])}
    stated = (
        supports_of(matrix)
        if with_supports
        else rng.choice([{"n": int(matrix.sum())}, {"n_max": int(matrix.sum())}, {}])
    )
    kept |= stated | {"classes": ",".join("abcdefgh"[:size])}
    assert not impossible(kept), kept
    assert not impossible(kept | {"matrix": matrix.tolist()} | supports_of(matrix)), kept


@pytest.mark.slow
@settings(max_examples=40)
@given(SEEDS, st.integers(3, 80), st.integers(1, 4))
def test_an_area_of_real_scores_is_never_impossible(seed, n, digits):
    rng = np.random.default_rng(seed)
    true = rng.permutation([0, 1, *rng.integers(0, 2, n)])
    scores = (rng.normal(size=n + 2) + rng.choice([0, 1, 5]) * true).round(int(rng.integers(0, 3)))
    matrix = np.zeros((2, 2), int)
    np.add.at(matrix, (true, (scores >= rng.choice(scores)).astype(int)), 1)
    figures = {"auc": printed(roc_auc_score(true, scores), digits, "ROUND_HALF_EVEN")}
    figures |= {key: text for key, text in all_figures(matrix, digits, True).items() if rng.random() < 0.5}
    for stated in ({"n": n + 2}, {}, supports_of(matrix), {"matrix": matrix.tolist()}):
        assert not impossible(figures | {"classes": "a,b"} | stated), figures | stated


def splits(total: int, parts: int):
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        yield from ((first, *rest) for rest in splits(total - first, parts - 1))


def every_matrix(supports):
    return product(*(splits(support, len(supports)) for support in supports))


def exists(figures, matrices) -> bool:
    stated = read(figures)
    return any(all(one.contains(value(one, m, stated.classes)) for one in stated.figures) for m in matrices)


def one_matrix(figures):
    return next(one for one in check_figures(figures) if one.question == ONE_MATRIX)


def random_figures(rng, size, most):
    """A few figures, of which each is of one of two random matrices: sometimes they fit, sometimes not."""
    a, b = (rng.multinomial(most, rng.dirichlet(np.full(size * size, 0.5))).reshape(size, size) for _ in range(2))
    pool = [all_figures(matrix, 2, True) for matrix in (a, b)]
    keys = rng.choice(list(pool[0]), rng.integers(1, 5), replace=False)
    chosen = {str(key): pool[int(rng.random() < 0.4)].get(str(key), "0.50") for key in keys}
    return {"classes": ",".join("abc"[:size])} | chosen, a


@settings(max_examples=60)
@given(SEEDS, st.integers(2, 25))
def test_two_classes_are_answered_as_by_all_their_matrices(seed, n):
    figures, matrix = random_figures(np.random.default_rng(seed), 2, n)
    known = figures | supports_of(matrix)
    verdict = one_matrix(known)
    supports = tuple(int(row.sum()) for row in matrix)
    assert (verdict.verdict == POSSIBLE) == exists(known, every_matrix(supports))
    assert verdict.verdict != NOT_EVALUABLE
    if verdict.matrix:
        assert exists(known, [verdict.matrix])
        assert tuple(map(sum, verdict.matrix)) == supports


@settings(max_examples=60)
@given(SEEDS, st.integers(2, 12))
def test_unknown_supports_are_answered_as_by_all_matrices(seed, n):
    figures, _ = random_figures(np.random.default_rng(seed), 2, n)
    figures |= {"n": n}
    verdict = one_matrix(figures)
    matrices = (m for support in range(n + 1) for m in every_matrix((support, n - support)))
    assert verdict.verdict != NOT_EVALUABLE
    assert (verdict.verdict == POSSIBLE) == exists(figures, matrices)
    if verdict.matrix:
        assert exists(figures, [verdict.matrix])


@settings(max_examples=25)
@given(SEEDS, st.integers(3, 7))
def test_three_classes_are_answered_as_by_all_their_matrices(seed, n):
    figures, matrix = random_figures(np.random.default_rng(seed), 3, n)
    known = figures | supports_of(matrix)
    verdict = one_matrix(known)
    if verdict.verdict == POSSIBLE:
        assert exists(known, [verdict.matrix])
    elif verdict.verdict == IMPOSSIBLE:
        assert not exists(known, every_matrix(tuple(int(row.sum()) for row in matrix)))


@settings(max_examples=15)
@given(SEEDS, st.integers(0, 40), st.integers(2, 3))
def test_test_sizes_are_those_that_fit(seed, errors, digits):
    """Every size up to 150 that the answer names fits, and no other."""
    n = errors + int(np.random.default_rng(seed).integers(1, 60))
    text = printed((n - errors) / n, digits, "ROUND_HALF_UP")
    stated = read({"accuracy": text, "n_max": "150"})
    named = {
        (wrong, size)
        for wrong, ranges in sizes(stated, stated.figures, 151).items()
        for a, b in ranges
        for size in range(a, b + 1)
    }
    assert named == {
        (wrong, size)
        for size in range(1, 151)
        for wrong in range(size + 1)
        if stated.figures[0].contains(Fraction(size - wrong, size))
    }
    assert (errors, n) in named


@given(SEEDS, st.integers(2, 8), st.integers(0, 60))
def test_a_matrix_is_found_for_the_sums_of_any_matrix(seed, size, n):
    rng = np.random.default_rng(seed)
    matrix = rng.multinomial(n, rng.dirichlet(np.full(size * size, 0.2))).reshape(size, size)
    found = with_sums(np.diag(matrix).tolist(), matrix.sum(1).tolist(), matrix.sum(0).tolist())
    assert found is not None
    filled = np.array(found)
    assert (filled >= 0).all() and (np.diag(filled) == np.diag(matrix)).all()
    assert (filled.sum(0) == matrix.sum(0)).all() and (filled.sum(1) == matrix.sum(1)).all()


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 25), st.integers(1, 25))
def test_the_bound_of_ranges_of_options_holds_for_each_option(seed, support, others):
    weights = np.random.default_rng(seed).normal(size=4) / [1, 1, 0.1, 0.1]
    options = of_class(support, support + others, [])
    single, ranges = options.cells(10**6), options.cells(20)
    assert single.single()
    exact = weights @ features(single.right, single.answers, support)
    assert np.allclose(single.costs(weights, support), exact)
    for right, answers, cost in zip(single.right, single.answers, exact, strict=True):
        holds = (ranges.right <= right) & (right <= ranges.right_end)
        holds &= (ranges.answers <= answers) & (answers <= ranges.answers_end)
        assert ranges.costs(weights, support)[holds].min() <= cost + 1e-9


@settings(max_examples=15)
@given(SEEDS, st.integers(2, 8), st.integers(20, 300), st.sampled_from(["accuracy", "macro_f1", "recall.a"]))
def test_planted_impossible_figures_are_found(seed, size, n, key):
    """One figure of a real matrix is changed by what no other rounding can explain."""
    rng = np.random.default_rng(seed)
    matrix = random_matrix(rng, size, n) + np.diag(np.full(size, 3))
    known = all_figures(matrix, 4, True) | supports_of(matrix)
    total, right = int(matrix.sum()), int(np.trace(matrix))
    changed = float(known[key]) + (0.01 if float(known[key]) < 0.5 else -0.01)
    if key == "accuracy":
        changed = (right + (1 if right < total / 2 else -1)) / total
    assert impossible(known | {key: printed(changed, 4, "ROUND_HALF_UP")}), (key, known)


@pytest.mark.parametrize("supports", [(1, 1), (2, 1, 1)])
def test_no_matrix_for_sums_that_need_an_error_on_the_diagonal(supports):
    right = [0] * len(supports)
    assert with_sums(right, supports, [supports[0] + 1, *[0] * (len(supports) - 2), sum(supports[1:]) - 1]) is None
