"""Replay of the published recipe: allowed changes, and recorded results."""

import dataclasses
import os
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from conftest import ROOT

from benchmarks import reference
from benchmarks.errors import BadInput
from benchmarks.samples.folds import make_folds
from benchmarks.samples.samples import write_samples
from benchmarks.study.study import load_study
from benchmarks.validation.replay import changed

STUDY = {
    "description": "d",
    "seed": 1,
    "dataset": {"name": "phantom", "patients": 24, "side": 64},
    "image_size": 32,
    "protocols": ["published"],
    "folds": 2,
    "published": {"epochs": 2},
    "architectures": {"simple": {"filters": [4, 4]}, "vgg16": {"width": 0.05}},
}


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(STUDY))
    return load_study("small.yaml")


def test_one_thing_is_changed_and_the_rest_kept(study):
    slower = changed(study, "vgg16", {"learning_rate": 0.0001})
    assert slower.published == study.published | {"learning_rate": 0.0001}
    assert slower.options_of("vgg16") == study.options_of("vgg16")
    other = changed(study, "vgg16", {"initializer": "he_normal", "precision": "mixed_float16", "image_size": 48})
    assert other.options_of("vgg16") == {"width": 0.05, "initializer": "he_normal"}
    assert (other.training["precision"], other.size_of("vgg16")) == ("mixed_float16", 48)
    kept = {field.name for field in dataclasses.fields(study)} - {"architectures", "training"}
    assert all(getattr(other, name) == getattr(study, name) for name in kept)
    with pytest.raises(BadInput, match="unknown option moon"):
        changed(study, "vgg16", {"moon": 1})
    with pytest.raises(BadInput, match="below 32 px"):
        changed(study, "vgg16", {"image_size": 16})


def test_runs_are_appended_with_their_provenance(study, tmp_path):
    write_samples(study, study.results())
    samples = pd.read_parquet(study.results() / "samples.parquet")
    (study.results() / "folds").mkdir()
    make_folds("published", samples, study).to_parquet(study.results() / "folds/published.parquet")
    words = [
        "-m",
        "benchmarks.validation.replay",
        "--study",
        "small.yaml",
        "--architecture",
        "simple",
        "--out",
        str(tmp_path),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for more in (["--seeds", "1", "2"], ["--set", "learning_rate=0.0001", "epochs=1"]):
        subprocess.run([sys.executable, *words, *more], check=True, capture_output=True, env=environment)
    runs = pd.read_csv(tmp_path / "replay.csv", keep_default_na=False)
    assert runs[["change", "seed"]].to_numpy().tolist() == [["none", 1], ["none", 2], ["learning_rate=0.0001", 1]]
    assert runs["learning_rate"].tolist() == [0.001, 0.001, 0.0001] and runs["epochs"].tolist() == [2, 2, 1]
    assert runs["command"].str.contains("benchmarks.validation.replay --study small.yaml").all()
    assert runs["versions"].str.contains("keras").all() and (runs["hardware"] != "").all()
    patients = pd.read_csv(tmp_path / "replay_patients.csv")
    sums = patients.groupby(["change", "seed", "part"])[["n", "n_correct"]].sum()
    for run in runs.itertuples():
        assert sums.loc[(run.change, run.seed, "test")].tolist() == [run.n_test, run.test_correct]
        whole = sums.loc[(run.change, run.seed, "validation")]
        assert whole["n"] == run.n_validation
        assert whole["n_correct"] / whole["n"] == pytest.approx(run.validation_accuracy, abs=1e-3)


def test_reference_tables_say_where_they_come_from():
    for name in ("copies", "replay"):
        table = reference.read(name)
        assert len(table) and table[["command", "hardware", "versions", "finished"]].notna().all(axis=None)
