"""The survey reads whatever studies have finished; each verdict follows from numbers that a reader can check."""

import shutil
import types

import pandas as pd
import pytest
from survey_input import mammoflow, ordinary, replay, write_study

from analysis.survey import survey
from analysis.survey.survey import COLUMNS, tables
from analysis.survey.verdict import HOLDS, IMPOSSIBLE, LEAK, NOT_EVALUABLE, NOT_RUN, judge
from benchmarks.publications import publication
from benchmarks.publications.headline import headline, main_variant

MEASURED = {"printed": 0.9, "replayed": 0.88, "replayed_low": 0.8, "replayed_high": 0.95, "command": "snakemake"}
MEASURED |= {"by_source": 0.4, "by_source_low": 0.3, "by_source_high": 0.5, "same_source": 40, "n_test": 42}
MEASURED |= {"by_source_drop_low": 0.3, "replayed_majority": 0.45}
MEASURED |= {"figures_impossible": 0, "reduced": ""}
BY_PATIENT = {"by_patient": 0.3, "by_patient_low": 0.2, "by_patient_high": 0.4, "by_patient_drop_low": 0.4}
LEVEL = {"by_source_high": 0.8, "by_source_drop_low": -0.1}  # not significantly below the own split


def row(results, name: str) -> pd.Series:
    return tables(results, [name])["survey"].iloc[0]


@pytest.mark.parametrize(
    ("changes", "expected", "because"),
    [
        ({}, LEAK, "40 of 42 test files have a copy in training; accuracy fell from 0.88 (0.80 to 0.95) to 0.40"),
        ({"figures_impossible": 2}, LEAK, "by source"),
        (LEVEL | BY_PATIENT, LEAK, "by patient; 0.40 (0.30 to 0.80) by source was not significantly"),
        (LEVEL, NOT_EVALUABLE, "not significantly above 0.40 (0.30 to 0.80) by source"),
        (LEVEL | {"reduced": "64 of 224 px"}, NOT_EVALUABLE, "the replay was reduced (64 of 224 px)"),
        (LEVEL | {"printed": 0.79}, HOLDS, "not above 0.40 (0.30 to 0.80) by source"),
        ({"replayed_majority": 0.81}, NOT_EVALUABLE, "not significantly above"),  # it learnt nothing
        ({"same_source": 0}, NOT_EVALUABLE, "without copies in training"),
        ({"same_source": 0, "printed": 0.5}, HOLDS, "by source"),
        ({"same_source": 0, "printed": 0.45} | BY_PATIENT, NOT_EVALUABLE, "above 0.30 (0.20 to 0.40) by patient"),
        ({"same_source": 0, "figures_impossible": 1}, IMPOSSIBLE, "accuracies differ"),
        ({"replayed": None, "figures_impossible": 1}, IMPOSSIBLE, "accuracies differ"),
        ({"replayed": None}, NOT_RUN, "run: snakemake"),
        (
            {"by_source": None, "by_source_high": None, "by_source_drop_low": None},
            NOT_EVALUABLE,
            "no protocol without copies was run",
        ),
        ({"same_source": 0, "printed": None}, NOT_EVALUABLE, "no accuracy over all classes is printed"),
    ],
)
def test_each_verdict_follows_from_the_rule(changes, expected, because):
    found, reason = judge(MEASURED | changes, True, "accuracies differ")
    assert (found, because in reason) == (expected, True), reason


def test_without_code_and_split_nothing_is_replayed_but_figures_may_be_impossible():
    unknown = MEASURED | {"replayed": None}
    assert judge(unknown, False, "") == (NOT_EVALUABLE, "no replay: neither code nor split is known")
    assert judge(unknown | {"figures_impossible": 1}, False, "why") == (IMPOSSIBLE, "why")


def test_without_any_study_every_publication_has_a_row_with_its_command(tmp_path):
    found = tables(tmp_path)["survey"]
    assert list(found.columns) == COLUMNS and list(found["publication"]) == publication.names()
    own = found.set_index("publication")
    assert own.loc["mammoflow_2025", "verdict"] == NOT_RUN and own.loc["alves", "verdict"] == NOT_RUN
    assert "study=survey_inbreast" in own.loc["mammoflow_2025", "command"]
    assert "study=survey_inbreast" in own.loc["alves", "command"]
    assert "study=survey_severity" in own.loc["learntocode_2022", "command"]
    assert own.loc["learntocode_2022", "verdict"] == IMPOSSIBLE
    assert own.loc["esen_2025", "command"] == "make check PUBLICATION=esen_2025"
    assert own["replayed"].isna().all()


def test_a_replay_gives_the_row_of_the_split_that_has_the_printed_sizes(tmp_path):
    mammoflow(tmp_path)
    found = tables(tmp_path, ["mammoflow_2025"])
    own = found["survey"].iloc[0]
    assert own["copies"] == 54 and own["replayed"] == pytest.approx(0.77) and own["n_test"] == 1145
    assert (own["replayed_minimum"], own["replayed_maximum"]) == pytest.approx((0.76, 0.78))
    assert own["by_source"] == pytest.approx(0.21) and own["by_patient_high"] == pytest.approx(0.32)
    assert own["permuted"] == pytest.approx(0.65) and (own["n_patients"], own["n_sources"]) == (50, 106)
    # by patient, as patients are known
    assert own["majority"] == pytest.approx(0.31) and own["imagenet_logistic"] == pytest.approx(0.28)
    assert (own["reproduced"], own["not_reproduced"], own["not_evaluable"]) == (1, 1, 1)
    assert own["verdict"] == LEAK and own["study"] == "survey_inbreast" and own["reduced"] == "64 of 224 px"
    assert len(found["leaks"]) == 3 and set(found["leaks"]["study"]) == {"survey_inbreast"}
    assert set(found["figures"]["kind"]) == {"printed", "arithmetic"}


def test_of_several_studies_the_one_with_the_largest_images_counts(tmp_path):
    mammoflow(tmp_path, "a_small", 32)
    mammoflow(tmp_path, "b_large", 224, own=0.86)
    mammoflow(tmp_path, "c_large", 224)
    own = row(tmp_path, "mammoflow_2025")
    assert own["study"] == "b_large" and own["replayed"] == pytest.approx(0.86)


def test_the_first_publication_is_read_from_an_ordinary_study(tmp_path):
    ordinary(tmp_path)
    own = row(tmp_path, "alves")
    assert (own["variant"], own["printed"], own["replayed"], own["by_patient"]) == ("simple", 0.98, 0.88, 0.22)
    assert (own["same_source"], own["identical"], own["n_test"], own["permuted"]) == (42, 30, 42, 0.69)
    assert (own["majority"], own["imagenet_logistic"], own["n_patients"]) == (0.3, 0.29, 50)
    assert own["reduced"] == "64 of 224 px; 15 of 50 epochs" and own["verdict"] == LEAK
    assert (own["reproduced"], own["not_evaluable"]) == (1, 1)


def test_phantoms_and_unfinished_studies_do_not_count(tmp_path):
    ordinary(tmp_path, "demo", adapter="phantom")
    mammoflow(tmp_path, "begun")
    (tmp_path / "begun" / "dataset.json").unlink()
    assert list(tables(tmp_path, ["alves", "mammoflow_2025"])["survey"]["verdict"]) == [NOT_RUN, NOT_RUN]


def test_the_ceiling_is_the_best_honest_model_on_the_same_data_and_classes(tmp_path):
    ordinary(tmp_path)
    mammoflow(tmp_path)
    esen = row(tmp_path, "esen_2025")  # its classes are not known: any count
    assert (esen["ceiling"], esen["ceiling_model"], esen["ceiling_study"]) == (0.31, "majority", "survey_inbreast")
    # of whatever classes: the AUC is that of benign against malignant
    assert (esen["ceiling_auc"], esen["ceiling_auc_high"], esen["ceiling_auc_model"]) == (0.62, 0.74, "vgg16")
    assert esen["ceiling_classes"] == 8 and pd.isna(row(tmp_path, "bmc_2024")["ceiling"])
    two = [replay("learntocode_2022", "cnn", "by_patient", "by_patient", 0.7, 0.1, unit="patient", n_units=50)]
    write_study(tmp_path, "severity", {"replays": pd.DataFrame(two)}, classes=["malignant", "benign"])
    bmc = row(tmp_path, "bmc_2024")
    assert (bmc["ceiling"], bmc["ceiling_model"], bmc["ceiling_classes"]) == (0.7, "cnn", 2)
    assert bmc["ceiling_auc"] == 0.62 and pd.isna(row(tmp_path, "jeeemi_2025")["ceiling_auc"])
    # MIAS has no adapter; the article's INbreast is that of other publications.
    assert pd.isna(row(tmp_path, "jeeemi_2025")["ceiling"]) and row(tmp_path, "iieta_2025")["ceiling"] == 0.7


def test_recalls_of_all_classes_leave_one_accuracy():
    content = publication.load(publication.find("jimenez_2024"))
    value, where = headline(content, "cnn")
    assert value == pytest.approx(864 / 1145) and where.endswith("follows from recall and support")
    rounded = content | {"figures": [dict(content["figures"][0])]}
    recalls = rounded["figures"][0]["values"]["recall"] | {"Density1Malignant": "0.9"}  # 276 to 307 of 324
    rounded["figures"][0] |= {"values": {"recall": recalls}}
    assert headline(rounded, "cnn") is None


def test_the_compared_variant_is_the_one_with_the_highest_printed_accuracy():
    content = publication.load(publication.find("learntocode_2022"))
    assert main_variant(content, list(content["variants"])) == "cnn"
    assert main_variant(content, ["vgg16", "resnet50"]) == "resnet50"


def test_one_study_with_two_publications_has_a_survey_of_its_own(tmp_path):
    """From its own tables alone, whatever other studies of the folder say; with one publication there is none."""
    mammoflow(tmp_path)
    ordinary(tmp_path)
    for path in (tmp_path / "laptop/tables").iterdir():
        shutil.copy(path, tmp_path / "survey_inbreast/tables")
    mammoflow(tmp_path, "larger", size=224, own=0.9)
    folder = tmp_path / "survey_inbreast"
    study = types.SimpleNamespace(
        publications={"mammoflow_2025": {}}, protocols=["published", "by_patient"], results=lambda: folder
    )
    rows = survey.of_study(study).set_index("publication")
    assert rows["replayed"].to_dict() == {"alves": 0.88, "mammoflow_2025": 0.77}
    assert set(rows["study"]) == {"survey_inbreast"}
    study.protocols = ["by_patient"]
    assert survey.of_study(study) is None
