"""Intervals by simulation: how often they hold the truth that made the data."""

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from analysis import metrics
from analysis.bootstrap import Bootstrap, interval

PATIENTS, STUDIES, RESAMPLES = 50, 600, 600


def simulated(rng: np.random.Generator) -> tuple[pd.Series, np.ndarray, np.ndarray]:
    """Patients with one to four images each, read with a skill of their own around 0.3: unit, truth and answer."""
    skill = rng.beta(0.9, 2.1, PATIENTS)
    patient = np.repeat(np.arange(PATIENTS), rng.integers(1, 5, PATIENTS))
    truth = rng.choice(["a", "b", "c"], len(patient))
    right = rng.random(len(patient)) < skill[patient]
    return pd.Series(patient).astype(str), truth, np.where(right, truth, "none of them")


def coverage(files: int) -> tuple[float, float]:
    """Share of studies whose interval holds 0.3: bootstrap over patients, and Wilson's over files."""
    rng = np.random.default_rng(11)
    held = np.zeros((STUDIES, 2))
    for study in range(STUDIES):
        unit, truth, answer = simulated(rng)
        unit, truth, answer = unit.repeat(files).reset_index(drop=True), truth.repeat(files), answer.repeat(files)
        weights = Bootstrap(unit.tolist(), RESAMPLES, study).weights(unit)
        drawn = metrics.resampled_class_metrics(truth, answer, weights)["accuracy"]
        patients = interval(drawn, PATIENTS, "patient")
        low, high = proportion_confint((truth == answer).sum(), len(truth), method="wilson")
        held[study] = patients.low <= 0.3 <= patients.high, low <= 0.3 <= high
    return tuple(held.mean(axis=0))


def test_the_patient_bootstrap_covers_the_truth_and_an_interval_over_files_does_not():
    patients, files = coverage(files=4)
    assert 0.92 <= patients <= 0.98
    assert files < 0.7


def test_copies_of_images_do_not_narrow_the_patient_bootstrap():
    assert coverage(files=1)[0] == coverage(files=3)[0]
