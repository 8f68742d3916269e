"""The same cell on Keras' other backends: its model answers the same on TensorFlow, its scores are as good."""

import importlib.util
import json
import subprocess

import numpy as np
import pandas as pd
import pytest
from test_training import prepared, study  # noqa: F401 - fixtures

from benchmarks.errors import BadInput
from benchmarks.launch import LAUNCH
from benchmarks.model import saved_model
from benchmarks.study import load_study

SEEDS = (3, 4)


def trained(seed: int, backend: str, architecture: str = "simple", protocol: str = "by_patient") -> pd.DataFrame:
    """Train a cell of small.yaml in a process of its own; return its test predictions and `loss` of each."""
    settings = {"extends": "small.yaml", "seed": seed, "backend": backend, "search": {"trials": 1}}
    options = ["--study", json.dumps(settings), "--architecture", architecture, "--protocol", protocol, "--fold", "0"]
    subprocess.run([*LAUNCH, "benchmarks.training", *options], check=True, stdout=subprocess.DEVNULL)
    folder = load_study("small.yaml").cell_folder(architecture, protocol, 0)
    assert json.loads((folder / "runtime.json").read_text())["backend"] == backend
    table = pd.read_parquet(folder / "predictions.parquet")
    chosen = [row[f"p_{row['label']}"] for _, row in table.iterrows()]
    return table.assign(loss=-np.log(np.maximum(chosen, 1e-7)))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_trains_as_well_and_is_explained_on_tensorflow(study, backend):  # noqa: F811
    if not importlib.util.find_spec(backend):
        pytest.skip(f"{backend} is not installed: make backends")
    table = trained(SEEDS[0], backend)
    model = saved_model("simple", study.cell_folder("simple", "by_patient", 0) / "model.keras")
    rows = pd.read_parquet(study.results() / "samples.parquet").set_index("sample")["row"]
    images = np.load(study.results() / "images_32.npy")[rows[table["sample"]]][..., np.newaxis]
    np.testing.assert_allclose(model.predict(images, verbose=0), table.filter(regex="^p_"), atol=1e-4)

    # Seeds draw other numbers elsewhere: no more alike than two seeds of one backend.
    own, other = ([trained(seed, name)["loss"].mean() for seed in SEEDS] for name in (backend, "tensorflow"))
    assert abs(np.mean(own) - np.mean(other)) < 3 * max(np.ptp(own), np.ptp(other))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_follows_the_published_recipe(study, backend):  # noqa: F811
    if not importlib.util.find_spec(backend):
        pytest.skip(f"{backend} is not installed: make backends")
    assert np.isfinite(trained(SEEDS[0], backend, protocol="published")["loss"]).all()


def test_the_environment_names_the_backend_where_the_study_does_not(study, monkeypatch):  # noqa: F811
    assert study.backend == "tensorflow"
    monkeypatch.setenv("KERAS_BACKEND", "numpy")
    with pytest.raises(BadInput, match="KERAS_BACKEND=numpy in the environment: allowed: tensorflow, jax, torch"):
        load_study("small.yaml")
    assert load_study('{"extends": "small.yaml", "backend": "tensorflow"}').backend == "tensorflow"


def test_a_backend_that_is_not_installed_is_told(study, monkeypatch):  # noqa: F811
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="backend: tensorflow is not installed"):
        load_study("small.yaml")
