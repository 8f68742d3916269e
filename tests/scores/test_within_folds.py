"""The area under the ROC curve within folds: by hand, and without the bias of the pooled one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from analysis.bootstrap import Bootstrap
from analysis.probability_metrics import binary_metrics, resampled_binary_metrics, roc_auc_within


def estimate(positive, probability, folds) -> float:
    once = np.ones((1, len(positive)))
    return roc_auc_within(np.array(positive), np.array(probability, float), np.array(folds), once).item()


def test_a_case_worked_by_hand():
    # Fold 0 ranks both pairs right, fold 1 one of two, with a tie for half; its probabilities are all lower.
    positive = [True, False, False, True, True, False]
    probability = [0.9, 0.8, 0.7, 0.2, 0.1, 0.1]
    folds = [0, 0, 0, 1, 1, 1]
    assert estimate(positive, probability, folds) == (2 + 1.5) / 4
    # Pooled: .9 beats all three, .2 and .1 lose to .8 and .7; against .1, .2 wins and .1 ties.
    pooled = binary_metrics(np.array(positive), np.array(probability))["roc_auc"]
    assert pooled == pytest.approx((3 + 1 + 0.5) / 9)


def test_folds_without_both_classes_do_not_count():
    assert estimate([True, True, True, False], [0.1, 0.2, 0.9, 0.8], [0, 0, 1, 1]) == 1
    assert np.isnan(estimate([True, True, False], [0.9, 0.9, 0.1], [0, 0, 1]))
    assert np.isnan(estimate([True, False], [np.nan, 0.1], [0, 0]))


def test_shifted_and_scaled_folds_lower_the_pooled_area_alone():
    """Ten folds with the same skill, whose probabilities are shifted and scaled differently."""
    rng = np.random.default_rng(0)
    positive, folds = rng.random(4000) < 0.5, np.repeat(np.arange(10), 400)
    score = rng.normal(size=4000) + 1.5 * positive
    moved = rng.normal(0, 2, 10)[folds] + rng.uniform(0.5, 2, 10)[folds] * score
    skill = np.mean([roc_auc_score(positive[folds == fold], score[folds == fold]) for fold in range(10)])
    for probability in (expit(score), expit(moved)):
        assert estimate(positive, probability, folds) == pytest.approx(skill, abs=0.002)
    assert roc_auc_score(positive, expit(score)) == pytest.approx(skill, abs=0.01)
    assert roc_auc_score(positive, expit(moved)) < skill - 0.1


cases = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.1, 0.4, 0.5, 0.9]), st.integers(0, 2)), min_size=2, max_size=30
)


@given(rows=cases, seed=st.integers(0, 99))
def test_resamples_count_the_pairs_of_each_fold(rows, seed):
    positive, probability, folds = (np.array(column) for column in zip(*rows, strict=True))
    weights = np.random.default_rng(seed).integers(0, 3, (3, len(rows)))
    drawn = roc_auc_within(positive, probability, folds, weights)
    for found, counts in zip(drawn, weights, strict=True):
        right = pairs = 0.0
        for fold in np.unique(folds):
            own = np.repeat(np.arange(len(rows)), np.where(folds == fold, counts, 0))
            truth, answer = positive[own], probability[own]
            margins = np.subtract.outer(answer[truth], answer[~truth])
            right, pairs = right + (margins > 0).sum() + (margins == 0).sum() / 2, pairs + margins.size
        assert found == pytest.approx(right / pairs if pairs else np.nan, nan_ok=True)


@given(rows=cases, seed=st.integers(0, 99))
def test_one_fold_has_the_pooled_area(rows, seed):
    positive, probability, _ = (np.array(column) for column in zip(*rows, strict=True))
    weights = np.random.default_rng(seed).integers(0, 3, (3, len(rows)))
    within = roc_auc_within(positive, probability, np.zeros(len(rows)), weights)
    pooled = resampled_binary_metrics(positive, probability, weights)["roc_auc"]
    np.testing.assert_allclose(within, pooled)


@given(shifts=st.lists(st.floats(-3, 3), min_size=3, max_size=3), scale=st.floats(0.2, 5))
def test_no_increasing_change_of_a_fold_changes_the_area(shifts, scale):
    rng = np.random.default_rng(1)
    positive, folds, score = rng.random(60) < 0.5, np.repeat(np.arange(3), 20), np.round(rng.normal(size=60), 2)
    weights = Bootstrap([f"p{i}" for i in range(60)], 20, 1).weights(pd.Series([f"p{i}" for i in range(60)]))
    moved = expit(np.array(shifts)[folds] + scale * score)
    expected = roc_auc_within(positive, expit(score), folds, weights)
    np.testing.assert_allclose(roc_auc_within(positive, moved, folds, weights), expected)
