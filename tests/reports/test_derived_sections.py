"""The report on search, learning curve and control: its sentences follow the tables, or say that nothing was run."""

import types

import pandas as pd
import pytest
from synthetic_tuning import write_tuning

from analysis.comparison import control as control_stage
from analysis.comparison import importance as importance_stage
from analysis.comparison import learning_curve as curve_stage
from analysis.comparison import tuning_gain as tuning_stage
from analysis.tidy import read_table
from reports.sections.controls import WORDS, control, leakage_sentence, learning_curve
from reports.sections.models import tuning


@pytest.fixture
def results(tmp_path):
    (tmp_path / "tables").mkdir()
    world = types.SimpleNamespace(
        architectures=["densenet", "simple", "vgg16"], protocols=["published", "by_patient"], patients=True, n=106,
        n_units=50, unit="patients",
    )  # fmt: skip

    def write(name, rows, columns):
        pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "tables" / f"{name}.csv", index=False)

    world.table = write
    write_tuning(world)
    return types.SimpleNamespace(table=lambda name: read_table(tmp_path, name))


def said(sections) -> str:
    return " ".join(block.text for section in sections for block in section.blocks if block.kind == "paragraph")


def test_a_control_that_leaks_is_named_and_one_that_does_not_is_cleared(results):
    text = said(control(results))
    assert "Under the published split, 3 of 5 models still scored above chance with permuted labels" in text
    assert "VGG16 (0.85, 0.55 above chance, 95% CI 0.45 to 0.65; 0.90 with the real labels)" in text
    assert "Under the split by patient, all 5 models fell to chance or below" in text


def result(**facts) -> str:
    given = {"protocol": "p", "n": 2, "above": [], "permuted": "0.20", "chance": "0.25", "leaks": False} | facts
    return WORDS.text("control_result", **given)


def test_the_control_tells_leakage_from_what_should_not_be():
    row = {"architecture": "a", "permuted": 0.5, "excess": 0.2, "excess_low": 0.1, "excess_high": 0.3, "real": 0.6}
    assert result(above=[row], leaks=True).endswith("so this excess is leakage.")
    assert result(above=[row]) == (
        "Under p, 1 of 2 models still scored above chance with permuted labels: a (0.50, 0.20 above chance, 95% CI "
        "0.10 to 0.30; 0.60 with the real labels). This protocol should prevent memorisation: look for what its parts "
        "still share."
    )
    assert result(n=1) == (
        "Under p, the only model fell to chance or below with permuted labels (accuracy 0.20, chance 0.25). The "
        "control found no leak."
    )
    assert result(n=0) == "Under p, it is not evaluable whether accuracy with permuted labels was above chance."


def test_leakage_under_the_published_protocol_is_told_on_the_first_page(results):
    assert leakage_sentence(results.table("control")) == (
        "Permuted labels leave nothing to learn; under the published split, accuracy with permuted labels still "
        "reached 0.85 (VGG16, 0.55 above chance, 95% CI 0.45 to 0.65)."
    )
    assert leakage_sentence(results.table("control").assign(verdict="no leak")) == ""


def gains(helped=(), flat=()) -> str:
    return WORDS.text("gains", fewest="8", most="32", helped=list(helped), flat=list(flat))


def test_gains_are_worded_by_what_was_found():
    opening = "On the same test images, the number of training patients per fold rose from 8 to 32."
    rows = [{"architecture": name, "gain": 0.2, "ci_low": 0.1, "ci_high": 0.3, "slope": 0.1} for name in "ab"]
    assert gains() == f"{opening} It is not evaluable whether accuracy rose."
    assert gains(rows) == (
        f"{opening} Accuracy rose for a by 0.20 (95% CI 0.10 to 0.30; 0.10 per doubling), for b by 0.20 (95% CI 0.10 "
        "to 0.30; 0.10 per doubling). Gains within this range suggest that more patients would help further; the curve "
        "does not show how far."
    )
    assert gains(flat="ab") == (
        f"{opening} No significant gain was found for a and b. This does not prove that more patients would not help: "
        "the CIs are wide."
    )


def test_gains_of_more_patients_are_named(results):
    text = said(learning_curve(results))
    assert "training patients per fold rose from 8 to 32.4." in text
    assert "Accuracy rose for VGG16 by 0.20 (95% CI 0.13 to 0.27; 0.10 per doubling)" in text
    assert "No significant gain was found for majority class and random guesses." in text
    (table,) = (block for section in learning_curve(results) for block in section.blocks if block.kind == "table")
    assert [column.title for column in table.columns[1:4]] == ["8 patients", "16 patients", "32.4 patients"]


def test_gains_from_the_search_and_importance_are_named(results):
    text = said(tuning(results))
    assert "for 2 of 3 pairs of architecture and protocol" in text
    assert "increased the accuracy significantly for 1 pair and decreased it significantly for 0 pairs" in text
    # Of simple and vgg16: 0.08 on validation each, 0.06 and 0.01 on test.
    assert "gained 0.08 in accuracy on the validation parts" in text and "optimism of the search" in text
    assert (
        "For Simple CNN, learning_rate (0.31, 0.21 to 0.41) mattered (R2 0.40)." in text
        and "For DenseNet121" not in text
    )


@pytest.mark.parametrize(("section", "message"), [
    (control, "did not run the permuted-label control"),
    (learning_curve, "did not run a learning curve"),
    (tuning, "No hyperparameter search was run"),
])  # fmt: skip
def test_what_was_not_run_is_said_and_nothing_else(section, message):
    columns = {"control": control_stage.COLUMNS, "learning_curve": curve_stage.POINTS, "tuning": tuning_stage.COLUMNS}
    columns |= {"learning_gain": curve_stage.GAINS, "importance": importance_stage.COLUMNS}
    empty = types.SimpleNamespace(table=lambda name: pd.DataFrame(columns=columns[name]))
    (only,) = section(empty)
    assert len(only.blocks) == 1 and message in only.blocks[0].text and only.level == 1
