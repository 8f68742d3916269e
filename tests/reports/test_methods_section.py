"""Sections on the study: sentences on its protocols, recipes and data, chosen by its facts."""

import pytest

from benchmarks.protocols import BY_PATIENT, EXTERNAL, NOT_HONEST, OFFICIAL
from benchmarks.study.names import BASELINES
from reports.wording import split
from reports.words import Words

WORDS = Words("methods")
RUN = {"architectures": ["simple"], "n_baselines": 4, "protocols": ["by_patient"], "n_derived": 0, "n_cells": 10}
RUN |= {"sizes": [64], "seed": 7, "changed": []}
DATASET = {"title": "Films of the ward", "citation": "A ward.", "doi": None, "licence": None}
DATA = {"dataset": DATASET, "citation": "", "crop": "none", "sources_found": False}
PROTOCOL = {"epochs": 50, "new": [], "sets": []}
CORRECTED = {"protocols": ["by_patient", "official"], "folded": ["by_patient"], "n_folds": 5, "tuner": "random"}
CORRECTED |= {"tuned": ["simple", "vgg16"], "trials": 3, "fixed": False, "by_recipe": [], "cycles": ""}


def test_the_study_is_described_by_its_numbers():
    assert WORDS.text("run", **RUN) == (
        "1 architecture (Simple CNN) and 4 baselines were trained and tested under 1 protocol "
        "(by_patient). The results "
        "comprise 10 cells. A cell is one architecture or baseline, trained and tested once, under one protocol and in "
        "one fold. Images have 64 x 64 pixels. The random seed of the study is 7."
    )
    more = WORDS.text("run", **RUN | {"n_derived": 2, "sizes": [64, 67], "changed": ["folds", "seed"]})
    assert "(by_patient) and 2 protocols derived from it. The" in more and "64 x 64 or 67 x 67 pixels" in more
    assert more.endswith("This run changed the following keys of the study's file: folds and seed.")
    several = WORDS.text("run", **RUN | {"protocols": ["published", "by_patient"], "n_derived": 1})
    assert "(published and by_patient) and 1 protocol derived from them." in several


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dataset": DATASET | {"doi": "10.1/x"}}, "doi:10.1/x."),
        ({"dataset": DATASET | {"licence": "MIT"}}, "Licence: MIT."),
        ({"dataset": DATASET | {"layout": "folders"}}, "Files: folders."),
        ({"crop": "box"}, "cropped to a square around its largest annotated lesion"),
        ({"crop": "breast"}, "cropped to the bounding box of the breast"),
        ({"sources_found": True}, "Groups of copies, found from pixels, are used as sources"),
    ],
)
def test_the_data_are_described_by_what_is_known(changed, words):
    plain = WORDS.text("data", **DATA)
    assert plain == "Films of the ward. A ward."
    found = WORDS.text("data", **DATA | changed)
    assert found.startswith(plain) and words in found
    assert WORDS.text("data", **DATA | {"citation": "[@lee2017]"}) == "Films of the ward [@lee2017]. A ward."


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_is_described(name):
    assert WORDS.text(f"baseline_{name}").endswith(".")


@pytest.mark.parametrize("name", ["by_source", BY_PATIENT, OFFICIAL, EXTERNAL, *NOT_HONEST])
def test_every_protocol_is_described(name):
    found = WORDS.text("protocol", name=name, **PROTOCOL | {"sets": ["north"]})
    assert found.startswith(f"{split(name).capitalize()} ({name})") and found.endswith(".")


def test_a_protocol_of_the_users_own_is_named():
    assert WORDS.text("protocol", name="mine", **PROTOCOL) == "mine"


def test_architectures_without_a_published_form_are_named():
    assert "not part of" not in WORDS.text("protocol", name="published", **PROTOCOL)
    found = WORDS.text("protocol", name="published", **PROTOCOL | {"new": ["mine", "vgg16"]})
    assert "50 epochs without a search. mine and VGG16 were not part of the original study." in found


def test_tested_data_sets_are_named():
    found = [WORDS.text("protocol", name="external", **PROTOCOL | {"sets": sets}) for sets in (["a"], ["a", "b"])]
    assert found[0].startswith("The external test (external): a is tested.")
    assert found[1].startswith("The external test (external): a and b are tested.")


def test_search_and_recipes_are_told_of_the_architectures_that_have_them():
    found = WORDS.text("corrected", **CORRECTED)
    assert found.startswith("Under the split by patient, images were divided into 5 folds, stratified by class")
    assert "Under the split by patient and the official split, architectures were trained in corrected form" in found
    assert (
        "of Simple CNN and VGG16 were searched inside each fold [@omalley2019] (random search, 3 trials per cell)"
        in found
    )
    assert "kept their defaults" not in found and "training was" not in found
    assert "declares itself kept their defaults" in WORDS.text("corrected", **CORRECTED | {"fixed": True})
    hyperband = CORRECTED | {"folded": [], "tuner": "hyperband", "trials": 0}
    assert "(hyperband search)." in WORDS.text("corrected", **hyperband)
    assert "folds, stratified" not in WORDS.text("corrected", **hyperband)
    own = CORRECTED | {"tuned": [], "by_recipe": ["simple"], "cycles": "one cycle of 12 epochs"}
    text = WORDS.text("corrected", **own)
    assert "searched" not in text and "For Simple CNN, training was one cycle of 12 epochs [@loshchilov2019]." in text


def test_intervals_name_the_units_of_each_protocol():
    units = [("patients", ["by_patient", "official"]), ("sources", ["by_source"])]
    found = WORDS.text("statistics", resamples=1000, units=units, repeats=1)
    told = "(patients under the split by patient and the official split; sources under the split by source image)."
    assert "1,000 resamples" in found and told in found
    assert found.endswith("The study has one repeat: the spread between random seeds was not measured.")
    found = WORDS.text("statistics", resamples=1000, units=units, repeats=3)
    assert found.endswith("Folds were drawn 3 times with different random seeds; scores pool the repeats.")
