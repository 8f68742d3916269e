"""What a reduced form of a study differs in, computed from both studies."""

import pytest
import yaml

from benchmarks.errors import BadInput
from benchmarks.study.reduced import differences
from benchmarks.study.study import load_study


def changed(place, **changes):
    path = place / "mine.yaml"
    path.write_text(yaml.safe_dump({"extends": "paper", "description": "Mine.", "reduced_from": "paper"} | changes))
    return load_study(str(path))


def test_every_setting_that_differs_is_found_with_both_values(tmp_path):
    study = changed(
        tmp_path,
        repeats=1,
        search={"tuner": "random", "trials": 3},
        architectures={"vgg16": {"width": 0.5}, "alexnet": None, "densenet": {"image_size": 64}},
        published={"epochs": 5},
        control={"protocols": ["published"]},
        publications={"mammoflow_2025": {"epochs": 2}},
        learning_curve={"patients": []},
        embedding={"views": [{"image_size": 224}]},
    )
    found = {(one.owner, one.key): (one.own, one.full) for one in differences(study)}
    removed = {key: values for key, values in found.items() if key[0] == "alexnet"}
    assert {key: values for key, values in found.items() if key not in removed} == {
        ("", "repeats"): (1, 3),
        ("", "published.epochs"): (5, 50),
        ("", "search.tuner"): ("random", "hyperband"),
        ("", "search.trials"): (3, None),  # Hyperband does not use it.
        ("", "control.protocols"): (["published"], ["published", "by_patient"]),
        ("", "learning_curve.patients"): ([], [8, 16, 24]),
        ("vgg16", "width"): (0.5, 1.0),
        ("densenet", "image_size"): (64, 224),
        ("mammoflow_2025/vgg16", "epochs"): (2, 10),
    }
    assert removed["alexnet", "image_size"] == (None, 227)
    assert all(own is None for own, _ in removed.values())


def test_equal_studies_differ_in_nothing(tmp_path):
    assert differences(changed(tmp_path)) == []
    # The other order of writing, and a default that is written out
    assert differences(changed(tmp_path, training={"xla": False, "epochs": 50})) == []
    assert differences(load_study("paper")) == []


def test_a_study_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"reduced_from: 'papr' is not a study; allowed: anonymous, .*paper"):
        changed(tmp_path, reduced_from="papr")


def test_the_night_form_of_the_paper_crosses_what_the_paper_crosses():
    """Same architectures, protocols, controls and publications; sizes, repeats, precision and search differ."""
    night, full = load_study("paper_night"), load_study("paper")
    assert night.pairs() == full.pairs() and night.replays() == full.replays() and night.folds == full.folds
    assert night.search["structure"] == full.search["structure"]
    assert night.published == full.published
    keys = {one.key for one in differences(night)}
    assert keys == {"repeats", "training.precision", "search.tuner", "search.trials", "image_size"}
    published = [name for name in full.architectures if night.size_of(name) == full.size_of(name)]
    assert {"simple", "shufflenet", "efficientnet", "alexnet", "efficientnet_lite"} == set(published)
