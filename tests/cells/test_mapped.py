"""Images stay in their file: rows of it are like an array, and a data set larger than the memory at hand trains."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from plain_studies import GOOD
from prepared_study import prepared_study

from benchmarks.cells.load import Part, joined
from benchmarks.checkpoints.fingerprint import fingerprint
from benchmarks.stored import Rows

SETTINGS = GOOD | {
    "dataset": {"name": "phantom", "patients": 24, "side": 64},
    "folds": 2,
    "image_size": 128,
    "protocols": ["by_patient"],
    "architectures": {"simple": {"filters": [1]}},
    "training": {"epochs": 1, "patience": 1, "augmentation": "none"},
    "search": {"trials": 1},
    "control": {"protocols": []},
}
PIXELS = 300  # MB
MOST = 120  # MB of memory that the larger data set may take above the smaller one
TRAINED_TWICE = """
import sys
from anonymous_memory import Anonymous
from benchmarks import backend
backend.prepare(1)
from benchmarks.cells.cell import Cell
from benchmarks.cells.progress import Progress
from benchmarks.cells.training import train_cell
from benchmarks.study.study import load_study
for name in ("small", "large"):
    cell = Cell(load_study(f"{name}.yaml"), "simple", "by_patient", 0)
    with Anonymous() as memory, Progress(cell) as progress:
        train_cell(cell, 1, progress)
    print(name, memory.grown)
"""


@given(
    rows=st.lists(st.integers(0, 6), max_size=12),
    key=st.sampled_from([np.s_[:], np.s_[1:3], np.s_[..., 0], np.s_[:, :, ::-1], np.s_[:, ::-1, ::-1], np.s_[2:, 1:]]),
)
def test_rows_are_like_the_array_of_these_rows(rows, key):
    whole = np.random.default_rng(0).integers(0, 256, (7, 3, 4, 1), np.uint8)
    rows = np.array(rows, int)
    array, own = whole[rows], Rows(whole, rows)
    assert len(own) == len(array) and own.shape == array.shape and own.dtype == array.dtype
    assert isinstance(own[key], Rows) and own[key].shape == array[key].shape
    np.testing.assert_array_equal(own[key], array[key])
    for n in range(len(rows)):
        np.testing.assert_array_equal(own[n, ..., 0], array[n, ..., 0])
    twice = np.repeat(np.arange(len(rows)), 2)[::-1]
    np.testing.assert_array_equal(own[twice], array[twice])
    assert fingerprint({}, [own]) == fingerprint({}, [array])


def test_parts_of_one_file_are_joined_without_reading_it():
    whole = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1)
    one, other = (Part(Rows(whole, np.array(rows)), np.array(rows)) for rows in ([4, 1], [0, 3]))
    both = joined(one, other)
    assert isinstance(both.x, Rows) and np.asarray(both.x).ravel().tolist() == both.y.tolist() == [4, 1, 0, 3]


@pytest.mark.slow
def test_a_data_set_larger_than_the_memory_that_it_takes_trains(tmp_path):
    with prepared_study(tmp_path, SETTINGS) as study:
        results, size = study.results(), study.image_size
        samples = pd.read_parquet(results / "samples.parquet").query("upright").reset_index(drop=True)
        folds = pd.read_parquet(results / "folds/by_patient.parquet")
        images = np.load(results / f"images_{size}.npy")[samples["row"]]
        times = -(-PIXELS * 10**6 // images.nbytes)
        large = results.with_name("large")
        (large / "folds").mkdir(parents=True)
        (tmp_path / "large.yaml").write_text((tmp_path / "small.yaml").read_text())
        (large / "dataset.json").write_text((results / "dataset.json").read_text())
        named = pd.concat([samples.assign(sample=samples["sample"] + f"-{n}") for n in range(times)], ignore_index=True)
        named.assign(row=named.index).to_parquet(large / "samples.parquet")
        pd.concat([folds.assign(sample=folds["sample"] + f"-{n}") for n in range(times)]).to_parquet(
            large / "folds/by_patient.parquet"
        )
        np.save(large / f"images_{size}.npy", np.tile(images, (times, 1, 1)))
        environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests/support'}", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", TRAINED_TWICE], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        predictions = pd.read_parquet(large / "cells/simple/by_patient/0/predictions.parquet")
    grown = dict(line.split() for line in done.stdout.splitlines() if line.startswith(("small ", "large ")))
    assert float(grown["large"]) < MOST, grown
    assert len(predictions) == times * (folds.query("fold == 0")["part"] == "test").sum()
