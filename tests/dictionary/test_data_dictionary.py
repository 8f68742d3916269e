"""The data dictionary: it describes what stages write, and finds every planted difference."""

import importlib
import importlib.util
import json

import pandas as pd
import pytest
import yaml
from jsonschema import Draft202012Validator
from small_results import CLASSES, write_results
from survey_input import mammoflow, ordinary

from analysis.dictionary import check, interchange, page
from analysis.dictionary.dictionary import FOLDER, TYPES, described, stands_for, tables
from analysis.dictionary.dictionary import named as of_name
from analysis.scores.scores import score
from analysis.survey.survey import tables as survey
from analysis.survey.survey import write
from analysis.tidy import write_tables
from benchmarks.errors import BadInput

# Column lists of the code, in their order, by table: what changes there is found without a run.
LISTS = {
    "samples": "benchmarks.samples.samples.COLUMNS",
    "folds": "analysis.scores.tables.FOLDS",
    "inflation": "analysis.scores.scores.INFLATION",
    "roc": "analysis.scores.curves.ROC",
    "reliability": "analysis.scores.curves.RELIABILITY",
    "external": "analysis.scores.external.COLUMNS",
    "comparison": "analysis.comparison.comparison.COLUMNS",
    "ranks": "analysis.comparison.comparison.RANK_COLUMNS",
    "control": "analysis.comparison.control.COLUMNS",
    "positive_control": "analysis.comparison.positive_control.COLUMNS",
    "learning_curve": "analysis.comparison.learning_curve.POINTS",
    "learning_gain": "analysis.comparison.learning_curve.GAINS",
    "tuning": "analysis.comparison.tuning_gain.COLUMNS",
    "importance": "analysis.comparison.importance.COLUMNS",
    "leakage_pairs": "analysis.audit.leakage.PAIR_COLUMNS",
    "shortcuts": "analysis.audit.shortcuts.COLUMNS",
    "claims": "analysis.claims.claims.COLUMNS",
    "changes": "analysis.explanations.changes.COLUMNS",
    "gradcam_summary": "analysis.explanations.gradcam_summary.COLUMNS",
    "heatmaps": "analysis.explanations.heatmaps.COLUMNS",
    "groups": "analysis.bias.groups.COLUMNS",
    "bias": "analysis.bias.bias.COLUMNS",
    "replay_figures": "analysis.survey.figures.COLUMNS",
    "survey": "analysis.survey.survey.COLUMNS",
    "survey_figures": "analysis.survey.survey.FIGURES",
    "survey_leaks": "analysis.survey.survey.LEAKS",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the results of a study with the tables of analysis.scores.scores."""
    place = tmp_path_factory.mktemp("described")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        study = write_results(place)
        write_tables(study, score(study))
        return study.results().resolve()


def named(messages: list[str], *words: str) -> list[str]:
    return [message for message in messages if all(word in message for word in words)]


def test_every_description_is_complete():
    for table in tables():
        assert importlib.util.find_spec(table.writer), table.writer
        assert table.about.endswith(".") and len({column.name for column in table.columns}) == len(table.columns)
        for column in table.columns:
            where = f"{table.name}.{column.name}"
            assert column.type in TYPES and column.about[0].isupper() and column.about.endswith("."), where
            assert not column.values or column.type == "text", where
            assert not (column.unit or any(column.range)) or column.json_type in ("integer", "number", "object"), where


def test_no_table_is_described_twice_and_common_columns_are_used():
    assert len({table.name for table in tables()}) == len(tables())
    files = [file for table in tables() for file in table.files]
    assert len(set(files)) == len(files)
    common = yaml.safe_load((FOLDER / "common.yaml").read_text())
    assert set(common) <= {column.name for table in tables() for column in table.columns}


@pytest.mark.parametrize("table", LISTS)
def test_columns_are_those_of_the_code_in_its_order(table):
    module, _, name = LISTS[table].rpartition(".")
    columns = [column.name for column in of_name(table).columns]
    assert columns == list(getattr(importlib.import_module(module), name))


def test_page_and_schema_are_generated():
    assert page.PAGE.read_text(encoding="utf-8") == page.text(), "run: make dictionary"
    schema = interchange.as_json(interchange.schema())
    assert interchange.SCHEMA.read_text(encoding="utf-8") == schema, "run: make dictionary"


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("tables/confusion.csv", "confusion"),
        ("tables/confusion_simple_by_patient.csv", "confusion_matrix"),
        ("cams/vgg16.csv", "gradcam"),
        ("cams/vgg16_heat.csv", "heat"),
        ("cams/vgg16_heatmaps.csv", "probe_heatmaps"),
        ("cells/simple/by_patient/0/runtime.json", "runtime"),
        ("replays/a_2024/cnn/by_source/1/runtime.json", "replay_runtime"),
        ("folds/by_patient_n10.parquet", "folds_of_protocol"),
    ],
)
def test_a_file_belongs_to_the_most_specific_pattern(path, table):
    assert described(path).name == table


def test_a_place_stands_for_a_name_without_a_folder():
    assert stands_for("p_<class>", "p_Density1Benign") and not stands_for("p_<class>", "p_")
    assert not stands_for("tables/<name>.csv", "tables/a/b.csv") and not stands_for("a.csv", "abcsv")
    assert described("tables/unheard_of.csv") is None


def test_tables_of_a_stage_fit_their_description(results):
    found = check.problems(results)
    # The fixture lacks columns of samples.parquet, and all other stages; what the stage wrote is as described.
    absent = named(found, "tables/", "described, and missing")
    assert set(named(found, "tables/")) == set(absent)
    assert not named(found, "tables/scores.csv") and not named(found, "confusion")
    assert named(found, "tables/bias.csv is described, and missing")
    assert named(found, "samples.parquet: column md5 is described, and missing")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.assign(more=1), ["column more is not described"]),
        (lambda table: table.drop(columns="skill"), ["column skill is described, and missing"]),
        (lambda table: table.assign(accuracy=1.1), ["column accuracy: out of range", "1.1"]),
        (lambda table: table.assign(accuracy="high"), ["column accuracy: not of type share: high"]),
        (lambda table: table.assign(cells=1.5), ["column cells: not of type count: 1.5"]),
        (lambda table: table.assign(cells=-1), ["column cells: out of range"]),
        (lambda table: table.assign(unit="patient"), ["column unit", "not an allowed value: patient"]),
        (lambda table: table.assign(verdict="not evaluable, why"), []),
        (lambda table: table.assign(protocol=None), ["column protocol", "are empty; the dictionary allows none"]),
        (lambda table: table.assign(ci_low=None), []),
    ],
)
def test_a_planted_difference_is_found(results, tmp_path, change, words):
    change(pd.read_csv(results / "tables/headline.csv")).to_csv(tmp_path / "headline.csv", index=False)
    found = list(check.wrong(check.read(tmp_path / "headline.csv"), described("tables/headline.csv")))
    assert len(found) == bool(words) and all(named(found, word) for word in words)


def test_an_undescribed_table_is_found(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/new.csv").write_text("a\n1\n")
    assert named(check.problems(tmp_path), "tables/new.csv is not described")


def test_the_survey_has_tables_of_its_own(tmp_path):
    assert sorted(check.problems(tmp_path, check.SURVEY)) == [
        f"results/survey/{name}.csv is described, and missing" for name in ("figures", "leaks", "survey")
    ]


def test_the_survey_writes_what_is_described(tmp_path):
    mammoflow(tmp_path / "studies")
    ordinary(tmp_path / "studies")
    write(survey(tmp_path / "studies"), tmp_path / "survey")
    assert check.problems(tmp_path / "survey", check.SURVEY) == []


def test_keys_of_a_json_file_are_columns(results, tmp_path):
    content = json.loads((results / "cells/simple/by_patient/0/runtime.json").read_text())
    (tmp_path / "runtime.json").write_text(json.dumps(content | {"epochs": "two", "colour": "blue", "versions": {}}))
    found = list(check.wrong(check.read(tmp_path / "runtime.json"), described("cells/a/b/0/runtime.json")))
    assert named(found, "epochs: not of type count") and named(found, "column colour is not described")
    assert not named(found, "versions") and named(found, "column hardware is described, and missing")


def test_a_time_is_a_date_and_parquet_keeps_its_types():
    table = described("cells/simple/by_patient/0/predictions.parquet")
    rows = {"sample": ["a"], "source": ["a"], "patient": [None], "label": ["x"], "predicted": ["x"], "p_x": [1.0000001]}
    assert not list(check.wrong(pd.DataFrame(rows), table))
    assert "not of type text" in next(check.wrong(pd.DataFrame(rows | {"label": [1]}), table))
    cells = described("tables/cells.csv")
    one = pd.DataFrame({"finished": ["2026-01-01T00:00:00+00:00", "yesterday"]})
    assert "finished: not of type time: yesterday" in next(check.wrong(one, cells))


@pytest.fixture
def written(results, tmp_path):
    """Return results.json of a folder with the tables of analysis.scores.scores; those of other stages are empty."""
    (tmp_path / "tables").mkdir()
    for name in interchange.TABLES:
        own = results / f"tables/{name}.csv"
        header = ",".join(column.name for column in of_name(name).columns) + "\n"
        (tmp_path / f"tables/{name}.csv").write_text(own.read_text() if own.is_file() else header)
    about = {"name": "phantom", "title": "Phantoms", "classes": CLASSES, "digest": "ab", "licence": "CC0"}
    (tmp_path / "dataset.json").write_text(json.dumps(about))
    return interchange.results(tmp_path, "small", "A study.")


def test_results_in_one_file_fit_the_schema_and_have_the_tables_values(results, written):
    validator = Draft202012Validator(interchange.schema())
    validator.validate(json.loads(interchange.as_json(written)))
    assert written["dataset"] == {"name": "phantom", "title": "Phantoms", "classes": CLASSES, "digest": "ab"}
    headline = pd.read_csv(results / "tables/headline.csv")
    assert [row["accuracy"] for row in written["headline"]] == pytest.approx(headline["accuracy"].tolist())
    scores = pd.read_csv(results / "tables/scores.csv")
    assert [row["fold_sd"] is None for row in written["scores"]] == scores["fold_sd"].isna().tolist()
    assert sum(row["n"] for row in written["confusion"] if row["architecture"] == "simple") == 6 + 2
    assert written["bias"] == []


@pytest.mark.parametrize(
    "change", [{"accuracy": 1.2}, {"accuracy": None}, {"n_units": 1.5}, {"unit": "rooms"}, {"x": 1}]
)
def test_the_schema_refuses_planted_differences(written, change):
    written["headline"][0] |= change
    assert not Draft202012Validator(interchange.schema()).is_valid(written)


def test_a_table_that_a_stage_did_not_write_is_named(written, tmp_path):
    (tmp_path / "tables/bias.csv").unlink()
    with pytest.raises(BadInput, match=r"bias\.csv"):
        interchange.results(tmp_path, "small", "")


def test_an_infinite_number_is_missing_and_whole_numbers_stay_whole():
    row = pd.DataFrame([{"training_loss": float("inf"), "epochs": 3.0, "verdict": "sound", "dead_features": 1 + 1e-16}])
    assert interchange.rows(row, of_name("collapse")) == [
        {"training_loss": None, "epochs": 3, "verdict": "sound", "dead_features": 1.0}
    ]


def test_a_column_without_a_description_is_named():
    with pytest.raises(BadInput, match=r"tables/collapse\.csv: no description of colour"):
        interchange.rows(pd.DataFrame([{"colour": "red"}]), of_name("collapse"))
