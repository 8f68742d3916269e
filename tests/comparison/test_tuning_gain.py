"""Gain from hyperparameter search in cases worked by hand, and importance of hyperparameters."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from derived_results import write_answers, write_study

from analysis.comparison import importance, tuning_gain
from analysis.drawing.style import use_style
from analysis.figures import training

HONEST = ("simple", "by_patient")


def write_trials(study, fold, *rows):
    """Write a trials.csv with (status, best, score, val_accuracy) of each trial."""
    table = pd.DataFrame(rows, columns=["status", "best", "score", "val_accuracy"])
    table.insert(0, "trial", [f"{number:02d}" for number in range(len(rows))])
    folder = study.results() / "cells/simple/by_patient" / str(fold)
    table.assign(epochs=3, seconds=1.0, learning_rate=1e-3).to_csv(folder / "trials.csv", index=False)


@pytest.fixture
def study(tmp_path, monkeypatch):
    return searched(tmp_path, monkeypatch)


def searched(tmp_path, monkeypatch, **changes):
    """Write a study whose search chose a better trial than the default in fold 0, and the default in fold 1."""
    monkeypatch.chdir(tmp_path)
    study = write_study(tmp_path, **changes)
    write_answers(study, *HONEST, "aabbaabb", "default_predictions")
    failed = ("FAILED", False, None, None)
    write_trials(study, 0, ("COMPLETED", False, 2.0, 0.25), ("COMPLETED", True, 1.5, 0.75), failed)
    write_trials(study, 1, ("COMPLETED", True, 1.0, 0.5), ("COMPLETED", False, 1.2, 0.75))
    published = study.results() / "cells/simple/published/0/trials.csv"
    published.write_text("trial,status,best,score\npublished,COMPLETED,True,1\n")
    return study


def tuning(study):
    table = tuning_gain.tuning(study, tuning_gain.searched_trials(study))
    assert list(table) == tuning_gain.COLUMNS
    (row,) = table.to_dict("records")
    return row


def test_a_case_worked_by_hand(study):
    write_answers(study, *HONEST, "aaabaabb")
    # A fold that validates three times as many images weighs three times as much.
    folds = pd.read_parquet(study.results() / "folds/by_patient.parquet")
    more = [{"sample": s, "fold": 0, "part": "validation", "repeat": 0} for s in ("s6", "s7", "s6", "s7")]
    pd.concat([folds, pd.DataFrame(more)]).to_parquet(study.results() / "folds/by_patient.parquet")
    row = tuning(study)
    assert (row["architecture"], row["protocol"], row["n_trials"]) == (*HONEST, 2)
    assert row["validation_gain"] == pytest.approx(0.75 * 0.5) and row["loss_gain"] == pytest.approx(0.75 * 0.5)
    assert row["test_gain"] == 1 / 8 and row["ci_low"] == 0
    assert row["optimism"] == pytest.approx(0.375 - 1 / 8)
    assert row["optimism_low"] == pytest.approx(0.375 - row["ci_high"])
    assert row["optimism_high"] == pytest.approx(0.375)
    assert (row["n_units"], row["unit"], row["verdict"]) == (8, "patients", "no gain shown")


@pytest.mark.parametrize(("chosen", "verdict"), [("aaaaaaaa", "search helped"), ("bbbbbbbb", "search hurt")])
def test_a_clear_difference_has_a_verdict(study, chosen, verdict):
    write_answers(study, *HONEST, chosen)
    assert tuning(study)["verdict"] == verdict


def test_a_default_that_failed_is_named_by_its_fold(study):
    write_trials(study, 1, ("FAILED", False, None, None), ("COMPLETED", True, 1.2, 0.75))
    row = tuning(study)
    assert row["verdict"] == "not evaluable: the default configuration failed in fold 1"
    assert np.isnan(row["test_gain"]) and np.isnan(row["validation_gain"])


def test_a_single_trial_is_the_default_configuration(study):
    for fold in (0, 1):
        write_trials(study, fold, ("COMPLETED", True, 1.0, 0.5))
    assert tuning(study)["verdict"] == "not evaluable: one trial, which is the default configuration"


def test_hyperband_tries_no_default(tmp_path, monkeypatch):
    study = searched(tmp_path, monkeypatch, search={"tuner": "hyperband"})
    assert tuning(study)["verdict"] == "not evaluable: hyperband doesn't try the default configuration"


def test_both_tables_are_written(study, monkeypatch):
    monkeypatch.setattr("sys.argv", ["tuning_gain", "--study", "small.yaml"])
    tuning_gain.main()
    assert len(pd.read_csv(study.results() / "tables/tuning.csv")) == 1
    found = pd.read_csv(study.results() / "tables/importance.csv")
    assert found["hyperparameter"].tolist() == ["learning_rate"]
    assert found["verdict"].tolist() == ["not evaluable: too few distinct trials (1 < 20)"]


def test_without_an_honest_protocol_the_tables_are_empty(tmp_path, monkeypatch):
    study = searched(tmp_path, monkeypatch, protocols=["published"])
    trials = tuning_gain.searched_trials(study)
    assert tuning_gain.tuning(study, trials).empty and importance.importance(trials, 1).empty


def planted(seed, effect=1.0, folds=5, n=8):
    """Return trials whose loss depends on a category by `effect`; `dropout` is noise, `inactive` is often missing."""
    rng = np.random.default_rng(seed)
    rows = []
    for fold in range(folds):
        for trial in range(n):
            mode = rng.choice(["deep", "shallow", "wide"])
            loss = np.exp(0.5 * fold + effect * (mode == "deep") + rng.normal(0, 0.2))
            row = {"architecture": "simple", "protocol": "by_patient", "fold": fold, "trial": f"{trial:02d}"}
            row |= {"status": "COMPLETED", "best": False, "score": loss, "val_accuracy": 0.3, "epochs": 5, "seconds": 1}
            row |= {"mode": mode, "dropout": rng.uniform(), "inactive": rng.choice([0.1, 0.2, np.nan])}
            rows.append(row | {"another_architectures": np.nan})
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_a_hyperparameter_that_drives_the_loss_matters_and_noise_does_not():
    for seed in range(3):
        table = importance.importance(planted(seed), seed=1).set_index("hyperparameter")
        assert table.index.tolist() == ["mode", "dropout", "inactive"]
        assert table["verdict"].tolist() == ["matters", "no effect shown", "no effect shown"]
        assert (table["low"] <= table["importance"]).all() and (table["importance"] <= table["high"]).all()
        assert table["r2"].iloc[0] > 0.5 and table["n_trials"].eq(40).all()


@pytest.mark.slow
def test_differences_between_folds_are_not_attributed_to_hyperparameters():
    """Without an effect, folds still differ, and no hyperparameter explains the loss."""
    verdicts = [importance.importance(planted(seed, effect=0), seed=1)["verdict"] for seed in range(3)]
    assert all(each.str.startswith("not evaluable: the fit explains nothing").all() for each in verdicts)


def test_importance_is_reproducible_with_its_seed():
    pd.testing.assert_frame_equal(importance.importance(planted(0), 1), importance.importance(planted(0), 1))


def test_configurations_tried_twice_and_failed_trials_do_not_count():
    few = planted(0, n=4)
    twice = pd.concat([few, few.assign(protocol="by_source")], ignore_index=True)
    failed = planted(1, n=2).assign(score=np.nan, status="FAILED")
    table = importance.importance(pd.concat([twice.iloc[:38], failed]), 1)
    assert table["n_trials"].eq(20).all()
    fewer = importance.importance(few.iloc[:19], 1)
    assert fewer["verdict"].eq("not evaluable: too few distinct trials (19 < 20)").all()


def test_importance_is_not_evaluable_with_one_fold():
    table = importance.importance(planted(0, folds=1, n=30), 1)
    assert table["verdict"].eq("not evaluable: one fold, so no other to test the fit on").all()


def test_the_figure_has_a_panel_for_each_fit_that_explains_something():
    use_style()
    table = importance.importance(planted(0), 1)
    (axes,) = (axes for axes in training.importance(table).axes if axes.get_title(loc="left"))
    assert axes.get_title(loc="left").startswith("Simple CNN  (R2 0.")
    assert axes.get_yticklabels()[0].get_text() == "mode"
    assert training.importance(importance.importance(planted(0).iloc[:10], 1)) is None
    plt.close("all")
