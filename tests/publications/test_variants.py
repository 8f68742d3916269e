"""Networks of publications: their printed numbers of parameters, their outputs, their reductions."""

import keras
import numpy as np
import pytest

from benchmarks.publications import publication
from benchmarks.publications.code import function


def network(name, variant, size, classes, channels=3, **options):
    folder = publication.find(name).parent
    inputs = keras.Input((size, size, channels))
    return keras.Model(inputs, function(folder, variant)(inputs, classes, **options))


def printed(name, variant):
    return publication.load(publication.find(name))["variants"][variant]["parameters"]


@pytest.mark.parametrize(("name", "classes"), [("jimenez_2024", 8), ("learntocode_2022", 2)])
def test_networks_have_the_printed_number_of_parameters(name, classes):
    assert network(name, "cnn", 224, classes).count_params() == printed(name, "cnn")


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
        ("mammoflow_2025", "vgg16", 8, 1, {"width": 0.125}, 8),
        ("ujwalkumar_2023", "densenet201", 8, 3, {"units": 16}, 8),
    ],
)
def test_reduced_networks_answer_with_probabilities(name, variant, classes, channels, options, outputs):
    model = network(name, variant, 32, classes, channels, **options)
    answers = model.predict(np.random.default_rng(0).random((2, 32, 32, channels)), verbose=0)
    assert answers.shape == (2, outputs) and answers.min() >= 0
    if outputs > 1:
        np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)


def test_the_mask_keeps_what_is_brighter_than_the_mean_of_the_regions():
    segmented = function(publication.find("mammoflow_2025").parent, "segmented")
    film = np.zeros((20, 20), np.uint8)
    film[:, 2:] = 50  # regions, each counted once: 50, 80 and 200, of mean 110; threshold 120
    film[4:8, 4:8] = 80
    film[10:16, 10:16] = 200
    film[2, 10] = 200  # a fourth region makes the mean 132.5; opening removes it
    mask = segmented(film)
    assert mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 255}
    assert (mask > 0).sum() == 36 and mask[10:16, 10:16].all()
    assert not segmented(np.zeros((8, 8), np.uint8)).any()
