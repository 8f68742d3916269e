"""Comparison of two results folders by content, without measured times."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BadInput
from benchmarks.validation.same import differences


@pytest.fixture
def folders(tmp_path):
    """Return two folders with the same results except times."""
    for number, name in enumerate(("old", "new")):
        results = tmp_path / name
        cell = results / "cells/simple/by_patient/0"
        for folder in (results / "tables", results / "folds", cell):
            folder.mkdir(parents=True)
        cells = {"architecture": ["simple"], "accuracy": [0.5], "seconds": [number], "finished": [str(number)]}
        pd.DataFrame(cells).to_csv(results / "tables/cells.csv", index=False)
        pd.DataFrame({"sample": ["a", "b"], "p_x": [0.25, 0.75]}).to_parquet(cell / "predictions.parquet")
        np.save(results / "images_8.npy", np.zeros((2, 8, 8), np.uint8))
    return tmp_path / "old", tmp_path / "new"


def test_only_times_differ(folders):
    assert list(differences(*folders)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"accuracy": [0.5000001]}, "tables/cells.csv: other values in accuracy"),
        ({"more": [1]}, "tables/cells.csv: columns ['more']"),
    ],
)
def test_a_changed_table_is_named(folders, change, words):
    path = folders[1] / "tables/cells.csv"
    pd.read_csv(path).assign(**change).to_csv(path, index=False)
    assert list(differences(*folders)) == [words]


def test_predictions_are_compared_bit_by_bit(folders):
    path = folders[1] / "cells/simple/by_patient/0/predictions.parquet"
    table = pd.read_parquet(path)
    table.assign(p_x=np.nextafter(table["p_x"], 1)).to_parquet(path)
    assert list(differences(*folders)) == ["cells/simple/by_patient/0/predictions.parquet: other values in p_x"]


def test_one_pixel_and_a_missing_file_are_named(folders):
    np.save(folders[1] / "images_8.npy", np.eye(8, dtype=np.uint8)[np.newaxis].repeat(2, 0))
    (folders[0] / "tables/cells.csv").unlink()
    assert list(differences(*folders)) == [f"tables/cells.csv: only in {folders[1]}", "images_8.npy: other pixels"]


def test_folders_without_a_common_file_are_refused(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no file in common; give two results folders of one study"):
        list(differences(folders[0], tmp_path / "empty"))
