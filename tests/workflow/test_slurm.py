"""A small study by profiles/slurm on a real Slurm: the tables of a local run, and what its jobs asked for."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT
from slurm_cluster import Cluster, missing, running
from test_contributing import copied
from test_edited import CHANGED, edited_while_running
from test_workflow import TINY, environment, write_study

from benchmarks.plan.resources import BESIDE_MB, LARGER, UNKNOWN

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}"),
]

TABLES = ["scores", "per_class", "headline", "comparison", "tuning", "leakage", "cells", "trials"]
MEASURED = ["seconds", "peak_memory_mb", "finished"]  # columns that no two runs share
WANTED = [f"results/small/tables/{name}.csv" for name in TABLES]
# Polled more often than a busy cluster would like.
OFTEN = ["--slurm-init-seconds-before-status-checks", "1"]


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


def slurm_command(place: Path, profile: Path, *targets: str, code: Path = ROOT) -> list[str]:
    profiles = ["--profile", str(profile), "--workflow-profile", str(code / "profiles/default")]
    command = ["--snakefile", str(code / "Snakefile"), "--directory", str(place), *profiles, *OFTEN]
    return [sys.executable, "-m", "snakemake", *command, "--config", "study=small.yaml", "--", *targets]


def on_slurm(cluster: Cluster, place: Path, profile: Path, *targets: str) -> subprocess.CompletedProcess:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    own = environment() | cluster.environment
    return subprocess.run(slurm_command(place, profile, *targets), env=own, **streams)


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
    (tmp_path / "config.yaml").write_text(text.replace("gpu: 0", "gpu: 1"))
    before = len(cluster.jobs())
    shutil.rmtree(done / "results/small/cells/simple/by_patient/1")
    run = on_slurm(cluster, done, tmp_path, "results/small/cells/simple/by_patient/1/runtime.json")
    assert run.returncode == 0, run.stdout
    (job,) = cluster.jobs()[before:]
    finished = json.loads((done / "results/small/cells/simple/by_patient/0/runtime.json").read_text())
    assert f"mem={math.ceil(finished['peak_memory_mb'] * LARGER + BESIDE_MB)}M," in job["Tres"]
    assert int(job["TimeLimit"]) < UNKNOWN[1]
    assert "TresPerJob=gres:gpu:1" in cluster.call("scontrol", "show", "job", job["JobId"])


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
