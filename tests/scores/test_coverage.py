"""Coverage of the intervals, by simulation: the share of intervals that contain the true value."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from analysis import metrics
from analysis.bootstrap import Bootstrap, Interval, interval

PATIENTS, STUDIES, RESAMPLES = 50, 500, 500
SKILL = 0.3  # mean of the beta distribution that patients' own are drawn from


def simulated(rng: np.random.Generator) -> tuple[pd.Series, np.ndarray, np.ndarray]:
    """Return unit, truth and answer of patients with one to four images, each patient with another accuracy."""
    skill = rng.beta(0.9, 2.1, PATIENTS)
    patient = np.repeat(np.arange(PATIENTS), rng.integers(1, 5, PATIENTS))
    truth = rng.choice(["a", "b", "c"], len(patient))
    right = rng.random(len(patient)) < skill[patient]
    return pd.Series(patient).astype(str), truth, np.where(right, truth, "none of them")


def bootstrapped(files: int, study: int, rng: np.random.Generator) -> tuple[Interval, np.ndarray]:
    """Return the patient bootstrap's interval of the accuracy, and whether each answer is right."""
    unit, truth, answer = simulated(rng)
    unit, truth, answer = unit.repeat(files), truth.repeat(files), answer.repeat(files)
    weights = Bootstrap(unit.tolist(), RESAMPLES, study).weights(unit)
    drawn = metrics.resampled_class_metrics(truth, answer, weights)["accuracy"]
    return interval(drawn, PATIENTS, "patient"), truth == answer


@pytest.mark.slow
def test_the_patient_bootstrap_covers_the_truth_and_an_interval_over_files_does_not():
    rng = np.random.default_rng(11)
    held = np.zeros((STUDIES, 2))
    for study in range(STUDIES):
        patients, right = bootstrapped(4, study, rng)
        low, high = proportion_confint(right.sum(), len(right), method="wilson")
        held[study] = patients.low <= SKILL <= patients.high, low <= SKILL <= high
    patients, files = held.mean(axis=0)
    assert 0.92 <= patients <= 0.98
    assert files < 0.7


def test_copies_of_images_do_not_narrow_the_patient_bootstrap():
    once, thrice = (bootstrapped(files, 0, np.random.default_rng(3))[0] for files in (1, 3))
    assert (once.low, once.high) == (thrice.low, thrice.high)
