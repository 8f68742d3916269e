"""Words of the sections on scores and single classes: each sentence follows the facts."""

import types

import pandas as pd
import pytest

from analysis.scores.external import ALL, COLUMNS, NO_DIFFERENCE, WORSE
from reports.sections.scores import WORDS, external


def lost(*rows: tuple[str, str, float | None, str]) -> types.SimpleNamespace:
    """Results with external.csv of (architecture, dataset, loss, verdict)."""
    table = pd.DataFrame(rows, columns=["architecture", "dataset", "loss", "verdict"])
    limits = {"loss_low": table["loss"] - 0.1, "loss_high": table["loss"] + 0.1}
    about = {"accuracy": 0.5, "ci_low": 0.4, "ci_high": 0.6, "internal": 0.6}
    table = table.assign(**limits, **about, n_samples=20, n_units=9, unit="patients")
    return types.SimpleNamespace(table=lambda _: table[COLUMNS])


def loss_sentence(found: types.SimpleNamespace) -> str:
    (section,) = external(found)
    return section.blocks[1].text


def test_the_loss_on_another_data_set_is_that_of_all_sets_together():
    one = [("a", "south", 0.3, WORSE), ("b", "south", 0.05, NO_DIFFERENCE), ("majority", "south", 0.4, WORSE)]
    assert loss_sentence(lost(*one)) == (
        "The 95% CI of the loss lay above zero for 1 of 2 networks (a). The largest loss was 0.30 (a, 95% CI 0.20 to "
        "0.40), on 9 patients."
    )
    both = [("a", ALL, 0.01, NO_DIFFERENCE), ("b", ALL, 0.02, NO_DIFFERENCE)]
    assert loss_sentence(lost(*one, *both)) == (
        "The 95% CI of the loss lay above zero for 0 of 2 networks. The largest loss was 0.02 (b, 95% CI "
        "\N{MINUS SIGN}0.08 to 0.12), on 9 patients."
    )


def test_a_loss_that_is_not_evaluable_is_said_and_no_test_no_section():
    assert loss_sentence(lost(("a", "south", None, "not evaluable"))) == (
        "The loss of accuracy on another data set is not evaluable."
    )
    assert list(external(lost())) == []


@pytest.mark.parametrize("factors", [True, False])
def test_the_headline_explains_the_scores_it_shows(factors):
    caption = WORDS.text("headline_caption", factors=factors, baselines=["majority", "stratified"])
    assert ("Severity (malignant against benign) is scored by" in caption) == factors
    assert caption.endswith("Majority class and random guesses are baselines, fitted to the same parts.")


def task(name: str, **facts) -> str:
    return WORDS.text(
        "task_caption", **{"protocol": "p", "task": name, "title": name, "equal": [], "added": []} | facts
    )


def test_each_task_has_its_own_caption():
    assert task("class8").startswith("p, class8: every class on its own, with 95% CIs") and "Brier" in task("class8")
    assert task("severity").startswith("p, severity: malignant (positive) against benign") and "pooled" in task(
        "severity"
    )
    assert task("density").startswith("p, density: the breast density") and "Quadratic kappa" in task("density")


def test_equal_and_added_metrics_are_named():
    equal = [("macro recall", "balanced accuracy"), ("weighted recall", "accuracy")]
    told = task("density", equal=equal, added=[("kappa", "Agreement beyond chance.")])
    assert told.endswith(
        "Macro recall is balanced accuracy and weighted recall is accuracy. kappa: Agreement beyond chance."
    )
    assert task("density", equal=equal[:1]).endswith("Macro recall is balanced accuracy.")


@pytest.mark.parametrize("curve", ["roc", "reliability"])
def test_networks_whose_folds_are_not_calibrated_are_named(curve):
    assert WORDS.text(f"{curve}_caption", protocol="p", missing=[]).endswith("Platt's method [@platt1999].")
    told = WORDS.text(f"{curve}_caption", protocol="p", missing=[("one severity", ["a", "b"])])
    assert told.endswith("[@platt1999]. a and b: one severity.")
