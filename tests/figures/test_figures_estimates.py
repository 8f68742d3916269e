"""Figures of estimates: values and intervals are those of the tables, colours and markers the same everywhere."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figures_study import texts, write_small
from matplotlib.colors import to_hex
from synthetic_results import EIGHT

from analysis.drawing.style import looks, use_style
from analysis.figures import audit, comparison, curves, gradcam, scores, training
from analysis.tidy import read_table


@pytest.fixture(autouse=True)
def style():
    use_style()
    yield
    plt.close("all")


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_small(tmp_path)


def points(axes):
    """Return x, y, marker and face colour of every marker drawn as a line."""
    return [
        (x, y, line.get_marker(), to_hex(line.get_markerfacecolor()))
        for line in axes.lines
        if line.get_marker() not in ("None", "")
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


def spans(axes):
    """Return x of both ends, y, and colour of every horizontal interval."""
    return [
        (*segment[:, 0], segment[0, 1], to_hex(collection.get_color()[0]))
        for collection in axes.collections
        if hasattr(collection, "get_segments")
        for segment in collection.get_segments()
    ]


def test_headline_draws_estimate_interval_and_majority(small):
    table = read_table(small.results(), "headline")
    table.loc[(table["architecture"] == "vgg16") & (table["protocol"] == "by_patient"), "accuracy"] = np.nan
    axes = scores.headline(table, list(small.architectures), small.protocols).axes[0]
    published = table[(table["architecture"] == "simple") & (table["protocol"] == "published")].iloc[0]
    first_row = {marker: (x, face) for x, y, marker, face in points(axes) if y == 0}
    assert first_row == {
        "|": (published["majority_accuracy"], "#1a1a1a"),
        looks(["simple", "vgg16"])["simple"][1]: (published["accuracy"], "#ffffff"),
    }
    assert [span[:2] for span in spans(axes) if span[2] == 0] == [(published["ci_low"], published["ci_high"])]
    assert "0.98  (0.89 to 1.00)" in texts(axes)
    assert texts(axes).count("not evaluable") == 1


@pytest.mark.parametrize("n", [1, 30])
@pytest.mark.parametrize("protocols", [("published",), ("published", "by_source", "by_patient")])
def test_headline_fits_any_number_of_rows(n, protocols):
    names = [f"architecture{i:02d}" for i in range(n)]
    rows = pd.MultiIndex.from_product([names, protocols], names=["architecture", "protocol"]).to_frame(index=False)
    table = rows.assign(accuracy=0.5, ci_low=0.4, ci_high=np.nan, majority_accuracy=np.nan)
    figure = scores.headline(table, names, list(protocols))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list(protocols) * n
    assert [text for text in texts(axes) if text.startswith("arch")] == names
    assert figure.get_figheight() < 1 + 0.17 * n * (len(protocols) + 1.2)
    edges = [text.get_window_extent() for text in axes.texts]
    assert min(edge.x0 for edge in edges) >= 0 and max(edge.x1 for edge in edges) <= figure.bbox.x1


def test_confusion_shows_counts_and_shares_of_the_true_class():
    table = pd.DataFrame({"label": ["a", "b"], "a": [3, 0], "b": [1, 0]})
    axes = scores.confusion(table, "x").axes[0]
    assert sorted(texts(axes)) == ["1", "25%", "3", "75%"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a (4)", "b (0)"]


def test_text_of_a_confusion_matrix_of_two_classes_stays_on_the_page():
    table = pd.DataFrame({"label": ["benign", "malignant"], "benign": [0, 0], "malignant": [35, 71]})
    figure = scores.confusion(table, "efficientnet, by_patient")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    for words in (figure.texts[0], axes.xaxis.label, axes.yaxis.label):
        box = words.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, words


def test_confusion_of_eight_classes_is_small_enough_for_half_a_page():
    table = pd.DataFrame({"label": EIGHT, **{label: np.arange(8) for label in EIGHT}})
    figure = scores.confusion(table, "x")
    axes = figure.axes[0]
    assert axes.get_xlabel() == "predicted  (D1B: Density1Benign)"
    assert [tick.get_text() for tick in axes.get_yticklabels()][:2] == ["D1B (0)", "D1M (8)"]
    # In print, the figure is as wide as 0.46 of the text width of 6.3 inches.
    printed = min(text.get_fontsize() for text in axes.texts) * 0.46 * 6.3 / figure.get_figwidth()
    assert printed >= 4.5


def test_a_name_with_dollar_signs_is_not_a_formula():
    table = pd.DataFrame({"label": ["$a_", "b$"], "$a_": [3, 0], "b$": [1, 2]})
    figure = scores.confusion(table, "$x$ & <y>")
    figure.draw_without_rendering()
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["$a_", "b$"]


def shares_figure(architectures, table):
    probes = pd.DataFrame(
        {"architecture": architectures, "protocol": "p", "heat_in_breast": 0.5, "area_of_breast": 0.3}
    )
    probes = probes.assign(heat_in_lesion=np.nan, area_of_lesion=np.nan)
    return gradcam.shares(table, probes, architectures, ["p"])


def test_shares_are_drawn_with_the_intervals_of_the_table():
    architectures = ["a", "b", "c"]
    table = pd.DataFrame({"architecture": architectures, "protocol": "p", "region": "breast"})
    table = table.assign(difference=[0.1, 0.2, np.nan], ci_low=[0.0, 0.15, np.nan], ci_high=[0.3, 0.25, np.nan])
    figure = shares_figure(architectures, table)
    (axes,) = figure.axes
    style = looks(architectures)
    assert [(x, y, marker) for x, y, marker, _ in points(axes)] == [(0.1, 0, style["a"][1]), (0.2, 1, style["b"][1])]
    drawn = {span for span in spans(axes) if span[0] != span[1]}
    assert drawn == {(0.0, 0.3, 0, style["a"][0]), (0.15, 0.25, 1, style["b"][0])}
    assert texts(axes) == ["not evaluable"]


def test_shares_without_any_estimate_are_not_evaluable():
    table = pd.DataFrame({"architecture": ["a"], "protocol": "p", "region": "breast", "difference": [np.nan]})
    assert texts(shares_figure(["a"], table).axes[0]) == ["not evaluable"]


def test_an_architecture_looks_the_same_wherever_it_is_drawn(small):
    architectures = list(small.architectures)
    colour, marker = looks(architectures)["vgg16"]
    table = {
        name: read_table(small.results(), name)
        for name in ("headline", "control", "comparison", "ranks", "importance", "trials", "history")
    }
    honest = [table[name][table[name]["protocol"] == "by_patient"] for name in ("trials", "history")]
    drawn = [
        scores.headline(table["headline"], architectures, small.protocols),
        comparison.control(table["control"], architectures, table["headline"]),
        comparison.differences(table["comparison"], small.protocols),
        comparison.critical_difference(table["ranks"], "by_patient"),
        training.importance(table["importance"]),
        training.search(honest[0], architectures, True),
        training.learning(honest[1], architectures, "best"),
    ]
    for figure in drawn:
        marks = {
            (to_hex(line.get_color()), line.get_marker())
            for axes in figure.axes
            for line in axes.lines
            if line.get_marker() not in ("None", "")
        }
        assert (colour, marker) in marks
        assert not {mark for mark in marks if mark[0] == colour} - {(colour, marker)}


def test_colours_of_ranks_stay_the_same_if_an_architecture_has_no_rank():
    ranks = pd.DataFrame({"architecture": list("abc"), "mean_rank": [np.nan, 1, 2], "protocol": "p", "verdict": ""})
    ranks = ranks.assign(n_blocks=5, critical_distance=1.0, friedman_p=0.5)
    axes = comparison.critical_difference(ranks, "p").axes[0]
    colour, marker = looks(list("abc"))["b"]
    assert (colour, marker) in {(to_hex(line.get_color()), line.get_marker()) for line in axes.lines}


def test_control_draws_the_interval_of_the_accuracy_with_real_labels(small):
    headline = read_table(small.results(), "headline").set_index(["protocol", "architecture"])
    table = read_table(small.results(), "control")
    figure = comparison.control(table, list(small.architectures), headline.reset_index())
    for axes in figure.axes:
        protocol = axes.get_title(loc="left")
        own = headline.loc[(protocol, "vgg16")]
        row = table[(table["protocol"] == protocol) & (table["architecture"] == "vgg16")].iloc[0]
        ends = [span[:2] for span in spans(axes)][:2]
        assert ends == [(row["ci_low"], row["ci_high"]), (own["ci_low"], own["ci_high"])]


def test_protocols_of_shortcuts_differ_by_marker():
    row = {"probe": "border", "task": "class8", "chance": 0.3, "estimate": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    table = pd.DataFrame([row | {"protocol": "published"}, row | {"protocol": "by_patient", "estimate": 0.3}])
    axes = audit.shortcuts(table).axes[0]
    assert {(x, marker, face) for x, _, marker, face in points(axes)} == {(0.5, "o", "#ffffff"), (0.3, "s", "#1a1a1a")}
    assert [span[:2] for span in spans(axes)] == [(0.4, 0.6)] * 2


def test_equal_counts_are_both_visible():
    table = pd.DataFrame({"label": ["a", "all"], "patients": 1, "sources": 1, "before_files": 2, "after_files": 72})
    axes = scores.data(table).axes[0]
    assert [(line.get_marker(), line.get_markerfacecolor()) for line in axes.lines] == [("D", "#1a1a1a"), ("o", "none")]


def test_a_bin_without_an_interval_is_open():
    table = pd.DataFrame({"architecture": "a", "probability": [0.2, 0.8], "share": [0.1, 1.0], "n": [9, 1]})
    table = table.assign(ci_low=[0.0, np.nan], ci_high=[0.4, np.nan])
    (axes,) = curves.reliability(table, ["a"]).axes
    faces = [to_hex(face) for collection in axes.collections[-1:] for face in collection.get_facecolor()]
    assert faces == [looks(["a"])["a"][0], "#ffffff"]
