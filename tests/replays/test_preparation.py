"""Preprocessing and oversampling of a publication, and its network compiled by its recipe."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BadInput
from benchmarks.replays.network import build, compiled
from benchmarks.replays.preparation import oversampled, prepared

RNG = np.random.default_rng(0)
VARIANTS = """
from keras import layers


def inverted(image):
    return 255 - image


def one_output(inputs, classes, *, width=1.0):
    return layers.Dense(1, activation="sigmoid")(layers.Flatten()(inputs))


def wrong(inputs, classes):
    return layers.Dense(classes + 1)(layers.Flatten()(inputs))
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "variants.py").write_text(VARIANTS)
    return tmp_path


def parts(**sizes):
    return {part: RNG.integers(0, 256, (n, 8, 8), dtype=np.uint8) for part, n in sizes.items()}


def test_steps_are_taken_in_their_order(folder):
    own = parts(train=3, test=2)
    done = prepared(own, [{"function": "inverted"}, {"divide": 255}], folder)
    np.testing.assert_allclose(done["test"], (255.0 - own["test"]) / 255, rtol=1e-6)
    assert done["train"].dtype == np.float32


def test_a_kernel_is_a_convolution_clipped_to_grey_levels():
    image = np.full((1, 8, 8), 100, np.uint8)
    image[0, 4, 4] = 200
    done = prepared({"train": image}, [{"kernel": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]}], Path())["train"][0]
    assert done[4, 4] == 255  # 5 * 200 - 4 * 100, clipped
    assert done[4, 3] == 5 * 100 - 3 * 100 - 200 and done[0, 0] == 100


def test_pixels_are_standardised_by_the_training_part_alone():
    own = parts(train=40, test=3)
    done = prepared(own, [{"standardise": "pixel"}], Path())
    np.testing.assert_allclose(done["train"].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(done["train"].std(axis=0), 1, atol=1e-4)
    other = prepared(own | {"test": np.full((3, 8, 8), 255, np.uint8)}, [{"standardise": "pixel"}], Path())
    np.testing.assert_array_equal(done["train"], other["train"])


def test_images_are_standardised_by_themselves():
    done = prepared(parts(train=2, test=2), [{"standardise": "image"}], Path())["test"]
    np.testing.assert_allclose(done.mean(axis=(1, 2)), 0, atol=1e-5)


def test_a_pixel_that_never_changes_becomes_0():
    done = prepared({"train": np.full((4, 8, 8), 7, np.uint8)}, [{"standardise": "pixel"}], Path())["train"]
    assert not done.any()


@pytest.mark.parametrize("method", ["smote", "repeat"])
def test_classes_are_balanced_and_the_largest_is_left_alone(method):
    x, y = RNG.normal(size=(40, 4, 4)).astype("float32"), np.repeat([0, 1], [30, 10])
    how = {"method": method, "strategy": "not majority", "seed": 42}
    made, labels = oversampled(x, y, how, seed=0)
    assert np.bincount(labels).tolist() == [30, 30] and made.shape == (60, 4, 4)
    np.testing.assert_array_equal(made[:40], x)
    small = x[y == 1]
    added = made[40:]
    assert (added.min() >= small.min()) and (added.max() <= small.max())  # between images of the class


def recipe(**changed):
    own = {"image_size": 8, "channels": 3, "options": {}, "file": None, "loss": "binary_crossentropy"}
    return own | {"optimiser": {"name": "adam", "learning_rate": 0.01}} | changed


def content(name):
    return {"variants": {"net": {"function": name}}}


def test_one_sigmoid_output_becomes_two_probabilities(folder):
    model = build(content("one_output"), folder, "net", 2, recipe())
    answers = model.predict(RNG.normal(size=(5, 8, 8, 1)), verbose=0)
    assert answers.shape == (5, 2)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-6)
    assert model.count_params() == 8 * 8 * 3 + 1


def test_a_network_with_another_number_of_outputs_is_refused(folder):
    with pytest.raises(BadInput, match="net returns 3 outputs for 2 classes"):
        build(content("wrong"), folder, "net", 2, recipe())


def test_the_optimiser_gets_the_arguments_of_the_recipe(folder):
    given = {"name": "sgd", "learning_rate": 0.003, "clipvalue": 0.5}
    model = compiled(build(content("one_output"), folder, "net", 2, recipe()), recipe(optimiser=given))
    assert model.optimizer.name == "sgd" and model.optimizer.clipvalue == 0.5
    assert float(model.optimizer.learning_rate) == pytest.approx(0.003)


def test_the_decay_of_keras_2_divides_the_rate(folder):
    given = {"name": "adam", "learning_rate": 1e-3, "decay": 0.5}
    model = compiled(build(content("one_output"), folder, "net", 2, recipe()), recipe(optimiser=given))
    schedule = model.optimizer._learning_rate
    assert [float(schedule(step)) for step in (0, 1, 2)] == pytest.approx([1e-3, 1e-3 / 1.5, 1e-3 / 2])


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"loss": "hinge"}, "recipe.loss: hinge can't be replayed"),
        ({"optimiser": {"name": "adem", "learning_rate": 1.0}}, "recipe.optimiser"),
        ({"optimiser": {"name": "adam", "learning_rate": 1.0, "momentums": 1}}, "recipe.optimiser"),
    ],
)
def test_what_keras_does_not_know_is_refused(folder, changed, problem):
    model = build(content("one_output"), folder, "net", 2, recipe())
    with pytest.raises(BadInput, match=problem):
        compiled(model, recipe(**changed))
