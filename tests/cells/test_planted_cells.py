"""Positive control: what a cell loads differs from the control by the lesions alone, and a network sees them."""

import numpy as np
import pandas as pd
import pytest
from plain_studies import GOOD
from prepared_study import prepared_study
from sklearn.metrics import roc_auc_score

from benchmarks.cells.cell import Cell
from benchmarks.cells.load import load
from benchmarks.cells.training import train_cell

PROTOCOLS = ("by_patient_permuted", "by_patient_planted10", "by_patient_planted60")
SETTINGS = GOOD | {
    "dataset": {"name": "phantom", "patients": 120, "side": 64, "noise": 1.0},
    "folds": 2,
    "image_size": 32,
    "protocols": ["by_patient"],
    "architectures": {"simple": {}, "alexnet": {"image_size": 67}},
    "training": {"epochs": 25, "patience": 25, "augmentation": "none"},
    "search": {"trials": 1},
    "control": {"protocols": ["by_patient"]},
    "positive_control": {"protocols": ["by_patient"], "contrasts": [10, 60]},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    with prepared_study(tmp_path_factory.mktemp("planted"), SETTINGS) as study:
        yield study


def loaded(study, protocol, name="simple"):
    return load(Cell(study, name, protocol, 0))


@pytest.mark.parametrize("name", ["simple", "alexnet", "majority"])
def test_a_cell_of_the_positive_control_differs_by_lesions_alone(study, name):
    control, planted = (loaded(study, protocol, name) for protocol in PROTOCOLS[:2])
    masks = np.load(study.results() / f"masks_{study.size_of(name)}.npy")
    for part in ("train", "validation", "test"):
        before, after = (np.asarray(own.parts[part].x[..., 0], int) for own in (control, planted))
        rows = planted.rows(part)
        malignant = rows["label"].str.endswith("Malignant").to_numpy()
        assert rows["sample"].tolist() == control.rows(part)["sample"].tolist()
        assert (control.parts[part].y == planted.parts[part].y).all()
        changed = after != before
        assert malignant.any() and (changed.any(axis=(1, 2)) == malignant).all()
        assert not changed[masks[rows["row"]] == 0].any()


def test_the_stored_images_stay_as_they_are(study):
    before = np.load(study.results() / "images_32.npy")
    loaded(study, "by_patient_planted60")
    assert (np.load(study.results() / "images_32.npy") == before).all()


@pytest.mark.slow
def test_a_network_sees_a_bright_lesion_and_nothing_without_one(study):
    auc = {}
    for protocol in ("by_patient_permuted", "by_patient_planted60"):
        cell = Cell(study, "simple", protocol, 0)
        train_cell(cell, threads=1)
        table = pd.read_parquet(cell.folder / "predictions.parquet")
        malignant = table.filter(regex="^p_.*Malignant$").sum(axis=1)
        auc[protocol] = roc_auc_score(table["label"].str.endswith("Malignant"), malignant)
    # 120 test images: the standard error of an AUC at chance is about 0.05.
    assert auc["by_patient_planted60"] > 0.7 and abs(auc["by_patient_permuted"] - 0.5) < 0.15
