"""Logistic regression on frozen features: nothing of the test part reaches it; features, penalties and heads."""

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from prepared_study import prepared_study

from benchmarks import backend
from benchmarks.baselines import baselines, embedding, imagenet
from benchmarks.cells.cell import Cell
from benchmarks.cells.heads import heads, merged, product, whole
from benchmarks.cells.load import load

STUDY = {
    "description": "Frozen features of phantoms.",
    "seed": 3,
    "dataset": {"name": "phantom", "patients": 24},
    "image_size": 64,
    "protocols": ["by_patient"],
    "folds": 2,
    "architectures": {"simple": {}},
}


def two_groups(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of which the first tells the class, classes, and groups of two rows."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(n // 2) % 2, 2)
    features = rng.normal(size=(n, 6))
    features[:, 0] += 3 * classes
    return features, classes, np.repeat([f"p{number}" for number in range(n // 2)], 2)


def test_it_learns_what_the_features_tell_and_answers_of_other_groups_do_too():
    features, classes, groups = two_groups(120, 0)
    fitted = imagenet.fit(features, classes, groups, np.arange(len(groups)), {"classes": np.arange(2)}, seed=0)
    other, truth, _ = two_groups(60, 1)
    assert (fitted.predict(other).argmax(axis=1) == truth).mean() > 0.8
    assert (fitted.left_out.argmax(axis=1) == classes).mean() > 0.8


def test_answers_left_out_know_nothing_of_their_group():
    rng = np.random.default_rng(0)
    groups = np.repeat([f"p{number}" for number in range(60)], 2)
    classes = np.repeat(rng.integers(0, 2, 60), 2)
    features = np.repeat(rng.normal(size=(60, 200)), 2, axis=0)  # tells the patient, and nothing else
    fitted = imagenet.fit(features, classes, groups, np.arange(len(groups)), {"classes": np.arange(2)}, seed=0)
    assert np.corrcoef(fitted.predict(features)[:, 1], classes)[0, 1] > 0.8
    assert np.corrcoef(fitted.left_out[:, 1], classes)[0, 1] < 0.3


def test_copies_of_a_source_count_as_one_image():
    features, classes, groups = two_groups(60, 0)
    sources, heads_of = np.arange(60), {"classes": np.arange(2)}
    one = imagenet.fit(features, classes, groups, sources, heads_of, seed=0)
    rows = np.repeat(np.arange(60), np.where(sources < 5, 7, 1))
    several = imagenet.fit(features[rows], classes[rows], groups[rows], sources[rows], heads_of, seed=0)
    assert one.penalties == several.penalties
    assert several.predict(features) == pytest.approx(one.predict(features), abs=0.01)
    assert several.left_out[np.searchsorted(rows, sources)] == pytest.approx(one.left_out)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    backend.prepare(1)
    with prepared_study(tmp_path_factory.mktemp("imagenet"), STUDY) as found:
        embedding.embed_view(found, "64", threads=1)
        yield found


def test_only_originals_have_features_where_no_copy_is_in_a_fold(study):
    features = np.load(study.results() / "features_64.npy")
    upright = pd.read_parquet(study.results() / "samples.parquet")["upright"].to_numpy()
    assert features.shape == (len(upright), 2560) and features.dtype == np.float32
    assert (np.isfinite(features).all(axis=1) == upright).all()


def test_features_are_those_of_the_mirror_image(study):
    images = np.load(study.results() / "images_64.npy")[:3]
    model = embedding.network(64)
    np.testing.assert_allclose(embedding.embed(images, model), embedding.embed(images[:, :, ::-1], model), atol=1e-5)


def test_a_changed_test_part_changes_no_scaling_penalty_or_weight(study):
    """A planted patient of other films in the test part, and other labels there."""
    cell = Cell(study, "imagenet_logistic", "by_patient", 0)
    data = load(cell)
    fitted = _fitted(cell, data, baselines.features_of(cell, data))
    samples = data.samples.copy()
    test = samples["part"] == "test"
    samples.loc[test, "patient"] = samples.loc[samples["part"] == "train", "patient"].iloc[0]
    samples.loc[test, "label"] = data.classes[0]
    features = baselines.features_of(cell, data)
    features["test"] = features["test"] * 100 + 7
    data.parts["test"].y[:] = 0
    again = _fitted(cell, type(data)(samples, data.parts, data.classes, data.heads), features)
    assert fitted == again


def _fitted(cell, data, features):
    with pytest.MonkeyPatch.context() as patch:
        found = []
        fit = imagenet.fit
        patch.setattr(baselines, "features_of", lambda *_: features)
        patch.setattr(imagenet, "fit", lambda *arguments: found.append(fit(*arguments)) or found[0])
        baselines.fit_imagenet(cell, data)
    numbers = [
        array.tobytes()
        for model in found[0].models.values()
        for array in (model[0].mean_, model[0].scale_, model[1].coef_, model[1].intercept_)
    ]
    return found[0].penalties, numbers


def test_the_cells_files_are_written_with_the_chosen_penalties(study):
    baselines.fit_baselines(study, "by_patient", 0, 1)
    folder = study.cell_folder("imagenet_logistic", "by_patient", 0)
    data = load(Cell(study, "imagenet_logistic", "by_patient", 0))
    for part, name in (("test", "predictions"), ("validation", "validation_predictions")):
        table = pd.read_parquet(folder / f"{name}.parquet")
        assert table["sample"].tolist() == data.rows(part)["sample"].tolist()
        assert table.filter(regex="^p_").sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)
    assert set(yaml.safe_load((folder / "runtime.json").read_text())["penalties"]) == {"severity", "density"}


def known(pairs: list[tuple[str, int]]) -> pd.DataFrame:
    labels = [f"{severity}{density}" for severity, density in pairs]
    return pd.DataFrame({"label": labels, "severity": [s for s, _ in pairs], "density": [d for _, d in pairs]})


def test_heads_are_the_factors_where_each_class_has_one_of_each():
    table = known([("benign", 1), ("benign", 2), ("malignant", 2)])
    found = heads(table, sorted(table["label"]))
    assert {name: own.tolist() for name, own in found.items()} == {"severity": [0, 0, 1], "density": [0, 1, 1]}
    assert list(whole(sorted(table["label"]))) == ["classes"]
    twice = pd.concat([table, table.assign(density=[1, 1, 2])])
    assert list(heads(twice.assign(severity="benign"), sorted(table["label"]))) == ["classes"]


def test_a_product_is_renormalised_over_the_classes_that_exist():
    numbers = {"severity": np.array([0, 0, 1]), "density": np.array([0, 1, 1])}
    parts = {"severity": np.array([[0.25, 0.75]]), "density": np.array([[0.5, 0.5]])}
    assert product(parts, numbers) == pytest.approx(np.array([[0.125, 0.125, 0.375]]) / 0.625)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_merged_logits_give_the_product_of_the_heads(seed):
    rng = np.random.default_rng(seed)
    numbers = {"severity": np.array([0, 1, 0, 1, 1]), "density": np.array([0, 0, 1, 1, 2])}
    kernel, bias, features = rng.normal(size=(4, 5)), rng.normal(size=5), rng.normal(size=(7, 4))

    def softmax(logits):
        return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    logits = features @ kernel + bias
    whole, offset = merged(kernel, bias, numbers)
    parts = {"severity": softmax(logits[:, :2]), "density": softmax(logits[:, 2:])}
    assert softmax(features @ whole + offset) == pytest.approx(product(parts, numbers))
