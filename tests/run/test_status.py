"""How the cells of a study stand, from made-up files; the workflow's own status, line and last words."""

import datetime
import json
import os
import socket
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT
from test_workflow import SMALL, snakemake, write_study

from benchmarks.cells.progress import progress_file
from benchmarks.run.foretold import cells_file
from benchmarks.run.status import (
    CLOCK,
    DONE,
    FAILED,
    KILLED,
    RUNNING,
    SILENT,
    UNKNOWN,
    WAITING,
    about,
    cell_states,
    headline,
    print_status,
    seconds_left,
    time_left,
    trained,
)
from benchmarks.run.watch import Watch
from benchmarks.study.names import BASELINES
from benchmarks.study.study import load_study


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Cells of simple and vgg16: published 0, by_patient 0 and 1. No process, no results."""
    monkeypatch.chdir(tmp_path)
    derived = ("control", "positive_control", "learning_curve")
    content = {key: value for key, value in SMALL.items() if key not in derived}
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(content))
    return load_study("small.yaml")


def finish(study, *cell, training=10.0, prediction=2.0):
    folder = study.cell_folder(*cell)
    folder.mkdir(parents=True)
    (folder / "predictions.parquet").touch()
    (folder / "runtime.json").write_text(json.dumps({"seconds": {"training": training, "prediction": prediction}}))


def moment(ago):
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=ago)
    return then.isoformat(timespec="seconds")


def begin(study, *cell, ago=0, **changes):
    """A progress file of this process."""
    record = {"state": RUNNING, "host": socket.gethostname(), "pid": os.getpid(), "started": moment(ago)}
    record |= {"updated": moment(ago), "reason": None}
    record |= {"trial": 2, "trials": 3, "epoch": 14, "epochs": 20} | changes
    path = progress_file(study, *cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))


def states(study):
    return {cell.name: cell for cell in cell_states(study)}


def test_every_state_is_told_from_files(study):
    finish(study, "simple", "published", 0)
    begin(study, "vgg16", "published", 0, trial=None, trials=None, epoch=3, epochs=25)
    begin(study, "simple", "by_patient", 0)
    begin(study, "simple", "by_patient", 1, state=FAILED, reason="ValueError: boom")
    begin(study, "vgg16", "by_patient", 0, pid=subprocess.Popen(["true"]).pid, ago=2 * CLOCK)
    found = states(study)
    assert {name: cell.state for name, cell in found.items() if cell.architecture not in BASELINES} == {
        "simple/published/0": DONE,
        "vgg16/published/0": RUNNING,
        "simple/by_patient/0": RUNNING,
        "simple/by_patient/1": FAILED,
        "vgg16/by_patient/0": FAILED,
        "vgg16/by_patient/1": WAITING,
    }
    assert found["vgg16/published/0"].at == "epoch 3 of 25"
    assert found["simple/by_patient/0"].at == "trial 2 of 3, epoch 14 of 20"
    assert found["simple/by_patient/1"].reason == "ValueError: boom"
    assert found["vgg16/by_patient/0"].reason == KILLED


def test_outputs_without_predictions_are_not_done(study):
    finish(study, "simple", "published", 0)
    (study.cell_folder("simple", "published", 0) / "predictions.parquet").unlink()
    assert states(study)["simple/published/0"].state == WAITING


def test_a_cell_that_failed_and_then_succeeded_is_done(study):
    begin(study, "simple", "published", 0, state=FAILED, reason="ValueError: boom")
    progress_file(study, "simple", "published", 0).unlink()
    finish(study, "simple", "published", 0)
    assert states(study)["simple/published/0"].state == DONE


@pytest.mark.parametrize(("ago", "state"), [(0, RUNNING), (SILENT / 2, RUNNING), (2 * SILENT, FAILED)])
def test_a_cell_on_another_host_is_believed_for_an_hour(study, ago, state):
    begin(study, "simple", "published", 0, host="elsewhere", pid=1, ago=ago)
    assert states(study)["simple/published/0"].state == state


def test_a_process_that_began_after_the_cell_is_another(study):
    begin(study, "simple", "published", 0, ago=10 * 365 * 24 * 3600)
    assert states(study)["simple/published/0"].state == FAILED


@pytest.mark.parametrize(
    ("trial", "trials", "epoch", "words"),
    [(None, None, None, "starting"), (3, None, None, "trial 3"), (3, None, 2, "trial 3, epoch 2 of 20")],
)
def test_what_is_not_known_is_not_said(study, trial, trials, epoch, words):
    begin(study, "simple", "by_patient", 0, trial=trial, trials=trials, epoch=epoch)
    assert states(study)["simple/by_patient/0"].at == words


def test_the_time_left_follows_from_the_cells_that_are_done(study):
    finish(study, "simple", "by_patient", 0, training=90, prediction=10)
    finish(study, "simple", "published", 0, training=28, prediction=2)
    begin(study, "vgg16", "published", 0)
    # simple/by_patient/1 as the other fold; vgg16 has no cell yet, so as others under its protocols' forms.
    networks = trained(cell_states(study))
    assert seconds_left(networks) == pytest.approx(100 + 2 * 100 + 30, abs=5)
    assert time_left(networks, at_once=2) == "about 3 min left"
    assert headline(networks, at_once=1) == "2 of 6 cells done, 1 running, 0 failed, about 6 min left"


def test_time_that_a_running_cell_has_had_is_not_left(study):
    for fold in (0, 1):
        finish(study, "simple", "by_patient", fold, training=100, prediction=0)
        begin(study, "vgg16", "by_patient", fold, ago=40 if fold else 1000)
    finish(study, "simple", "published", 0)
    finish(study, "vgg16", "published", 0)
    assert seconds_left(trained(cell_states(study))) == pytest.approx(60, abs=5)


def test_no_time_is_made_up(study):
    for name in BASELINES:
        finish(study, name, "published", 0)
    networks = trained(cell_states(study))
    assert seconds_left(networks) is None and time_left(networks, at_once=2) == UNKNOWN
    for cell in networks:
        finish(study, *cell.key)
    assert headline(trained(cell_states(study)), at_once=0) == "6 of 6 cells done, 0 running, 0 failed"


def test_failed_cells_take_no_time(study):
    finish(study, "simple", "by_patient", 0, training=100, prediction=0)
    for cell in trained(cell_states(study))[1:]:
        if cell.state == WAITING:
            begin(study, *cell.key, state=FAILED, reason="x")
    assert seconds_left([cell for cell in trained(cell_states(study)) if cell.state != WAITING]) == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "less than a minute"),
        (61, "about 2 min"),
        (5000, "about 84 min"),
        (9100, "about 2.5 h"),
        (36000, "about 10 h"),
    ],
)
def test_times_claim_no_precision(seconds, words):
    assert about(seconds) == words


def test_the_status_of_a_study(study, capsys):
    finish(study, "simple", "published", 0)
    for name in BASELINES:
        finish(study, name, "by_patient", 1)
    begin(study, "simple", "by_patient", 0)
    begin(study, "vgg16", "by_patient", 1, state=FAILED, reason="ValueError: boom")
    print_status(study)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("study small: 1 of 6 cells done, 1 running, 1 failed, ")
    assert lines[1].split() == ["cells", "done", "simple", "vgg16", "baselines"]
    assert " ".join(lines[2].split()) == "published 1 of 1 0 of 1 0 of 4"
    assert " ".join(lines[3].split()) == "by_patient 0 of 2 0 of 2 4 of 8"
    assert lines[4] == "running  simple/by_patient/0: trial 2 of 3, epoch 14 of 20, for less than a minute"
    assert lines[5:] == [
        "failed",
        "  vgg16/by_patient/1: ValueError: boom",
        "      results/small/logs/cells/vgg16/by_patient/1.log",
    ]


def test_a_run_counts_what_an_earlier_one_left_as_waiting(study):
    outdated, failed, kept = ("simple", "by_patient", 0), ("vgg16", "by_patient", 0), ("simple", "published", 0)
    finish(study, *outdated)
    finish(study, *kept)
    begin(study, *failed, state=FAILED, reason="ValueError: of yesterday")
    watch = Watch(study)
    watch.start([outdated, failed, kept], [outdated, failed])
    assert watch.line().startswith("mammobench: 1 of 3 cells done, 0 running, 0 failed")
    # Times of change by hand: a file system may keep them no finer than this test is fast.
    begin(study, *failed)
    os.utime(progress_file(study, *failed), ns=(0, 1))
    assert "1 running (vgg16/by_patient/0: trial 2 of 3, epoch 14 of 20), 0 failed" in watch.line()
    begin(study, *failed, state=FAILED, reason="ValueError: of today")
    os.utime(progress_file(study, *failed), ns=(0, 2))
    words = watch.failure().splitlines()
    assert words[0].endswith(": 1 of 3 cells done, 1 failed.")
    assert words[1:] == [
        "  vgg16/by_patient/0: ValueError: of today",
        "      results/small/logs/cells/vgg16/by_patient/0.log",
        "Run the same command again to continue.",
    ]
    assert "3 cells, 2 of them trained in this run" in watch.summary()


def test_a_run_that_no_cell_stopped_names_none(study):
    watch = Watch(study)
    watch.start([("simple", "published", 0)], [])
    assert "See the error message above." in watch.failure()


def test_status_loads_nothing_heavy():
    heavy = "{'tensorflow', 'keras', 'keras_tuner', 'matplotlib', 'sklearn'}"
    check = f"import sys, benchmarks.run.status, benchmarks.run.watch; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True)


def test_the_status_target_runs_beside_a_run_and_writes_nothing(tmp_path):
    from benchmarks.run.lock import claim

    config = ["--config", write_study(tmp_path)]
    run = snakemake(tmp_path, *config, "--", "status")
    assert run.returncode == 0 and "study small: 0 of 13 cells done, 0 running, 0 failed" in run.stdout
    assert not (tmp_path / "results").exists()

    claim(tmp_path / "results/small")
    run = snakemake(tmp_path, *config, "--", "status")
    assert run.returncode == 0 and "study small: 0 of 13 cells done" in run.stdout
    assert "The report is" not in run.stdout
    assert [path.name for path in (tmp_path / "results").rglob("*")] == ["small", ".lock"]


def test_the_time_left_is_the_plans_corrected_by_what_cells_took(study):
    cells = [cell.name for cell in trained(cell_states(study))]
    cells_file(study).parent.mkdir(parents=True)
    cells_file(study).write_text(json.dumps(dict.fromkeys(cells, 50.0)))
    networks = trained(cell_states(study))
    assert seconds_left(networks) == 6 * 50
    # The first cell takes 100 s of 50 foretold: each other takes twice as long as foretold.
    finish(study, "simple", "by_patient", 0, training=90, prediction=10)
    # Of its architecture and protocol, the finished cell itself counts.
    assert seconds_left(trained(cell_states(study))) == 100 + 4 * 100
