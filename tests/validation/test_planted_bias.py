"""Test of the bias checks: reliance of a model on a planted artefact, and detection rates."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from statsmodels.stats.proportion import proportion_confint

from benchmarks.datasets import planted
from benchmarks.errors import BadInput
from benchmarks.validation.planted_bias import ARCHITECTURES, RUNS, finish, reliance, study_content, train, write_study
from benchmarks.validation.planted_summary import PLANTED_REGION, summary


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path / "studies"


def content(shortcut="border", strength=1.0, patients=16):
    return study_content(shortcut, strength, 1, list(ARCHITECTURES), patients)


@pytest.mark.parametrize("shortcut", planted.STATE_OF_CLASS)
def test_every_shortcut_makes_a_sound_study(place, shortcut):
    study = write_study(content(shortcut, 0.9), place)
    assert study.name == f"planted_{shortcut}_0.9_1"
    assert study.training["augmentation"] == "none"
    assert study.dataset == {"name": "planted", "shortcut": shortcut, "strength": 0.9, "patients": 16} | {
        "side": 128,
        "noise": 4.0,
    }
    assert list(study.architectures) == ["simple", "shufflenet"]


def test_other_settings_make_a_study_undone(place):
    study = write_study(content(), place)
    study.results().mkdir(parents=True)
    (study.results() / RUNS).touch()
    write_study(content(), place)
    assert (study.results() / RUNS).exists()
    write_study(content(patients=17), place)
    assert not (study.results() / RUNS).exists()


def test_a_failed_study_names_its_log(place):
    study = write_study(content(), place)
    study.path.write_text("seed: 1\n")
    with pytest.raises(BadInput, match=r"study planted_border_1_1 failed; see the log .*planted_border_1_1\.log"):
        finish(study, place)
    assert "is a required property" in (place / "planted_border_1_1.log").read_text()


def test_reliance_by_hand():
    # Patient a: both answers lost; patient b: one of one kept. Resamples have aa (1), ab (2/3), or bb (0).
    agreeing, contradicting = np.array([True, True, True]), np.array([False, False, True])
    found = reliance(agreeing, contradicting, pd.Series(["a", "a", "b"]), 1000, 1)
    assert found == {"reliance": pytest.approx(2 / 3), "reliance_low": 0, "reliance_high": 1, "learnt": False}
    every = reliance(np.ones(4, bool), np.zeros(4, bool), pd.Series(list("abcd")), 1000, 1)
    assert every == {"reliance": 1, "reliance_low": 1, "reliance_high": 1, "learnt": True}
    backwards = reliance(np.zeros(4, bool), np.ones(4, bool), pd.Series(list("abcd")), 1000, 1)
    assert backwards["reliance"] == -1 and not backwards["learnt"]


def test_at_full_strength_the_images_as_planted_are_those_that_agree(place):
    study = write_study(content(), place)
    runs = train(dataclasses.replace(study, training=study.training | {"epochs": 4}))
    assert runs["architecture"].tolist() == ["simple", "shufflenet"]
    samples = pd.read_parquet(study.results() / "samples.parquet")
    assert (runs["n"] == len(samples)).all() and (runs["n_patients"] == 16).all()
    assert (runs["accuracy"] == runs["accuracy_agreeing"]).all()
    difference = runs["accuracy_agreeing"] - runs["accuracy_contradicting"]
    np.testing.assert_allclose(runs["reliance"], difference, atol=2e-4)
    # With two classes, an answer that the state changes is right in one of the two states.
    assert (runs["flip_rate"] >= runs["reliance"].abs() - 1e-9).all()
    assert (runs["indifferent"] == (runs["flip_rate"] < 0.1)).all()
    assert runs[["shortcut", "strength", "seed"]].drop_duplicates().to_numpy().tolist() == [["border", 1.0, 1]]


MODELS = [(1, "simple"), (1, "shufflenet"), (2, "simple"), (2, "shufflenet")]


def runs_of(shortcut, strength, learnt, indifferent):
    keys = pd.DataFrame(MODELS, columns=["seed", "architecture"])
    return keys.assign(shortcut=shortcut, strength=strength, learnt=learnt, indifferent=indifferent)


def verdicts_of(shortcut, strength, check, region, verdicts, before=""):
    """Verdicts of the four models, and those `before` correction if others."""
    keys = pd.DataFrame(MODELS, columns=["seed", "architecture"])
    words = {"+": "flagged", "-": "clear", "?": "not evaluable"}
    about = {"shortcut": shortcut, "strength": strength, "check": check, "region_or_group": region}
    signs = {"verdict": verdicts, "verdict_uncorrected": before or verdicts}
    return keys.assign(**about, **{column: [words[sign] for sign in row] for column, row in signs.items()})


def test_summary_by_hand():
    runs = pd.concat(
        [
            runs_of("label", 1.0, [True, True, True, False], [False] * 4),
            runs_of("label", 0.0, [False] * 4, [True, True, False, True]),
        ]
    )
    verdicts = pd.concat(
        [
            verdicts_of("label", 1.0, "heat", "labels", "++-?"),
            verdicts_of("label", 1.0, "heat", "border", "-+--"),
            verdicts_of("label", 1.0, "erase", "labels", "+--+"),
            verdicts_of("label", 1.0, "swap", "labels", "-+--"),
            verdicts_of("label", 1.0, "swap", "corners", "--++"),
            verdicts_of("label", 1.0, "erase", "lesion", "++++"),
            verdicts_of("label", 1.0, "groups", "severity benign: recall", "++++"),
            verdicts_of("label", 0.0, "erase", "labels", "+-+-"),
        ]
    )
    table = summary(runs, verdicts)
    # There is but one shortcut.
    one, every = (table[table["shortcut"] == name].drop(columns="shortcut") for name in ("label", "all"))
    pd.testing.assert_frame_equal(one.reset_index(drop=True), every.reset_index(drop=True))
    table = one.set_index(["strength", "check"])
    assert sorted(table.index) == [(0.0, "any"), (0.0, "erase"), *((1.0, c) for c in ("any", "erase", "heat", "swap"))]
    counts = ["n_models", "n_judged", "n_flagged", "n_learnt", "n_detected"]
    # Of the three that learnt; the fourth model is flagged by erase alone.
    assert table.loc[(1.0, "heat"), counts].tolist() == [4, 3, 2, 3, 2]
    assert table.loc[(1.0, "erase"), counts].tolist() == [4, 4, 2, 3, 1]
    assert table.loc[(1.0, "swap"), counts].tolist() == [4, 4, 1, 3, 1]
    assert table.loc[(1.0, "any"), counts].tolist() == [4, 4, 3, 3, 2]
    assert table.loc[(0.0, "erase"), counts].tolist() == [4, 4, 2, 0, 0]
    # Two were flagged, one of them with reason.
    assert table.loc[(0.0, "erase"), ["n_indifferent", "n_false"]].tolist() == [3, 1]
    assert table.loc[(1.0, "any"), ["n_indifferent", "n_false"]].tolist() == [0, 0]
    elsewhere = {"heat": 0.25, "erase": 0, "swap": 0.5, "any": 0.5}
    assert table.loc[1.0, "elsewhere"].to_dict() == elsewhere
    assert table.loc[(1.0, "any"), "detected"] == pytest.approx(2 / 3, abs=1e-4)
    low, high = proportion_confint(2, 3, method="wilson")
    assert table.loc[(1.0, "any"), ["detected_low", "detected_high"]].tolist() == pytest.approx([low, high], abs=1e-4)
    low, high = proportion_confint(1, 3, method="wilson")
    assert table.loc[(0.0, "any"), ["false", "false_low"]].tolist() == pytest.approx([1 / 3, low], abs=1e-4)
    assert np.isnan(table.loc[(0.0, "any"), "detected"]) and np.isnan(table.loc[(1.0, "any"), "false"])


def test_flags_before_correction_are_counted():
    runs = pd.concat(
        [
            runs_of("label", 1.0, [True, True, True, False], [False] * 4),
            runs_of("label", 0.0, [False] * 4, [True, True, False, True]),
        ]
    )
    verdicts = pd.concat(
        [
            verdicts_of("label", 1.0, "erase", "labels", "+??-", before="+++-"),
            verdicts_of("label", 1.0, "erase", "corners", "?---", before="+---"),
            verdicts_of("label", 0.0, "erase", "labels", "??+-", before="+++-"),
        ]
    )
    table = summary(runs, verdicts).set_index(["shortcut", "strength", "check"])
    counts = ["n_flagged", "n_detected", "n_false", "elsewhere"]
    before = ["n_flagged_uncorrected", "n_detected_uncorrected", "n_false_uncorrected", "elsewhere_uncorrected"]
    assert table.loc[("label", 1.0, "erase"), counts].tolist() == [1, 1, 0, 0]
    assert table.loc[("label", 1.0, "erase"), before].tolist() == [3, 3, 0, 0.25]
    assert table.loc[("label", 0.0, "any"), counts].tolist() == [1, 0, 0, 0]
    assert table.loc[("label", 0.0, "any"), before].tolist() == [3, 0, 2, 0]


def test_a_turned_film_is_expected_in_its_own_direction():
    runs = runs_of("rotation", 1.0, [True] * 4, [False] * 4)
    verdicts = pd.concat(
        [
            verdicts_of("rotation", 1.0, "orientation", "turned by 330", "+++-"),
            verdicts_of("rotation", 1.0, "orientation", "side of the breast", "---+"),
        ]
    )
    row = summary(runs, verdicts).set_index(["shortcut", "check"]).loc[("rotation", "orientation")]
    assert row[["n_detected", "elsewhere"]].tolist() == [3, 0.25]


def test_every_shortcut_has_a_region_where_it_is_expected():
    assert set(PLANTED_REGION) == set(planted.STATE_OF_CLASS)


@pytest.mark.slow
def test_a_planted_border_is_learnt_and_flagged(tmp_path):
    """Run all steps in a temporary folder: draw, train, explain, judge."""
    command = [sys.executable, "-m", "benchmarks.validation.planted_bias", "--shortcuts", "border", "--strengths", "1"]
    command += ["--seeds", "1", "--architectures", "simple", "--patients", "60", "--jobs", "1"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    folder = tmp_path / "results/planted_bias"
    assert pd.read_csv(folder / "runs.csv")["learnt"].all()
    found = pd.read_csv(folder / "planted_bias.csv").query("shortcut == 'border'").set_index("check")
    assert found.loc[["erase", "any"], "n_detected"].tolist() == [1, 1]
    assert found.loc["erase", "elsewhere"] == 0
