"""Baselines: their predictions and probabilities, and that they repeat."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks.baselines import baselines
from benchmarks.cells.cell import Cell
from benchmarks.cells.load import Data, Part
from benchmarks.study.study import load_study

CLASSES = ["a", "b", "c"]
SIDE = 32
STUDY = {
    "description": "Baselines alone.",
    "seed": 3,
    "dataset": {"name": "phantom"},
    "image_size": 64,
    "protocols": ["by_patient"],
    "folds": 2,
    "architectures": {"simple": {}},
}


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(STUDY))
    return load_study("small.yaml")


def part(labels: str, images: np.ndarray | None = None) -> Part:
    """Black images, unless given, of the classes that `labels` spells."""
    blank = np.zeros((len(labels), SIDE, SIDE, 1), np.uint8)
    return Part(blank if images is None else images, np.array([CLASSES.index(label) for label in labels]))


def fit(study, name: str, parts: dict[str, Part], fold: int = 0) -> dict[str, pd.DataFrame]:
    """Predictions of the test and validation part."""
    samples = pd.concat(
        [
            pd.DataFrame({"part": name, "label": [CLASSES[number] for number in own.y]}).assign(
                sample=[f"{name}{i}" for i in range(len(own.y))]
            )
            for name, own in parts.items()
        ],
        ignore_index=True,
    )
    samples = samples.assign(source=samples["sample"], patient=samples["sample"], repeat=0)
    cell = Cell(study, name, "by_patient", fold)
    baselines.fit_cell(cell, Data(samples, parts, CLASSES, {"classes": np.arange(3)}), 1)
    return {
        "test": pd.read_parquet(cell.folder / "predictions.parquet"),
        "validation": pd.read_parquet(cell.folder / "validation_predictions.parquet"),
    }


def probabilities(table: pd.DataFrame) -> np.ndarray:
    return table[[f"p_{label}" for label in CLASSES]].to_numpy()


def test_majority_predicts_the_most_frequent_class_of_training(study):
    parts = {"train": part("abbbbc"), "validation": part("ca"), "test": part("aaac")}
    tables = fit(study, "majority", parts)
    assert tables["test"]["sample"].tolist() == ["test0", "test1", "test2", "test3"]
    assert tables["test"]["label"].tolist() == list("aaac") and len(tables["validation"]) == 2
    for table in tables.values():
        assert table["predicted"].eq("b").all()
        assert probabilities(table) == pytest.approx(np.tile([1 / 6, 4 / 6, 1 / 6], (len(table), 1)))


def test_of_equally_frequent_classes_the_alphabets_first_is_predicted(study):
    parts = {"train": part("ccbba"), "validation": part("a"), "test": part("abc")}
    assert fit(study, "majority", parts)["test"]["predicted"].eq("b").all()


@pytest.mark.parametrize("name", ["majority", "stratified", "thumbnail_logistic"])
def test_a_class_that_training_lacks_has_no_probability(study, name):
    parts = {"train": part("aacccaac"), "validation": part("b"), "test": part("abcb")}
    for table in fit(study, name, parts).values():
        assert table["p_b"].eq(0).all() and not table["predicted"].eq("b").any()
        assert probabilities(table).sum(axis=1) == pytest.approx(1)


def test_stratified_guesses_by_the_frequencies_and_repeats_with_its_seed(study):
    parts = {"train": part("aaab"), "validation": part("a"), "test": part("a" * 400)}
    first, again, other = (fit(study, "stratified", parts, fold)["test"] for fold in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert (first["predicted"] != other["predicted"]).any()
    assert 0.65 < (first["predicted"] == "a").mean() < 0.85


def planted(labels: str, rng: np.random.Generator) -> Part:
    """Noise with a bright left, right or lower third for the classes."""
    images = rng.integers(0, 60, (len(labels), SIDE, SIDE, 1), dtype=np.uint8)
    where = {"a": np.s_[:, :10], "b": np.s_[:, -10:], "c": np.s_[-10:]}
    for image, label in zip(images, labels, strict=True):
        image[where[label]] += 120
    return part(labels, images)


def test_thumbnail_logistic_learns_a_pattern_of_a_thumbnail(study):
    rng = np.random.default_rng(0)
    parts = {"train": planted("abc" * 8, rng), "validation": planted("abc", rng), "test": planted("cba" * 5, rng)}
    tables = fit(study, "thumbnail_logistic", parts)
    for table in tables.values():
        assert (table["predicted"] == table["label"]).all()
    assert not (fit(study, "majority", parts)["test"]["predicted"] == tables["test"]["label"]).all()


def test_thumbnails_are_small_and_between_0_and_1():
    small = baselines.thumbnails(np.full((2, SIDE, SIDE), 255, np.uint8))
    assert small.shape == (2, 256) and (small == 1).all()


def test_runtime_json_describes_the_baseline(study):
    parts = {"train": part("aab"), "validation": part("a"), "test": part("ab")}
    fit(study, "majority", parts)
    runtime = json.loads((study.results() / "cells/majority/by_patient/0/runtime.json").read_text())
    assert (runtime["architecture"], runtime["variant"], runtime["backend"]) == ("majority", "baseline", "scikit-learn")
    assert (runtime["n_train"], runtime["n_validation"], runtime["n_test"]) == (3, 1, 2)
