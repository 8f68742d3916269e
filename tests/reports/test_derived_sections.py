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
from reports.sections.controls import control, learning_curve
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
    assert "Under published, 3 of 5 models still score above chance with shuffled labels" in text
    assert "vgg16 (0.85, 0.55 above chance, 95 % CI 0.45 to 0.65; 0.90 with the real labels)" in text
    assert "Under by_patient, all 5 models fall to chance or below" in text


def test_gains_of_more_patients_are_named(results):
    text = said(learning_curve(results))
    assert "with 8 to 32.4 training patients a fold: vgg16 gains 0.20 (95 % CI 0.13 to 0.27; 0.10 a doubling)" in text
    assert "no gain is shown for majority and stratified" in text
    (table,) = (block for section in learning_curve(results) for block in section.blocks if block.kind == "table")
    assert [column.title for column in table.columns[1:4]] == ["8 patients", "16 patients", "32.4 patients"]


def test_what_the_search_bought_and_what_mattered(results):
    text = said(tuning(results))
    assert "for 2 of 3 pairs of architecture and protocol" in text and "helped in 1 and hurt in 0" in text
    # Of simple and vgg16: 0.08 on validation each, 0.06 and 0.01 on test.
    assert "gained 0.08 in accuracy on the validation parts" in text and "optimism of the search" in text
    assert "For simple, learning_rate (0.31, 0.21 to 0.41) matters (R2 0.40)." in text and "For densenet" not in text


@pytest.mark.parametrize(("section", "message"), [
    (control, "did not run the control"),
    (learning_curve, "ran no learning curve"),
    (tuning, "no search was run"),
])  # fmt: skip
def test_what_was_not_run_is_said_and_nothing_else(section, message):
    columns = {"control": control_stage.COLUMNS, "learning_curve": curve_stage.POINTS, "tuning": tuning_stage.COLUMNS}
    columns |= {"learning_gain": curve_stage.GAINS, "importance": importance_stage.COLUMNS}
    empty = types.SimpleNamespace(table=lambda name: pd.DataFrame(columns=columns[name]))
    (only,) = section(empty)
    assert len(only.blocks) == 1 and message in only.blocks[0].text and only.level == 1
