import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from synthetic_results import EIGHT, write_results

from analysis import figures, figures_gradcam, figures_scores, figures_training
from analysis.gradcam_summary import summarise
from analysis.style import looks, short_names, use_style
from analysis.tidy import read_table
from benchmarks.errors import BadInput
from benchmarks.study import load_study

THREE = ("Density1Benign", "Density2Malignant", "Density4Malignant")


@pytest.fixture(autouse=True)
def style():
    use_style()
    yield
    plt.close("all")


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_results(
        tmp_path, architectures=("simple", "vgg16"), classes=THREE, protocols=("published", "by_patient"), n_folds=2
    )
    return load_study(str(path))


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_each_architecture_has_its_own_look_whatever_the_order():
    names = [f"a{i:02d}" for i in range(49)]
    assert looks(names) == looks(names[::-1])
    assert len(set(looks(names).values())) == 49


def test_short_names_tell_classes_apart():
    assert short_names(EIGHT)["Density2Malignant"] == "D2M"
    assert short_names(["Mass", "Muscle"]) == {"Mass": "Mass", "Muscle": "Muscle"}
    assert short_names(["benign", "malignant tumour"])["malignant tumour"] == "malignant…"


def test_tables_keep_names_as_text(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/per_class.csv").write_text("label,precision\n007,0.5\nNone,\n")
    table = read_table(tmp_path, "per_class")
    assert table["label"].tolist() == ["007", "None"]
    assert table["precision"].isna().tolist() == [False, True]
    with pytest.raises(BadInput, match=r"tables/cells\.csv is missing"):
        read_table(tmp_path, "cells")


def test_every_figure_is_drawn_the_same_twice(small):
    figures.draw(small)
    folder = small.results() / "figures"
    names = {"headline", "data", "gradcam_shares", "heatmaps", "leakage", "search_by_patient", "shortcuts"}
    names |= {"control", "differences", "learning_patients", "importance", "ranks_by_patient"}
    names |= {"bias_effects", "bias_sanity"}
    names |= {f"bias_{kind}_{architecture}" for kind in ("maps", "changes") for architecture in small.architectures}
    for protocol in small.protocols:
        names |= {f"{kind}_{protocol}" for kind in ("learning", "gradcam", "roc", "reliability", "bias_groups")}
        names |= {f"confusion_{architecture}_{protocol}" for architecture in small.architectures}
    assert {path.name for path in folder.iterdir()} == {f"{name}.{kind}" for name in names for kind in ("svg", "pdf")}
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    figures.draw(small)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_headline_draws_estimate_interval_and_majority(small):
    table = read_table(small.results(), "headline")
    table.loc[(table["architecture"] == "vgg16") & (table["protocol"] == "by_patient"), "accuracy"] = np.nan
    axes = figures_scores.headline(table, list(small.architectures), small.protocols).axes[0]
    published = table[(table["architecture"] == "simple") & (table["protocol"] == "published")].iloc[0]
    first_row = [line for line in axes.lines if line.get_ydata()[0] == 0]
    majority, whisker, dot = first_row
    assert majority.get_xdata()[0] == published["majority_accuracy"]
    assert list(whisker.get_xdata()) == [published["ci_low"], published["ci_high"]]
    assert dot.get_xdata()[0] == published["accuracy"]
    assert to_hex(dot.get_markerfacecolor()) == "#ffffff"
    assert "0.98  (0.89 to 1.00)" in texts(axes)
    assert texts(axes).count("not evaluable") == 1


def test_confusion_shows_counts_and_shares_of_the_true_class():
    table = pd.DataFrame({"label": ["a", "b"], "a": [3, 0], "b": [1, 0]})
    axes = figures_scores.confusion(table, "x").axes[0]
    assert sorted(texts(axes)) == ["1", "25%", "3", "75%"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a (4)", "b (0)"]


def test_a_name_with_dollars_is_no_formula():
    table = pd.DataFrame({"label": ["$a_", "b$"], "$a_": [3, 0], "b$": [1, 2]})
    figure = figures_scores.confusion(table, "$x$ & <y>")
    figure.draw_without_rendering()
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["$a_", "b$"]


def test_mean_learning_curve_ends_with_the_shortest_fold():
    history = pd.DataFrame(
        {
            "architecture": "a",
            "fold": [0, 0, 0, 1, 1],
            "epoch": [1, 2, 3, 1, 2],
            "loss": [4.0, 2.0, 1.0, 2.0, 1.0],
            "accuracy": 0.5,
            "val_loss": [3.0, 2.0, 2.5, 1.0, 2.0],
            "val_accuracy": 0.4,
        }
    )
    axes = figures_training.learning(history, ["a"], "best").axes[0]
    thick = [line for line in axes.lines if line.get_linewidth() == 1.6 and line.get_marker() == "None"]
    assert [line.get_ydata().tolist() for line in thick] == [[3.0, 1.5], [2.0, 2.0]]
    kept = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert kept == [(2, 2.0), (1, 1.0)]


@pytest.mark.parametrize("default_first", [True, False])
def test_search_marks_the_chosen_trial_and_the_default(default_first):
    trials = pd.DataFrame(
        {"architecture": "a", "fold": 0, "trial": ["0", "1", "2"], "best": [False, True, False], "score": [2, 1, None]}
    )
    axes = figures_training.search(trials, ["a"], default_first).axes[0]
    crosses = [line.get_ydata().tolist() for line in axes.lines if line.get_marker() == "x"]
    rings = [line.get_ydata().tolist() for line in axes.lines if line.get_markersize() == 8]
    assert (crosses, rings) == ([[2.0]] if default_first else [], [[1.0]])
    assert "1 of 3 trials failed" in axes.get_title(loc="left")


def test_gallery_marks_wrong_and_uncertain_answers_and_only_those(small):
    probes, answers = (read_table(small.results(), name) for name in ("probes", "gradcam"))
    own = [table[table["protocol"] == "by_patient"] for table in (probes, answers)]
    assert len(own[0]) == 4  # one is measured but not shown
    figure, pages = figures_gradcam.gallery(small, "by_patient", *own)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [
        *("true: D1B", "? D1B 0.31", "? D1B 0.31"),
        *("true: D2M", "✗ D1B 0.52", "✗ D1B 0.52"),
        *("true: D4M", "D4M 0.52", "D4M 0.52"),
    ]
    assert texts(figure).count("layer conv2d_1") == 2
    assert len(pages) == figures_gradcam.n_pages(3) == 1
    assert figures_gradcam.n_pages(figures_gradcam.ROWS_A_PAGE + 1) == 2


def test_overlay_leaves_cold_pixels_and_colours_hot_ones():
    image = np.full((4, 4), 100, np.uint8)
    assert (figures_gradcam.overlay(image, np.zeros((4, 4), np.float32)) == 100).all()
    heat = np.zeros((4, 4), np.float32)
    heat[1, 2] = 1
    mixed = figures_gradcam.overlay(image, heat)
    hottest = np.array(figures_gradcam.HEAT(1.0)[:3]) * 255
    expected = 100 * (1 - figures_gradcam.OPACITY) + hottest * figures_gradcam.OPACITY
    assert np.abs(mixed[1, 2] - expected).max() <= 1
    assert (mixed[3, 0] == 100).all()


def test_summary_of_heat_is_the_mean_over_probes():
    answers = pd.DataFrame(
        {
            "architecture": "a",
            "protocol": "p",
            "probe": [0, 1, 2],
            "heat_in_breast": [0.9, 0.7, None],
            "area_of_breast": [0.5, 0.3, 0.4],
            "heat_in_lesion": None,
            "area_of_lesion": None,
            "note": ["not evaluable: no lesion box"] * 2 + ["not evaluable: zero map"],
        }
    )
    probes = pd.DataFrame({"protocol": "p", "probe": [0, 1, 2], "patient": ["x", "y", "z"], "source": ["s", "t", "u"]})
    breast, lesion = summarise(answers, probes, 1, 200).to_dict("records")
    assert (breast["n_probes"], breast["n_units"], breast["unit"]) == (2, 2, "patients")
    assert breast["heat"] == pytest.approx(0.8) and breast["area"] == pytest.approx(0.4)
    # Both probes differ by 0.4, so every resample does.
    assert [breast[key] for key in ("difference", "ci_low", "ci_high")] == pytest.approx([0.4] * 3)
    assert breast["note"] == "1 of 3 probes: not evaluable: zero map"
    assert lesion["n_probes"] == 0 and np.isnan(lesion["heat"])
    assert "2 of 3 probes: not evaluable: no lesion box" in lesion["note"]
