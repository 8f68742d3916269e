"""`make check NAME=mynet`: every shipped architecture passes; broken ones are reported with line and correction."""

import re
import subprocess
import sys

import keras
import pytest
from conftest import ROOT

import architectures
from benchmarks.check.__main__ import check
from benchmarks.study.study import load_study

# The fixture writes three lines and an empty one before it.
GOOD = """
@architecture(minimum_size=16, cam_layer="relu", reference="Test (2026)")
def mine(inputs, hp, *, filters=8):
    size = hp.Choice("kernel_size", [3, 5])
    x = layers.Conv2D(filters, size, strides=4, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.Flatten()(layers.AveragePooling2D(4)(x))
    return layers.Dense(32, activation="relu")(x)
"""
OWN_LAYER = """
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


"""
UNSEEDED = """
import numpy as np


@keras.saving.register_keras_serializable("mine")
class Noise(keras.layers.Layer):
    def call(self, x):
        return x * np.random.default_rng().random()


"""


@pytest.fixture(scope="module")
def study():
    """Loaded before anything is contributed, which `all` would add."""
    return load_study("demo")


@pytest.fixture(autouse=True)
def fresh_keras():
    keras.backend.clear_session(free_memory=False)


@pytest.mark.parametrize("name", architectures.names())
def test_every_architecture_passes(name, study):
    found, told = check(name, study)
    assert not found and "nothing wrong found" in told[0]


def test_a_good_file_is_described(contribute, study):
    contribute("mine", GOOD)
    found, told = check("mine", study)
    assert not found
    text = "\n".join(told)
    # 3 x 3 x 3 x 8, four numbers a channel, 8 x 4 x 4 x 32 + 32, 32 x 8 + 8; one of four pixels of 64
    assert re.search(rf"  {216 + 32 + 4128 + 264:,} parameters; memorises (5[89]|6[0-4]) of 64 training images", text)
    assert "explained at relu: 16 x 16, 8 channels" in text and "kernel_size (3, 5)" in text
    assert "options of a study: filters; published form: none" in text and "no cells of it" in text


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


BROKEN = {
    "syntax": (changed("def mine(", "def mine"), 7, "not readable as Python: .*; correct this line"),
    "no decorated function": (
        changed("def mine", "def other"),
        7,
        "no function `def mine.*; add it, named as the file is",
    ),
    "import": ("from keras import no_such_thing\n" + GOOD, 5, "can't be imported: ImportError: .*no_such_thing"),
    "wrong output shape": (
        changed('return layers.Dense(32, activation="relu")(x)', "return layers.Reshape((-1, 2))(x)"),
        7,
        r"returns shape \(None, 64, 2\); return a Keras tensor of features \(N, c\) or feature maps",
    ),
    "not a tensor": (changed('return layers.Dense(32, activation="relu")(x)', "pass"), 7, "returns NoneType; return a"),
    "nested model": (
        changed(
            'layers.Dense(32, activation="relu")(x)',
            'keras.Sequential([layers.Dense(32)], name="head")(x)',
        ),
        13,
        "head is a model inside the model, .*; apply its layers one by one",
    ),
    "lambda": (
        changed("layers.Flatten()", "layers.Lambda(lambda x: x, output_shape=(4, 4, 8))"),
        12,
        "Lambda, .*; use keras",
    ),
    "no layer to explain": (
        changed('name="relu")(x)', 'name="reLU")(x)'),
        6,
        "cam_layer 'relu' is not in the model; name the last layer with a feature map .* e.g. 'average_pooling2d'",
    ),
    "a map without places": (
        changed("strides=4", "strides=64").replace("AveragePooling2D(4)", "AveragePooling2D(1)"),
        6,
        "cam_layer 'relu' is a map of 1 x 1, which shows no place; name an earlier layer",
    ),
    "unknown hyperparameter": (
        changed('hp.Choice("kernel_size", [3, 5])', 'hp.get("kernel_size")'),
        8,
        "KeyError: 'kernel_size does not exist.*; declare it first, e.g. by hp.Choice",
    ),
    "name of a shared hyperparameter": (
        changed('hp.Choice("kernel_size", [3, 5])', '[3, hp.Float("dropout", 0, 0.9)][0]'),
        8,
        "hyperparameter 'dropout' is the harness's own, .*; rename it",
    ),
    "value of a shared hyperparameter": (
        changed('hp.Choice("kernel_size", [3, 5])', '[3, hp.get("dropout")][0]'),
        8,
        "hyperparameter 'dropout' is the harness's own; declare one of another name",
    ),
    "name of a layer": (
        changed("layers.Flatten()", 'layers.Flatten(name="dropout")'),
        12,
        "two layers are called 'dropout'; rename yours, or leave its name out",
    ),
    "name of an option": (
        changed("filters=8", "filters=8, image_size=64"),
        7,
        "option image_size is the harness's own",
    ),
    "search space": (
        changed("AveragePooling2D(4)", 'AveragePooling2D(hp.Choice("pool", [2, 4, 32]))'),
        12,
        "the search may try pool=32, which fails: .*; narrow the range",
    ),
    "smallest size": (
        changed("minimum_size=16", "minimum_size=8"),
        6,
        "minimum_size=8, but at that size: .*; raise it",
    ),
    "not serialisable": (
        OWN_LAYER + changed("layers.Flatten()", "Doubled()(layers.Flatten()").replace("(4)(x))", "(4)(x)))"),
        6,
        r"can't be saved as .keras and read again: .*; decorate class Doubled with @keras.saving.register_keras",
    ),
    "does not learn": (
        changed("layers.Dense(32", "layers.Dense(32, kernel_initializer='zeros'"),
        7,
        r"memorises only \d+ of 64 training images within 320 steps .*, 58 needed: no gradient reaches",
    ),
    "lagging averages": (
        changed("momentum=0.9", "momentum=0.9999"),
        7,
        r"memorises only \d+ of 64 training images .*: in training mode \d\d are right, in inference \d+, so",
    ),
    "dead units": (
        changed('layers.ReLU(name="relu")(x)', 'layers.ReLU(name="relu")(x - 100)'),
        7,
        "memorises only .*100% of the ReLU units are dead; normalise .*float32",
    ),
    "not finite": (
        changed('"relu")(x)\n    x = l', '"relu")(x * 1e30 * 1e30)\n    x = l'),
        7,
        r"memorises only .*the loss is not finite in \d+ of \d+ steps \(float32\); normalise",
    ),
    "no gradient": (
        changed("layers.Flatten()(", "layers.Flatten()(keras.ops.stop_gradient(").replace("(4)(x))", "(4)(x)))"),
        6,
        "no gradient reaches cam_layer 'relu', so Grad-CAM is empty",
    ),
    "not the same again": (
        UNSEEDED + changed("layers.Flatten()(", "Noise()(").replace("return", "x = layers.Flatten()(x)\n    return"),
        12,
        "trains to other weights under the same seed; take randomness from keras.random",
    ),
    "too large": (
        changed("AveragePooling2D(4)(x))", "AveragePooling2D(1)(x))").replace("Dense(32", "Dense(8_000"),
        7,
        r"parameters, \d+ times as many as .*, the most of the others; narrow it, or pool before dense layers",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_is_reported_with_line_and_correction(contribute, study, fault):
    text, line, message = BROKEN[fault]
    path = contribute("mine", text)
    found, told = check("mine", study)
    assert not told
    assert [one for one in found if re.match(rf"{re.escape(str(path))}:{line}: .*{message}", one)], found


@pytest.mark.parametrize("name", ["majority"])
def test_the_name_of_a_baseline_is_taken(contribute, study, name):
    contribute(name, GOOD.replace("def mine", f"def {name}"))
    assert (
        f"{name}.py:1: {name} is a baseline, which every study runs; rename file and function"
        in check(name, study)[0][0]
    )


def test_the_command_says_so_before_it_loads_anything_heavy():
    command = [sys.executable, "-m", "benchmarks.check", "nothing"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2 and "no file architectures/nothing.py; there are: alexnet" in run.stderr
