"""Training killed by SIGKILL at random moments ends as if it had not been: the same predictions, bit by bit."""

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from prepared_study import prepared_study

from benchmarks.replays.folds import write_split
from benchmarks.study.study import load_study

STUDY = {
    "description": "Small, with many epochs.",
    "seed": 3,
    "dataset": {"name": "phantom", "patients": 24, "side": 64, "copies": 24},
    "image_size": 32,
    "protocols": ["published", "by_patient"],
    "folds": 2,
    "training": {"epochs": 40, "patience": 39},
    "published": {"epochs": 40},
    "search": {"trials": 2},
    "recipe": {"epochs": 60},
    "architectures": {"simple": {"filters": [4, 4]}},
    "publications": {"jimenez_2024": {"variants": {"cnn": {"width": 0.1}}, "image_size": 32, "epochs": 30}},
}
pytestmark = pytest.mark.slow
NAMES = ("whole", "killed")
CELL = ["benchmarks.training", "--architecture", "simple", "--fold", "0", "--protocol"]
REPLAY = ["--publication", "jimenez_2024", "--variant", "cnn", "--protocol", "jimenez_2024", "--fold", "0"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with two studies of the same settings, by a recipe, and two that are searched."""
    folder = tmp_path_factory.mktemp("killed")
    with prepared_study(folder, STUDY) as study:
        write_split(study, "jimenez_2024")
        for name in NAMES:
            for kind, own in (("recipe", {}), ("search", {"recipe": None})):
                changes = {"extends": "small.yaml", "description": name} | own
                (folder / f"{name}_{kind}.yaml").write_text(yaml.safe_dump(changes))
                assert load_study(f"{name}_{kind}.yaml").seed == study.seed
                shutil.copytree(study.results(), folder / "results" / f"{name}_{kind}")
    return folder


def ended(place, kind, argv, kills):
    """Train a job without and with kills; return the results folders of both, and the log."""
    jobs = [{"argv": [*argv, "--study", f"{name}_{kind}.yaml"], "kills": kills * (name == "killed")} for name in NAMES]
    command = [sys.executable, str(ROOT / "tests/support/killed_jobs.py"), json.dumps(jobs)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"hits"')]
    assert [one["status"] for one in told] == [0, 0], done.stdout + done.stderr
    assert told[1]["hits"] == kills, "training was too short to be killed"
    return [place / "results" / f"{name}_{kind}" for name in NAMES], done.stdout


def test_a_cell_by_a_recipe(place):
    compare(*ended(place, "recipe", [*CELL, "by_patient"], kills=3), "cells/simple/by_patient/0")


@pytest.mark.parametrize(
    ("kind", "argv", "cell"),
    [
        ("recipe", [*CELL, "published"], "cells/simple/published/0"),
        ("search", [*CELL, "by_patient"], "cells/simple/by_patient/0"),
        ("recipe", ["benchmarks.replays.replay", *REPLAY], "replays/jimenez_2024/cnn/jimenez_2024/0"),
    ],
)
def test_other_training(place, kind, argv, cell):
    compare(*ended(place, kind, argv, kills=1), cell)


def compare(folders, log, cell):
    whole, killed = (folder / cell for folder in folders)
    for name in ("predictions.parquet", "validation_predictions.parquet", "history.csv"):
        if (whole / name).exists():
            assert (whole / name).read_bytes() == (killed / name).read_bytes()
    if (whole / "trials.csv").exists():
        one, other = (pd.read_csv(folder / "trials.csv").drop(columns="seconds") for folder in (whole, killed))
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    resumed = [json.loads((folder / "runtime.json").read_text())["resumed"] for folder in (whole, killed)]
    assert resumed[0] == [] and resumed[1] and min(resumed[1]) > 0
    assert f"Training is resumed after epoch {resumed[1][-1]}, from " in log
    assert not [*folders[1].rglob("*.checkpoint"), *folders[1].rglob("*.part")]
