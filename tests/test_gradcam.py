"""Grad-CAM against its formula, and the shares against counted pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.gradcam import box_mask, explain, shares

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
    found = explain(model, "maps", images, np.full(3, target))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_another_class_has_another_map(model):
    images = np.random.default_rng(1).random((1, SIDE, SIDE, 1)).astype("float32")
    first, second = (explain(model, "maps", images, np.array([target]))[0] for target in (0, 1))
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] < 0


def test_heat_falls_where_the_class_is_seen(model):
    image = np.zeros((1, SIDE, SIDE, 1), "float32")
    image[0, 2:4, 5:7] = 1
    region = np.zeros((SIDE, SIDE), bool)
    region[2:4, 5:7] = True
    heat = explain(model, "maps", image, np.array([0]))[0]
    assert shares(heat, region)[0] == pytest.approx(1)


def test_shares_are_counted():
    heat = np.zeros((4, 4))
    heat[0, :] = 1
    region = np.zeros((4, 4), bool)
    region[:, 0] = True
    assert shares(heat, region) == (0.25, 0.25)
    assert np.isnan(shares(np.zeros((4, 4)), region)).all()
    assert np.isnan(shares(heat, np.zeros((4, 4), bool))).all()


@given(seed=st.integers(0, 99))
def test_an_even_map_has_the_share_of_the_area(seed):
    region = np.random.default_rng(seed).random((9, 9)) < 0.4
    region[0, 0] = True
    heat, area = shares(np.ones((9, 9)), region)
    assert heat == pytest.approx(area)


def test_boxes_are_pixels_whose_centre_is_inside():
    mask = box_mask([[0.25, 0.5, 0.5, 0.25], [0.0, 0.0, 0.1, 0.1]], 8)
    expected = np.zeros((8, 8), bool)
    expected[4:6, 2:6] = True
    expected[0, 0] = True
    np.testing.assert_array_equal(mask, expected)
