"""Grad-CAM against its formula, and what every method must find."""

import numpy as np
import pytest

from analysis.explanations.gradcam import GRADCAM, METHODS, PLUS_PLUS, SCORE_CAM, Explainer, enlarged, scaled
from analysis.explanations.heat import hits, share

SIDE = 8


@pytest.fixture(scope="module")
def model():
    """Two feature maps (identity and inverse), averaged, into a linear head with known weights."""
    import keras
    from keras import layers

    inputs = keras.Input((SIDE, SIDE, 1))
    maps = layers.Conv2D(2, 1, use_bias=True, name="maps")(inputs)
    pooled = layers.GlobalAveragePooling2D()(maps)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax", name="head")(pooled))
    model.get_layer("maps").set_weights([np.array([[[[1.0, -1.0]]]]), np.array([0.0, 1.0])])
    # Class 0 is for the first map, class 1 for the second.
    model.get_layer("head").set_weights([np.array([[3.0, -1.0], [-2.0, 2.0]]), np.zeros(2)])
    return model


@pytest.mark.parametrize("target", [0, 1])
def test_the_map_is_the_papers_formula(model, target):
    rng = np.random.default_rng(0)
    images = rng.random((3, SIDE, SIDE, 1)).astype("float32")
    features = np.concatenate([images, 1 - images], axis=-1)
    weights = np.array([[3.0, -1.0], [-2.0, 2.0]])[:, target] / SIDE**2
    expected = np.maximum(features @ weights, 0)
    found = Explainer(model, "maps").maps(images, np.full(3, target))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_another_class_has_another_map(model):
    images = np.random.default_rng(1).random((1, SIDE, SIDE, 1)).astype("float32")
    first, second = (Explainer(model, "maps").maps(images, np.array([target]))[0] for target in (0, 1))
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] < 0


def test_heat_falls_where_the_class_is_seen(model):
    image = np.zeros((1, SIDE, SIDE, 1), "float32")
    image[0, 2:4, 5:7] = 1
    region = np.zeros((SIDE, SIDE), bool)
    region[2:4, 5:7] = True
    explainer = Explainer(model, "maps")
    heat = {method: explainer.maps(image, np.array([0]), method)[0] for method in METHODS}
    assert share(heat[GRADCAM], region) == share(heat[PLUS_PLUS], region) == pytest.approx(1, abs=1e-3)
    # Score-CAM weighs every channel by what the image looks like through it, and so shows the other map a little.
    assert heat[SCORE_CAM][region].min() > heat[SCORE_CAM][~region].max()
    assert {hits(found, region) for found in heat.values()} == {1}


def test_grad_cam_plus_plus_does_not_overflow(model):
    import keras

    steep = keras.models.clone_model(model)
    steep.set_weights([weight * 400 for weight in model.get_weights()])
    images = np.random.default_rng(2).random((2, SIDE, SIDE, 1)).astype("float32")
    found = Explainer(steep, "maps").maps(images, np.array([0, 0]), PLUS_PLUS)
    assert np.isfinite(found).all() and found.max() > 0


@pytest.mark.parametrize("method", METHODS)
def test_one_explainer_explains_weights_one_after_the_other(model, method):
    import keras

    image, target = np.random.default_rng(4).random((1, SIDE, SIDE, 1)).astype("float32"), np.array([1])
    other = keras.models.clone_model(model)
    other.set_weights([weight + 1 for weight in model.get_weights()])
    own = Explainer(keras.models.clone_model(model), "maps")
    for one in (model, other, model):
        own.take(one.get_weights())
        np.testing.assert_allclose(own.maps(image, target, method), Explainer(one, "maps").maps(image, target, method))
        np.testing.assert_allclose(own.predict(image), one.predict(image, verbose=0), rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_a_path_may_lead_past_the_layer(model, method):
    """What leads past the layer is no part of its features: a shortcut of constant 0 changes no map."""
    import keras
    from keras import layers

    image, target = np.random.default_rng(5).random((2, SIDE, SIDE, 1)).astype("float32"), np.array([1, 0])
    inputs = keras.Input((SIDE, SIDE, 1))
    maps = layers.Conv2D(2, 1, name="maps")(inputs)
    past = layers.Conv2D(2, 1, kernel_initializer="zeros", name="past")(inputs)
    pooled = layers.GlobalAveragePooling2D()(layers.Add()([maps, past]))
    other = keras.Model(inputs, layers.Dense(2, activation="softmax", name="head")(pooled))
    for name in ("maps", "head"):
        other.get_layer(name).set_weights(model.get_layer(name).get_weights())
    own, expected = (Explainer(one, "maps") for one in (other, model))
    np.testing.assert_allclose(own.maps(image, target, method), expected.maps(image, target, method), rtol=1e-5)
    np.testing.assert_allclose(own.predict(image), model.predict(image, verbose=0), rtol=1e-6)


def test_an_explainer_takes_the_weights_of_a_file(model, tmp_path):
    import keras

    from benchmarks.cells.reuse import saved_structure

    other = keras.Model.from_config(model.get_config())
    other.set_weights([weight + 1 for weight in model.get_weights()])
    wider = keras.Sequential([keras.Input((SIDE, SIDE, 1)), keras.layers.Dense(3, name="maps")])
    for name, one in (("own", model), ("model", other), ("wider", wider)):
        one.save(tmp_path / f"{name}.keras")
    own, same, another = (saved_structure(tmp_path / f"{name}.keras") for name in ("own", "model", "wider"))
    assert own == same != another
    image, target = np.random.default_rng(6).random((1, SIDE, SIDE, 1)).astype("float32"), np.array([1])
    own = Explainer(keras.models.clone_model(model), "maps")
    own.load(tmp_path / "model.keras")
    np.testing.assert_allclose(own.maps(image, target), Explainer(other, "maps").maps(image, target))
    np.testing.assert_allclose(own.predict(image), other.predict(image, verbose=0), rtol=1e-6)


def test_maps_are_enlarged_patch_by_patch():
    ramp = np.array([[[0, 1], [0, 1]]], np.float32)
    np.testing.assert_allclose(enlarged(ramp, 4)[0], np.tile([0, 0.25, 0.75, 1], (4, 1)))


def test_maps_are_scaled_to_their_peak():
    maps = np.stack([np.zeros((2, 2)), np.array([[0, 1], [2, 4]])]).astype("float32")
    np.testing.assert_array_equal(scaled(maps), [np.zeros((2, 2)), [[0, 0.25], [0.5, 1]]])
