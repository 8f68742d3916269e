"""Maps by Keras alone are those of tf-keras-vis, on TensorFlow, where both run."""

import numpy as np
import pytest

from analysis.explanations.gradcam import GRADCAM, METHODS, Explainer, VisMaps
from analysis.explanations.keras_maps import KerasMaps
from benchmarks.cells.model import build_model, plain_hyperparameters
from benchmarks.gradients import Tapped, of_input, of_weights

SIDE = 32


def architecture(name: str):
    """A small model of an architecture with random weights, and its layer."""
    import keras

    keras.utils.set_random_seed(5)
    options = {"densenet": {"blocks": [2, 2], "growth_rate": 8}}.get(name)
    settings = {"variant": "corrected", "hp": plain_hyperparameters(), "classes": 4, "image_size": SIDE}
    return build_model(name, **settings, options=options)


def by_keras(model, layer: str) -> Explainer:
    """An explainer that uses Keras alone."""
    own = Explainer(model, layer)
    own.own = KerasMaps(model, layer)
    own.linear = own.own.linear
    return own


@pytest.mark.parametrize("name", ["simple", "densenet"])
def test_maps_are_those_of_tf_keras_vis(name):
    pytest.importorskip("tf_keras_vis", reason="tf-keras-vis needs TensorFlow")
    model, layer = architecture(name)
    images = np.random.default_rng(0).uniform(0, 255, (5, SIDE, SIDE, 1)).astype("float32")
    targets = np.array([0, 1, 2, 3, 0])
    theirs, ours = Explainer(model, layer), by_keras(model, layer)
    assert isinstance(theirs.own, VisMaps)
    for method in METHODS:
        expected, found = (one.maps(images, targets, method) for one in (theirs, ours))
        assert expected.max() > 0
        np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max(), err_msg=method)
    np.testing.assert_allclose(ours.own.predict(images), model.predict(images, verbose=0), atol=1e-6)


def test_new_weights_change_the_maps():
    import keras

    model, layer = architecture("simple")
    other = keras.models.clone_model(model)
    images = np.random.default_rng(1).uniform(0, 255, (3, SIDE, SIDE, 1)).astype("float32")
    targets = np.array([0, 1, 2])
    own = by_keras(model, layer)
    before = own.maps(images, targets, GRADCAM)
    own.take(other.get_weights())
    expected = Explainer(other, layer).maps(images, targets, GRADCAM)
    np.testing.assert_allclose(own.maps(images, targets, GRADCAM), expected, atol=1e-4 * expected.max())
    assert np.abs(before - expected).max() > 1e-3 * expected.max()


def test_gradients_are_those_by_hand():
    import keras

    inputs = keras.Input((2, 2, 1))
    maps = keras.layers.Conv2D(1, 1, use_bias=False, name="maps")(inputs)
    outputs = keras.layers.Dense(2, use_bias=False, name="head")(keras.layers.Flatten()(maps))
    model = keras.Model(inputs, outputs)
    kernel = np.arange(8.0).reshape(4, 2)
    model.set_weights([np.full((1, 1, 1, 1), 3.0), kernel])
    images = np.arange(1.0, 5.0).reshape(1, 2, 2, 1)
    features, found, gradients = Tapped(model, "maps")(images, np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(features, 3 * images)
    np.testing.assert_allclose(found, 3 * images.reshape(1, 4) @ kernel)
    np.testing.assert_allclose(gradients.ravel(), kernel[:, 1])

    loss, (of_maps, of_head), _ = of_weights(model, images.astype("float32"), lambda own: keras.ops.sum(own[:, 1]))
    assert loss == pytest.approx(3 * images.ravel() @ kernel[:, 1])
    assert of_maps.item() == pytest.approx(images.ravel() @ kernel[:, 1])
    np.testing.assert_allclose(of_head, np.stack([np.zeros(4), 3 * images.ravel()], axis=1))

    np.testing.assert_allclose(of_input(lambda x: x**2, images.astype("float32")), 2 * images)
