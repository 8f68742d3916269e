"""One cell: what it writes, that it repeats, and that an interrupted search goes on where it stopped."""

import dataclasses
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks.cells.cell import Cell
from benchmarks.cells.fit import CellModel
from benchmarks.cells.training import train_cell
from benchmarks.cells.write import predictions_table
from benchmarks.errors import BadInput
from benchmarks.samples import samples
from benchmarks.samples.folds import make_folds
from benchmarks.study.study import load_study

STUDY = {
    "description": "Small enough to train in seconds.",
    "seed": 3,
    "dataset": {"name": "phantom", "patients": 24, "side": 64},
    "image_size": 32,
    "protocols": ["published", "by_patient"],
    "folds": 2,
    "training": {"epochs": 3, "patience": 1},
    "published": {"epochs": 1},
    "search": {"trials": 3},
    "architectures": {"simple": {"filters": [4, 4]}},
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder with the study file and its samples and folds."""
    place = tmp_path_factory.mktemp("study")
    (place / "small.yaml").write_text(yaml.safe_dump(STUDY))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        study = load_study("small.yaml")
        samples.write_samples(study, study.results())
        (study.results() / "folds").mkdir()
        table = pd.read_parquet(study.results() / "samples.parquet")
        for name in study.protocols:
            make_folds(name, table, study).to_parquet(study.results() / f"folds/{name}.parquet")
    return place


@pytest.fixture
def study(prepared, tmp_path, monkeypatch):
    shutil.copytree(prepared, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    return load_study("small.yaml")


def test_an_honest_cell_predicts_its_test_part_with_the_best_epoch_of_the_best_trial(study):
    import keras

    cell = Cell(study, "simple", "by_patient", 0)
    train_cell(cell, threads=1)
    folds = pd.read_parquet("results/small/folds/by_patient.parquet")
    test = folds[(folds["fold"] == 0) & (folds["part"] == "test")]["sample"]
    table = pd.read_parquet(cell.folder / "predictions.parquet")
    assert sorted(table["sample"]) == sorted(test)
    probabilities = table.filter(regex="^p_").to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert table["predicted"].tolist() == table.filter(regex="^p_").idxmax(axis=1).str[2:].tolist()

    trials = pd.read_csv(cell.folder / "trials.csv")
    assert len(trials) == 3 and trials["best"].sum() == 1
    assert trials["score"].idxmin() == trials["best"].idxmax()
    history = pd.read_csv(cell.folder / "history.csv")
    best_loss = trials.loc[trials["best"], "score"].item()
    assert history["val_loss"].min() == pytest.approx(best_loss)

    model = keras.models.load_model(cell.folder / "model.keras", compile=False)
    rows = pd.read_parquet("results/small/samples.parquet").set_index("sample")["row"]
    images = np.load("results/small/images_32.npy")
    again = model.predict(images[rows[table["sample"]]][..., None], verbose=0)
    np.testing.assert_allclose(again, probabilities, atol=1e-5)
    validation = pd.read_parquet(cell.folder / "validation_predictions.parquet")
    numbers = validation["label"].map(
        {label: i for i, label in enumerate(sorted(rows.index.str.split("/").str[1].unique()))}
    )
    chosen = validation.filter(regex="^p_").to_numpy()[np.arange(len(validation)), numbers]
    assert -np.mean(np.log(chosen)) == pytest.approx(best_loss, rel=1e-3)


def test_the_first_trial_is_the_default_configuration(study):
    cell = Cell(study, "simple", "by_patient", 1)
    train_cell(cell, threads=1)
    trials = pd.read_csv(cell.folder / "trials.csv")
    assert trials.loc[0, ["learning_rate", "batch_size"]].tolist() == [1e-3, 16]
    assert trials["learning_rate"].nunique() == 3
    assert {"trial", "status", "score", "val_accuracy", "epochs", "seconds", "dropout", "augmentation"} <= set(trials)


def test_without_augmentation_no_trial_moves_an_image(study):
    import keras

    still = dataclasses.replace(study, training=study.training | {"augmentation": "none"})
    cell = Cell(still, "simple", "by_patient", 0)
    train_cell(cell, threads=1)
    trials = pd.read_csv(cell.folder / "trials.csv")
    assert trials["augmentation"].tolist() == [0, 0, 0] and trials["dropout"].nunique() > 1
    layers = keras.models.load_model(cell.folder / "model.keras", compile=False).layers
    assert not [layer.name for layer in layers if layer.name.startswith("random")]


def test_a_published_cell_follows_the_published_recipe(study):
    cell = Cell(study, "simple", "published", 0)
    train_cell(cell, threads=1)
    trials = pd.read_csv(cell.folder / "trials.csv")
    assert trials[["learning_rate", "batch_size", "epochs"]].to_numpy().tolist() == [[1e-3, 128, 1]]
    runtime = json.loads((cell.folder / "runtime.json").read_text())
    assert runtime["variant"] == "published" and runtime["epochs"] == 1
    table = pd.read_parquet(cell.folder / "predictions.parquet")
    assert len(table) == runtime["n_test"] and table["sample"].str.startswith("before/").all()


def test_same_study_same_predictions(study):
    cell = Cell(study, "simple", "by_patient", 0)
    train_cell(cell, threads=1)
    first = pd.read_parquet(cell.folder / "predictions.parquet")
    shutil.rmtree(cell.folder)
    train_cell(cell, threads=1)
    pd.testing.assert_frame_equal(first, pd.read_parquet(cell.folder / "predictions.parquet"), check_exact=True)


class Killed(BaseException):
    """Stands for the signal that ends a process between two epochs."""


def test_an_interrupted_search_goes_on_and_ends_as_if_it_had_not_been(study, monkeypatch):
    cell = Cell(study, "simple", "by_patient", 0)
    train_cell(cell, threads=1)
    whole = pd.read_csv(cell.folder / "trials.csv").drop(columns="seconds")
    shutil.rmtree(cell.folder)

    fit, fitted = CellModel.fit, []

    def dying_fit(self, hp, *args, **kwargs):
        fitted.append(hp.get("learning_rate"))
        if len(fitted) == 2:
            raise Killed
        return fit(self, hp, *args, **kwargs)

    monkeypatch.setattr(CellModel, "fit", dying_fit)
    with pytest.raises(Killed):
        train_cell(cell, threads=1)
    assert not cell.folder.exists()
    train_cell(cell, threads=1)
    resumed = pd.read_csv(cell.folder / "trials.csv").drop(columns="seconds")
    # First, second (killed), then the second again and the third: the first is not trained twice.
    assert len(fitted) == 4 and fitted[1] == fitted[2] and fitted[0] not in fitted[1:]
    pd.testing.assert_frame_equal(whole, resumed)
    assert not [*(study.results() / "search").rglob("*.json")]


def test_a_half_written_tuner_state_starts_over(study):
    cell = Cell(study, "simple", "by_patient", 0)
    digest = json.loads((study.results() / "dataset.json").read_text())["digest"]
    state = cell.search_state(digest)
    state.mkdir(parents=True)
    (state / "oracle.json").write_text('{"ongoing_tri')
    train_cell(cell, threads=1)
    assert len(pd.read_csv(cell.folder / "trials.csv")) == 3


def test_a_probability_that_is_not_finite_is_no_prediction():
    table = pd.DataFrame({"sample": ["x", "y"], "source": ["s", "t"], "patient": ["p", "q"], "label": ["a", "b"]})
    found = predictions_table(np.array([[0.2, 0.8], [np.nan, np.nan]]), table, ["a", "b"])
    assert found["predicted"].tolist() == ["b", ""]


def test_a_stage_that_has_not_run_is_named(study):
    (study.results() / "folds/by_patient.parquet").unlink()
    with pytest.raises(BadInput, match=r"folds/by_patient\.parquet is missing; run the stage"):
        train_cell(Cell(study, "simple", "by_patient", 0), threads=1)


def test_a_cell_is_the_same_whatever_its_process_trained_before(study):
    cell = Cell(study, "simple", "by_patient", 0)
    train_cell(cell, threads=1)
    first = pd.read_parquet(cell.folder / "predictions.parquet")
    shutil.rmtree(cell.folder)
    train_cell(Cell(study, "simple", "by_patient", 1), threads=1)
    train_cell(Cell(study, "simple", "published", 0), threads=1)
    train_cell(cell, threads=1)
    pd.testing.assert_frame_equal(first, pd.read_parquet(cell.folder / "predictions.parquet"), check_exact=True)


def test_xla_learns_the_same(study):
    from benchmarks.cells import reuse

    answers = []
    for xla in (False, True):
        # Without augmentation, whose zoom XLA can't compile.
        plain = dataclasses.replace(study, training=study.training | {"augmentation": "none", "xla": xla})
        reuse.forget()
        for protocol in ("published", "by_patient"):
            cell = Cell(plain, "simple", protocol, 0)
            train_cell(cell, threads=1)
            answers.append(pd.read_parquet(cell.folder / "predictions.parquet").filter(like="p_").to_numpy())
        assert [*reuse._kept.values()][-1].model.jit_compile == xla
    for one, other in zip(answers[:2], answers[2:], strict=True):
        assert np.abs(one - other).max() < 0.02


def test_a_search_trains_in_the_precision_that_the_study_names(study):
    import keras

    half = dataclasses.replace(study, training=study.training | {"precision": "mixed_float16"})
    cell = Cell(half, "simple", "by_patient", 0)
    train_cell(cell, threads=1)
    layers = keras.models.load_model(cell.folder / "model.keras", compile=False).layers
    assert {layer.compute_dtype for layer in layers if layer.name.startswith("conv")} == {"float16"}
    assert json.loads((cell.folder / "runtime.json").read_text())["precision"] == "mixed_float16"
