"""Sentences of the checklists on the study, facts and captions: each is chosen by the facts of a run."""

import pytest

from reports.words import Words

DATASET = {"generated": False, "title": "Films", "doi": "10.1/x", "licence": "MIT", "digest": "0123456789abcdef"}


@pytest.mark.parametrize(
    ("macro", "facts", "words"),
    [
        (
            "why_these_data",
            {"generated": True, "publication": ""},
            "The images were generated, so that the whole workflow runs without a download.",
        ),
        (
            "why_these_data",
            {"generated": False, "publication": "A paper"},
            "The data are those of the original study, A paper.",
        ),
        (
            "why_these_data",
            {"generated": False, "publication": ""},
            "The images were given to the run; the reason for their choice is not recorded.",
        ),
        ("sources", {"dataset": DATASET}, "Films, doi:10.1/x; licence: MIT."),
        ("sources", {"dataset": DATASET | {"doi": "", "licence": ""}}, "Films; licence: not stated."),
        ("sources", {"dataset": DATASET | {"generated": True}}, "Films. The images are generated and show no patient."),
        (
            "identity",
            {"dataset": DATASET, "size": "9 files"},
            "doi:10.1/x; sha256 of all pixels 0123456789ab...; 9 files.",
        ),
        (
            "identity",
            {"dataset": DATASET | {"doi": ""}, "size": "9 files"},
            "sha256 of all pixels 0123456789ab...; 9 files.",
        ),
        (
            "subsets",
            {"published": True, "searched": ["a", "b"], "shipped": True},
            "The published split: the training and validation parts have augmented files, the test part has a fifth "
            "of the "
            "un-augmented files. a and b: the training part has augmented copies, the validation and test parts have "
            "upright originals.",
        ),
        (
            "subsets",
            {"published": False, "searched": ["a"], "shipped": False},
            "a: all parts have upright originals.",
        ),
        (
            "deidentified",
            {"known_patients": "50 patients"},
            "Patients have the identifiers of the data set; how these were assigned is not recorded.",
        ),
        (
            "deidentified",
            {"known_patients": ""},
            "Patients are unknown; whether the images identify them is not recorded.",
        ),
        (
            "why_learning",
            {"publication": "A paper"},
            "The run tests claims of a study on its networks, A paper. The reason for machine learning is for the "
            "authors to state.",
        ),
        ("why_learning", {"publication": ""}, "The reason for machine learning is not recorded in the run."),
        (
            "why_models",
            {"publication": "A paper", "theirs": 1, "n": 2},
            "1 of 2 architectures is from the original study, A paper.",
        ),
        (
            "why_models",
            {"publication": "A paper", "theirs": 2, "n": 2},
            "2 of 2 architectures are from the original study, A paper.",
        ),
        (
            "why_models",
            {"publication": "", "theirs": 0, "n": 2},
            "The study file names the architectures; the reason for their choice is not recorded.",
        ),
        (
            "initialisation",
            {"pretrained": [("a", "imagenet"), ("b", "own")], "seeds": [1, 2]},
            "Pretrained under the honest protocols: a (imagenet) and b (own). All other weights were initialised at "
            "random (random seeds 1, 2).",
        ),
        (
            "initialisation",
            {"pretrained": [], "seeds": [1]},
            "All weights were initialised at random by the defaults of Keras (random seed 1); none is pretrained.",
        ),
        (
            "training",
            {"adam": True, "recipes": ["published: x", "b: y"], "tuned": ["a"], "augmentation": True},
            "Optimiser: Adam on the cross-entropy. Published: x. B: y. Searched networks were trained on images that "
            "were mirrored, rotated and zoomed; the search chose the strength.",
        ),
        (
            "training",
            {"adam": True, "recipes": ["b: y"], "tuned": ["a"], "augmentation": False},
            "Optimiser: Adam on the cross-entropy. B: y. Searched networks were trained without augmentation.",
        ),
        ("training", {"adam": False, "recipes": ["b: y"], "tuned": [], "augmentation": True}, "B: y."),
        (
            "selection",
            {"searched": ["a", "b"], "tuned": True, "by_recipe": ["net"], "published": True},
            "Under a and b, the trial and the epoch with the lowest validation loss were selected, without using test "
            "images. For net, the last epoch of the recipe was used, without using test images. Under the published "
            "split, the "
            "last epoch was used. All architectures are reported.",
        ),
        (
            "selection",
            {"searched": [], "tuned": True, "by_recipe": ["net"], "published": False},
            "All architectures are reported.",
        ),
        ("search", {"trials": None, "recipe": "the recipe"}, "No search was made: the recipe."),
        (
            "search",
            {"trials": 1, "recipe": "random search"},
            "Random search. In total, 1 trial was made; trials.csv lists the hyperparameters of every trial.",
        ),
        (
            "search",
            {"trials": 20, "recipe": "random search"},
            "Random search. In total, 20 trials were made; trials.csv lists the hyperparameters of every trial.",
        ),
        (
            "code",
            {"commit": "", "dirty": None},
            "The code was not run from a git checkout; its version is not recorded.",
        ),
        ("code", {"commit": "abc", "dirty": True}, "Commit abc with uncommitted changes."),
        ("code", {"commit": "abc", "dirty": False}, "Commit abc, unchanged."),
    ],
)
def test_study(macro, facts, words):
    assert Words("checklists/study").text(macro, **facts) == words


@pytest.mark.parametrize(
    ("macro", "facts", "words"),
    [
        ("factors", {"tasks": []}, ""),
        ("factors", {"tasks": ["severity"]}, "; severity is scored by summed class probabilities"),
        (
            "factors",
            {"tasks": ["severity", "density"]},
            "; severity and density are scored by summed class probabilities",
        ),
        ("patients", {"known": "50 patients"}, "the patient of every image is known"),
        ("patients", {"known": ""}, "patients are unknown"),
        ("version", {"commit": "abc"}, "commit abc"),
        ("version", {"commit": ""}, "version unknown"),
        ("files", {"before": 106, "after": 7632}, "106 un-augmented and 7,632 augmented files"),
    ],
)
def test_facts(macro, facts, words):
    assert Words("checklists/facts").text(macro, **facts) == words


def test_the_caption_names_sections_and_items():
    parts = [("title", "1", "1"), ("data", "2", "5"), ("model", "6", "6")]
    assert Words("checklists/section").text("caption", name="X", citation="x2024", parts=parts) == (
        "X [@x2024]: title (1), data (2 to 5) and model (6)."
    )
