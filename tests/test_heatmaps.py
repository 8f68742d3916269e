"""The published heat map is the channel mean whatever class and classifier; Grad-CAM is not."""

import numpy as np
import pytest

from analysis.gradcam import explain
from analysis.heatmaps import GRADCAM, PUBLISHED, class_maps, compare, published_map, shuffle_classifier

SIDE, CLASSES = 8, 8


@pytest.fixture
def model():
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    inputs = keras.Input((SIDE, SIDE, 1))
    maps = layers.Conv2D(6, 3, padding="same", activation="relu", name="maps")(inputs)
    pooled = layers.GlobalAveragePooling2D()(maps)
    return keras.Model(inputs, layers.Dense(CLASSES, activation="softmax")(pooled))


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(0, 1, (2, SIDE, SIDE, 1)).astype("float32")


def test_the_published_map_is_the_mean_over_the_channels(model, images):
    import keras

    features = keras.Model(model.input, model.get_layer("maps").output).predict(images[:1], verbose=0)[0]
    for target in range(CLASSES):
        found = published_map(model, "maps", images[0], target)
        assert np.corrcoef(found.ravel(), features.mean(axis=-1).ravel())[0, 1] == pytest.approx(1, abs=1e-6)
    with pytest.raises(IndexError, match="8 rows, none for class 8"):
        published_map(model, "maps", images[0], SIDE)


def test_only_grad_cam_depends_on_class_and_classifier(model, images):
    before = class_maps(model, "maps", images, CLASSES)
    shuffle_classifier(model, seed=1)
    after = class_maps(model, "maps", images, CLASSES)
    assert before[PUBLISHED].shape == before[GRADCAM].shape == (2, CLASSES, SIDE, SIDE)
    same = before[PUBLISHED]
    np.testing.assert_allclose(same, np.repeat(same[:, :1], CLASSES, axis=1), atol=1e-6)
    np.testing.assert_allclose(same, after[PUBLISHED], atol=1e-6)
    correct = before[GRADCAM]
    assert np.abs(correct - correct[:, :1]).max() > 0.5 and np.abs(correct - after[GRADCAM]).max() > 0.5
    peak = explain(model, "maps", images[:1], np.array([2]))
    np.testing.assert_allclose(after[GRADCAM][0, 2], peak[0] / max(peak.max(), 1e-12), atol=1e-4)


def test_shuffling_keeps_the_weights_and_moves_them(model):
    before = model.layers[-1].get_weights()
    shuffle_classifier(model, seed=1)
    kernel, bias = model.layers[-1].get_weights()
    assert sorted(kernel.ravel()) == sorted(before[0].ravel()) and (kernel != before[0]).any()
    np.testing.assert_array_equal(bias, before[1])


def test_maps_are_compared_by_hand():
    ramp, flat = np.array([[0.0, 1.0]]), np.zeros((1, 2))
    assert compare([(ramp, ramp)]) == (0.0, pytest.approx(1.0))
    assert compare([(ramp, ramp[:, ::-1]), (ramp, flat)]) == (1.0, pytest.approx(-1.0))
    difference, correlation = compare([(flat, flat)])
    assert difference == 0 and np.isnan(correlation)
