"""Facts in words: sizes, classes, copies and recipes."""

import types

import pytest

from architectures import CORRECTED, PUBLISHED
from benchmarks.study.recipe import DEFAULTS
from reports.facts import WORDS, one_cycle, recipe, recipes


def results(searched: dict[str, dict | None], tuner: str = "random", structure: str = "searched"):
    """Results of a study with these architectures and their recipes; `simple` alone has a published form."""
    study = types.SimpleNamespace(
        search={"tuner": tuner, "trials": 4, "structure": structure},
        training={"epochs": 40, "patience": 12},
        published={"epochs": 8, "learning_rate": 0.001},
        recipe_of=searched.get,
        published_architectures=lambda: ["simple"],
    )
    return types.SimpleNamespace(study=study, protocols=["published", "by_source", "by_patient"])


CYCLE = (
    "one cycle of 12 epochs by AdamW at a learning rate of 0.0003, with augmentation, with a moving average of the "
    "weights"
)
SEARCH = "at most 40 epochs, early stopping after 12 epochs without a lower validation loss"


def test_the_size_names_patients_where_they_are_known():
    assert WORDS.text("size", n=1, noun="file", patients="") == "1 file of unknown patients"
    assert (
        WORDS.text("size", n=2106, noun="source image", patients="50 patients") == "2,106 source images of 50 patients"
    )


def test_extremes_are_named_unless_classes_are_alike():
    about = {"labels": ["x", "y", "z"], "noun": "file"}
    assert WORDS.text("extremes", **about, smallest=("x", 5), largest=("z", 5)) == "x, y and z have 5 files each"
    assert WORDS.text("extremes", **about, smallest=("y", 5), largest=("z", 1100)) == (
        "the largest class has 1,100 files (z), the smallest has 5 (y)"
    )


def test_copies_are_counted():
    assert WORDS.text("copied", n_flagged=1, n=1) == "1 of 1 test image has a copy in the training part"
    assert WORDS.text("copied", n_flagged=0, n=1200) == "0 of 1,200 test images have a copy in the training part"


def test_the_published_recipe_names_architectures_without_a_published_form():
    told = recipe(results({}), PUBLISHED, ["simple"])
    assert told == "the recipe of the original study (8 epochs at a learning rate of 0.001, without a search)"
    assert recipe(results({}), PUBLISHED, ["simple", "a", "b"]) == (
        f"{told}, with default hyperparameters and without augmentation or dropout for a and b"
    )


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ({}, f"random search in each fold with 4 trials, {SEARCH}"),
        ({"tuner": "hyperband"}, f"hyperband search in each fold, {SEARCH}"),
        (
            {"structure": "default"},
            f"random search in each fold with 4 trials of the hyperparameters that all architectures share, {SEARCH}",
        ),
    ],
)
def test_the_search_is_described(study, words):
    assert recipe(results({}, **study), CORRECTED, ["a"]) == words
    assert recipe(results({"b": DEFAULTS}, **study), CORRECTED, ["a", "b"]) == f"{words}; for b, {CYCLE}"


def test_recipes_alone_are_described_without_a_search():
    assert recipe(results({"a": DEFAULTS}), CORRECTED, ["a"]) == CYCLE
    assert recipe(results({"a": DEFAULTS, "b": DEFAULTS}), CORRECTED, ["a", "b"]) == CYCLE
    both = recipe(results({"a": DEFAULTS, "b": DEFAULTS | {"epochs": 1}}), CORRECTED, ["a", "b"])
    assert both == f"{CYCLE} (a) and {CYCLE.replace('12 epochs', '1 epoch')} (b)"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"augmentation": 0, "average": 0}, "by AdamW at a learning rate of 0.0003"),
        ({"cached_views": 8}, ", of the layers after the cut layer only, on maps of 8 augmented views"),
        (
            {"learning_rate": [1e-4, 2e-4, 3e-4], "augmentation": 0},
            "at learning rates of 0.0001, 0.0002 and 0.0003, with a moving average of the weights; learning rate "
            "chosen on the validation part",
        ),
        ({"dropout": [0.1, 0.3], "head_rate": [1, 3]}, "; head rate and dropout chosen on the validation part"),
        ({"validation": "trained"}, ", on the training and validation parts, because nothing is chosen"),
    ],
)
def test_a_recipe_names_what_differs(changes, words):
    assert one_cycle(DEFAULTS | changes).endswith(words)


def test_recipes_are_given_for_each_form():
    published, corrected = recipes(results({}), ["simple"])
    assert published.startswith("under the published split: the recipe of the original study")
    assert corrected.startswith("under the split by source image and the split by patient: random search")
