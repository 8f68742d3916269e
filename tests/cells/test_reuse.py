"""Trials that share a traced model: the same numbers as with a model each, and nothing traced twice."""

import itertools

import keras
import keras_tuner
import numpy as np
import pandas as pd
import pytest

from benchmarks.cells import reuse
from benchmarks.cells.batches import Batches
from benchmarks.cells.fit import CellModel
from benchmarks.cells.load import Part
from benchmarks.cells.model import build_model
from benchmarks.cells.predict import predict
from benchmarks.cells.progress import Progress
from benchmarks.cells.search import search

SIZE, CLASSES, SEED = 32, 3, 4


def part(n: int, seed: int) -> Part:
    rng = np.random.default_rng(seed)
    return Part(rng.integers(0, 256, (n, SIZE, SIZE, 1), dtype="uint8"), rng.integers(0, CLASSES, n))


def hypermodel(options: dict, name: str = "simple", **settings) -> CellModel:
    def build(hp):
        return build_model(
            name, variant="corrected", hp=hp, classes=CLASSES, image_size=SIZE, options=options, seed=SEED
        )[0]

    return CellModel(build, part(37, 1), part(19, 2), 3, SEED, Progress(), **settings)


def searched(tmp_path, tuner: str = "random", **settings):
    options = {"filters": [2, 4]}
    found = search(hypermodel(options, **settings), {"tuner": tuner, "trials": 3}, 3, tmp_path / str(settings))
    return found, found.model.predict(part(5, 3).x, verbose=0)


@pytest.mark.parametrize("tuner", ["random", "hyperband"])
def test_a_search_by_traced_models_finds_what_one_by_new_models_finds(tmp_path, tuner):
    reuse.forget()
    one, answers = searched(tmp_path, tuner, reuse=True)
    other, expected = searched(tmp_path, tuner, reuse=False)
    np.testing.assert_array_equal(answers, expected)
    pd.testing.assert_frame_equal(one.trials.drop(columns="seconds"), other.trials.drop(columns="seconds"))
    pd.testing.assert_frame_equal(one.history, other.history)
    assert one.trials["score"].nunique() > 2


def test_a_trial_learns_what_keras_alone_would():
    """From the same start, on the same batches: the same weights."""
    model = hypermodel({"filters": [2, 4]})
    hp = keras_tuner.HyperParameters()
    model.build(hp)
    hp.values |= {"dropout": 0.0, "augmentation": 0.0}
    plain = model.build(hp)
    _, learnt = model.fit(hp, epochs=1)

    order = np.random.default_rng([SEED, 0]).permutation(len(model.train.x))
    train = Batches(model.train.x[order], model.train.y[order], hp.get("batch_size"))
    reuse.compiled(plain, hp.get("learning_rate"))
    plain.fit(train, epochs=1, shuffle=False, verbose=0)
    for own, expected in zip(learnt, plain.get_weights(), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-5, atol=1e-6)


def test_first_weights_depend_on_the_structure_alone():
    model = hypermodel({}, "efficientnet")
    hp = keras_tuner.HyperParameters()
    weights = model.build(hp).get_weights()
    for values in ({"dropout": 0.0}, {"augmentation": 0.0}, {"augmentation": 1.0, "learning_rate": 1e-4}):
        hp.values |= values
        for one, other in zip(weights, model.build(hp).get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_model_of_the_same_layers_keeps_its_own_rates():
    """An architecture's own rate of dropout changes no layer, so that its models share one traced model."""
    reuse.forget()
    model = hypermodel({"filters": [2, 4]})
    build = model.build_model

    def with_rate(hp):
        plain = build(hp)
        return keras.Model(plain.inputs, keras.layers.Dropout(hp.Choice("rate", [0.0, 0.5]), name="own")(plain.output))

    model.build_model = with_rate
    losses = []
    for rate in (0.0, 0.5, 0.0):
        hp = keras_tuner.HyperParameters()
        model.build(hp)
        hp.values["rate"] = rate
        losses.append(model.fit(hp, epochs=1)[0].history["loss"])
    assert losses[0] == losses[2] != losses[1] and len(reuse._kept) == 1


class Traces(keras.layers.Layer):
    """Counts how often a function that contains it is traced."""

    seen = 0

    def call(self, inputs):
        Traces.seen += 1
        return inputs

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape, inputs.dtype)


def test_numbers_trace_nothing_anew_but_another_structure_does():
    reuse.forget()
    model, counts = hypermodel({"filters": [2, 4]}), []
    build = model.build_model

    def counted(hp):
        plain = build(hp)
        return keras.Model(plain.inputs, Traces()(plain.output))

    model.build_model = counted
    numbers = {"batch_size": [8, 16, 37], "dropout": [0.0, 0.4], "augmentation": [0.25, 0.0, 1.0]}
    for values in itertools.product(*numbers.values()):
        hp = keras_tuner.HyperParameters()
        model.build(hp)
        hp.values |= dict(zip(numbers, values, strict=True))
        model.fit(hp, epochs=2)
        plain = model.build(hp)
        # Without augmentation, the plain model has another structure.
        for n in (3, 64, 65) if hp.get("augmentation") else ():
            predict(plain, part(n, n).x)
        counts.append(Traces.seen)
    assert len(counts) == 18 and {*counts} == {counts[0]}
    hp.values["dense_units"] = 32
    model.fit(hp, epochs=2)
    assert Traces.seen > counts[0]


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_dropout_by_a_variable_is_keras_dropout(rate):
    x = np.random.default_rng(0).normal(size=(40, 50)).astype("float32")
    own = reuse._counterpart(keras.layers.Dropout(rate, seed=7))
    own.rate.assign(rate)
    plain = keras.layers.Dropout(rate, seed=7)
    own.seed_generator.state.assign(plain.seed_generator.state if rate else [7, 0])
    np.testing.assert_allclose(own(x, training=True), plain(x, training=True), rtol=1e-6)
    np.testing.assert_array_equal(own(x, training=False), x)


def test_a_process_keeps_only_the_models_it_used_last():
    reuse.forget()
    model = hypermodel({})
    for filters in range(1, reuse.KEPT + 3):
        model.build_model = hypermodel({"filters": [filters, 2]}).build_model
        reuse.traced(model.build(keras_tuner.HyperParameters()))
    assert len(reuse._kept) == reuse.KEPT
