"""Learning curves over training patients: hand-computed gains, slopes and verdicts."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from derived_results import write_answers, write_study

from analysis.comparison import learning_curve
from analysis.figures import comparison as figures_comparison

CURVE = {"patients": [4, 2]}


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = write_study(tmp_path, learning_curve=CURVE)
    # Eight training patients a fold under by_patient: all that there are.
    folds = pd.DataFrame([{"sample": f"s{i}", "fold": fold, "part": "train"} for fold in (0, 1) for i in range(8)])
    folds.assign(repeat=0).to_parquet(study.results() / "folds/by_patient.parquet")
    return study


def test_a_case_worked_by_hand(study):
    for protocol, answers in (("by_patient_n2", "aabbbbbb"), ("by_patient_n4", "aaaabbbb"), ("by_patient", "aaaaaaab")):
        write_answers(study, "simple", protocol, answers)
    points, gains = learning_curve.learning_curve(study).values()
    assert list(points) == learning_curve.POINTS and list(gains) == learning_curve.GAINS
    own = points[points["architecture"] == "simple"]
    assert own["protocol"].tolist() == ["by_patient_n2", "by_patient_n4", "by_patient"]
    assert own["n_patients"].tolist() == [2, 4, 8] and own["accuracy"].tolist() == [2 / 8, 4 / 8, 7 / 8]
    assert (own["ci_low"] <= own["accuracy"]).all() and (own["accuracy"] <= own["ci_high"]).all()
    row = gains.set_index("architecture").loc["simple"]
    assert row[["from_patients", "to_patients", "gain"]].tolist() == [2, 8, 5 / 8]
    # log2 of 2, 4, 8 is 1, 2, 3: the slope is half the rise from first to last.
    assert row["slope"] == pytest.approx(5 / 16)
    assert row["slope_low"] < 5 / 16 < row["slope_high"]
    assert row["verdict"] == "more patients would help" and row["ci_low"] > 0
    flat = gains.set_index("architecture").loc["majority"]
    assert flat[["gain", "slope", "verdict"]].tolist() == [0, 0, "no gain shown"]
    # simple and four baselines, at three sizes.
    assert len(points) == 5 * 3 and len(gains) == 5


def test_a_gain_of_one_patient_is_not_shown(study):
    write_answers(study, "simple", "by_patient_n2", "aabbbbbb")
    write_answers(study, "simple", "by_patient", "aaabbbbb")
    row = learning_curve.learning_curve(study)["learning_gain"].set_index("architecture").loc["simple"]
    assert row["gain"] == 1 / 8 and row["ci_low"] == 0 and row["verdict"] == "no gain shown"


def test_training_patients_are_the_mean_over_the_folds():
    samples = pd.DataFrame({"sample": list("abcd"), "patient": ["p", "p", "q", "r"]})
    rows = [("a", 0, "train"), ("b", 0, "train"), ("c", 0, "test"), ("a", 1, "train"), ("c", 1, "train")]
    folds = pd.DataFrame(rows, columns=["sample", "fold", "part"])
    assert learning_curve.training_patients(folds, samples) == 1.5


def test_one_patient_is_not_evaluable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = write_study(tmp_path, patients=["p0"] * 8, learning_curve={"patients": [2]})
    gains = learning_curve.learning_curve(study)["learning_gain"]
    assert gains["verdict"].eq("not evaluable: one patient").all()


def test_without_a_learning_curve_the_tables_are_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = write_study(tmp_path)
    monkeypatch.setattr("sys.argv", ["learning_curve", "--study", "small.yaml"])
    learning_curve.main()
    for name, columns in (("learning_curve", learning_curve.POINTS), ("learning_gain", learning_curve.GAINS)):
        table = pd.read_csv(study.results() / "tables" / f"{name}.csv")
        assert table.empty and list(table) == columns
    assert figures_comparison.learning_curve(pd.DataFrame(columns=learning_curve.POINTS), ["simple"]) is None


def test_the_figure_has_a_curve_for_each_architecture_and_a_tick_for_each_size(study):
    points, _ = learning_curve.learning_curve(study).values()
    axes = figures_comparison.learning_curve(points, ["simple"]).axes[0]
    names = ["Simple CNN", "majority class", "random guesses", "thumbnails", "ImageNet features"]
    assert [line.get_label() for line in axes.lines] == names
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "4", "8"]
    drawn = np.mean([line.get_ydata() for line in axes.lines], axis=0)
    assert drawn.tolist() == points.groupby("n_patients")["accuracy"].mean().tolist()
    plt.close("all")
