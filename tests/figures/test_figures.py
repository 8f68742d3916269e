"""Figures and style: files, colours and markers, learning curves, gallery of saliency maps."""

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figures_study import texts, write_small
from PIL import Image
from synthetic_results import EIGHT

from analysis.drawing import sheets
from analysis.drawing.panels import save
from analysis.drawing.style import WRONG, looks, looks_with_baselines, short_names, use_style
from analysis.explanations.gradcam_summary import summarise
from analysis.figures import figures, training
from analysis.figures.gradcam import ROWS_A_PAGE, gallery, n_pages
from analysis.tidy import read_table
from benchmarks.errors import BadInput


@pytest.fixture(autouse=True)
def style():
    use_style()
    yield
    plt.close("all")


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_small(tmp_path)


def test_each_architecture_has_its_own_colour_and_marker_in_any_order():
    names = [f"a{i:02d}" for i in range(49)]
    assert looks(names) == looks(names[::-1])
    assert len(set(looks(names).values())) == 49
    # Eleven architectures and baselines differ by marker alone.
    assert len({marker for _, marker in looks_with_baselines(names[:7]).values()}) == 11
    assert WRONG not in {colour for colour, _ in looks(names).values()}


def test_short_names_of_classes_differ():
    assert short_names(EIGHT)["Density2Malignant"] == "D2M"
    assert short_names(["Mass", "Muscle"]) == {"Mass": "Mass", "Muscle": "Muscle"}
    assert short_names(["benign", "malignant tumour"])["malignant tumour"] == "malignant…"
    alike = ["malignant cyst", "malignant tumour"]
    assert short_names(alike) == dict(zip(alike, alike, strict=True))


def test_tables_keep_names_as_text(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/per_class.csv").write_text("label,precision\n007,0.5\nNone,\n")
    table = read_table(tmp_path, "per_class")
    assert table["label"].tolist() == ["007", "None"]
    assert table["precision"].isna().tolist() == [False, True]
    with pytest.raises(BadInput, match=r"tables/cells\.csv is missing"):
        read_table(tmp_path, "cells")


@pytest.mark.slow
def test_a_second_run_writes_the_same_bytes(small):
    figures.draw(small)
    folder = small.results() / "figures"
    names = {"headline", "data", "gradcam_shares", "heatmaps", "leakage", "search_by_patient", "shortcuts"}
    names |= {"control", "differences", "learning_patients", "importance", "ranks_by_patient"}
    names |= {"bias_effects", "bias_sanity", "positive_control"}
    names |= {f"bias_{kind}_{architecture}" for kind in ("maps", "changes") for architecture in small.architectures}
    for protocol in small.protocols:
        names |= {f"{kind}_{protocol}" for kind in ("learning", "gradcam", "roc", "reliability", "bias_groups")}
        names |= {f"confusion_{architecture}_{protocol}" for architecture in small.architectures}
    assert {path.name for path in folder.iterdir()} == {f"{name}.{kind}" for name in names for kind in ("svg", "pdf")}
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    figures.draw(small, threads=2)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_images_of_few_colours_are_saved_with_the_same_pixels_in_fewer_bytes(tmp_path):
    grey = sheets.film(np.arange(4096).reshape(64, 64) % 256)
    hot = sheets.heat_map(grey[..., 0], np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1)))
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    sheet = sheets.Sheet(3, 1)
    for place, pixels in enumerate((grey, hot, noise)):
        sheet.picture(place, 0, 1, pixels)
    save(tmp_path / "x", sheet.figure)
    coded = re.findall(r"base64,\s*([^\"]+)", (tmp_path / "x.svg").read_text())
    saved = [Image.open(io.BytesIO(base64.b64decode(text))) for text in coded]
    assert [image.mode for image in saved[:2]] == ["L", "P"]
    for image, pixels in zip(saved, (grey, hot, noise), strict=True):
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), pixels)


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
    axes = training.learning(history, ["a"], "best").axes[0]
    thick = [line for line in axes.lines if line.get_linewidth() == 1.6 and line.get_marker() == "None"]
    assert [line.get_ydata().tolist() for line in thick] == [[3.0, 1.5], [2.0, 2.0]]
    kept = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert kept == [(2, 2.0), (1, 1.0)]


@pytest.mark.parametrize("default_first", [True, False])
def test_search_marks_the_chosen_trial_and_the_default(default_first):
    trials = pd.DataFrame(
        {"architecture": "a", "fold": 0, "trial": ["0", "1", "2"], "best": [False, True, False], "score": [2, 1, None]}
    )
    axes = training.search(trials, ["a"], default_first).axes[0]
    crosses = [line.get_ydata().tolist() for line in axes.lines if line.get_marker() == "x"]
    rings = [line.get_ydata().tolist() for line in axes.lines if line.get_markersize() == 8]
    assert (crosses, rings) == ([[2.0]] if default_first else [], [[1.0]])
    assert "(1 failed of 3 trials)" in axes.get_title(loc="left")


def test_gallery_marks_wrong_and_uncertain_answers_and_only_those(small):
    probes, answers = (read_table(small.results(), name) for name in ("probes", "gradcam"))
    own = [table[table["protocol"] == "by_patient"] for table in (probes, answers)]
    assert len(own[0]) == 4  # one is measured but not shown
    figure, pages = gallery(small, "by_patient", *own)
    said = texts(figure.axes[0])
    titles = [text for text in said if re.search(r"D\d", text)]
    assert titles == [
        *("true: D1B", "? D1B 0.31", "? D1B 0.31"),
        *("true: D2M", "✗ D1B 0.52", "✗ D1B 0.52"),
        *("true: D4M", "D4M 0.52", "D4M 0.52"),
    ]
    assert said.count("layer conv2d_1") == 2 and "no saliency" not in said
    assert len(figure.axes[0].patches) == 2  # frames
    assert len(pages) == n_pages(3) == 1
    assert n_pages(ROWS_A_PAGE + 1) == 2


def test_gallery_marks_empty_maps(small):
    for protocol_maps in (small.results() / "cams").glob("simple.npz"):
        with np.load(protocol_maps) as arrays:
            changed = dict(arrays) | {"by_patient": np.zeros_like(arrays["by_patient"])}
        np.savez_compressed(protocol_maps, **changed)
    own = [read_table(small.results(), name) for name in ("probes", "gradcam")]
    figure, _ = gallery(small, "by_patient", *(t[t["protocol"] == "by_patient"] for t in own))
    assert texts(figure.axes[0]).count("no saliency") == 3


def test_fewer_colours_do_not_change_the_hottest_pixel():
    heat = np.zeros((64, 64), np.float32)
    heat[30:33, 30:33] = 1
    image = np.random.default_rng(0).integers(60, 200, (64, 64)).astype(np.uint8)
    exact, few = sheets.overlay(image, heat), sheets.heat_map(image, heat)
    assert len(np.unique(few.reshape(-1, 3), axis=0)) <= sheets.HUES
    assert np.abs(exact.astype(int) - few).max() < 20


def test_overlay_colours_hot_pixels_only():
    image = np.full((4, 4), 100, np.uint8)
    assert (sheets.overlay(image, np.zeros((4, 4), np.float32)) == 100).all()
    heat = np.zeros((4, 4), np.float32)
    heat[1, 2] = 1
    mixed = sheets.overlay(image, heat)
    hottest = np.array(sheets.HEAT(1.0)[:3]) * 255
    expected = 100 * (1 - sheets.OPACITY) + hottest * sheets.OPACITY
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


def test_only_the_first_of_many_folds_are_drawn_as_noted_in_the_legend():
    rows = [
        {"architecture": "a", "fold": fold, "epoch": epoch, "loss": 1.0, "val_loss": 1.0}
        for fold in range(40)
        for epoch in (1, 2)
    ]
    history = pd.DataFrame(rows).assign(accuracy=0.5, val_accuracy=0.5)
    figure = training.learning(history, ["a"], "last")
    assert len(figure.axes[0].lines) == 2 * (training.DRAWN + 1)
    assert "the first 12 of 40 folds" in figure.legends[0].get_texts()[1].get_text()
