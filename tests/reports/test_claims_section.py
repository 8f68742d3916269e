"""Words of the sections on claims: sizes, numbers and collapses follow the facts."""

import pandas as pd
import pytest

from reports.sections.claims import WORDS, _numbers, _unexplained


def test_the_numbers_behind_a_claim_are_those_that_are_known():
    row = {"metric": "macro_f1", "published_value": 0.975}
    row |= {"replayed_value": 0.9, "replayed_low": 0.8, "replayed_high": 1.0}
    row |= {f"by_patient_{part}": None for part in ("value", "low", "high")}
    assert _numbers(row) == "macro f1: published 0.97, replayed 0.90 (0.80 to 1.00)"
    honest = {"by_patient_value": 0.3, "by_patient_low": None, "by_patient_high": None}
    assert _numbers(row | honest).endswith("0.90 (0.80 to 1.00), by_patient 0.30 (no interval)")
    assert _numbers(row | {"published_value": None}) == ""


@pytest.mark.parametrize(
    ("files", "epochs", "ending"),
    [
        ([(1526, "validation"), (42, "test")], 50, "Files: 1,526 for validation, 42 for test. Training: 50 epochs."),
        ([(42, "test")], None, "the publication gives no CIs. Files: 42 for test."),
        ([], 1, "the publication gives no CIs. Training: 1 epoch."),
        ([], None, "Sizes of the parts and number of epochs are not known."),
    ],
)
def test_sizes_and_epochs_of_the_publication_are_told_as_far_as_known(files, epochs, ending):
    assert WORDS.text("as_published_caption", files=files, epochs=epochs).endswith(ending)


@pytest.mark.parametrize(("cited", "words"), [("alves2022", "is T [@alves2022], doi:1."), (None, "is T, doi:1.")])
def test_the_publication_is_cited_if_it_can_be(cited, words):
    assert WORDS.text("as_published", title="T", cited=cited, address="doi:1") == f"The re-evaluated study {words}"


def test_a_network_that_should_have_collapsed_and_did_not_is_named():
    row = {"architecture": "alexnet", "change": "none", "parameters": 62, "predicted_classes": 4}
    runs = pd.DataFrame([row, row])
    figures = {"alexnet": {"parameters": 62, "test_accuracy": 0.45}, "simple": {"parameters": 1, "test_accuracy": 0.9}}
    assert list(_unexplained(runs, figures)) == ["AlexNet collapsed in none of 2 runs, unlike the published network."]
    assert list(_unexplained(runs.assign(parameters=5), figures)) == [
        "AlexNet collapsed in none of 2 runs of the reduced network. It is not evaluable here whether the published "
        "network collapses."
    ]
    assert list(_unexplained(runs.assign(predicted_classes=1), figures)) == []


def test_changes_that_prevent_a_collapse_are_listed():
    facts = {"architecture": "a", "always": False, "full": False, "epochs": [3, 5], "collapsed": 1, "n": 1}
    assert WORDS.text("cause", **facts, changes=[]) == (
        "a collapsed by chance: the reduced network (3 epochs, 5 epochs) in 1 of 1 run."
    )
    assert WORDS.text("cause", **facts, changes=[("x", 0, 2), ("y", 1, 2)]).endswith(
        "in 1 of 1 run, with x in 0 of 2, with y in 1 of 2."
    )


def test_each_rule_is_an_item_of_its_own():
    rules = WORDS.texts("rules")
    assert len(rules) == 6 and all(rule.endswith(".") for rule in rules)
