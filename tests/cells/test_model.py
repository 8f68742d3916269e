"""The model around an architecture: its input, its added layers, and that random seeds repeat."""

import json

import keras
import keras_tuner
import numpy as np
import pytest

from benchmarks.cells.model import build_model, published_recipe
from benchmarks.cells.reuse import compiled
from benchmarks.cells.shared import shared_space
from benchmarks.check.contract import check, main
from benchmarks.datasets import phantom
from benchmarks.errors import BadInput
from benchmarks.study.study import load_study

SIZE = 64

STUDY = """
description: A check of two architectures.
seed: 3
dataset: {name: phantom}
image_size: 64
protocols: [published, by_patient]
folds: 2
architectures:
  simple: {}
  alexnet: {image_size: 67, width: 0.1}
"""


@pytest.fixture(scope="module")
def phantoms():
    """Two upright phantoms of each class, uint8 (16, 64, 64, 1), and their class numbers."""
    data = phantom.load({**phantom.OPTIONS, "patients": 24}, None, seed=0)
    upright = data.samples[data.samples["upright"] & (data.samples["folder"] == "before")]
    chosen = upright[upright["copy"] == 1].groupby("label").head(2)
    x = np.stack([data.read(row, SIZE) for row in chosen.index])[..., np.newaxis]
    return x, chosen["label"].map(data.classes.index).to_numpy()


@pytest.fixture(autouse=True)
def fresh_keras():
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")


def simple(augmentation=0.5, dropout=0.0, seed=0, **options):
    hp = keras_tuner.HyperParameters()
    shared_space(hp)
    hp.values.update(augmentation=augmentation, dropout=dropout)
    arguments = {"classes": 8, "image_size": SIZE, "options": options, "seed": seed}
    return build_model("simple", variant="corrected", hp=hp, **arguments)[0]


def fed(model):
    """The part of the model that makes the architecture's input."""
    return keras.Model(model.input, model.get_layer("channels").output)


def test_a_grey_image_becomes_three_equal_channels_from_0_to_1(phantoms):
    x, _ = phantoms
    for model in (simple(), build_model("simple", variant="published", hp=None, classes=8, image_size=SIZE)[0]):
        channels = np.asarray(fed(model)(x.astype("float32")))
        np.testing.assert_allclose(channels, np.repeat(x / 255, 3, axis=-1), atol=1e-6)


def test_augmentation_acts_in_training_alone(phantoms):
    x, _ = phantoms
    part = fed(simple(augmentation=1.0))
    still = np.repeat(x / 255, 3, axis=-1)
    for inferred in (part(x, training=False), part(x), part.predict(x, verbose=0)):
        np.testing.assert_allclose(np.asarray(inferred), still, atol=1e-6)
    moved = np.asarray(part(x, training=True))
    assert all(np.abs(a - b).mean() > 0.01 for a, b in zip(moved, still, strict=True))
    assert np.abs(moved[0] - np.asarray(part(x, training=True))[0]).mean() > 0.01
    np.testing.assert_array_equal(moved[..., 0], moved[..., 1])
    np.testing.assert_array_equal(moved[..., 0], moved[..., 2])


def test_a_bare_call_leaves_the_model_as_it_is(phantoms):
    x, _ = phantoms
    model = simple(augmentation=1.0, dropout=0.5)
    before = [np.asarray(weight) for weight in model.weights]
    np.testing.assert_allclose(np.asarray(model(x)), model.predict(x, verbose=0), atol=1e-6)
    for weight, values in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(np.asarray(weight), values)


def test_augmentation_shows_no_pixels_that_were_not_there():
    """A bright square away from the edges keeps its brightness, and what comes into view is black."""
    square = np.zeros((8, SIZE, SIZE, 1), "float32")
    square[:, 24:40, 24:40] = 255
    moved = np.asarray(fed(simple(augmentation=1.0))(square, training=True))[..., 0]
    assert moved.min() >= 0 and moved.max() <= 1 + 1e-6
    assert np.abs(moved[:, [0, -1]]).max() < 1e-6
    area = moved.sum(axis=(1, 2)) / 16**2
    assert ((area > 0.6) & (area < 1.7)).all()  # zoom by 20 % either way changes the area by 0.69 to 1.56


def test_strength_zero_leaves_augmentation_out(phantoms):
    x, _ = phantoms
    model = simple(augmentation=0.0)
    assert not [layer.name for layer in model.layers if layer.name.startswith("random")]
    np.testing.assert_array_equal(np.asarray(fed(model)(x, training=True)), np.asarray(fed(model)(x, training=False)))


def test_published_form_is_neither_augmented_nor_regularised():
    model, _ = build_model("simple", variant="published", hp=None, classes=8, image_size=SIZE)
    kinds = {type(layer).__name__ for layer in model.layers}
    assert not [kind for kind in kinds if kind.startswith("Random")]
    assert "Dropout" not in kinds


def test_the_shared_space_is_declared_for_every_architecture():
    hp = keras_tuner.HyperParameters()
    build_model("simple", variant="corrected", hp=hp, classes=8, image_size=SIZE)
    shared = {"learning_rate": 1e-3, "batch_size": 16, "dropout": 0.2, "augmentation": 0.5}
    assert {name: hp.get(name) for name in shared} == shared
    assert {"width_multiplier", "dense_units"} == set(hp.values) - set(shared)


def test_a_structure_that_is_not_searched_keeps_its_defaults():
    hp = keras_tuner.HyperParameters()
    hp.values |= {"width_multiplier": 4, "dropout": 0.5}
    model, _ = build_model("simple", variant="corrected", hp=hp, classes=8, image_size=SIZE, structure="default")
    assert {layer.name for layer in model.layers if isinstance(layer, keras.layers.Dense)} == {"dense", "probabilities"}
    assert model.get_layer("dense").units == 64 and model.get_layer("dropout").rate == 0.5
    assert [space.name for space in hp.space] == ["learning_rate", "batch_size", "dropout", "augmentation"]


def test_the_simple_architecture_memorises_sixteen_phantoms(phantoms):
    x, y = phantoms
    model = compiled(simple(augmentation=0.0), 3e-3)
    model.fit(x, y, batch_size=16, epochs=60, verbose=0)
    assert (model.predict(x, verbose=0).argmax(axis=1) == y).all()


def test_the_same_seed_trains_the_same_model(phantoms):
    x, y = phantoms

    def trained(seed):
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        model = compiled(simple(augmentation=1.0, dropout=0.5, seed=seed), 1e-3)
        model.fit(x, y, batch_size=8, epochs=2, verbose=0)
        return model.predict(x, verbose=0)

    first = trained(5)
    np.testing.assert_array_equal(first, trained(5))
    assert np.abs(first - trained(6)).max() > 1e-4


def test_mixed_precision_is_that_of_the_policy_and_probabilities_stay_float32(phantoms):
    x, _ = phantoms
    keras.config.set_dtype_policy("mixed_float16")
    model = simple()
    assert model.get_layer("relu").compute_dtype == "float16"
    probabilities = np.asarray(model(x))
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_published_recipes():
    recipes = {name: published_recipe(name) for name in ("simple", "shufflenet", "densenet", "efficientnet")}
    assert recipes == {
        "simple": {"batch_size": 128, "precision": "float32"},
        "shufflenet": {"batch_size": 8, "precision": "float32"},
        "densenet": {"batch_size": 8, "precision": "mixed_float16"},
        "efficientnet": {"batch_size": 32, "precision": "mixed_float16"},
    }


def test_the_command_reports_every_form_that_the_study_needs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.yaml").write_text(STUDY)
    monkeypatch.setattr("sys.argv", ["model", "--study", "two.yaml"])
    with pytest.raises(BadInput, match=r"dataset\.json is missing"):
        main()
    results = tmp_path / "results" / "two"
    results.mkdir(parents=True)
    (results / "dataset.json").write_text(json.dumps({"classes": ["a", "b", "c"]}))
    main()
    report = {path.stem: json.loads(path.read_text()) for path in (results / "architectures").iterdir()}
    assert {name: set(forms) for name, forms in report.items()} == {
        "simple": {"published", "corrected"},
        "alexnet": {"published", "corrected"},
    }
    # 3 x 3 x 3 x 16 + 16, 3 x 3 x 16 x 32 + 32, 14 x 14 x 32 x 64 + 64, 64 x 3 + 3
    parameters = 448 + 4640 + 401_472 + 195
    assert report["simple"]["published"] == {
        "parameters": parameters,
        "trainable": parameters,
        "cam_layer": "relu",
        "cam_shape": [29, 29, 32],
        "layers": 12,
    }
    assert check("simple", load_study("two.yaml"), 3)["published"]["parameters"] == parameters
