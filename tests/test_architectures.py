"""What the six architectures promise, and what a contributor's mistake is answered with."""

import math
import re
import sys
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest

import architectures
from benchmarks.errors import BadInput
from benchmarks.model import build_model

SIZE = 64
REDUCED = {
    "alexnet": {"width": 0.25, "stem_stride": 2},
    "densenet": {"blocks": [2, 2], "growth_rate": 8},
    "efficientnet": {"width": 0.25, "depth": 0.2},
    "shufflenet": {"units": [1, 2, 1], "width": 0.5},
    "simple": {"filters": [4, 8]},
    "vgg16": {"width": 0.125, "blocks": [1, 1, 1]},
}
# Total and trainable parameters as in the published notebooks; trainable only where they print it.
PUBLISHED_PARAMETERS = {
    "alexnet": (227, 62_386_352, None),
    "densenet": (224, 7_438_920, None),
    "efficientnet": (224, 5_929_632, None),
    "shufflenet": (224, 8_176_784, 8_143_568),
    "simple": (224, 5_977_640, None),
    "vgg16": (224, 14_915_400, None),
}
NOT_A_LIST = "is not a list of which each is a whole number like its default [6, 12, 24, 16]"
PREPROCESSING = {
    "densenet": keras.applications.densenet.preprocess_input,
    "efficientnet": keras.applications.efficientnet_v2.preprocess_input,
    "vgg16": keras.applications.vgg16.preprocess_input,
}


@pytest.fixture(autouse=True)
def fresh_keras():
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)


@pytest.fixture
def contribute(tmp_path, monkeypatch):
    """Write an architecture file of the given name and text, found beside the shipped ones; return its path."""
    monkeypatch.setattr(architectures, "__path__", [*architectures.__path__, str(tmp_path)])
    written = []

    def write(name: str, text: str) -> Path:
        written.append(name)
        path = tmp_path / f"{name}.py"
        path.write_text("from keras import layers\nimport keras\nfrom architectures import architecture\n\n" + text)
        return path

    yield write
    for name in written:
        if sys.modules.pop(f"architectures.{name}", None):
            delattr(architectures, name)


GOOD = """
@architecture(minimum_size=16, cam_layer="relu", reference="Test (2026)")
def mine(inputs, hp, *, filters=4):
    x = layers.Conv2D(hp.Choice("factor", [1, 2]) * filters, 3)(inputs)
    return layers.Activation("relu", name="relu")(x)
"""
GOOD_PUBLISHED = """
@mine.published(image_size=32, batch_size=4, parameters=9, precision="float32", cam_layer="relu", minimum_size=8)
def published(inputs, classes, *, width=1.0):
    x = layers.Conv2D(4, 3, activation="relu", name="relu")(inputs)
    return layers.Dense(classes, activation="softmax")(layers.Flatten()(x))
"""


def corrected(name, options=None, hp=None, **more):
    return build_model(
        name,
        variant="corrected",
        hp=hp or keras_tuner.HyperParameters(),
        classes=8,
        image_size=SIZE,
        options=options or {},
        **more,
    )


def sampled(name, options, seed):
    """Hyperparameters drawn from the space that the architecture declares."""
    hp = keras_tuner.HyperParameters()
    corrected(name, options, hp)
    for number, parameter in enumerate(hp.space):
        hp.values[parameter.name] = parameter.random_sample(seed + number)
    return hp


def images(n=2, size=SIZE):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 1)).astype("float32")


def test_the_six_are_found():
    assert set(PUBLISHED_PARAMETERS) <= set(architectures.names())


@pytest.mark.parametrize("name", PUBLISHED_PARAMETERS)
def test_the_description_read_without_import_is_that_of_the_loaded_file(name):
    assert architectures.describe(name) == architectures.load(name).description


@pytest.mark.parametrize("name", PUBLISHED_PARAMETERS)
def test_published_form_has_the_published_number_of_parameters(name):
    size, total, trainable = PUBLISHED_PARAMETERS[name]
    declared = architectures.describe(name).published
    assert (declared.image_size, declared.parameters) == (size, total)
    model, cam_layer = build_model(name, variant="published", hp=None, classes=8, image_size=size)
    assert model.count_params() == total
    assert model.output.shape == (None, 8)
    assert len(model.get_layer(cam_layer).output.shape) == 4
    if trainable:
        assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == trainable


@pytest.mark.parametrize("name", PUBLISHED_PARAMETERS)
def test_published_form_builds_reduced_at_its_minimum_size(name):
    size = architectures.describe(name).published.minimum_size
    build_model(name, variant="published", hp=None, classes=3, image_size=size, options=REDUCED[name])


@pytest.mark.parametrize("name", ["alexnet", "simple"])
def test_unpadded_published_forms_run_out_of_pixels_below_their_minimum_size(name):
    size = architectures.describe(name).published.minimum_size - 1
    with pytest.raises(BadInput, match=rf"{name}\.py:\d+: can't be built"):
        build_model(name, variant="published", hp=None, classes=3, image_size=size, options=REDUCED[name])


@pytest.mark.parametrize("name", PUBLISHED_PARAMETERS)
def test_corrected_form_survives_saving(name, tmp_path):
    model, cam_layer = corrected(name)
    assert len(model.get_layer(cam_layer).output.shape) == 4
    assert min(model.get_layer(cam_layer).output.shape[1:3]) >= 2
    before = np.asarray(model(images()))  # not predict, which would trace
    assert before.shape == (2, 8)
    np.testing.assert_allclose(before.sum(axis=1), 1, atol=1e-5)
    model.save(tmp_path / "model.keras")
    after = np.asarray(keras.models.load_model(tmp_path / "model.keras")(images()))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("name", PUBLISHED_PARAMETERS)
def test_corrected_form_builds_all_over_its_search_space(name):
    counts = set()
    for seed in range(4):
        hp = sampled(name, REDUCED[name], 10 * seed)
        counts.add(corrected(name, REDUCED[name], hp)[0].count_params())
    assert len(counts) > 1


@pytest.mark.parametrize("name", PUBLISHED_PARAMETERS)
def test_options_reduce_the_model_and_its_minimum_size_suffices(name):
    small, _ = corrected(name, REDUCED[name])
    assert small.count_params() < corrected(name)[0].count_params() / 4 or name == "simple"
    minimum = architectures.describe(name).corrected.minimum_size
    hp = keras_tuner.HyperParameters()
    build_model(name, variant="corrected", hp=hp, classes=2, image_size=minimum)


@pytest.mark.parametrize("name", PUBLISHED_PARAMETERS)
def test_normalisation_follows_small_data(name):
    found = [layer for layer in corrected(name)[0].layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert found and {layer.momentum for layer in found} == {0.9}


@pytest.mark.parametrize(("name", "suffix"), [("densenet", "weights.h5"), ("efficientnet", "keras"), ("vgg16", "h5")])
def test_pretrained_features_are_those_of_keras_applications(name, suffix, tmp_path):
    application = architectures.describe(name).corrected.pretrained
    source = getattr(keras.applications, application)(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    rng = np.random.default_rng(1)
    for weight in source.weights:  # so that a weight in the wrong place shows, biases and running averages included
        values, noise = np.asarray(weight), rng.standard_normal(weight.shape)
        weight.assign(values + 0.1 * (values.std() * noise if values.ndim > 1 else np.abs(noise)))
    file = tmp_path / f"source.{suffix}"
    source.save_weights(file) if suffix == "weights.h5" else source.save(file)

    model, _ = corrected(name, weights=str(file))
    features = keras.Model(model.input, model.get_layer("pooled").input)
    expected = np.asarray(source(PREPROCESSING[name](np.repeat(images(), 3, axis=-1))))
    got = np.asarray(features(images()))
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(got, expected, atol=1e-4 * np.abs(expected).max())


def test_weights_are_refused_where_the_structure_was_changed(tmp_path):
    file = tmp_path / "vgg.weights.h5"
    keras.applications.VGG16(include_top=False, weights=None).save_weights(file)
    with pytest.raises(BadInput, match=r"block1_conv1.*defaults"):
        corrected("vgg16", {"width": 0.5}, weights=str(file))
    with pytest.raises(BadInput, match=r"block5_conv3.*defaults"):
        corrected("vgg16", {"blocks": [2, 2, 3, 3, 2]}, weights=str(file))
    with pytest.raises(BadInput, match=r"can't be read as keras.applications.DenseNet121"):
        corrected("densenet", weights=str(file))


def test_pretrained_structure_is_not_searched(tmp_path):
    file = tmp_path / "vgg.weights.h5"
    keras.applications.VGG16(include_top=False, weights=None).save_weights(file)
    hp = keras_tuner.HyperParameters()
    corrected("vgg16", hp=hp, weights=str(file))
    assert "width_multiplier" not in hp.values


def test_weights_that_cannot_be_are_refused(tmp_path):
    other = tmp_path / "weights.txt"
    other.write_text("no weights")
    assert list(architectures.weights_problems("simple", None)) == []
    assert list(architectures.weights_problems("vgg16", "imagenet")) == []
    assert list(architectures.weights_problems("simple", "imagenet")) == [
        "weights: there are none for simple; architectures that take them: densenet, efficientnet, vgg16"
    ]
    for wrong in (3, "gone.keras", str(other)):
        assert [str(wrong) in p.replace("'", "") for p in architectures.weights_problems("vgg16", wrong)] == [True]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"blocks": [2, 2, 2], "growth_rate": 8}, None),
        ({"blocks": (2, 2.5)}, f"blocks: (2, 2.5) {NOT_A_LIST}"),
        ({"blocks": []}, f"blocks: [] {NOT_A_LIST}"),
        ({"growth_rate": 8.0}, "growth_rate: 8.0 is not a whole number like its default 32"),
        ({"growth_rate": True}, "growth_rate: True is not a whole number like its default 32"),
        ({"growth": 8}, "unknown option growth; allowed: blocks, growth_rate"),
        ({"pretrained": True}, "unknown option pretrained; allowed: blocks, growth_rate"),
    ],
)
def test_options_are_checked_against_their_defaults(options, problem):
    found = list(architectures.check_options("densenet", options, SIZE, "corrected"))
    assert found == ([problem] if problem else [])


def test_a_whole_number_will_do_for_a_float_but_not_a_text():
    assert list(architectures.check_options("vgg16", {"width": 1}, SIZE, "corrected")) == []
    assert len(list(architectures.check_options("vgg16", {"width": "1"}, SIZE, "corrected"))) == 1
    assert len(list(architectures.check_options("vgg16", {"width": True}, SIZE, "corrected"))) == 1


def test_an_option_of_one_form_is_no_error_for_the_other():
    assert list(architectures.check_options("alexnet", {"stem_stride": 2}, 227, "published")) == []
    build_model("alexnet", variant="published", hp=None, classes=2, image_size=67, options=REDUCED["alexnet"])


def test_published_alexnet_needs_67_pixels():
    assert list(architectures.check_options("alexnet", {}, 67, "published")) == []
    assert list(architectures.check_options("alexnet", {}, 64, "corrected")) == []
    (problem,) = architectures.check_options("alexnet", {}, 64, "published")
    assert problem == "published form runs out of pixels below 67 px; image_size is 64: set 67 or more here"


def test_a_contributed_file_stands_beside_the_others(contribute):
    contribute("mine", GOOD + GOOD_PUBLISHED)
    assert "mine" in architectures.names()
    description = architectures.describe("mine")
    assert description.options == {"filters": 4, "width": 1.0}
    assert (description.reference, description.published.batch_size) == ("Test (2026)", 4)
    assert description == architectures.load("mine").description
    model, cam_layer = corrected("mine", {"filters": 3})
    assert model.get_layer(cam_layer).output.shape == (None, SIZE - 2, SIZE - 2, 3)


def test_a_file_without_published_form_is_told_so(contribute):
    contribute("mine", GOOD)
    assert len(list(architectures.check_options("mine", {}, SIZE, "published"))) == 1
    with pytest.raises(BadInput, match=r"mine\.py declares no published form"):
        build_model("mine", variant="published", hp=None, classes=2, image_size=SIZE)


def test_an_underscore_hides_a_helper(contribute):
    contribute("_helper", "")
    assert "_helper" not in architectures.names()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"mine\.py: no function `def mine\(inputs, hp, ...\)` decorated with @architecture"),
        (GOOD.replace("def mine", "def other"), r"mine\.py: no function `def mine"),
        (GOOD.split("\n", 2)[2], r"mine\.py: no function `def mine"),
        (GOOD.replace("def mine(", "def mine"), r"mine\.py: not readable as Python"),
        (GOOD.replace("=16", "=4 * layers"), r"mine\.py:6: minimum_size has no literal value"),
        (GOOD.replace("filters=4", "filters=2 * N"), r"mine\.py:7: filters has no literal value"),
        (GOOD.replace("filters=4", "filters"), r"mine\.py:7: filters has no literal value"),
        (GOOD.replace(', reference="Test (2026)"', ""), r"mine\.py:6: @architecture: missing .*'reference'"),
        (GOOD.replace("cam_layer", "camlayer"), r"mine\.py:6: @architecture: got an unexpected .*'camlayer'"),
        (GOOD + GOOD_PUBLISHED.replace("@mine", "#"), r"mine\.py:\d+: function published lacks its decorator"),
        (GOOD + GOOD_PUBLISHED.replace("batch_size=4, ", ""), r"@mine\.published: missing .*'batch_size'"),
    ],
)
def test_a_wrong_declaration_is_found_without_import(contribute, text, message):
    contribute("mine", text)
    with pytest.raises(BadInput, match=message):
        architectures.describe("mine")


@pytest.mark.parametrize("name", ["my-net", "class", "all", "published", "load"])
def test_a_name_that_cannot_be_is_refused(contribute, name):
    contribute(name, GOOD)
    with pytest.raises(BadInput, match=re.escape(f"{name}.py: '{name}' can't name an architecture")):
        architectures.describe(name)


def test_an_unknown_architecture_is_answered_with_the_known():
    with pytest.raises(BadInput, match=r"no file architectures/resnet\.py; there are: alexnet, densenet"):
        architectures.describe("resnet")


def test_an_error_at_import_names_file_and_line(contribute):
    contribute("mine", GOOD + "\nimport surely_no_such_module\n")
    with pytest.raises(BadInput, match=r"mine\.py:11: can't be imported: ModuleNotFoundError: .*surely"):
        architectures.load("mine")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return None", r"mine\.py: function mine returns NoneType; return a Keras tensor"),
        ("return layers.Reshape((-1, 3))(inputs)", r"function mine returns shape \(None, 4096, 3\)"),
        ("return layers.Conv2D(0, 3)(inputs)", r"mine\.py:8: can't be built: ValueError"),
        ("return layers.Conv2D(4, 3, name='image')(inputs)", r"can't be built: .*'image'|\"image\""),
        ("return layers.Conv2D(4, 3)(inputs)", r"cam_layer 'relu' is not in the model; name .* e\.g\. 'conv2d'"),
        (
            "x = layers.Conv2D(4, 3)(inputs)\n    return layers.GlobalAveragePooling2D(name='relu')(x)",
            r"cam_layer 'relu' has shape \(None, 4\); name the last layer with a feature map",
        ),
        (
            "return keras.Sequential([layers.Conv2D(4, 3, name='relu')], name='backbone')(inputs)",
            r"mine\.py: backbone is a model inside the model",
        ),
        (
            "x = layers.Lambda(lambda x: x, output_shape=(64, 64, 3), name='trick')(inputs)\n"
            "    return layers.ReLU(name='relu')(x)",
            r"layer trick is a Lambda",
        ),
    ],
)
def test_a_broken_corrected_form_is_answered_with_the_mend(contribute, body, message):
    head = GOOD.split("    x =")[0]
    contribute("mine", f"{head}    {body}\n")
    with pytest.raises(BadInput, match=message):
        corrected("mine")


def test_a_published_form_must_end_in_the_classes(contribute):
    contribute("mine", GOOD + GOOD_PUBLISHED.replace("Dense(classes", "Dense(5"))
    with pytest.raises(BadInput, match=r"mine\.py: published returns 5 outputs, but there are 8 classes"):
        build_model("mine", variant="published", hp=None, classes=8, image_size=SIZE)
