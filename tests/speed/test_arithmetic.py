"""The layers of a training step computed alone: their passes, and what can't be computed alone."""

import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from benchmarks.errors import BadInput
from benchmarks.speed.arithmetic import one_network, passes


@pytest.fixture(autouse=True)
def ones(monkeypatch):
    monkeypatch.setattr(tf.random, "normal", tf.ones)


def built(layer, shape):
    layer(layers.Input(shape))
    layer.kernel.assign(np.full(layer.kernel.shape, 2))
    return layer


def test_a_dense_layer_alone_by_hand():
    """With ones everywhere and weights of 2: outputs 3 x 2, gradients the batch of 5, and 4 units x 2."""
    outputs, by_kernel, by_inputs = passes(built(layers.Dense(4), (3,)), 5, first=False)()
    np.testing.assert_array_equal(outputs, np.full((5, 4), 6))
    np.testing.assert_array_equal(by_kernel, np.full((3, 4), 5))
    np.testing.assert_array_equal(by_inputs, np.full((5, 3), 8))


def test_a_convolution_alone_by_hand():
    """Strides of 2 leave 2 x 2 places of a 5 x 5 map with 2 channels: 9 x 2 uses of a weight of 2 at each."""
    outputs, by_kernel = passes(built(layers.Conv2D(4, 3, strides=2), (5, 5, 2)), 6, first=True)()
    np.testing.assert_array_equal(outputs, np.full((6, 2, 2, 4), 36))
    np.testing.assert_array_equal(by_kernel, np.full((3, 3, 2, 4), 6 * 4))


def test_a_depthwise_convolution_keeps_channels_apart():
    outputs, by_kernel, by_inputs = passes(
        built(layers.DepthwiseConv2D(3, padding="same"), (4, 4, 2)), 3, first=False
    )()
    np.testing.assert_array_equal(
        outputs[0, :, :, 0], [[8, 12, 12, 8], [12, 18, 18, 12], [12, 18, 18, 12], [8, 12, 12, 8]]
    )
    assert by_kernel.shape == (3, 3, 2, 1) and by_inputs.shape == (3, 4, 4, 2)


def test_what_is_neither_convolutional_nor_dense_is_refused_by_name():
    layer = built(layers.EinsumDense("bgc,gcd->bgd", output_shape=(2, 4), name="grouped"), (2, 3))
    with pytest.raises(BadInput, match="grouped: layers of kind EinsumDense can't be measured alone"):
        passes(layer, 1, first=False)


def test_a_network_without_a_published_form_is_refused_by_name():
    with pytest.raises(BadInput, match="efficientnet_lite has no published form"):
        one_network("efficientnet_lite", repeats=1, threads=1)
