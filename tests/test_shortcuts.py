"""The shortcut audit: planted shortcuts are found, and named; clean data show none."""

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from textures import texture

from analysis import shortcuts
from benchmarks.protocols import PROTOCOLS
from benchmarks.samples import write_samples
from benchmarks.study import load_study

N_PATIENTS = 20


def prepared(place, content, data=None):
    (place / "data.yaml").write_text(yaml.safe_dump(content))
    study = load_study("data.yaml", data)
    write_samples(study, study.results())
    samples = pd.read_parquet(study.results() / "samples.parquet")
    (study.results() / "folds").mkdir()
    for protocol in study.protocols:
        PROTOCOLS[protocol](samples, study).to_parquet(study.results() / f"folds/{protocol}.parquet")
    return study


BASE = {"description": "d", "seed": 1, "image_size": 32, "folds": 2, "architectures": {"simple": {}}, "bootstrap": 200}


def test_copies_in_the_published_order_give_away_the_severity(tmp_path, monkeypatch):
    """Phantoms are turned as the published copies are, forwards if malignant; enhanced ones have a grey background."""
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
    # Where a breast lies tells which source it is, so under a split by files it tells the class.
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
