"""Study files: messages of refusals, and settings that a cell depends on."""

import os
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT
from plain_studies import GOOD

from benchmarks.errors import BadInput
from benchmarks.study.study import load_study


@pytest.fixture
def write(tmp_path):
    def write(**changes):
        content = {key: value for key, value in (GOOD | changes).items() if value is not None}
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(content))
        return str(path)

    return write


@pytest.mark.parametrize("name", ["demo", "laptop", "paper", "paper_night"])
def test_the_studies_that_ship_are_sound(name):
    study = load_study(name)
    assert study.name == name and len(study.architectures) >= 6


def test_defaults_are_filled_in(write):
    study = load_study(write(training={"epochs": 3}))
    assert study.training == {
        "images": "on_the_fly", "augmentation": "searched", "epochs": 3, "patience": 15, "precision": "float32",
        "xla": False,
    }  # fmt: skip
    assert study.search == {"tuner": "random", "trials": 2, "structure": "searched"}
    assert study.backend == "tensorflow"
    assert study.dataset["patients"] == 24 and study.dataset["copies"] == 24
    assert study.name == "mine"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 3}, ["(top level): unknown key epochs; allowed: extends, description, seed"]),
        ({"seed": None}, ["'seed' is a required property"]),
        ({"folds": 1}, ["folds: 1 is less than the minimum of 2"]),
        ({"architectures": ["simple"]}, ["architectures: ['simple'] is not of type 'object'"]),
        ({"search": {"tuner": "grid"}}, ["search.tuner: 'grid' is not allowed; allowed: random, bayesian, hyperband"]),
        ({"training": {"augmentation": 0}}, ["training.augmentation: 0 is not allowed; allowed: searched, none"]),
        ({"search": {"trails": 4}}, ["search: unknown key trails; allowed: tuner, trials"]),
        ({"dataset": {"name": "phantoms"}}, ["dataset.name: 'phantoms' is not a data set; allowed: cbis_ddsm"]),
        ({"dataset": {"name": "phantom", "size": 3}}, ["dataset.size: unknown option of phantom; allowed: patients"]),
        (
            {"protocols": ["by_file"]},
            ["protocols: 'by_file' is not a protocol; allowed: as_shipped, by_patient, by_source"],
        ),
        ({"architectures": {"resnet": {}}}, ["architectures.resnet: no file architectures/resnet.py; there are: "]),
        (
            {"architectures": {"simple": {"image_size": "big"}}},
            ["architectures.simple.image_size: 'big' is not of type 'integer'"],
        ),
        ({"architectures": {"simple": {"colour": 1}}}, ["architectures.simple", "colour"]),
        ({"architectures": {"simple": {"weights": "imagenet"}}}, ["architectures.simple", "weights"]),
        ({"architectures": {"alexnet": {}}}, ["architectures.alexnet", "67"]),
        ({"architectures": {"majority": {}}}, ["architectures.majority: it is a baseline, which every study includes"]),
        ({"control": {"protocols": ["by_source"]}}, ["control.protocols: 'by_source' is not among the study's: "]),
        (
            {"control": {"architectures": ["vgg16"]}},
            ["control.architectures: 'vgg16' is not among the study's"],
        ),
        ({"learning_curve": {"architectures": ["x"]}}, ["learning_curve.architectures: 'x' is not among the study's"]),
        (
            {"protocols": ["published"], "learning_curve": {"patients": [4]}},
            ["learning_curve: it needs by_patient among `protocols`"],
        ),
        ({"learning_curve": {"patients": [1]}}, ["learning_curve.patients.0: 1 is less than the minimum of 2"]),
        (
            {"positive_control": {"protocols": ["by_source"]}},
            ["positive_control.protocols: 'by_source' is not among the study's: "],
        ),
        (
            {"positive_control": {"protocols": ["published"]}},
            ["positive_control.protocols: 'published' may train on copies of test images; name honest protocols only"],
        ),
        (
            {"positive_control": {"protocols": ["by_patient"]}, "training": {"images": "shipped"}},
            ["positive_control: lesions are planted into originals only; set training.images to on_the_fly"],
        ),
        (
            {"positive_control": {"architectures": ["vgg16"]}},
            ["positive_control.architectures: 'vgg16' is not among the study's"],
        ),
        (
            {"positive_control": {"contrasts": [0, 101]}},
            [
                "positive_control.contrasts.0: 0 is less than the minimum of 1",
                "positive_control.contrasts.1: 101 is greater than the maximum of 100",
            ],
        ),
        ({"folds": 1, "image_size": "64"}, ["folds: 1 is less", "image_size: '64' is not of type 'integer'"]),
    ],
)
def test_a_mistake_is_named_with_file_key_and_allowed_values(write, changes, words):
    path = write(**changes)
    with pytest.raises(BadInput) as error:
        load_study(path)
    for word in [path, *words]:
        assert word in str(error.value)


def test_alexnet_at_64_px_is_impossible_only_where_it_is_published(write):
    assert load_study(write(architectures={"alexnet": {}}, protocols=["by_patient"]))
    assert load_study(write(architectures={"alexnet": {"image_size": 70}}))


def test_a_duplicate_key_is_refused(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("seed: 1\nseed: 2\n")
    with pytest.raises(BadInput, match="'seed' is used twice"):
        load_study(str(path))


@pytest.mark.parametrize("content", ["just words", "a: [1", b"\xff\xfe"])
def test_a_file_without_a_study_is_named(tmp_path, content):
    path = tmp_path / "odd.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput, match=r"odd\.yaml"):
        load_study(str(path))


def test_an_unknown_study_lists_the_known():
    with pytest.raises(BadInput, match=r"study=dmeo: neither a study .*demo, .*laptop, paper"):
        load_study("dmeo")


def test_all_takes_every_architecture_and_keeps_overrides(write):
    study = load_study(write(architectures={"all": {}, "alexnet": {"image_size": 70}}))
    assert {"simple", "shufflenet", "densenet", "efficientnet", "vgg16", "alexnet"} <= set(study.architectures)
    assert study.sizes() == [64, 70] and study.size_of("alexnet") == 70 and study.size_of("simple") == 64


def test_a_cell_depends_only_on_the_settings_that_it_uses(write):
    before = load_study(write(architectures={"simple": {}, "vgg16": {}}))
    after = load_study(
        write(
            architectures={"simple": {"filters": [8, 16]}, "vgg16": {}},
            search={"trials": 5},
            description="Other words.",
            probes={"per_class": 1},
        )
    )
    assert before.cell_settings("simple", "published") != after.cell_settings("simple", "published")
    assert before.cell_settings("vgg16", "published") == after.cell_settings("vgg16", "published")
    assert before.cell_settings("vgg16", "by_patient") != after.cell_settings("vgg16", "by_patient")


def test_doing_without_augmentation_touches_honest_cells_alone_and_the_default_none(write):
    chosen = ({}, {"augmentation": "searched"}, {"augmentation": "none"})
    before, searched, without = (load_study(write(training=training)) for training in chosen)
    honest = before.cell_settings("simple", "by_patient")
    assert honest["training"] == {"images": "on_the_fly", "epochs": 100, "patience": 15, "precision": "float32"}
    assert searched.cell_settings("simple", "by_patient") == honest
    assert without.cell_settings("simple", "by_patient") != honest
    assert without.cell_settings("simple", "published") == before.cell_settings("simple", "published")


def test_cells_run_on_over_the_repeats(write):
    study = load_study(write(repeats=2))
    assert study.cells("by_patient") == [0, 1, 2, 3, 4, 5]
    assert study.cells("published") == [0, 1]


def test_loading_a_study_does_not_load_keras(write):
    load = f"from benchmarks.study.study import load_study; load_study({write()!r})"
    code = f"import sys; {load}; print('keras' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


def test_each_contrast_of_the_positive_control_is_a_protocol_of_its_own(write):
    chosen = {"protocols": ["by_patient"], "contrasts": [5, 40], "architectures": ["simple"]}
    study = load_study(write(positive_control=chosen, architectures={"simple": {}, "vgg16": {}}))
    assert study.derived() == {"by_patient_planted5": ["simple"], "by_patient_planted40": ["simple"]}
    assert len(study.cells("by_patient_planted5")) == 3


def test_control_and_learning_curve_are_protocols_of_their_own(write):
    chosen = {"protocols": ["published", "by_patient"], "architectures": ["simple"]}
    architectures = {"simple": {}, "vgg16": {}}
    study = load_study(write(control=chosen, learning_curve={"patients": [4, 8]}, architectures=architectures))
    assert study.all_protocols() == [
        *("published", "by_patient", "published_permuted", "by_patient_permuted", "by_patient_n4", "by_patient_n8"),
    ]
    assert study.derived()["by_patient_permuted"] == ["simple"]
    assert study.derived()["by_patient_n4"] == ["simple", "vgg16"]
    assert len(study.cells("published_permuted")) == 1 and len(study.cells("by_patient_n4")) == 3
    assert ("majority", "by_patient_n8") in study.pairs() and ("vgg16", "published_permuted") not in study.pairs()
    # The same recipe as the protocol that it derives from: a control changes labels and nothing else.
    assert study.cell_settings("simple", "published_permuted") == study.cell_settings("simple", "published")
    assert study.cell_settings("simple", "by_patient_n4") == study.cell_settings("simple", "by_patient")
