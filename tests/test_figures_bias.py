"""The pictures behind verdicts: which probes, what is said of them, and which effects are marked."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from synthetic_results import write_results

from analysis import figures_bias, figures_bias_effects
from analysis.style import WRONG, use_style
from analysis.tidy import read_table
from benchmarks.study import load_study

CLASSES = ("Density1Benign", "Density2Malignant", "Density4Malignant")


@pytest.fixture(autouse=True)
def style():
    use_style()
    yield
    plt.close("all")


def evidence(tmp_path, monkeypatch) -> figures_bias.Evidence:
    monkeypatch.chdir(tmp_path)
    write_results(tmp_path, architectures=("simple",), classes=CLASSES, protocols=("by_patient",), n_folds=2)
    study = load_study("synthetic.yaml")
    tables = [read_table(study.results(), name) for name in ("probes", "gradcam", "interventions")]
    return figures_bias.Evidence(study, "simple", *tables)


def test_pictures_show_probes_with_a_lesion_and_heat_first(tmp_path, monkeypatch):
    found = evidence(tmp_path, monkeypatch)
    rows = found.probes["row"]
    found.samples = found.samples.copy()
    found.samples["boxes"] = [[] if row == rows[0] else boxes for row, boxes in found.samples["boxes"].items()]
    found.probes.loc[1, "heat_max"] = 0.0
    assert [probe.probe for probe in found.chosen("by_patient", 1)] == [2]
    assert [probe.probe for probe in found.chosen("by_patient", 5)] == [0, 1, 2]  # one is not shown


def test_maps_have_the_film_and_every_method_beside_them(tmp_path, monkeypatch):
    figure, pages = figures_bias.maps(evidence(tmp_path, monkeypatch))
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["film", "Grad-CAM", "Grad-CAM++", "Score-CAM", "random weights: no heat"] * 3
    said = [text.get_text() for text in figure.texts]
    assert "simple: maps of the class answered, at layer conv2d_1" in said
    assert {"by_patient", "true: D2M", "answer: ✗ D1B 0.52", "answer: ? D1B 0.31"} <= set(said)
    assert len(pages) == 1


def test_changes_say_what_was_done_and_how_the_answer_moved(tmp_path, monkeypatch):
    figure, _ = figures_bias.changes(evidence(tmp_path, monkeypatch))
    titles = {axes.get_title(): to_hex(axes.title.get_color()) for axes in figure.axes}
    # The fourth edit flips; its change is a drop of 0.1.
    assert titles["backgr. swapped\n\N{MINUS SIGN}0.10"] == WRONG
    assert titles["labels erased\n+0.20"] != WRONG
    assert "corners erased\n\N{PLUS-MINUS SIGN}0.00" in titles
    assert {"turned 90°\n\N{MINUS SIGN}0.40", "empty film\nanswer 0.70"} <= set(titles)


def bias_table() -> pd.DataFrame:
    row = {"architecture": "a", "protocol": "p", "check": "erase", "effect": 0.3, "ci_low": 0.2, "ci_high": 0.4}
    return pd.DataFrame(
        [
            row | {"region_or_group": "labels", "verdict": "flagged"},
            row | {"region_or_group": "border", "verdict": "clear", "effect": 0.0},
            row | {"region_or_group": "lesion", "verdict": "not evaluable", "effect": np.nan},
        ]
    )


def test_flagged_effects_are_filled_beside_their_threshold():
    figure, pages = figures_bias_effects.effects(bias_table(), ["a"], ["p"])
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["labels", "border"]
    filled = [to_hex(line.get_markerfacecolor()) != "#ffffff" for line in axes.lines if line.get_marker() == "o"]
    assert filled == [True, False]
    dashed = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert dashed == [0.1, 0.1]
    assert len(pages) == len(figures_bias_effects.CHECKS)


def test_groups_without_an_interval_are_left_out():
    row = {"architecture": "a", "factor": "density", "metric": "accuracy", "difference": 0.1, "ci_high": 0.2}
    table = pd.DataFrame([row | {"group": "1", "ci_low": 0.05}, row | {"group": "4", "ci_low": np.nan}])
    bias = pd.DataFrame([{"architecture": "a", "check": "groups", "verdict": "clear"}])
    bias["region_or_group"] = "density 1: accuracy"
    axes = figures_bias_effects.groups(table, bias, ["a"]).axes
    assert [tick.get_text() for tick in axes[0].get_yticklabels()] == ["density 1"]
    nothing = figures_bias_effects.groups(table[table["ci_low"].isna()], bias, ["a"]).axes[0]
    assert nothing.texts[0].get_text() == "no group is evaluable"
