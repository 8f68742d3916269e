"""Words of the sections on claims: sizes, numbers and collapses follow the facts."""

from types import SimpleNamespace

import pandas as pd
import pytest

from benchmarks.publications import publication
from reports.sections.claims import WORDS, _numbers, _unexplained, _variants


def test_the_numbers_behind_a_claim_are_those_that_are_known():
    row = {"id": "best", "metric": "macro_f1", "published_value": 0.975, "replayed_on": "this study, reduced: 64 px"}
    row |= {"replayed_value": 0.9, "replayed_low": 0.8, "replayed_high": 1.0}
    row |= {f"by_patient_{part}": None for part in ("value", "low", "high")}
    assert numbers(row) == (
        "Macro f1. Printed: 0.97 (224 px). Replayed under the published split: 0.90 (95% CI 0.80 to 1.00; 64 px)."
    )
    honest = {"by_patient_value": 0.3, "by_patient_low": 0.2, "by_patient_high": 0.4}
    assert numbers(row | honest).endswith("Under the split by patient: 0.30 (95% CI 0.20 to 0.40; 64 px).")
    assert numbers(row | {"published_value": None}) == ""


def test_every_number_behind_a_claim_has_its_image_side():
    row = {
        "id": "best",
        "metric": "lead",
        "published_value": 0.4,
        "replayed_on": "reference replay as published: 224 px",
    }
    for name in ("replayed", "by_patient"):
        row |= {f"{name}_value": 0.3, f"{name}_low": 0.2, f"{name}_high": 0.4}
    two = {"best": {"simple": 224, "alexnet": 227}}
    # A reference replay has the sides of the original study, the split by patient those of this study.
    assert numbers(row, two) == (
        "Lead. Printed: 0.40 (224 and 227 px). Replayed under the published split: 0.30 (95% CI 0.20 to 0.40; 224 and "
        "227 px). Under the split by patient: 0.30 (95% CI 0.20 to 0.40; 64 and 67 px)."
    )
    assert numbers(row, {"best": {"simple": None}}).startswith("Lead. Printed: 0.40. Replayed")
    unknown = "Lead. Printed: 0.40. Replayed under the published split: 0.30 (95% CI 0.20 to 0.40). "
    assert numbers(row | {"replayed_on": "this study"}, {}).startswith(unknown)


def test_a_claim_compares_the_variants_that_its_rule_names():
    content = publication.load(publication.find("alves"))
    found = _variants(content)
    assert found["accuracy-98"] == {"simple": 224}
    assert set(found["best-three"]) == {"simple", "shufflenet", "densenet", "efficientnet", "vgg16", "alexnet"}
    assert found["best-three"]["alexnet"] == 227 and list(found) == ["accuracy-98", "best-three"]


def numbers(row: dict, variants: dict | None = None) -> str:
    """Text of a claim's numbers in a study of `simple` at 64 px and `alexnet` at 67 px."""
    sides = {"simple": 64, "alexnet": 67}
    study = SimpleNamespace(architectures=sides, size_of=sides.get)
    return _numbers(study, {"best": {"simple": 224}} if variants is None else variants, row)


@pytest.mark.parametrize(
    ("files", "epochs", "ending"),
    [
        ([(1526, "validation"), (42, "test")], 50, "Files: 1,526 for validation, 42 for test. Training: 50 epochs."),
        ([(42, "test")], None, "the study gives no CIs. Files: 42 for test."),
        ([], 1, "the study gives no CIs. Training: 1 epoch."),
        ([], None, "Sizes of the parts and number of epochs are not known."),
    ],
)
def test_sizes_and_epochs_of_the_publication_are_told_as_far_as_known(files, epochs, ending):
    assert WORDS.text("as_published_caption", files=files, epochs=epochs).endswith(ending)


@pytest.mark.parametrize(("cited", "words"), [("alves2022", "is T [@alves2022], doi:1."), (None, "is T, doi:1.")])
def test_the_publication_is_cited_if_it_can_be(cited, words):
    assert WORDS.text("as_published", title="T", cited=cited, address="doi:1") == f"The original study {words}"


def test_a_network_that_should_have_collapsed_and_did_not_is_named():
    row = {"architecture": "alexnet", "change": "none", "parameters": 62, "predicted_classes": 4}
    runs = pd.DataFrame([row, row])
    figures = {"alexnet": {"parameters": 62, "test_accuracy": 0.45}, "simple": {"parameters": 1, "test_accuracy": 0.9}}
    assert list(_unexplained(runs, figures)) == ["AlexNet collapsed in none of 2 runs, unlike the original network."]
    assert list(_unexplained(runs.assign(parameters=5), figures)) == [
        "AlexNet collapsed in none of 2 runs of the reduced network. It is not evaluable here whether the original "
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
    rules = WORDS.texts("rules", sides="64 and 67")
    assert len(rules) == 7 and all(rule.endswith(".") for rule in rules)
    assert "those of this study, on images of 64 and 67 pixels." in rules[2]
    assert "states an order, not a size" in rules[5]
