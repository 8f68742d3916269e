"""Randomisation test of signs: p-values by hand, whole patients, and uniform p-values without an effect."""

import numpy as np
import pytest
from scipy.stats import binom

from analysis.bias.sign_flips import DRAWS, p_above, p_largest

FAR = 4 / np.sqrt(DRAWS)  # above the error of a share of the draws


def test_p_by_hand():
    five = np.arange(5)
    # All of five signs are positive in one of 32 draws, all of three in one of eight.
    assert p_above(np.ones(5), five, 1) == pytest.approx(1 / 32, abs=FAR)
    assert p_above(np.array([1.0, 1, 1, 0, 0]), five, 1) == pytest.approx(1 / 8, abs=FAR)
    assert p_above(-np.ones(5), five, 1) == p_above(np.zeros(5), five, 1) == 1
    assert p_above(np.ones(30), np.arange(30), 1) == 1 / (DRAWS + 1)


def test_rows_of_a_patient_change_sign_together():
    patient = np.array(["a", "a", "a", "b"])
    assert p_above(np.ones(4), patient, 1) == pytest.approx(1 / 4, abs=FAR)
    assert p_above(np.array([1.0, 1, 1, -2]), patient, 1) == pytest.approx(1 / 2, abs=FAR)


def test_the_largest_of_several_means_is_two_sided_and_allows_for_the_choice():
    five = np.arange(5)
    assert p_largest(np.ones((5, 1)), five, 1) == p_largest(-np.ones((5, 1)), five, 1)
    assert p_largest(np.ones((5, 1)), five, 1) == pytest.approx(2 / 32, abs=FAR)
    # Both columns change together: the choice between them costs nothing.
    assert p_largest(np.stack([np.ones(5), -np.ones(5)], axis=1), five, 1) == pytest.approx(2 / 32, abs=FAR)
    # The absolute sum of each column reaches 4 in half of the draws.
    columns = np.array([[2.0, 0], [2, 0], [0, 1], [0, 3]])
    assert p_largest(columns, np.arange(4), 1) == pytest.approx(1 - (1 / 2) ** 2, abs=FAR)


@pytest.mark.parametrize("patients", [6, 20])
def test_without_effect_p_values_are_uniform(patients):
    """Two rows of each patient that share most of their noise."""
    rng, n = np.random.default_rng(3), 300
    unit = np.arange(patients).repeat(2)
    found = []
    for seed in range(n):
        noise = rng.normal(size=patients).repeat(2) + rng.normal(0, 0.3, 2 * patients)
        found.append(p_above(noise, unit, seed))
    for limit in (0.05, 0.5):
        low, high = binom.interval(0.999, n, limit)
        assert low <= (np.array(found) <= limit).sum() <= high
