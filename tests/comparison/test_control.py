"""Permuted-label control: data leakage is found, and an honest protocol is at chance."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from derived_results import write_answers, write_study
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from analysis.comparison import control
from analysis.drawing.style import use_style
from analysis.figures import comparison as figures_comparison
from analysis.names import short
from analysis.tidy import read_table
from benchmarks.study.names import BASELINES

LABELS = "aabbaabb"  # shuffled ones
CONTROL = {"protocols": ["published", "by_patient"]}


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_study(tmp_path, control=CONTROL)


def rows(study):
    table = control.control(study)
    assert list(table) == control.COLUMNS
    return table.set_index(["architecture", "protocol"])


def answer(study, name, protocol, answers):
    write_answers(study, name, f"{protocol}_permuted", answers, labels=LABELS)


def test_a_case_worked_by_hand(study):
    answer(study, "simple", "published", "aabbaaba")
    answer(study, "majority", "published", "aaaaaaaa")
    write_answers(study, "simple", "published", "aaaaaaaa")
    table = rows(study)
    assert len(table) == 2 * (1 + len(BASELINES))
    row = table.loc[("simple", "published")]
    # Seven of eight right; a answered 5 times and true 4 times, b 3 and 4 times.
    assert row[["permuted", "chance", "excess", "real"]].tolist() == [7 / 8, (5 * 4 + 3 * 4) / 64, 3 / 8, 1]
    assert row["ci_low"] <= 7 / 8 <= row["ci_high"] and row["excess_low"] <= 3 / 8 <= row["excess_high"]
    assert row[["n_samples", "n_units", "unit"]].tolist() == [8, 8, "patients"]
    # One answer for all has nothing to do with the labels.
    assert table.loc[("majority", "published"), ["permuted", "chance", "excess"]].tolist() == [0.5, 0.5, 0]
    assert table.loc[("majority", "published"), "verdict"] == "at chance"


def test_leaking_answers_are_above_chance_and_others_at_chance(study):
    for protocol in CONTROL["protocols"]:
        answer(study, "simple", protocol, LABELS)
        answer(study, "stratified", protocol, "abababab")
        answer(study, "thumbnail_logistic", protocol, "aaaabbbb")
    verdicts = rows(study)["verdict"]
    assert verdicts["simple", "published"] == "above chance: leakage"
    assert verdicts["simple", "by_patient"] == "above chance: look for a leak"
    for protocol in CONTROL["protocols"]:
        assert verdicts["stratified", protocol] == verdicts["thumbnail_logistic", protocol] == "at chance"


def test_below_chance(study):
    answer(study, "simple", "by_patient", "bbaabbaa")
    assert rows(study).loc[("simple", "by_patient"), "verdict"] == "below chance"


@given(
    pairs=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=20),
    seed=st.integers(0, 50),
)
def test_chance_is_the_expected_agreement_of_cohens_kappa(pairs, seed):
    table = pd.DataFrame(pairs, columns=["label", "predicted"])
    counts = np.random.default_rng(seed).integers(0, 3, len(table))
    counts[0] += 1
    resample = table.loc[table.index.repeat(counts)]
    right = (resample["label"] == resample["predicted"]).mean()
    chance = control.expected_agreement(table, counts[None]).item()
    if chance < 1:
        kappa = cohen_kappa_score(resample["label"], resample["predicted"], labels=["a", "b", "c"])
        assert (right - chance) / (1 - chance) == pytest.approx(kappa)


def test_answers_are_compared_with_the_shuffled_label(study):
    """The shuffled label in predictions.parquet counts, not the label of the sample."""
    folder = study.results() / "cells/simple/by_patient_permuted"
    for fold in (0, 1):
        table = pd.read_parquet(folder / str(fold) / "predictions.parquet")
        table.assign(label="b", predicted="b").to_parquet(folder / str(fold) / "predictions.parquet")
    assert rows(study).loc[("simple", "by_patient"), "permuted"] == 1


def test_one_patient_is_not_evaluable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = write_study(tmp_path, patients=["p0"] * 8, control={"protocols": ["by_patient"]})
    row = rows(study).loc[("simple", "by_patient")]
    assert row["verdict"] == "not evaluable: one patient" and pd.isna(row["excess_low"])


def test_only_the_chosen_architectures_and_the_baselines_have_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chosen = {"protocols": ["published"], "architectures": ["simple"]}
    study = write_study(tmp_path, architectures={"simple": {}, "vgg16": {}}, control=chosen)
    names = ["simple", *BASELINES]
    assert rows(study).index.get_level_values("architecture").tolist() == names


def test_without_a_control_the_table_is_empty_and_nothing_is_drawn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = write_study(tmp_path)
    monkeypatch.setattr("sys.argv", ["control", "--study", "small.yaml"])
    control.main()
    table = read_table(study.results(), "control")
    assert table.empty and list(table) == control.COLUMNS
    assert figures_comparison.control(table, ["simple"]) is None


def test_the_figure_has_a_panel_for_each_protocol_and_a_row_for_each_model(study):
    use_style()
    figure = figures_comparison.control(control.control(study), ["simple"])
    assert [axes.get_title(loc="left") for axes in figure.axes] == CONTROL["protocols"]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["Simple CNN", *map(short, BASELINES)]
    plt.close(figure)
