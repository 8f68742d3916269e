"""Scores of single cells, by hand."""

import json

import pandas as pd
import pytest

from analysis.single_folds import measure
from benchmarks.errors import BadInput

BENIGN, MALIGNANT, THIN = "Density1Benign", "Density1Malignant", "Density2Benign"


def cell(folder, densities):
    """A cell that gave ten times four films their probability of malignancy, and all the thinner density."""
    malignant = [0.9, 0.2, 0.4, 0.1] * 10
    own = {
        "sample": map(str, range(40)),
        "patient": map(str, range(40)),
        "label": [MALIGNANT, MALIGNANT, BENIGN, THIN] * 10,
    }
    table = pd.DataFrame(own).assign(predicted=BENIGN)
    answers = {"p_Density1Malignant": malignant, "p_Density1Benign": [0.95 - p for p in malignant]}
    folder = folder / "study" / "cells" / "simple" / "by_patient" / "0"
    folder.mkdir(parents=True)
    table.assign(**answers, p_Density2Benign=0.05).to_parquet(folder / "predictions.parquet")
    runtime = {"architecture": "simple", "protocol": "by_patient", "fold": 0, "n_test": 40, "image_size": 64}
    (folder / "runtime.json").write_text(json.dumps(runtime | {"command": "how it was trained"}))
    samples = table.assign(severity=["malignant", "malignant", "benign", "benign"] * 10, density=densities * 10)
    samples.to_parquet(folder.parents[3] / "samples.parquet")
    return folder


def test_three_of_four_pairs_are_right(tmp_path):
    # Malignant films have 0.9 and 0.2, benign ones 0.4 and 0.1: only 0.2 against 0.4 is wrong.
    (row,) = measure([cell(tmp_path, [1, 1, 1, 2])]).to_dict("records")
    assert row["roc_auc"] == 0.75 and 0.5 < row["ci_low"] < 0.75 < row["ci_high"] < 1
    assert (row["study"], row["n_test"], row["n_patients"]) == ("study", 40, 40)
    # Three of four films have the density that the cell always answers.
    assert row["density_accuracy"] == row["density_majority"] == 0.75
    assert row["trained_by"] == "how it was trained"


def test_labels_without_both_factors_are_refused(tmp_path):
    folder = cell(tmp_path, [1, 2, 1, 2])
    with pytest.raises(BadInput, match="density"):
        measure([folder])
