"""Figures of the bias checks: choice of probes, titles of images, and marks of flagged effects."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from synthetic_results import write_results

from analysis.bootstrap import interval, resampled_means
from analysis.drawing.style import WRONG, looks, use_style
from analysis.figures import bias, bias_effects
from analysis.tidy import read_table
from benchmarks.study.study import load_study

CLASSES = ("Density1Benign", "Density2Malignant", "Density4Malignant")


@pytest.fixture(autouse=True)
def style():
    use_style()
    yield
    plt.close("all")


def evidence(tmp_path, monkeypatch) -> bias.Evidence:
    monkeypatch.chdir(tmp_path)
    write_results(tmp_path, architectures=("simple",), classes=CLASSES, protocols=("by_patient",), n_folds=2)
    study = load_study("synthetic.yaml")
    tables = [read_table(study.results(), name) for name in ("probes", "gradcam", "interventions")]
    return bias.Evidence(study, "simple", *tables)


def test_probes_with_a_lesion_and_heat_are_preferred(tmp_path, monkeypatch):
    found = evidence(tmp_path, monkeypatch)
    rows = found.probes["row"]
    found.samples = found.samples.copy()
    found.samples["boxes"] = [[] if row == rows[0] else boxes for row, boxes in found.samples["boxes"].items()]
    found.probes.loc[1, "heat_max"] = 0.0
    assert [probe.probe for probe in found.chosen("by_patient", 1)] == [2]
    assert [probe.probe for probe in found.chosen("by_patient", 5)] == [0, 1, 2]  # one is not shown


def test_maps_have_the_film_and_every_method_beside_them(tmp_path, monkeypatch):
    figure, pages = bias.maps(evidence(tmp_path, monkeypatch))
    said = [text.get_text() for text in figure.axes[0].texts]
    shown = bias.N_MAPS
    for title in ("film", "Grad-CAM", "Grad-CAM++", "Score-CAM", "random weights", "no saliency"):
        assert said.count(title) == shown
    assert "Simple CNN: maps of the predicted class, at layer conv2d_1" in said
    assert {"by_patient", "answer ✗ D1B 0.52", "answer ? D1B 0.31"} <= set(said)
    assert any(text.endswith(".png   true D2M") for text in said)
    # The key describes lines by style as well as colour.
    assert "Outlined on the film: breast: white line,  lesion: blue box." in said[-1]
    assert pages == [figure]


def test_three_protocols_fit_on_a_page():
    assert [bias.n_pages(n) for n in (1, 3, 4)] == [1, 1, 2]


@pytest.mark.parametrize("draw", [bias.maps, bias.changes])
def test_more_protocols_are_drawn_on_pages_of_limited_height(tmp_path, monkeypatch, draw):
    found = evidence(tmp_path, monkeypatch)
    names = [f"protocol{n}" for n in range(4)]
    arrays = {name.removeprefix("by_patient"): array for name, array in found.arrays.items()}
    found.arrays = {f"{name}{end}": array for name in names for end, array in arrays.items()}
    found.protocols = names
    found.probes = pd.concat([found.probes.assign(protocol=name) for name in names], ignore_index=True)
    found.changed = pd.concat([found.changed.assign(protocol=name) for name in names], ignore_index=True)
    _, pages = draw(found)
    assert len(pages) == bias.n_pages(4) == 2
    assert max(page.get_figheight() for page in pages) < 10


def test_titles_of_changed_images_name_the_edit_and_the_change_of_the_answer(tmp_path, monkeypatch):
    figure, _ = bias.changes(evidence(tmp_path, monkeypatch))
    titles = {text.get_text(): to_hex(text.get_color()) for text in figure.axes[0].texts}
    # The fourth edit flips; its change is a drop of 0.1.
    assert titles["backgr. swapped\n\N{MINUS SIGN}0.10 \N{NOT EQUAL TO}"] == WRONG
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
    figure, pages = bias_effects.effects(bias_table(), ["a"], ["p"])
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["labels", "border"]
    marks = {tuple(line.get_xdata()): line for line in axes.lines if line.get_marker() == "o"}
    assert {x: to_hex(line.get_markerfacecolor()) for x, line in marks.items()} == {
        (0.3,): looks(["a"])["a"][0],
        (0.0,): "#ffffff",
    }
    solid, dashed = axes.collections
    assert [segment[:, 0].tolist() for segment in solid.get_segments()] == [[0.2, 0.4]] * 2
    assert [segment[0, 0] for segment in dashed.get_segments()] == [0.1, 0.1]
    assert pages == [figure]


@pytest.mark.parametrize(("n", "n_pages"), [(1, 1), (6, 1), (30, 3)])
def test_effects_are_on_one_page_if_they_fit(n, n_pages):
    names = [f"a{i:02d}" for i in range(n)]
    regions = ("labels", "border", "corners", "background", "pectoral", "lesion")
    row = {"protocol": "p", "check": "erase", "effect": 0.3, "ci_low": 0.2, "ci_high": 0.4, "verdict": "clear"}
    table = pd.DataFrame([row | {"architecture": a, "region_or_group": region} for a in names for region in regions])
    _, pages = bias_effects.effects(table, names, ["p"])
    assert len(pages) == bias_effects.n_pages(table, names) == n_pages


def sanity_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two steps of one model, three probes of two patients; another model has no map."""
    rows = [
        {"protocol": "p", "probe": probe, "architecture": "a", "check": "randomisation", "step": step, "value": value}
        for step, values in (("50%", (0.9, 0.5, 0.1)), ("100%", (0.2, np.nan, 0.4)))
        for probe, value in enumerate(values)
    ]
    probes = pd.DataFrame({"protocol": "p", "probe": [0, 1, 2], "patient": ["x", "x", "y"], "source": list("stu")})
    return pd.DataFrame(rows), probes


def test_correlation_with_randomised_weights_has_intervals_over_patients():
    figure = bias_effects.randomisation(*sanity_tables(), ["a", "b"], ["p"], 200, 1)
    (axes,) = figure.axes
    (line,) = (line for line in axes.lines if line.get_marker() == looks(["a", "b"])["a"][1])
    assert line.get_ydata() == pytest.approx([1, 0.5, 0.3])
    drawn = [collection.get_segments()[0][:, 1] for collection in axes.collections]
    for values, ends in zip(([0.9, 0.5, 0.1], [0.2, 0.4]), drawn, strict=True):
        units = pd.Series(["x", "x", "y"] if len(values) == 3 else ["x", "y"])
        around = interval(resampled_means(pd.Series(values), units, 200, 1), 2, "patient")
        assert ends == pytest.approx([around.low, around.high])
    assert [text.get_text() for text in axes.texts] == ["not evaluable: b"]


def test_groups_without_an_interval_are_left_out():
    row = {"architecture": "a", "factor": "density", "metric": "accuracy", "difference": 0.1, "ci_high": 0.2}
    table = pd.DataFrame([row | {"group": "1", "ci_low": 0.05}, row | {"group": "4", "ci_low": np.nan}])
    bias = pd.DataFrame([{"architecture": "a", "check": "groups", "verdict": "clear"}])
    bias["region_or_group"] = "density 1: accuracy"
    axes = bias_effects.groups(table, bias, ["a"]).axes
    assert [tick.get_text() for tick in axes[0].get_yticklabels()] == ["density 1"]
    nothing = bias_effects.groups(table[table["ci_low"].isna()], bias, ["a"]).axes[0]
    assert nothing.texts[0].get_text() == "no group is evaluable"
