"""Checks of maps: they must find a map that knows nothing, and pass one that knows."""

import numpy as np
import pytest

from analysis.explanations.gradcam import Explainer
from analysis.explanations.sanity import agreement, checks, correlation, curve_area, randomised

SIDE = 16


@pytest.fixture(scope="module")
def model():
    """Class 1 is for brightness in the left half alone."""
    import keras
    from keras import layers

    inputs = keras.Input((SIDE, SIDE, 1))
    maps = layers.Conv2D(2, 1, name="maps")(inputs)
    outputs = layers.Dense(2, activation="softmax", name="head")(layers.Flatten()(maps))
    model = keras.Model(inputs, outputs)
    model.get_layer("maps").set_weights([np.array([[[[0.01, 0.0]]]]), np.zeros(2)])
    kernel = np.zeros((SIDE, SIDE, 2, 2), "float32")
    kernel[:, : SIDE // 2, 0, 1] = 0.05
    model.get_layer("head").set_weights([kernel.reshape(-1, 2), np.array([2.0, 0.0])])
    return model


def test_correlations_by_hand():
    ramp = np.arange(4.0).reshape(2, 2)
    assert correlation(ramp, ramp**3) == pytest.approx(1)
    assert correlation(ramp, -ramp) == pytest.approx(-1)
    assert np.isnan(correlation(np.zeros((2, 2)), ramp)) and correlation(ramp, np.zeros((2, 2))) == 0


def test_pixels_that_matter_first(model):
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 1, (2, SIDE, SIDE, 1)).astype("float32")
    images[:, 4:12, 2:6] = 255
    images[:, 4:12, 10:14] = 255
    targets, predict = np.array([1, 1]), Explainer(model, "maps").predict
    knows, wrong = np.zeros((2, 2, SIDE, SIDE))
    knows[:, 4:12, 2:6] = 1
    wrong[:, 4:12, 10:14] = 1
    for insert in (False, True):
        right, other = (curve_area(predict, images, maps, targets, insert) for maps in (knows, wrong))
        assert (right > other if insert else right < other).all()


def test_randomising_starts_from_the_top(model):
    found = randomised(model, seed=1)
    same = [np.array_equal(a, b) for a, b in zip(model.get_weights(), found[0.5], strict=True)]
    assert same[:2] == [True, True] and not same[2]
    assert not np.array_equal(model.get_weights()[0], found[1.0][0])
    np.testing.assert_array_equal(found[1.0][0], randomised(model, seed=1)[1.0][0])


def test_every_check_has_a_row_for_every_image(model):
    images = np.random.default_rng(1).uniform(0, 255, (3, SIDE, SIDE, 1)).astype("float32")
    own = model.get_weights()
    maps, rows = checks(Explainer(model, "maps"), images, model.predict(images, verbose=0), seed=1)
    for before, after in zip(own, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert set(maps) == {"gradcam", "gradcam_plus_plus", "score_cam", "randomised"}
    counts = {}
    for row in rows:
        counts[row["check"]] = counts.get(row["check"], 0) + 1
    assert counts == {"methods": 6, "randomisation": 12, "class_sensitivity": 3, "deletion": 3, "insertion": 3}


def test_cells_that_agree_and_one_that_does_not():
    ramp = np.arange(16.0).reshape(1, 4, 4)
    assert [row["value"] for row in agreement([ramp, ramp, ramp])] == [pytest.approx(1)]
    assert [row["value"] for row in agreement([ramp, -ramp])] == [pytest.approx(-1)]
    assert np.isnan(next(agreement([np.zeros((1, 4, 4)), np.zeros((1, 4, 4))]))["value"])
