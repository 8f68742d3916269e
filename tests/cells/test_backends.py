"""The same cell on Keras' other backends: its model answers the same on TensorFlow, its scores are as good."""

import functools
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from test_training import prepared, study  # noqa: F401 - fixtures

from benchmarks.backend import OPTIONAL, require, versions
from benchmarks.cells.model import saved_model
from benchmarks.errors import BadInput
from benchmarks.study.study import load_study

BACKENDS = ("jax", "torch")
SEEDS = (3, 4)
# Trains the cells whose command lines it is given, one after another.
TRAIN = """
import json, sys
from benchmarks.training import main

for line in json.loads(sys.argv[1]):
    sys.argv[1:] = line
    main()
"""


@pytest.fixture(scope="module")
def tables(prepared):  # noqa: F811
    """A function that trains cells in one process of `backend`: both seeds by patient, and the published recipe.

    It returns each one's test predictions with the `loss` of each, and the folder that its files lie in.
    """

    @functools.cache
    def trained(backend: str) -> dict[tuple[str, int], tuple[pd.DataFrame, Path]]:
        if not importlib.util.find_spec(backend):
            pytest.skip(f"{backend} is not installed: make backends")
        wanted = [("by_patient", seed) for seed in SEEDS] + [("published", SEEDS[0])] * (backend in BACKENDS)
        lines, folders = [], {}
        for protocol, seed in wanted:
            name = f"{backend}{seed}"
            shutil.copytree(prepared / "results/small", prepared / "results" / name, dirs_exist_ok=True)
            settings = {"extends": "small.yaml", "description": name, "backend": backend}
            settings |= {"seed": seed, "search": {"trials": 1}}
            (prepared / f"{name}.yaml").write_text(yaml.safe_dump(settings))
            cell = ["--architecture", "simple", "--protocol", protocol, "--fold", "0"]
            lines.append(["--study", f"{name}.yaml", *cell])
            folders[protocol, seed] = prepared / f"results/{name}/cells/simple/{protocol}/0"
        command = [sys.executable, "-c", TRAIN, json.dumps(lines)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run(command, cwd=prepared, env=environment, check=True, stdout=subprocess.DEVNULL)
        return {key: (_losses(folder, backend), folder) for key, folder in folders.items()}

    return trained


def _losses(folder: Path, backend: str) -> pd.DataFrame:
    assert json.loads((folder / "runtime.json").read_text())["backend"] == backend
    table = pd.read_parquet(folder / "predictions.parquet")
    chosen = [row[f"p_{row['label']}"] for _, row in table.iterrows()]
    return table.assign(loss=-np.log(np.maximum(chosen, 1e-7)))


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_another_backend_trains_as_well_and_its_model_answers_alike_on_tensorflow(study, tables, backend):  # noqa: F811
    table, folder = tables(backend)["by_patient", SEEDS[0]]
    model = saved_model("simple", folder / "model.keras")
    rows = pd.read_parquet(study.results() / "samples.parquet").set_index("sample")["row"]
    images = np.load(study.results() / "images_32.npy")[rows[table["sample"]]][..., np.newaxis]
    np.testing.assert_allclose(model.predict(images, verbose=0), table.filter(regex="^p_"), atol=1e-4)

    # Seeds draw other numbers elsewhere: no more alike than two seeds of one backend.
    own, other = (
        [tables(name)["by_patient", seed][0]["loss"].mean() for seed in SEEDS] for name in (backend, "tensorflow")
    )
    # Two seeds may be alike by chance: a tenth, of losses near 2.4, is no difference either.
    assert abs(np.mean(own) - np.mean(other)) < max(3 * np.ptp(own), 3 * np.ptp(other), 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_another_backend_follows_the_published_recipe(tables, backend):
    assert np.isfinite(tables(backend)["published", SEEDS[0]][0]["loss"]).all()


def test_the_environment_names_the_backend_where_the_study_does_not(study, monkeypatch):  # noqa: F811
    assert study.backend == "tensorflow"
    monkeypatch.setenv("KERAS_BACKEND", "numpy")
    with pytest.raises(BadInput, match="KERAS_BACKEND=numpy in the environment: allowed: tensorflow, jax, torch"):
        load_study("small.yaml")
    assert load_study('{"extends": "small.yaml", "backend": "tensorflow"}').backend == "tensorflow"


def test_only_a_stage_that_needs_a_backend_asks_for_it(study, monkeypatch):  # noqa: F811
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "jax" or None)
    load_study("small.yaml")
    with pytest.raises(BadInput, match="run with backend=jax, which is installed"):
        require("tensorflow")


def test_versions_need_no_backend(monkeypatch):
    own = importlib.metadata.version

    def version(name: str) -> str:
        if name in OPTIONAL:
            raise importlib.metadata.PackageNotFoundError(name)
        return own(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert {"python", "keras", "numpy"} <= set(versions()).difference(OPTIONAL)
