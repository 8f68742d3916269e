"""Detection of networks that answer one class, and of the cause, from the files of the cell."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_results import CLASSES, write_results

from analysis.scores import collapse
from analysis.scores.scores import score
from analysis.tidy import write_tables

CELL = "cells/simple/by_patient/0"


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_results(tmp_path)


def found(study) -> pd.Series:
    table = collapse.collapse(study).set_index(["protocol", "fold"])
    return table.loc[("by_patient", 0)]


def answer(study, probabilities) -> Path:
    """Write probabilities (N, 3) as the predictions of the cell for its test images."""
    path = study.results() / CELL / "predictions.parquet"
    table = pd.read_parquet(path)
    values = np.broadcast_to(probabilities, (len(table), 3))
    table[[f"p_{name}" for name in CLASSES]] = values
    finite = np.isfinite(values).all(axis=1)
    table["predicted"] = np.where(finite, np.array(CLASSES)[np.nan_to_num(values).argmax(axis=1)], "")
    table.to_parquet(path)
    return path


def rewrite(study, **runtime) -> None:
    path = study.results() / CELL / "runtime.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | runtime))


def history(study, losses) -> None:
    table = pd.DataFrame({"epoch": range(1, len(losses) + 1), "loss": losses, "val_loss": losses})
    table.to_csv(study.results() / CELL / "history.csv", index=False)


def test_a_network_that_answers_several_classes_is_sound(study):
    row = found(study)
    assert row["verdict"] == "sound" and row["cause"] == "" and row["predicted_classes"] == 3
    # It trains on s5 (D2M) and s6 (D1B): half and half.
    assert row["frequency_loss"] == pytest.approx(np.log(2))


def test_constant_outputs_are_named(study):
    answer(study, [0.2, 0.3, 0.5])
    row = found(study)
    assert row["verdict"] == "collapsed" and row["output_range"] == 0
    assert row["cause"] == "constant outputs: no probability varies by more than 0.001 between test images"


def test_dead_features_are_named(study):
    answer(study, [[0.2, 0.3, 0.5], [0.3, 0.2, 0.5], [0.1, 0.1, 0.8], [0.2, 0.3, 0.5]])
    rewrite(study, dead_features=1.0)
    row = found(study)
    assert row["verdict"] == "collapsed"
    assert row["cause"] == "100% of the classifier's inputs are dead: the same for every test image"


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([0.7, 0.69], "only the frequencies of the classes were learnt: training loss 0.690, that of the class"),
        ([0.7, 0.2], "outputs differ between training images but not between test images: training loss 0.200"),
    ],
)
def test_one_class_with_varying_outputs_is_explained_by_the_loss(study, losses, words):
    answer(study, [[0.2, 0.3, 0.5], [0.3, 0.2, 0.5], [0.1, 0.1, 0.8], [0.2, 0.3, 0.5]])
    history(study, losses)
    row = found(study)
    assert row["verdict"] == "collapsed" and row["cause"].startswith(words)


def test_a_loss_that_is_not_finite_is_flagged_even_if_the_answers_differ(study):
    history(study, [1.0, np.nan, np.inf])
    row = found(study)
    assert row["verdict"] == "flagged" and row["cause"] == "the loss is not finite in 2 of 3 epochs"


def test_outputs_that_are_not_finite_are_no_answer(study):
    answer(study, [np.nan] * 3)
    row = found(study)
    assert row["verdict"] == "collapsed" and row["cause"].startswith("the outputs of 4 of 4 test images are not finite")


def test_every_score_has_the_number_of_collapsed_cells(study):
    # Fold 1 of the small results answers one class for both of its images.
    write_tables(study, score(study))
    scores = pd.read_csv(study.results() / "tables/scores.csv")
    honest = scores[scores["protocol"] == "by_patient"].set_index("architecture")
    assert (honest.loc["simple", "collapsed_cells"] == 1).all()
    # A baseline that always gives one answer is not collapsed.
    assert (honest.loc["majority", "collapsed_cells"] == 0).all()
