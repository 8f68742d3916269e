"""Shortcut audit: planted shortcuts are found under their name, and clean data have none."""

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from textures import texture

from analysis.audit import shortcuts
from analysis.audit.shortcut_features import in_square, outside
from benchmarks.samples.folds import make_folds
from benchmarks.samples.samples import write_samples
from benchmarks.study.study import load_study

pytestmark = pytest.mark.slow

N_PATIENTS = 20


def prepared(place, content, data=None):
    (place / "data.yaml").write_text(yaml.safe_dump(content))
    study = load_study("data.yaml", data)
    write_samples(study, study.results())
    samples = pd.read_parquet(study.results() / "samples.parquet")
    (study.results() / "folds").mkdir()
    for protocol in study.protocols:
        make_folds(protocol, samples, study).to_parquet(study.results() / f"folds/{protocol}.parquet")
    return study


BASE = {"description": "d", "seed": 1, "image_size": 32, "folds": 2, "architectures": {"simple": {}}, "bootstrap": 200}


@pytest.mark.slow
def test_order_of_published_copies_predicts_the_severity(tmp_path, monkeypatch):
    """Phantoms are turned like the published copies, forwards if malignant; enhanced ones have a grey background."""
    monkeypatch.chdir(tmp_path)
    dataset = {"name": "phantom", "patients": 24, "side": 64}
    study = prepared(tmp_path, BASE | {"dataset": dataset, "protocols": ["published", "by_patient"]})
    table = shortcuts.audit(study, 2)
    assert list(table) == shortcuts.COLUMNS
    rows = table.set_index(["probe", "task", "protocol"]).sort_index()
    for protocol in study.protocols:
        assert rows.loc[("copy_order", "severity", protocol), "estimate"] > 0.95
        assert rows.loc[("copy_order", "severity", protocol), "verdict"] == shortcuts.SHORTCUT
        assert rows.loc[("background", "variant", protocol), "estimate"] > 0.95
    assert rows.loc[("copy_number", "severity", "by_patient"), "verdict"] == shortcuts.CHANCE
    assert rows.loc[("file_size", "all", "published"), "verdict"].startswith("not evaluable")
    # The position of the breast identifies the source, and so predicts the class under a split by files.
    lies = rows.loc["orientation"].loc["class8"]["estimate"]
    assert lies["published"] > lies["by_patient"] + 0.2
    evaluable = table.dropna(subset=["estimate"])
    assert (evaluable["ci_low"] <= evaluable["estimate"] + 0.02).all() and (evaluable["n_units"] >= 20).all()


@pytest.mark.parametrize("marked", [True, False])
def test_a_mark_in_the_corner_is_a_shortcut(tmp_path, monkeypatch, marked):
    monkeypatch.chdir(tmp_path)
    rows = []
    (tmp_path / "images").mkdir()
    for patient in range(N_PATIENTS):
        for view in "lr":
            image = texture(2 * patient + (view == "r"), 64).copy()
            label = "ab"[patient % 2]
            image[:4, :4] = 255 if marked and label == "b" else 0
            Image.fromarray(image).save(tmp_path / f"images/{patient}{view}.png")
            rows.append({"file": f"{patient}{view}.png", "label": label, "source": f"{patient}{view}"})
            rows[-1]["patient"] = str(patient)
    pd.DataFrame(rows).to_csv("images/manifest.csv", index=False)
    dataset = {"name": "image_folder", "title": "t", "citation": "c", "licence": "l"}
    content = BASE | {"dataset": dataset, "protocols": ["by_patient"]}
    table = shortcuts.audit(prepared(tmp_path, content, "images/manifest.csv"), 2).set_index(["probe", "protocol"])
    found = table.loc["corners", "by_patient"]
    assert found["verdict"] == (shortcuts.SHORTCUT if marked else shortcuts.CHANCE)
    assert (found["estimate"] == 1) == marked and found["unit"] == "patients" and found["n_units"] == N_PATIENTS
    assert "not evaluable" in table.loc[("corners", "published"), "verdict"]
    assert np.isfinite(table.loc[("file_size", "by_patient"), "estimate"])
    assert "no source has several" in table.loc[("copy_order", "by_patient"), "verdict"]


@pytest.mark.parametrize(("copied", "probed"), [(0, 20), (10, 30), (20, 20)])
def test_only_copies_are_probed_if_every_source_has_copies(tmp_path, monkeypatch, copied, probed):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    rows = []
    for patient in range(N_PATIENTS):
        for copy in range(1 + (patient < copied)):
            Image.fromarray(texture(patient, 32)).save(tmp_path / f"images/{patient}_{copy}.png")
            rows.append({"file": f"{patient}_{copy}.png", "label": "ab"[patient % 2], "source": str(patient)})
            rows[-1]["patient"] = str(patient)
    pd.DataFrame(rows).to_csv("images/manifest.csv", index=False)
    content = BASE | {"dataset": {"name": "image_folder"}, "protocols": ["by_patient"]}
    samples = shortcuts.Audit(prepared(tmp_path, content, "images"), 1).samples
    assert len(samples) == probed and samples["source"].nunique() == N_PATIENTS


@pytest.mark.parametrize("planted", ["marker outside", "marker inside", "outline"])
def test_probe_outside_finds_markers_outside_the_breast_only(tmp_path, monkeypatch, planted):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    rows = []
    for patient in range(N_PATIENTS):
        for view in "lr":
            label, seed = "ab"[patient % 2], 2 * patient + (view == "r")
            breast = ellipse(64, *((0.6, 0.3) if planted == "outline" and label == "b" else (0.5, 0.45)))
            image = np.where(breast, 80 + texture(seed, 64) // 3, 20).astype(np.uint8)
            if label == "b" and planted.startswith("marker"):
                left = 54 if planted == "marker outside" else 8
                image[30:36, left : left + 6] = 220
            Image.fromarray(image).save(tmp_path / f"images/{seed}.png")
            rows.append({"file": f"{seed}.png", "label": label, "source": str(seed), "patient": str(patient)})
    pd.DataFrame(rows).to_csv("images/manifest.csv", index=False)
    dataset = {"name": "image_folder", "title": "t", "citation": "c", "licence": "l"}
    content = BASE | {"dataset": dataset, "protocols": ["by_patient"]}
    table = shortcuts.audit(prepared(tmp_path, content, "images/manifest.csv"), 2)
    table = table[table["protocol"] == "by_patient"].set_index("probe")
    found = planted == "marker outside"
    assert table.loc["outside", "verdict"] == (shortcuts.SHORTCUT if found else shortcuts.CHANCE)
    assert (table.loc["outside", "estimate"] == 1) == found
    # The whole image predicts the label in all three cases.
    assert table.loc["thumbnail", "verdict"] == shortcuts.SHORTCUT


def ellipse(side, width, height):
    """Return a breast at the left edge, bool (side, side); `width` and half the height are fractions of the side."""
    y, x = np.mgrid[:side, :side] / side
    return (x / width) ** 2 + ((y - 0.5) / height) ** 2 < 1


@pytest.mark.parametrize("noise", [0, 3, 12])
@pytest.mark.parametrize("background", [0, 30])
def test_probe_outside_does_not_depend_on_the_shape_of_the_breast(background, noise):
    """The skin around the mask is brighter than the background, which may be noisy or clipped at black."""
    rng = np.random.default_rng(0)
    seen = []
    for shape in ((0.5, 0.45), (0.6, 0.3)):
        grown = ellipse(128, shape[0] + 0.02, shape[1] + 0.02)
        pixels = np.where(grown, 90, background) + np.where(ellipse(128, *shape), 60, 0)
        pixels = pixels + rng.normal(0, noise, pixels.shape)
        pixels[4:12, 110:124] = 230
        seen.append(outside(np.clip(pixels, 0, 255).astype(np.uint8), ellipse(64, *shape)))
    one, other = np.reshape(seen, (2, 32, 32))
    assert min(one[1:3, 28:31].min(), other[1:3, 28:31].min()) > 0.6
    assert np.abs(one - other).max() < 0.1 and abs(one.mean() - other.mean()) < 0.001


def test_black_corners_of_an_enhanced_image_do_not_show_the_breast():
    y, x = np.mgrid[:64, :64]
    pixels = np.where(x + y < 20, 0, 23).astype(np.uint8)
    breasts = ellipse(64, 0.5, 0.45), ellipse(64, 0.6, 0.6)
    one, other = (outside(np.where(breast, 150, pixels).astype(np.uint8), breast) for breast in breasts)
    assert one == other == [0.0] * 32**2


def test_features_outside_are_zero_without_breast_or_background():
    image, everything = texture(1, 64), np.ones((64, 64), bool)
    assert outside(image, ~everything) == outside(image, everything) == [0.0] * 32**2
    assert outside(np.full((64, 64), 51, np.uint8), ellipse(64, 0.5, 0.45)) == [0.0] * 32**2


def test_the_mask_is_cut_to_the_central_square():
    mask = np.zeros((60, 60), bool)
    mask[:, 20:40] = True
    assert in_square(mask, (100, 300)).all()
    assert (in_square(mask, (224, 224)) == mask).all()
    assert not in_square(mask, (300, 100))[:, :20].any()
