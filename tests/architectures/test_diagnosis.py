"""What the check says of a network that does not memorise: each fault planted in a network of a few layers."""

import keras
import numpy as np
import pytest
from keras import layers

from benchmarks.check.diagnosis import reasons

N, CLASSES = 16, 8
X = np.random.default_rng(0).integers(0, 256, (N, 4, 4, 1)).astype("uint8")
Y = np.arange(N) % CLASSES


def network(*hidden, kernel="glorot_uniform"):
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((4, 4, 1))
    for layer in (layers.Rescaling(1 / 255), layers.Flatten(), *hidden):
        x = layer(x)
    return keras.Model(inputs, layers.Dense(CLASSES, activation="softmax", kernel_initializer=kernel, name="last")(x))


def told(model, losses=(2.0,)):
    return list(reasons(model, model, X, Y, list(losses)))


def dense(units=8, activation="relu", **more):
    return layers.Dense(units, activation=activation, **more)


def test_without_a_fault_only_the_numbers_are_told():
    (numbers,) = told(network(kernel="zeros"))  # all answers equal
    assert "initial loss 2.08 (ln 8 = 2.08)" in numbers
    assert "0% of ReLU units dead, 0 of 1 losses not finite, float32" in numbers


@pytest.mark.parametrize(
    ("hidden", "reason"),
    [
        ([dense(name="off", bias_initializer=keras.initializers.Constant(-100))], "100% of the ReLU units are dead"),
        ([dense(name="off", kernel_initializer="zeros")], "no gradient reaches off/kernel"),
        ([dense(8, "tanh", bias_initializer=keras.initializers.Constant(9))], "100% of the tanh and sigmoid outputs"),
        ([dense(8, "sigmoid", bias_initializer=keras.initializers.Constant(-9))], "100% of the tanh and sigmoid out"),
        ([dense(8, "relu", kernel_initializer="zeros", bias_initializer="ones")], "100% of the classifier's inputs"),
        ([layers.Rescaling(1e3)], "the first answers are far too sure (initial loss "),
        ([dense(), layers.Rescaling(1e-6, offset=1.0)], "the gradient vanishes on its way to"),
        (
            [dense(kernel_initializer=keras.initializers.RandomNormal(stddev=1e-6)), layers.Rescaling(1e6)],
            "the gradient explodes on its way to",
        ),
        ([layers.Rescaling(1e30), layers.Rescaling(1e30)], "the loss is not finite in 0 of 1 steps (float32)"),
    ],
)
def test_a_planted_fault_is_named(hidden, reason):
    found = told(network(*hidden))
    assert [one for one in found if one.startswith(reason)], found


def test_losses_that_were_not_finite_are_counted():
    assert told(network(), [2.0, np.nan, np.inf])[0].startswith("the loss is not finite in 2 of 3 steps (float32)")


def test_averages_that_lag_are_told():
    model = network(layers.BatchNormalization(momentum=0.9999), dense(64))
    model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    for _ in range(60):
        model.train_on_batch(X, Y)
    assert [one for one in told(model) if one.startswith("in training mode 16 are right, in inference")]
