"""A small study by profiles/slurm on a real Slurm: its tables, what its jobs asked for, and what disturbs them."""

import json
import math
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT
from slurm_cluster import Cluster, missing, running
from test_breakage import disk  # noqa: F401 - fixture
from test_contributing import copied
from test_edited import CHANGED, PATIENCE, edited_while_running
from test_workflow import TINY, environment, snakemake, write_study

from benchmarks.plan.resources import BESIDE_MB, LARGER, UNKNOWN

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}"),
]

TABLES = ["scores", "per_class", "headline", "comparison", "tuning", "leakage", "cells", "trials"]
SCORES = "results/small/tables/scores.csv"
CELL = "results/small/cells/simple/by_patient/1"
DUE = [SCORES, f"{CELL}/runtime.json"]
MEASURED = ["seconds", "peak_memory_mb", "finished"]  # columns that no two runs share
WANTED = [f"results/small/tables/{name}.csv" for name in TABLES]
# In the callback of checkpoints, after one is written
WRITTEN = "        self.cost = self.written - now\n"
HELD = """        while Path(f"hold-{epoch + 1}").exists():
            time.sleep(0.02)
"""
# Snakemake that asks after its jobs each second, more often than a busy cluster would like; it waits ten seconds longer
# after each answer without news, and no option says otherwise.
OFTEN = """
from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor
Executor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, seconds: None)
main()
"""


@pytest.fixture(scope="module")
def cluster():
    with running() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def done(cluster, tmp_path_factory):
    """Folder of a study that has run on the cluster."""
    place = study_in(tmp_path_factory.mktemp("slurm"))
    run = on_slurm(cluster, place, ROOT / "profiles/slurm", *WANTED)
    assert run.returncode == 0, run.stdout
    return place


def study_in(place: Path) -> Path:
    write_study(place, **TINY)
    return place


def slurm_command(place: Path, profile: Path, *targets: str, code: Path = ROOT, more: Sequence[str] = ()) -> list[str]:
    profiles = ["--profile", str(profile), "--workflow-profile", str(code / "profiles/default")]
    command = ["--snakefile", str(code / "Snakefile"), "--directory", str(place), *profiles, *more]
    return [sys.executable, "-c", OFTEN, *command, "--config", "study=small.yaml", "--", *targets]


def on_slurm(cluster: Cluster, place: Path, profile: Path, *targets: str, **own) -> subprocess.CompletedProcess:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    variables = environment() | cluster.environment
    return subprocess.run(slurm_command(place, profile, *targets, **own), env=variables, **streams)


def test_the_tables_are_those_of_a_local_run(done, finished):
    for table in WANTED:
        here, there = (pd.read_csv(place / table).drop(columns=MEASURED, errors="ignore") for place in (finished, done))
        pd.testing.assert_frame_equal(here, there, check_exact=True, obj=table)


def test_every_job_ran_on_slurm_with_what_the_profile_asks(cluster, done):
    jobs = cluster.jobs()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    asked = [(job["Tres"].split(",")[1], job["TimeLimit"]) for job in jobs]
    # Nothing was learnt yet when the two cells were sent.
    assert asked.count((f"mem={UNKNOWN[0]}M", str(UNKNOWN[1]))) == 2
    assert asked.count(("mem=8000M", "240")) == 1  # leakage
    assert asked.count(("mem=4000M", "60")) == 2  # baselines
    assert "gpu" not in cluster.call("squeue", "--noheader", "--states=all", "--Format=tres-per-job")


def test_a_cell_asks_for_what_the_finished_one_took_and_for_a_gpu(cluster, done, tmp_path):
    text = (ROOT / "profiles/slurm/config.yaml").read_text()
    (tmp_path / "config.yaml").write_text(text.replace("gpu: 0", "gpu: 1\n    slurm_partition: gpu"))
    before = len(cluster.jobs())
    shutil.rmtree(done / "results/small/cells/simple/by_patient/1")
    run = on_slurm(cluster, done, tmp_path, "results/small/cells/simple/by_patient/1/runtime.json")
    assert run.returncode == 0, run.stdout
    (job,) = cluster.jobs()[before:]
    finished = json.loads((done / "results/small/cells/simple/by_patient/0/runtime.json").read_text())
    assert f"mem={math.ceil(finished['peak_memory_mb'] * LARGER + BESIDE_MB)}M," in job["Tres"]
    assert int(job["TimeLimit"]) < UNKNOWN[1]
    assert job["Partition"] == "gpu"
    assert "TresPerJob=gres:gpu:1" in cluster.call("scontrol", "show", "job", job["JobId"])


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A clone with a study whose cells write a checkpoint after each epoch, run without Slurm.

    After epoch N a cell waits as long as there is a file `hold-N`: on a fast machine it would end undisturbed.
    """
    place = copied(tmp_path_factory.mktemp("long"))
    callback = place / "benchmarks/checkpoints/callback.py"
    text, replaced = re.subn(r"(?m)^(EVERY|SHARE) = \d+", r"\1 = 0", callback.read_text())
    assert replaced == 2 and text.count(WRITTEN) == 1
    callback.write_text(text.replace(WRITTEN, WRITTEN + HELD))
    study = write_study(place, **TINY | {"training": {"epochs": 8, "patience": 7}})
    run = snakemake(place, "--config", study, "--", SCORES, code=place)
    assert run.returncode == 0, run.stdout
    return place


def again(long: Path, place: Path) -> Path:
    """Return a copy of the clone in which one of two cells, and what is made of it, is due again."""
    subprocess.run(["cp", "-a", f"{long}/.", str(place)], check=True)
    shutil.rmtree(place / CELL)
    (place / SCORES).unlink()
    return place


def assert_as_undisturbed(long: Path, place: Path) -> None:
    """Compare scores and predictions; the other cell was not touched."""
    pd.testing.assert_frame_equal(*(pd.read_csv(folder / SCORES) for folder in (long, place)), check_exact=True)
    one, other = ((folder / CELL / "predictions.parquet").read_bytes() for folder in (long, place))
    assert one == other
    one, other = ((folder / CELL / "../0/runtime.json").stat().st_mtime_ns for folder in (long, place))
    assert one == other


def test_a_cell_that_was_preempted_and_whose_node_failed_continues_at_its_checkpoint(cluster, long, tmp_path):
    place = again(long, tmp_path)
    for epoch in (2, 4):
        (place / f"hold-{epoch}").touch()
    before = len(cluster.jobs())
    run = slurm_command(place, place / "profiles/slurm", *DUE, code=place)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(run, env=environment() | cluster.environment, **streams) as process:
        wait_until(process, lambda: newest(place) == 2)
        cluster.call("sbatch", "--partition=urgent", "--exclusive", f"--output={tmp_path}/urgent.log", "--wrap=sleep 1")
        wait_until(process, lambda: "PREEMPTED" in states(cluster, before))
        wait_until(process, lambda: newest(place) == 4)
        cluster.kill_node()
        cluster.start_node()
        output, _ = process.communicate()
    assert process.returncode == 0, output
    assert {"PREEMPTED", "NODE_FAIL"} <= states(cluster, before)
    assert_as_undisturbed(long, place)
    assert json.loads((place / CELL / "runtime.json").read_text())["resumed"] == [2, 4]


def states(cluster: Cluster, before: int) -> set[str]:
    """States of the jobs that have ended, without the first ones."""
    return {job["JobState"] for job in cluster.jobs()[before:]}


def newest(place: Path) -> int:
    """Epoch of the cell's newest checkpoint; 0 if there is none."""
    return max((int(path.stem) for path in place.glob("results/small/search/**/*.checkpoint")), default=0)


def wait_until(process: subprocess.Popen, there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not there():
        assert process.poll() is None and time.monotonic() < deadline, process.stdout.read()
        time.sleep(0.05)


def test_a_full_shared_disk_is_told_and_the_next_run_completes(cluster, long, tmp_path, disk):  # noqa: F811
    disk("size=200m")
    place = again(long, tmp_path)
    disk(f"size={shutil.disk_usage(place / 'results').used + 64 * 1024}")
    run = on_slurm(cluster, place, place / "profiles/slurm", *DUE, code=place, more=["--retries", "0"])
    assert run.returncode != 0 and "MB are left on the disk of results/small" in run.stdout, run.stdout
    disk("size=200m")
    run = on_slurm(cluster, place, place / "profiles/slurm", *DUE, code=place)
    assert run.returncode == 0, run.stdout
    assert_as_undisturbed(long, place)


def test_a_job_on_the_cluster_whose_code_was_edited_fails(cluster, tmp_path):
    clone = copied(tmp_path / "clone")
    place = study_in(clone)
    run = slurm_command(place, clone / "profiles/slurm", "results/small/tables/probes.csv", code=clone)
    own = environment() | cluster.environment
    file = "analysis/explanations/probes.py"
    output = edited_while_running(run, own, (place / "results/small/samples.parquet").exists, clone / file)
    log = place / "results/small/logs/probes.log"
    assert f"error: {file} {CHANGED}" in output + log.read_text()
    assert not (place / "results/small/tables/probes.csv").exists()
