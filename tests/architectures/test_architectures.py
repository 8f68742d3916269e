"""What the six architectures promise: the published counts, reduced sizes, saving, pretrained weights."""

import math

import keras
import keras_tuner
import numpy as np
import pytest

import architectures
from architectures._normalisation import PromptNormalization
from benchmarks.cells.model import build_model, plain_hyperparameters
from benchmarks.check.contract import checked_build
from benchmarks.errors import BadInput

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
PREPROCESSING = {
    "densenet": keras.applications.densenet.preprocess_input,
    "efficientnet": keras.applications.efficientnet_v2.preprocess_input,
    "vgg16": keras.applications.vgg16.preprocess_input,
}


@pytest.fixture(autouse=True)
def fresh_keras():
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)


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
def test_the_loaded_file_has_the_forms_that_it_describes(name):
    loaded = architectures.load(name)
    assert loaded.build.__name__ == name
    assert hasattr(loaded, "build_published") == bool(architectures.describe(name).published)


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
        checked_build(name, variant="published", hp=None, classes=3, image_size=size, options=REDUCED[name])


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
    assert found and {layer.momentum for layer in found} <= {0.9, 0.5}


@pytest.mark.parametrize("name", ["alexnet", "efficientnet", "vgg16"])
def test_after_one_step_inference_is_as_training(name):
    hp = plain_hyperparameters()
    hp.Fixed("drop_path", 0.0)
    model, _ = corrected(name, REDUCED[name], hp)
    x = images(16)
    before, trained, after = (np.asarray(model(x, training=training)) for training in (False, True, False))
    np.testing.assert_allclose(after, trained, atol=1e-4)
    assert np.abs(before - trained).max() > 0.1


def test_prompt_normalisation_starts_from_the_first_batch_and_follows():
    layer = PromptNormalization()
    first, second = np.array([[0.0], [2.0]], "float32"), np.array([[5.0], [11.0]], "float32")
    layer(first)
    assert float(layer.moving_mean[0]) == 0 and float(layer.moving_variance[0]) == 1
    layer(first, training=True)
    assert float(layer.moving_mean[0]) == 1 and float(layer.moving_variance[0]) == 1  # means 1 and 8, variances 1 and 9
    layer(second, training=True)
    assert float(layer.moving_mean[0]) == 4.5 and float(layer.moving_variance[0]) == 5
    assert layer.momentum == 0.5
    layer.trainable = False
    layer(first, training=True)
    assert float(layer.moving_mean[0]) == 4.5


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
    have = "densenet, efficientnet, efficientnet_lite, vgg16"
    assert list(architectures.weights_problems("simple", "imagenet")) == [
        f"weights: there are none for simple; architectures that take them: {have}"
    ]
    for wrong in (3, "gone.keras", str(other)):
        assert [str(wrong) in p.replace("'", "") for p in architectures.weights_problems("vgg16", wrong)] == [True]
