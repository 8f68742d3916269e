"""The progress file of a running cell: from start to end, when it fails, and when it is killed."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from conftest import ROOT
from test_training import prepared, study  # noqa: F401 - fixtures

from benchmarks import backend
from benchmarks.cells import progress
from benchmarks.cells.cell import Cell
from benchmarks.cells.progress import Progress, progress_file, reason
from benchmarks.cells.training import train_cell
from benchmarks.errors import BadInput
from benchmarks.run.status import FAILED, KILLED, RUNNING, WAITING, cell_states


@pytest.fixture
def written(monkeypatch):
    """Every progress file that is written, in order; no epoch is left out."""
    records, replace = [], os.replace

    def recording_replace(source, target):
        records.append(json.loads(source.read_text()))
        replace(source, target)

    monkeypatch.setattr(progress.os, "replace", recording_replace)
    monkeypatch.setattr(progress, "PAUSE", 0)
    return records


def trained(cell):
    """Train `cell` with a progress file, as the command does."""
    with Progress(cell) as own:
        train_cell(cell, 1, own)


def state_of(study, *key):  # noqa: F811
    return next(cell for cell in cell_states(study) if cell.key == key)


def test_a_search_writes_its_trials_and_epochs_and_deletes_the_file(study, written):  # noqa: F811
    cell = Cell(study, "simple", "by_patient", 0)
    trained(cell)
    assert written[0] | {"state": "running", "pid": os.getpid(), "trial": None, "epoch": None} == written[0]
    began = [(record["trial"], record["trials"]) for record in written if record["epoch"] == 1]
    assert began == [(1, 3), (2, 3), (3, 3)]
    epochs = pd.read_csv(cell.folder / "trials.csv")["epochs"]
    assert sum(record["epoch"] is not None for record in written) >= epochs.sum()
    assert all(record["epochs"] == 3 for record in written if record["epoch"])
    assert not progress_file(study, "simple", "by_patient", 0).exists()


def test_a_published_cell_writes_its_epochs(study, written):  # noqa: F811
    trained(Cell(dataclasses.replace(study, published=study.published | {"epochs": 2}), "simple", "published", 0))
    told = [(record["trial"], record["epoch"], record["epochs"]) for record in written]
    assert told == [(None, None, None), (None, 1, 2), (None, 2, 2)]


def test_hyperband_does_not_know_how_many_trials_there_will_be(study, written):  # noqa: F811
    changes = {"search": study.search | {"tuner": "hyperband"}, "training": study.training | {"epochs": 2}}
    trained(Cell(dataclasses.replace(study, **changes), "simple", "by_patient", 0))
    assert max(record["trial"] or 0 for record in written) > 1
    assert all(record["trials"] is None for record in written)


def test_epochs_that_follow_fast_are_not_all_written(study, written, monkeypatch):  # noqa: F811
    monkeypatch.setattr(progress, "PAUSE", 3600)
    with Progress(Cell(study, "simple", "by_patient", 0)) as kept:
        callback = kept.callback(1000)
        for epoch in range(1000):
            callback.on_epoch_end(epoch, {})
    assert len(written) == 1


def test_a_failure_is_kept_with_its_reason_until_the_cell_runs_again(study):  # noqa: F811
    folds = study.results() / "folds/by_patient.parquet"
    table = pd.read_parquet(folds)
    folds.unlink()
    cell = Cell(study, "simple", "by_patient", 0)
    with pytest.raises(BadInput):
        trained(cell)
    failed = state_of(study, "simple", "by_patient", 0)
    assert failed.state == FAILED and failed.reason.startswith(f"{folds} is missing; run the stage")
    assert failed.log == study.results() / "logs/cells/simple/by_patient/0.log"

    table.to_parquet(folds)
    with Progress(cell):
        assert state_of(study, "simple", "by_patient", 0).state == RUNNING
    assert state_of(study, "simple", "by_patient", 0).state == WAITING


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("Shapes differ\n\nlast line\n"), "ValueError: last line"),
        (MemoryError(), "MemoryError"),
        (BadInput("folds.parquet is missing"), "folds.parquet is missing"),
    ],
)
def test_the_reason_is_the_last_line(error, words):
    assert reason(error) == words


def test_ctrl_c_is_no_failure(study):  # noqa: F811
    with pytest.raises(KeyboardInterrupt), Progress(Cell(study, "simple", "by_patient", 0)):
        raise KeyboardInterrupt
    assert state_of(study, "simple", "by_patient", 0).state == WAITING


def test_a_killed_cell_has_failed(study):  # noqa: F811
    command = [sys.executable, "-m", "benchmarks.training", "--study", "small.yaml", "--architecture", "simple"]
    process = subprocess.Popen(
        [*command, "--protocol", "by_patient", "--fold", "1"], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    while not progress_file(study, "simple", "by_patient", 1).exists():
        assert process.poll() is None
        time.sleep(0.05)
    assert state_of(study, "simple", "by_patient", 1).state == RUNNING
    process.send_signal(signal.SIGKILL)
    process.wait()
    killed = state_of(study, "simple", "by_patient", 1)
    assert killed.state == FAILED and killed.reason == KILLED


def test_tensorflow_starts_without_output():
    start = "from benchmarks import backend; backend.prepare(1); import keras; keras.random.normal((2,))"
    run = subprocess.run([sys.executable, "-c", start], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0 and not [line for line in backend.START_UP if line in run.stderr]


def test_only_the_known_lines_are_left_out(capfd):
    with pytest.raises(ImportError), backend._without(backend.START_UP):
        os.write(2, b"I0000 port.cc:153] oneDNN custom operations are on. You may see ...\nE0000 no such device\n")
        raise ImportError
    os.write(2, b"oneDNN custom operations are on, says somebody later\n")
    assert capfd.readouterr().err == "E0000 no such device\noneDNN custom operations are on, says somebody later\n"
