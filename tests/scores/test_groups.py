"""Groups: planted inequality is found, chance differences are not; small and unknown groups are not evaluable."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from small_results import write_results

from analysis.bias import groups
from analysis.bootstrap import Bootstrap
from analysis.tidy import read_table

METRICS = ["accuracy", "sensitivity", "specificity", "calibration_in_the_large", "brier"]


def answers(label, probability, each=1, resamples=400, **facts):
    """Return the answers to samples of the classes malignant and benign, with `each` samples in a row per patient."""
    n = len(label)
    samples = pd.DataFrame({"sample": [f"s{i:03}" for i in range(n)], "label": label, "severity": label, "density": 1})
    samples["patient"] = [f"p{i // each:03}" for i in range(n)]
    samples = samples.assign(unit=samples["patient"]).assign(**facts)
    samples.attrs["unit"] = "patient"
    table = samples[["sample", "label", "unit"]].assign(fold=0, repeat=0)
    table["p_benign"], table["p_malignant"] = 1 - np.asarray(probability), probability
    table["predicted"] = np.where(table["p_malignant"] >= 0.5, "malignant", "benign")
    return groups.Answers(table, samples, Bootstrap(samples["unit"].tolist(), resamples, 1))


def rows(*args, **kwargs):
    table = pd.DataFrame(answers(*args, **kwargs).rows(seed=1), columns=groups.COLUMNS[2:])
    return table.set_index(["factor", "group", "metric"]).sort_index()


def test_a_case_worked_by_hand():
    # Ten of each view, five malignant and five benign ones; CC misses three malignant ones, MLO two benign ones.
    severity = (["malignant"] * 5 + ["benign"] * 5) * 2
    probability = [0.75] * 2 + [0.25] * 8 + [0.75] * 7 + [0.25] * 3
    table = rows(severity, probability, view=["CC"] * 10 + ["MLO"] * 10)
    counts = ["n_samples", "n_units", "unit", "n_positive", "n_negative"]
    scores = ["value", "rest", "difference"]
    expected = {
        "accuracy": (10, [0.7, 0.8, -0.1]),
        "sensitivity": (5, [0.4, 1, -0.6]),
        "specificity": (5, [1, 0.6, 0.4]),
        # Mean probabilities 0.35 and 0.6, half malignant; squared errors 1/16 if right, 9/16 if wrong.
        "calibration_in_the_large": (10, [-0.15, 0.1, -0.25]),
        "brier": (10, [(7 + 27) / 160, (8 + 18) / 160, 8 / 160]),
    }
    for metric, (n, values) in expected.items():
        row = table.loc["view", "CC", metric]
        assert row[counts].tolist() == [n, n, "patients", 5, 5]
        assert "not evaluable" not in row["note"]
        assert row[scores].tolist() == pytest.approx(values)
        assert row["ci_low"] <= row["difference"] <= row["ci_high"] and 0 < row["p"] <= 1
        other = table.loc["view", "MLO", metric]
        assert other[scores].tolist() == pytest.approx([values[1], values[0], -values[2]])
        assert other[["ci_low", "ci_high"]].tolist() == pytest.approx([-row["ci_high"], -row["ci_low"]])
        assert other["p"] == row["p"]
    # Accuracy alone is compared between severities: seven of ten malignant, eight of ten benign ones are right.
    assert table.loc["severity", "malignant"].index.tolist() == ["accuracy"]
    assert table.loc[("severity", "malignant", "accuracy"), scores].tolist() == pytest.approx([0.7, 0.8, -0.1])


def test_shares_of_samples_add_up_to_the_difference():
    # Mean of the counted 0.5; each of the group's two samples counts by half, each of the rest's four by a quarter.
    values, counted = np.array([1.0, 0, 1, 0, 1, 0, 9]), np.array([True] * 6 + [False])
    found = groups.shares(groups.Measure("accuracy", values, counted), np.arange(7) < 2)
    assert found.tolist() == pytest.approx([0.25, -0.25, -0.125, 0.125, -0.125, 0.125, 0])
    found = groups.shares(groups.Measure("accuracy", values, counted), np.isin(np.arange(7), [0, 2]))
    assert found.sum() == pytest.approx(1 - 1 / 4)


def test_group_and_rest_are_resampled_together():
    """If both views of a patient are always right or wrong together, the difference of views is exactly zero."""
    probability = np.repeat([0.9, 0.1] * 10, 2)
    row = rows(["malignant"] * 40, probability, each=2, view=["CC", "MLO"] * 20).loc["view", "CC", "sensitivity"]
    assert row[["value", "rest", "difference", "ci_low", "ci_high", "p", "note"]].tolist() == [0.5, 0.5, 0, 0, 0, 1, ""]


def test_samples_that_all_score_alike_get_a_warning():
    table = rows(["malignant"] * 20, [0.8] * 10 + [0.8, 0.2] * 5, view=["CC"] * 10 + ["MLO"] * 10)
    notes = table.xs("sensitivity", level="metric").loc["view", "note"]
    assert notes["CC"] == "interval too short: all samples of the group have the same value"
    assert notes["MLO"] == "interval too short: all samples of the rest have the same value"
    both = rows(["malignant"] * 20, [0.8] * 20, view=["CC", "MLO"] * 10).loc["view", "CC", "sensitivity"]
    assert both["note"].endswith("all samples of the group and of the rest have the same value")


def test_planted_inequality_is_found():
    rng = np.random.default_rng(0)
    density = np.repeat([1, 2, 3, 4], 30)
    found = rng.random(120) < np.where(density == 4, 0.4, 0.9)
    table = rows(["malignant"] * 120, np.where(found, 0.8, 0.2), density=density)
    sensitivity = table.xs("sensitivity", level="metric").loc["density"]
    assert sensitivity.index.tolist() == ["1", "2", "3", "4"]
    assert sensitivity.loc["4", "ci_high"] < 0 and sensitivity.loc["4", "p"] < 0.001
    assert (sensitivity["ci_low"] < sensitivity["difference"]).all()


@pytest.mark.slow
def test_without_inequality_about_one_interval_in_twenty_excludes_0():
    """Views of 30 patients each; both samples of a patient are mostly right or wrong together."""
    rng = np.random.default_rng(0)
    wrongly, significant, n = 0, 0, 200
    for _ in range(n):
        of_patient = rng.choice([0.4, 0.9], 60).repeat(2)
        right = rng.random(120) < of_patient
        view = rng.permutation(["CC", "MLO"] * 30).repeat(2)
        own = answers(["malignant"] * 120, np.where(right, 0.8, 0.2), each=2, view=view)
        row = next(row for row in own.rows(seed=1) if row["factor"] == "view")
        wrongly += row["ci_low"] > 0 or row["ci_high"] < 0
        significant += row["p"] <= 0.05
    assert 0.01 * n <= wrongly <= 0.1 * n
    low, high = binom.interval(0.999, n, 0.05)
    assert low <= significant <= high


def test_small_groups_are_not_evaluable():
    # Five patients with MLO, of whom four have malignant samples; eleven benign samples of the rest.
    severity = ["malignant"] * 4 + ["benign"] * 12 + ["malignant"] * 4
    table = rows(severity, [0.8] * 20, view=["MLO"] * 5 + ["CC"] * 15)
    assert table.loc[("view", "MLO", "accuracy"), "note"] == ""
    few = "not evaluable: patients with malignant samples in the {}: 4, fewer than 5"
    assert table.loc[("view", "MLO", "sensitivity"), "note"] == few.format("group")
    estimates = ["value", "rest", "difference", "ci_low", "ci_high"]
    assert table.loc[("view", "MLO", "sensitivity"), estimates].isna().all()
    assert table.loc[("view", "CC", "specificity"), "note"].endswith("benign samples in the rest: 1, fewer than 5")
    assert table.loc[("density", "1", "accuracy"), "note"] == "not evaluable: one group only"


def test_eight_samples_of_four_patients_are_too_few():
    table = rows(["malignant"] * 20, [0.8] * 20, each=2, view=["MLO"] * 8 + ["CC"] * 12)
    row = table.loc["view", "MLO", "accuracy"]
    assert row[["n_samples", "n_units"]].tolist() == [8, 4]
    assert row["note"] == "not evaluable: patients with samples in the group: 4, fewer than 5"


def test_a_factor_unknown_for_some_samples_is_not_evaluable():
    table = rows(["malignant", "benign"] * 10, [0.8] * 20, view=["CC", None] * 10)
    for factor in ("view", "laterality"):
        own = table.loc[factor]
        assert own.index.tolist() == [("all", metric) for metric in sorted(METRICS)]
        assert (own["note"] == f"not evaluable: {factor} unknown for some samples").all()
        assert own["value"].isna().all()


def test_a_probability_that_is_not_finite_counts_as_wrong():
    probability = [np.nan] + [0.8] * 9 + [0.2] * 10
    table = rows(["malignant"] * 10 + ["benign"] * 10, probability, view=["CC", "MLO"] * 10)
    assert table.loc[("view", "CC", "sensitivity"), "value"] == 0.8
    assert table.loc[("view", "CC", "specificity"), "value"] == 1
    for metric in ("calibration_in_the_large", "brier"):
        assert table.loc[("view", "CC", metric), "note"] == "not evaluable: a probability is not finite"


def test_severity_that_classes_do_not_give_is_not_evaluable():
    severity = ["benign", "malignant"] * 10
    table = rows(severity, [0.8] * 20, view=["CC"] * 10 + ["MLO"] * 10, severity=[None] * 20)
    notes = table.loc[("view", "CC"), "note"]
    assert notes["accuracy"] == "" and (notes.drop("accuracy") == "not evaluable: classes do not give severity").all()
    assert table.loc[("severity", "all", "accuracy"), "note"] == "not evaluable: severity unknown for some samples"
    assert table["n_positive"].isna().all()


@pytest.mark.parametrize("planted", [True, False])
def test_planted_differences_between_patients_are_found(planted):
    right = np.repeat([True, False], 40)
    if not planted:
        right = np.random.default_rng(3).permutation(right)
    row = rows(["malignant"] * 80, np.where(right, 0.8, 0.2), each=4).loc["patient", "all", "accuracy_spread"]
    assert row[["n_samples", "n_units"]].tolist() == [80, 20]
    if planted:
        # Ten patients at 1 and ten at 0; by chance four answers, half of them right, spread by a quarter.
        assert row["value"] == pytest.approx(np.sqrt(5 / 19)) and row["rest"] == pytest.approx(0.25, abs=0.02)
    assert (row["ci_low"] > 0) == (row["p"] < 0.05) == planted and row["ci_low"] < row["difference"] < row["ci_high"]


def test_spread_by_chance_is_seldom_found():
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(30), rng.integers(1, 5, 30))
    seldom = 0
    for seed in range(200):
        value, null = groups.spread((rng.random(len(patients)) < 0.6).astype(float), patients, seed, 1000)
        low, high = np.quantile(null, [0.025, 0.975])
        seldom += not low <= value <= high
    assert 2 <= seldom <= 20


def test_spread_is_not_evaluable_with_one_image_per_patient():
    row = rows(["malignant"] * 20, [0.8] * 20).loc["patient", "all", "accuracy_spread"]
    assert row["note"] == "not evaluable: no patient has two samples" and np.isnan(row["value"])


def test_spread_is_not_evaluable_without_any_patient():
    own = answers(["malignant", "benign"] * 10, [0.8] * 20)
    own.facts["patient"] = pd.array([pd.NA] * 20, dtype="string")
    (row,) = [row for row in own.rows(seed=1) if row["factor"] == "patient"]
    assert row["note"] == "not evaluable: patient unknown for some samples"


def test_the_table_of_a_study_has_a_row_for_every_group(tmp_path, monkeypatch):
    """Every group has a row, though four patients are too few and the samples have no view."""
    monkeypatch.chdir(tmp_path)
    study = write_results(tmp_path)
    monkeypatch.setattr("sys.argv", ["groups", "--study", "small.yaml"])
    groups.main()
    table = read_table(study.results(), "groups")
    assert list(table) == groups.COLUMNS
    assert table["note"].str.startswith("not evaluable: ").all() and table["value"].isna().all()
    pairs = {(name, protocol) for name in study.compared() for protocol in study.protocols}
    assert set(zip(table["architecture"], table["protocol"], strict=True)) == pairs
    own = table[(table["architecture"] == "simple") & (table["protocol"] == "by_patient")]
    keys = list(zip(own["factor"], own["group"], own["metric"], strict=True))
    per_factor = [("density", "1"), ("density", "2"), ("view", "all"), ("laterality", "all")]
    expected = [("severity", group, "accuracy") for group in ("benign", "malignant")]
    expected += [("patient", "all", "accuracy_spread")]
    assert sorted(keys) == sorted(expected + [(*group, metric) for group in per_factor for metric in METRICS])
    sensitivity = own[(own["factor"] == "density") & (own["group"] == "2")].set_index("metric")
    assert sensitivity.loc["sensitivity", ["n_samples", "n_units", "n_positive"]].tolist() == [3, 2, 3]
    assert sensitivity["note"].iloc[0] == "not evaluable: patients with samples in the group: 2, fewer than 5"
