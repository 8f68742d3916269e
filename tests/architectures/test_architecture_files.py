"""The contract of an architecture file: messages for a mistake of a contributor or a study."""

import re

import keras
import keras_tuner
import pytest

import architectures
from benchmarks.cells.model import build_model, published_recipe
from benchmarks.check.contract import checked_build
from benchmarks.errors import BadInput

SIZE = 64
NOT_A_LIST = "is not a list of which each is a whole number like its default [6, 12, 24, 16]"


@pytest.fixture(autouse=True)
def fresh_keras():
    keras.backend.clear_session()


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


def corrected(name, options=None):
    hp = keras_tuner.HyperParameters()
    return checked_build(name, variant="corrected", hp=hp, classes=8, image_size=SIZE, options=options)


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


def test_a_float_option_accepts_an_integer_but_no_text():
    assert list(architectures.check_options("vgg16", {"width": 1}, SIZE, "corrected")) == []
    assert len(list(architectures.check_options("vgg16", {"width": "1"}, SIZE, "corrected"))) == 1
    assert len(list(architectures.check_options("vgg16", {"width": True}, SIZE, "corrected"))) == 1


def test_an_option_of_one_form_is_no_error_for_the_other():
    assert list(architectures.check_options("alexnet", {"stem_stride": 2}, 227, "published")) == []
    build_model(
        "alexnet", variant="published", hp=None, classes=2, image_size=67, options={"width": 0.1, "stem_stride": 2}
    )


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
    assert architectures.load("mine").build.__name__ == "mine"
    model, cam_layer = corrected("mine", {"filters": 3})
    assert model.get_layer(cam_layer).output.shape == (None, SIZE - 2, SIZE - 2, 3)


def test_without_a_published_form_the_corrected_form_follows_the_published_recipe(contribute):
    contribute("mine", GOOD)
    assert list(architectures.check_options("mine", {"filters": 3}, SIZE, "published")) == []
    (problem,) = architectures.check_options("mine", {}, 8, "published")
    assert problem.startswith("corrected form runs out of pixels below 16 px")
    model, cam_layer = build_model(
        "mine", variant="published", hp=None, classes=2, image_size=SIZE, options={"filters": 3}, weights="imagenet"
    )
    assert model.output_shape == (None, 2) and model.get_layer(cam_layer).output.shape[-1] == 3
    assert not [layer.name for layer in model.layers if layer.name.startswith("random")]
    assert model.get_layer("dropout").rate == 0
    assert published_recipe("mine") == {"batch_size": 32, "precision": "float32"}


CUT = GOOD.replace('cam_layer="relu"', 'cam_layer="relu", cut_layer="cut"')
SKIPPED = """
    y = layers.Activation("linear", name="cut")(x)
    x = layers.Add()([x, y])
    return"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CUT, r"mine\.py:6: cut_layer 'cut' is not in the model"),
        (CUT.replace("\n    return", SKIPPED), r"mine\.py:6: a path leads around cut_layer 'cut'"),
    ],
)
def test_a_cut_that_is_none_is_refused(contribute, text, message):
    contribute("mine", text)
    with pytest.raises(BadInput, match=message):
        corrected("mine")


def test_a_cut_that_all_paths_pass_is_allowed(contribute):
    named = CUT.replace("x = layers.Conv2D(", 'x = layers.Conv2D(name="cut", filters=')
    contribute("mine", named.replace(", 3)", ", kernel_size=3)"))
    corrected("mine")


def test_an_underscore_hides_a_helper(contribute):
    contribute("_helper", "")
    assert "_helper" not in architectures.names()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"mine\.py:\d+: no function `def mine\(inputs, hp, ...\)` decorated with @architecture"),
        (GOOD.replace("def mine", "def other"), r"mine\.py:\d+: no function `def mine"),
        (GOOD.split("\n", 2)[2], r"mine\.py:\d+: no function `def mine"),
        (GOOD.replace("def mine(", "def mine"), r"mine\.py:\d+: not readable as Python"),
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


def test_the_message_about_an_unknown_architecture_lists_the_known():
    with pytest.raises(BadInput, match=r"no file architectures/resnet\.py; there are: alexnet, densenet"):
        architectures.describe("resnet")


def test_an_error_at_import_names_file_and_line(contribute):
    contribute("mine", GOOD + "\nimport surely_no_such_module\n")
    with pytest.raises(BadInput, match=r"mine\.py:11: can't be imported: ModuleNotFoundError: .*surely"):
        architectures.load("mine")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return None", r"mine\.py:7: function mine returns NoneType; return a Keras tensor"),
        ("return layers.Reshape((-1, 3))(inputs)", r"function mine returns shape \(None, 4096, 3\)"),
        ("return layers.Conv2D(0, 3)(inputs)", r"mine\.py:8: can't be built: ValueError"),
        (
            "return layers.Conv2D(4, 3, name='image')(inputs)",
            r"mine\.py:8: two layers are called 'image'; rename yours",
        ),
        ("return layers.Conv2D(4, 3)(inputs)", r"cam_layer 'relu' is not in the model; name .* e\.g\. 'conv2d'"),
        (
            "x = layers.Conv2D(4, 3)(inputs)\n    return layers.GlobalAveragePooling2D(name='relu')(x)",
            r"cam_layer 'relu' has shape \(None, 4\); name the last layer with a feature map",
        ),
        (
            "return keras.Sequential([layers.Conv2D(4, 3, name='relu')], name='backbone')(inputs)",
            r"mine\.py:8: backbone is a model inside the model",
        ),
        (
            "x = layers.Lambda(lambda x: x, output_shape=(64, 64, 3), name='trick')(inputs)\n"
            "    return layers.ReLU(name='relu')(x)",
            r"layer trick is a Lambda",
        ),
    ],
)
def test_a_broken_corrected_form_is_reported_with_the_correction(contribute, body, message):
    head = GOOD.split("    x =")[0]
    contribute("mine", f"{head}    {body}\n")
    with pytest.raises(BadInput, match=message):
        corrected("mine")


def test_a_published_form_must_end_in_the_classes(contribute):
    contribute("mine", GOOD + GOOD_PUBLISHED.replace("Dense(classes", "Dense(5"))
    with pytest.raises(BadInput, match=r"mine\.py:\d+: published returns 5 outputs, but there are 8 classes"):
        checked_build("mine", variant="published", hp=None, classes=8, image_size=SIZE)
