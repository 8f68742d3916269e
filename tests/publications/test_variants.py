"""Networks of publications: their printed numbers of parameters, their outputs, their reductions."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage import measure

from benchmarks.publications import publication
from benchmarks.publications.code import function


def folder(name):
    return publication.find(name).parent


def network(name, variant, size, classes, channels=3, **options):
    inputs = keras.Input((size, size, channels))
    return keras.Model(inputs, function(folder(name), variant)(inputs, classes, **options))


def printed(name, variant):
    return publication.load(publication.find(name))["variants"][variant]["parameters"]


@pytest.mark.parametrize(("name", "classes"), [("jimenez_2024", 8), ("learntocode_2022", 2)])
def test_networks_have_the_printed_number_of_parameters(name, classes):
    model = network(name, "cnn", 224, classes)
    assert model.count_params() == printed(name, "cnn")
    one_channel = network(name, "cnn", 224, classes, channels=1)
    assert one_channel.count_params() < printed(name, "cnn")


def test_all_layers_of_resnet50_are_trained_as_its_printed_number_says():
    model = network("learntocode_2022", "resnet50", 224, 2)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == 23_536_641


def test_what_the_two_class_study_froze_is_not_trained():
    frozen = network("learntocode_2022", "vgg16_frozen", 32, 2)
    assert [layer.name for layer in frozen.layers if layer.trainable_weights] == [
        layer.name for layer in frozen.layers[-4:] if layer.weights
    ]
    partly = network("learntocode_2022", "vgg16", 32, 2)
    trained = {layer.name[:6] for layer in partly.layers if layer.trainable_weights and "conv" in layer.name}
    assert trained == {"block4", "block5"}


@pytest.mark.parametrize(
    ("name", "variant", "classes", "channels", "options", "outputs"),
    [
        ("jimenez_2024", "cnn", 8, 3, {"width": 0.25}, 8),
        ("learntocode_2022", "cnn", 2, 3, {"width": 0.05}, 1),
        ("mammoflow_2025", "vgg16", 8, 1, {"width": 0.125, "blocks": (1, 1, 1)}, 8),
        ("ujwalkumar_2023", "densenet201", 8, 3, {"blocks": 1, "units": 16}, 8),
    ],
)
def test_reduced_networks_answer_with_probabilities(name, variant, classes, channels, options, outputs):
    model = network(name, variant, 32, classes, channels, **options)
    answers = model.predict(np.random.default_rng(0).random((2, 32, 32, channels)), verbose=0)
    assert answers.shape == (2, outputs) and answers.min() >= 0
    if outputs > 1:
        np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["jimenez_2024", "learntocode_2022"])
def test_no_layer_gets_fewer_than_four_channels(name):
    model = network(name, "cnn", 32, 8, width=0.001)
    channels = [layer.output.shape[-1] for layer in model.layers if layer.weights]
    assert min(channels[:-1]) == 4


def test_densenet201_is_that_of_keras_and_an_earlier_block_can_be_its_last():
    whole = network("ujwalkumar_2023", "densenet201", 32, 8, units=16)
    base = keras.applications.DenseNet201(include_top=False, weights=None, input_shape=(32, 32, 3))
    head = 4 * 1920 + (1920 + 1) * 16 + 4 * 16 + (16 + 1) * 8
    assert whole.count_params() == base.count_params() + head
    cut = network("ujwalkumar_2023", "densenet201", 32, 8, units=16, blocks=2)
    assert cut.layers[-6].output.shape[-1] == 128 + 12 * 32  # the channels that enter block 2, and those of its layers


def test_a_network_starts_from_the_weights_in_a_local_file(tmp_path):
    source = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    path = tmp_path / "notop.weights.h5"
    source.save_weights(path)
    for variant in ("vgg16", "vgg16_frozen"):
        model = network("learntocode_2022", variant, 32, 2, weights=str(path))
        for name in ("block1_conv1", "block5_conv3"):
            for ours, theirs in zip(model.get_layer(name).weights, source.get_layer(name).weights, strict=True):
                np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_publications_are_read_without_keras():
    code = (
        "import sys; from benchmarks.publications import publication as p; "
        "[p.load(p.find(name)) for name in p.names()]; "
        "print({'keras', 'tensorflow', 'torch', 'jax', 'skimage'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_mask_keeps_what_is_brighter_than_the_mean_of_the_regions():
    segmented = function(folder("mammoflow_2025"), "segmented")
    film = np.zeros((20, 20), np.uint8)
    film[:, 2:] = 50  # regions, each counted once: 50, 80 and 200, of mean 110; threshold 120
    film[4:8, 4:8] = 80
    film[10:16, 10:16] = 200
    film[2, 10] = 200  # a fourth region makes the mean 132.5; opening removes it
    mask = segmented(film)
    assert mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 255}
    assert (mask > 0).sum() == 36 and mask[10:16, 10:16].all()
    assert not segmented(np.zeros((8, 8), np.uint8)).any()


@given(arrays(np.uint8, (6, 6), elements=st.sampled_from([0, 10, 30, 90])))
def test_the_threshold_is_that_of_the_regions_measured_one_by_one(small):
    image = np.kron(small, np.ones((3, 3), np.uint8))  # blocks of 3 x 3, which the opening keeps
    regions = measure.regionprops(measure.label(image), intensity_image=image)
    mean = np.mean([region.intensity_mean for region in regions]) if regions else 0
    mask = function(folder("mammoflow_2025"), "segmented")(image)
    np.testing.assert_array_equal(mask > 0, image > mean + 10)
