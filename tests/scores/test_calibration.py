"""Calibration of severity: Platt's method by hand, a common scale of shifted folds, and no look at the test part."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss, roc_auc_score
from small_results import CLASSES, predictions, write_results

from analysis.scores.calibration import FLATTEST, NO_SEVERITY, calibrated, platt
from analysis.scores.scores import score
from analysis.tasks import Severity

LABELS = np.array(["Benign", "Malignant"])


def samples(n: int) -> pd.DataFrame:
    table = pd.DataFrame({"label": LABELS[np.arange(n) % 2], "severity": [name.lower() for name in LABELS] * (n // 2)})
    table.attrs["unit"] = "patient"
    return table


def part(malignant: np.ndarray, probability: np.ndarray, fold: np.ndarray, n_patients: int = 10**6) -> pd.DataFrame:
    """Pooled predictions of one part, an image of each patient unless there are fewer patients."""
    table = pd.DataFrame({"label": LABELS[malignant.astype(int)], "fold": fold, "p_Malignant": probability})
    return table.assign(p_Benign=1 - probability, unit=[f"p{i % n_patients}" for i in range(len(table))])


def drawn(seed: int, n_folds: int = 4, n: int = 400) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test and validation parts of folds with one skill, whose models shift and scale their probabilities."""
    rng = np.random.default_rng(seed)
    fold = np.repeat(np.arange(n_folds), n)
    shift, scale = np.linspace(-2, 2, n_folds)[fold], np.linspace(2, 0.5, n_folds)[fold]
    parts = []
    for _ in range(2):
        malignant = rng.random(len(fold)) < 0.5
        parts.append(part(malignant, expit(shift + scale * (rng.normal(size=len(fold)) + 1.5 * malignant)), fold))
    return parts[0], parts[1]


def test_a_constant_probability_becomes_the_mean_of_platts_targets():
    # Three positives of target 4/5 and one negative of target 1/3; a logit of 0 leaves the intercept alone.
    slope, intercept = platt(np.array([True, True, True, False]), np.full(4, 0.5))
    assert expit(intercept) == pytest.approx((3 * 4 / 5 + 1 / 3) / 4, abs=1e-4)
    assert slope == pytest.approx(1)


def test_a_known_distortion_is_undone():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.02, 0.98, 40000)
    positive = rng.random(40000) < truth
    # The model says expit(2 * logit + 1): slope 1/2 and intercept -1/2 lead back.
    slope, intercept = platt(positive, expit(2 * logit(truth) + 1))
    assert [slope, intercept] == pytest.approx([0.5, -0.5], abs=0.03)


def test_separated_severities_keep_finite_parameters():
    slope, intercept = platt(np.array([False, False, True, True]), np.array([0.0, 0.1, 0.9, 1.0]))
    assert 0 < slope < 10 and abs(intercept) < 10


def test_a_validation_part_that_says_the_opposite_keeps_the_order():
    slope, _ = platt(np.array([True, True, False, False]), np.array([0.1, 0.2, 0.8, 0.9]))
    assert slope == FLATTEST


def test_folds_of_different_scale_come_to_one_scale():
    test, validation = drawn(0)
    malignant = (test["label"] == "Malignant").to_numpy()
    found, missing = calibrated(test, validation, samples(4))
    assert missing == ""
    raw = test["p_Malignant"]
    within = np.mean([roc_auc_score(malignant[own], raw[own]) for own in test.groupby("fold").indices.values()])
    assert roc_auc_score(malignant, raw) < within - 0.05
    assert roc_auc_score(malignant, found) == pytest.approx(within, abs=0.01)
    assert brier_score_loss(malignant, found) < brier_score_loss(malignant, raw) - 0.02


@pytest.mark.slow
@given(seed=st.integers(0, 99))
def test_the_area_within_folds_stays_as_it_is(seed):
    test, validation = drawn(seed, n_folds=3, n=20)
    found, _ = calibrated(test, validation, samples(4))
    malignant, fold = (test["label"] == "Malignant").to_numpy(), test["fold"].to_numpy()
    before, after = (Severity(malignant, p, fold).scores(slice(None)) for p in (test["p_Malignant"].to_numpy(), found))
    assert after["roc_auc_within"] == pytest.approx(before["roc_auc_within"], nan_ok=True)


def test_the_test_part_is_not_looked_at():
    """Other labels, patients and neighbours in the test part change no calibrated probability."""
    test, validation = drawn(1, n=30)
    found, _ = calibrated(test, validation, samples(4))
    turned = test.assign(label=LABELS[(test["label"] == "Benign").astype(int)], unit="p0")
    np.testing.assert_array_equal(calibrated(turned, validation, samples(4))[0], found)
    np.testing.assert_array_equal(calibrated(test[::2], validation, samples(4))[0], found[::2])
    other = validation.assign(label=LABELS[(validation["label"] == "Benign").astype(int)])
    assert not np.allclose(calibrated(test, other, samples(4))[0], found)


def test_a_fold_is_calibrated_by_its_own_validation_part_alone():
    test, validation = drawn(2, n=30)
    found, _ = calibrated(test, validation, samples(4))
    first = validation["fold"] == 0
    changed = validation.assign(p_Malignant=validation["p_Malignant"].where(~first, 0.3))
    again, _ = calibrated(test, changed, samples(4))
    moved = found != again
    assert moved[test["fold"] == 0].all() and not moved[test["fold"] != 0].any()


def test_what_cannot_be_calibrated_is_told():
    test, validation = drawn(3, n_folds=2, n=30)
    first = (validation["fold"] == 0).to_numpy()
    one = validation.assign(label=validation["label"].where(~first, "Benign"))
    found, missing = calibrated(test, one, samples(4))
    assert missing == "1 of 2 folds not calibrated: one severity in the validation part"
    np.testing.assert_array_equal(found[test["fold"] == 0], test.loc[test["fold"] == 0, "p_Malignant"])
    few = validation.assign(unit=[f"p{i % 4}" for i in range(len(validation))])
    found, missing = calibrated(test, few, samples(4))
    assert np.isnan(found).all()
    assert missing == "2 of 2 folds not calibrated: fewer than 5 patients in the validation part"
    broken = validation.assign(p_Malignant=np.nan)
    assert "is not finite" in calibrated(test, broken, samples(4))[1]
    unknown = samples(4).assign(severity=None)
    unknown.attrs["unit"] = "patient"
    assert calibrated(test, validation, unknown)[1] == NO_SEVERITY


def test_calibrated_scores_stand_beside_those_of_the_models(tmp_path, monkeypatch):
    """Fold 0 of by_patient is calibrated on five patients, fold 1 is not."""
    monkeypatch.chdir(tmp_path)
    study = write_results(tmp_path)
    rows = [{"source": f"v{i}", "patient": f"v{i}", "label": CLASSES[i % 3], "folder": "before"} for i in range(6)]
    samples = pd.read_parquet(study.results() / "samples.parquet")
    more = samples.tail(1).drop(columns=["sample", *rows[0]]).merge(pd.DataFrame(rows), how="cross")
    more = more.assign(sample=more["source"], severity=more["label"].str[8:].str.lower())
    more["density"] = more["label"].str[7].astype(int)
    pd.concat([samples, more]).to_parquet(study.results() / "samples.parquet")
    answers = {f"v{i}": CLASSES[0 if i in (1, 3) else 2] for i in range(6)}
    validated = predictions(more, answers)
    validated.to_parquet(study.results() / "cells/simple/by_patient/0/validation_predictions.parquet")
    found = score(study)
    key = ["architecture", "protocol"]
    scores, roc = (found[name].set_index(key).sort_index().loc[("simple", "by_patient")] for name in ("scores", "roc"))
    honest = scores.set_index("metric")
    # Of the validation part, one of two is malignant at .2 and three of four at .9: both move towards the middle.
    assert honest.loc["brier_calibrated", "estimate"] < honest.loc["brier", "estimate"].iloc[-1]
    note = "1 of 2 folds not calibrated: fewer than 5 patients in the validation part"
    assert honest.loc["brier_calibrated", "note"] == note
    assert (roc["not_calibrated"] == note).all()
