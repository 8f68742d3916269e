"""Positive control: areas by hand, the contrast from which on lesions are detected, what is not evaluable."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from derived_results import FOLD_OF, SAMPLES, write_study
from hypothesis import given
from hypothesis import strategies as st

from analysis.comparison import positive_control
from analysis.drawing.style import use_style
from analysis.figures import comparison as figures_comparison
from analysis.tasks import AUC
from analysis.tidy import read_table

LABELS = "abababab"  # permuted ones; b has the lesion
CHOSEN = {"protocols": ["by_patient"], "contrasts": [40, 10]}
CONTROL = {"protocols": ["by_patient"]}


def write(study, protocol, name, probabilities):
    """Write the cells of one model: the probability of b of each sample."""
    for fold in study.cells(protocol):
        folder = study.cell_folder(name, protocol, fold)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [
            {"sample": SAMPLES[i], "label": LABELS[i], "predicted": "a", "p_a": 1 - p, "p_b": p}
            for i, p in enumerate(probabilities)
            if FOLD_OF[i] == fold
        ]
        pd.DataFrame(rows).to_parquet(folder / "predictions.parquet")


def prepare(place, **changes):
    """Return a study in which no model tells one image from another, but for the tables that a test writes."""
    study = write_study(place, **({"positive_control": CHOSEN, "control": CONTROL} | changes))
    for protocol, names in study.derived().items():
        path = study.results() / f"folds/{protocol}.parquet"
        labels = pd.read_parquet(path).assign(label=lambda t: [LABELS[SAMPLES.index(sample)] for sample in t["sample"]])
        contrast = int(protocol.partition("_planted")[2] or 0)
        lesions = labels.assign(lesion=(labels["label"] == "b") * contrast) if contrast else labels
        lesions.to_parquet(path)
        for name in [*names, *positive_control.BASELINES]:
            write(study, protocol, name, [0.5] * 8)
    return study


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return prepare(tmp_path)


def rows(study):
    table = positive_control.positive_control(study)
    assert list(table) == positive_control.COLUMNS
    return table.set_index(["architecture", "contrast"])


def test_a_case_worked_by_hand(study):
    # Fold 0: b 0.9 and 0.2, a 0.1 and 0.3: 3 of 4 pairs right. Fold 1 is on another scale: all 4 right.
    write(study, "by_patient_planted10", "simple", [0.1, 0.9, 0.3, 0.2, 0.01, 0.03, 0.02, 0.04])
    write(study, "by_patient_planted40", "simple", [0.1, 0.9, 0.3, 0.8, 0.01, 0.03, 0.02, 0.04])
    table = rows(study)
    assert len(table) == 3 * (1 + len(positive_control.BASELINES))
    assert table.loc["simple", AUC].to_dict() == {0: 0.5, 10: 7 / 8, 40: 1}
    row = table.loc[("simple", 40)]
    assert row[["protocol", "n_samples", "n_units", "unit"]].tolist() == ["by_patient", 8, 8, "patients"]
    assert (table.loc["simple", "sees_from"] == 40).all() and row["above_chance"] == "yes" and row["ci_low"] == 1
    low = table.loc[("simple", 10)]
    assert low["ci_low"] <= 0.5 < low["ci_high"] and low["above_chance"] == "no"
    # One answer for all is at chance by an interval without width, which is not above it.
    assert (table.loc["majority", AUC] == 0.5).all() and (table.loc["majority", "above_chance"] == "no").all()
    assert table.loc["majority", "sees_from"].isna().all()


@given(seen=st.lists(st.booleans(), min_size=1, max_size=6), control=st.sampled_from(["yes", "no", "not evaluable: x"]))
def test_all_higher_contrasts_are_above_chance_from_sees_from_on(seen, control):
    own = [{"contrast": 10 * (i + 1), "above_chance": "yes" if s else "no"} for i, s in enumerate(seen)]
    lowest = positive_control.sees_from([{"contrast": 0, "above_chance": control}, *own])
    if not seen[-1]:
        assert np.isnan(lowest)
    else:
        start = int(lowest / 10) - 1
        assert all(seen[start:]) and (start == 0 or not seen[start - 1])


def test_a_faint_lesion_seen_by_chance_does_not_count(study):
    write(study, "by_patient_planted10", "simple", [0.1, 0.9] * 4)
    table = rows(study)
    assert table.loc[("simple", 10), "above_chance"] == "yes" and table.loc["simple", "sees_from"].isna().all()


def test_without_the_permuted_control_there_is_no_contrast_of_0(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = prepare(tmp_path, control={})
    assert set(positive_control.positive_control(study)["contrast"]) == {10, 40}


def test_architectures_without_the_permuted_control_have_no_contrast_of_0(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chosen = {"architectures": {"simple": {}, "vgg16": {}}, "control": CONTROL | {"architectures": ["vgg16"]}}
    table = rows(prepare(tmp_path, **chosen))
    assert table.loc["simple"].index.tolist() == [10, 40] and table.loc["vgg16"].index.tolist() == [0, 10, 40]


def test_one_patient_is_not_evaluable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = prepare(tmp_path, patients=["p0"] * 8)
    table = rows(study)
    assert (table["above_chance"] == "not evaluable: one patient").all() and table["ci_low"].isna().all()
    assert table["sees_from"].isna().all()


def test_without_a_positive_control_the_table_is_empty_and_nothing_is_drawn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = write_study(tmp_path)
    monkeypatch.setattr("sys.argv", ["positive_control", "--study", "small.yaml"])
    positive_control.main()
    table = read_table(study.results(), "positive_control")
    assert table.empty and list(table) == positive_control.COLUMNS
    assert figures_comparison.positive_control(table, ["simple"]) is None


def test_the_figure_has_a_curve_for_each_model(study):
    use_style()
    table = positive_control.positive_control(study)
    figure = figures_comparison.positive_control(table, ["simple"])
    (axes,) = figure.axes
    curves = [line for line in axes.lines if line.get_linestyle() != "None" and len(line.get_xdata()) == 3]
    assert axes.get_title(loc="left") == "by_patient" and len(curves) == 1 + len(positive_control.BASELINES)
    assert axes.get_xticks().tolist() == [0, 10, 40]
    plt.close(figure)
