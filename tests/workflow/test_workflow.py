"""The workflow as a user runs it: errors before any work, a whole small study, a killed run, a rerun after a change."""

import base64
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from jsonschema import Draft202012Validator

from analysis.dictionary.check import problems
from analysis.dictionary.interchange import schema
from benchmarks.study.names import BASELINES

KILLS = 20
# Both networks; simple again with shuffled labels, planted lesions and four patients; baselines wherever one ran.
CELLS = 2 * (1 + 2) + (1 + 2) + 2 + 2 + len(BASELINES) * (2 * (1 + 2) + 2 + 2)
SOON, LATE = 8, 25  # seconds within which a run is killed, at first and at most
SMALL = {
    "description": "Small enough to run whole in a test.",
    "seed": 5,
    "dataset": {"name": "phantom", "patients": 24, "side": 64},
    "image_size": 32,
    "protocols": ["published", "by_patient"],
    "folds": 2,
    "training": {"epochs": 2, "patience": 1},
    "published": {"epochs": 1},
    "search": {"trials": 2},
    "architectures": {
        "simple": {"filters": [4, 4]},
        "vgg16": {"width": 0.05},
    },
    "control": {"protocols": ["published", "by_patient"], "architectures": ["simple"]},
    "positive_control": {"protocols": ["by_patient"], "contrasts": [60], "architectures": ["simple"]},
    "learning_curve": {"patients": [4], "architectures": ["simple"]},
    "probes": {"per_class": 1},
    "bootstrap": 100,
    "claims": "published",
}
# Changes that make it smaller still, where one honest split of few images will do.
TINY = {
    "dataset": {"name": "planted", "patients": 16, "side": 64},
    "protocols": ["by_patient"],
    "training": {"epochs": 1},
    "search": {"trials": 1},
    "architectures": {"simple": {"filters": [4, 4]}},
    "control": {},
    "positive_control": {},
    "learning_curve": {},
    "claims": None,
}


def command(place: Path, *arguments: str, code: Path = ROOT) -> list[str]:
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", str(code / "Snakefile"), "--directory", str(place)]
    return [*snakemake, "--workflow-profile", str(code / "profiles/default"), "--cores", "2", *arguments]


def environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def snakemake(
    place: Path, *arguments: str, code: Path = ROOT, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.run(command(place, *arguments, code=code), env=variables or environment(), **streams)


def write_study(place: Path, **changes) -> str:
    path = place / "small.yaml"
    path.write_text(yaml.safe_dump(SMALL | changes))
    return "study=small.yaml"


def categories(report: Path) -> dict[str, dict[str, list[str]]]:
    """category -> subcategory -> files that Snakemake's report shows."""
    return json.loads(re.search(r"categories = (\{.*\});?$", report.read_text(), re.MULTILINE)[1])


def planned(output: str, rule: str) -> int:
    """How many jobs of `rule` the job statistics of a dry run list."""
    for line in output.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == rule and words[1].isdigit():
            return int(words[1])
    return 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 3}, "small.yaml:\n  - (top level): unknown key epochs; allowed: extends, description"),
        ({"dataset": {"name": "mendeley_inbreast"}}, "10.17632/x7bvzv6cvr.1"),
        ({"architectures": {"alexnet": {}}}, "67"),
    ],
)
def test_a_mistake_stops_the_run_before_any_work(tmp_path, changes, words):
    run = snakemake(tmp_path, "--config", write_study(tmp_path, **changes))
    assert run.returncode != 0 and words in run.stdout and "Traceback" not in run.stdout
    assert not (tmp_path / "results").exists()


def test_wrong_data_are_told_apart_before_any_work(tmp_path):
    (tmp_path / "empty").mkdir()
    run = snakemake(tmp_path, "--config", "study=laptop", "data=empty")
    assert run.returncode != 0 and "Traceback" not in run.stdout
    for words in ("empty", "Image {Before,After} Data Augmentation", "CC BY 4.0", "--config data=PATH"):
        assert words in run.stdout


@pytest.mark.parametrize(("study", "cells"), [("demo", 24), ("laptop", 66), ("paper", 66), ("paper_night", 66)])
def test_a_dry_run_shows_every_cell(tmp_path, study, cells, request):
    data = [] if study == "demo" else [f"data={request.getfixturevalue('real_zip')}"]
    run = snakemake(tmp_path, "--dry-run", "--quiet", "rules", "--config", f"study={study}", *data)
    assert run.returncode == 0, run.stdout
    assert planned(run.stdout, "cell") >= cells


def complete(place: Path) -> dict[Path, int]:
    """When each cell was finished that Snakemake knows to be complete."""
    names = {path: str(path.relative_to(place)) for path in place.glob("results/small/cells/*/*/*/runtime.json")}
    begun = {path.name for path in (place / ".snakemake/incomplete").rglob("*")}
    return {
        path: path.stat().st_mtime_ns
        for path, name in names.items()
        if base64.urlsafe_b64encode(name.encode()).decode() not in begun
    }


@pytest.mark.slow
def test_killed_resumed_and_changed(tmp_path):
    """SIGKILL at random moments; the next plain run keeps the finished cells; a change reruns what it touches."""
    config = ["--config", write_study(tmp_path)]
    results = tmp_path / "results/small"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    moments, finished, killed, latest = random.Random(1), {}, 0, SOON
    while killed < KILLS:
        process = subprocess.Popen(command(tmp_path, *config), env=environment(), start_new_session=True, **quiet)
        try:
            process.wait(moments.uniform(2, latest))
            # It was faster: its last stages are killed again.
            for folder in ("cams", "tables", "report"):
                shutil.rmtree(results / folder)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
        done = complete(tmp_path)
        assert {path: done.get(path) for path in finished} == finished
        # On a slow machine it takes longer until a cell is done, but once all are, nothing waits for a later kill.
        latest = SOON if len(done) == CELLS or len(done) > len(finished) else min(LATE, 1.5 * latest)
        finished = done
    networks = [path for path in finished if path.parts[-4] not in BASELINES]
    assert finished
    shutil.rmtree(results / "report", ignore_errors=True)

    run = snakemake(tmp_path, *config)
    assert run.returncode == 0, run.stdout
    assert f"The report is {results / 'report/report.html'}" in run.stdout
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    # How they stand is told while cells train, if the killed runs have left any to train.
    assert "of 13 cells done, " in run.stdout or len(networks) == 13
    assert not [path for path in results.rglob("progress/*") if path.is_file()]
    assert f"Study small: 13 cells, {13 - len(networks)} of them trained in this run" in run.stdout
    assert "Under the published split, the best of 2 architectures" in run.stdout
    assert len(pd.read_csv(results / "tables/cells.csv")) == CELLS
    claims = pd.read_csv(results / "tables/claims.csv").set_index("id")["verdict"]
    assert claims[["transfer-learning", "grad-cam"]].eq("contradicted by the study's own code").all()
    assert claims[["accuracy-98", "best-three", "simple-test-accuracy", "alexnet-macro-f1"]].eq("not evaluable").all()
    leakage = pd.read_csv(results / "tables/leakage.csv").set_index(["protocol", "part_a", "part_b", "kind"])
    assert (leakage.loc[("published", "train", "test", "near_duplicate"), "share"] == 1).all()
    assert (leakage.loc["by_patient", "n_flagged"] == 0).all()
    assert not [*(results / "search").rglob("record.json")]
    assert len(pd.read_csv(results / "tables/trials.csv")) == 3 * (1 + 2 * 2) + 2 * 2 * 2
    assert set(pd.read_csv(results / "tables/control.csv")["protocol"]) == {"published", "by_patient"}
    assert pd.read_csv(results / "tables/learning_curve.csv")["n_patients"].min() == 4
    assert set(pd.read_csv(results / "tables/positive_control.csv")["contrast"]) == {0, 60}
    bias = pd.read_csv(results / "tables/bias.csv")
    judged = bias.groupby(["architecture", "protocol"])["check"].nunique()
    assert len(judged) == 4 and judged.min() == judged.max() == 17
    assert all((results / evidence).is_file() for evidence in bias["evidence"].unique())

    # The data dictionary describes every table and column, and results.json has them.
    assert problems(results) == []
    Draft202012Validator(schema()).validate(json.loads((results / "results.json").read_text()))

    run = snakemake(tmp_path, "--dry-run", *config)
    assert "Nothing to be done" in run.stdout

    deleted = (results / "cells/simple/by_patient/0").rename(tmp_path / "deleted")
    run = snakemake(tmp_path, "--dry-run", *config)
    assert planned(run.stdout, "cell") == planned(run.stdout, "comparison") == 1
    deleted.rename(results / "cells/simple/by_patient/0")

    architectures = SMALL["architectures"] | {"vgg16": {"width": 0.06}}
    run = snakemake(tmp_path, "--dry-run", "--config", write_study(tmp_path, architectures=architectures))
    assert planned(run.stdout, "cell") == 3 and planned(run.stdout, "samples") == planned(run.stdout, "folds") == 0
    run = snakemake(tmp_path, "--dry-run", "--config", write_study(tmp_path, bootstrap=200))
    assert planned(run.stdout, "cell") == 0 and planned(run.stdout, "scores") == 1

    # Snakemake's own report shows every table and figure, in its category, without a network.
    run = snakemake(tmp_path, "--report", str(tmp_path / "shown.html"), "--config", write_study(tmp_path))
    assert run.returncode == 0, run.stdout
    shown = categories(tmp_path / "shown.html")
    assert sorted(shown) == ["Audit", "Comparison", "Explanations and bias", "Report", "Results", "Training"]
    files = {file for category in shown.values() for files in category.values() for file in files}
    there = {*results.glob("tables/*.csv"), *results.glob("figures/*.svg"), *results.glob("report/*.html")}
    assert files == {str(path.relative_to(tmp_path)) for path in there}

    # A cell that fails is named at the end, with its reason and log; with a fold gone, it is this one.
    folds = pd.read_parquet(results / "folds/by_patient.parquet")
    folds[folds["fold"] != 1].to_parquet(results / "folds/by_patient.parquet")
    run = snakemake(tmp_path, *config, "--", "results/small/cells/simple/by_patient/1/runtime.json")
    assert run.returncode != 0 and "0 of 1 cells done, 1 failed" in run.stdout
    assert "simple/by_patient/1: results/small/folds/by_patient.parquet has no fold 1" in run.stdout
    assert "Logfile results/small/logs/cells/simple/by_patient/1.log" in run.stdout

    # Same study, same machine, same tables.
    names = ("scores", "per_class", "headline", "comparison", "control", "learning_gain", "tuning", "collapse", "bias")
    tables = {name: pd.read_csv(results / f"tables/{name}.csv") for name in names}
    shutil.rmtree(results)
    wanted = [f"results/small/tables/{name}.csv" for name in names]
    assert snakemake(tmp_path, "--config", write_study(tmp_path), "--", *wanted).returncode == 0
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, pd.read_csv(results / f"tables/{name}.csv"), check_exact=True, obj=name)


@pytest.mark.slow
def test_two_runs_of_one_study_do_not_mix(tmp_path):
    config = ["--config", write_study(tmp_path)]
    from benchmarks.run.lock import claim

    claim(tmp_path / "results/small")
    run = snakemake(tmp_path, *config)
    assert run.returncode != 0 and "another run is writing" in run.stdout
    assert not (tmp_path / "results/small/samples.parquet").exists()
