"""The published heat map is the channel mean whatever class and classifier; Grad-CAM is not."""

import numpy as np
import pytest

from analysis.explanations.gradcam import Explainer
from analysis.explanations.heatmaps import (
    GRADCAM,
    PUBLISHED,
    class_maps,
    compare,
    published_maps,
    with_shuffled_classifier,
)

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

    features = keras.Model(model.input, model.get_layer("maps").output).predict(images, verbose=0)
    for target in range(CLASSES):
        for found, own in zip(published_maps(model, "maps", images, target), features, strict=True):
            assert np.corrcoef(found.ravel(), own.mean(axis=-1).ravel())[0, 1] == pytest.approx(1, abs=1e-6)
    with pytest.raises(IndexError, match="8 rows, none for class 8"):
        published_maps(model, "maps", images, SIDE)


def test_only_grad_cam_depends_on_class_and_classifier(model, images):
    explainer = Explainer(model, "maps")
    before = class_maps(explainer, images, CLASSES)
    explainer.take(with_shuffled_classifier(model, seed=1))
    after = class_maps(explainer, images, CLASSES)
    assert before[PUBLISHED].shape == before[GRADCAM].shape == (2, CLASSES, SIDE, SIDE)
    same = before[PUBLISHED]
    np.testing.assert_allclose(same, np.repeat(same[:, :1], CLASSES, axis=1), atol=1e-6)
    np.testing.assert_allclose(same, after[PUBLISHED], atol=1e-6)
    correct = before[GRADCAM]
    assert np.abs(correct - correct[:, :1]).max() > 0.5 and np.abs(correct - after[GRADCAM]).max() > 0.5
    peak = Explainer(model, "maps").maps(images[:1], np.array([2]))
    np.testing.assert_allclose(after[GRADCAM][0, 2], peak[0] / max(peak.max(), 1e-12), atol=1e-4)


def test_shuffling_keeps_the_weights_and_moves_them(model):
    *lower, kernel, bias = model.get_weights()
    *same, shuffled, own = with_shuffled_classifier(model, seed=1)
    assert sorted(kernel.ravel()) == sorted(shuffled.ravel()) and (kernel != shuffled).any()
    for before, after in zip([*lower, bias], [*same, own], strict=True):
        np.testing.assert_array_equal(before, after)


def test_maps_are_compared_by_hand():
    ramp, flat = np.array([[0.0, 1.0]]), np.zeros((1, 2))
    assert compare([(ramp, ramp)]) == (0.0, pytest.approx(1.0))
    assert compare([(ramp, ramp[:, ::-1]), (ramp, flat)]) == (1.0, pytest.approx(-1.0))
    difference, correlation = compare([(flat, flat)])
    assert difference == 0 and np.isnan(correlation)
