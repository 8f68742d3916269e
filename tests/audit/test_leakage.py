"""Leakage audit: planted faults are reported with the name of the file, and clean splits have no finding."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from PIL import Image
from textures import recompressed, resized, texture, turned
from ultrasound import scan

from analysis.audit import leakage
from analysis.audit.partners import conflicts, partners
from benchmarks.samples.folds import make_folds
from benchmarks.samples.samples import write_samples
from benchmarks.study.study import load_study

N_PATIENTS = 12


def save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Study of twelve patients with two sources each, an original and a turned copy; folds by patient, no leakage."""
    monkeypatch.chdir(tmp_path)
    rows = []
    for patient in range(N_PATIENTS):
        for view in "lr":
            source, label = f"{patient:02}{view}", "ab"[patient % 2]
            original = texture(2 * patient + (view == "r"))
            for name, image in ((f"{source}.png", original), (f"{source}-turned.png", turned(original, 60))):
                save(tmp_path / "images" / name, image)
                rows.append({"file": name, "label": label, "source": source, "patient": f"p{patient}"})
    content = {
        "description": "Planted faults.",
        "seed": 1,
        "dataset": {"name": "image_folder", "title": "t", "citation": "c", "licence": "l"},
        "image_size": 32,
        "protocols": ["by_patient"],
        "folds": 2,
        "architectures": {"simple": {}},
    }
    (tmp_path / "faults.yaml").write_text(yaml.safe_dump(content))
    pd.DataFrame(rows).to_csv("images/manifest.csv", index=False)
    return load_study("faults.yaml", "images/manifest.csv")


def change_manifest(change) -> None:
    table = pd.read_csv("images/manifest.csv", dtype=str)
    change(table)
    table.to_csv("images/manifest.csv", index=False)


def audited(study, change=lambda folds, samples: folds) -> dict[str, pd.DataFrame]:
    """Return the tables of the audit, with the folds of the protocol after `change`."""
    write_samples(study, study.results())
    samples = pd.read_parquet(study.results() / "samples.parquet")
    folds = change(make_folds("by_patient", samples, study), samples)
    (study.results() / "folds").mkdir()
    folds.to_parquet(study.results() / "folds/by_patient.parquet")
    leakage.audit(study)
    return {
        name: pd.read_csv(study.results() / f"tables/{name}.csv", dtype={"value": str, "partner_value": str})
        for name in ("leakage", "leakage_pairs", "conflicts")
    }


def test_a_clean_split_has_no_leakage(study):
    tables = audited(study)
    table = tables["leakage"]
    assert list(table) == ["protocol", "fold", "kind", "part_a", "part_b", "n_b", "n_flagged", "share", "code"]
    assert len(table) == 2 * 3 * 5 and (table["n_flagged"] == 0).all() and (table["share"] == 0).all()
    assert tables["leakage_pairs"].empty and tables["conflicts"].empty


def test_an_image_moved_from_train_to_test_is_named(study):
    moved = "03l-turned.png"

    def plant(folds, samples):
        """Put the copy of a training image into the test part of the same fold."""
        train = folds[(folds["part"] == "train") & (folds["sample"] == "03l.png")]
        return pd.concat([folds, train.assign(sample=moved, part="test")])

    tables = audited(study, plant)
    pairs = tables["leakage_pairs"]
    fold = pairs["fold"].iloc[0]
    kinds = pairs[pairs["part_a"] == "train"].set_index("kind")
    assert kinds["code"].to_dict() == {
        "shared_patient": "LEAK003", "shared_source": "LEAK004", "near_duplicate": "LEAK002"
    }  # fmt: skip
    assert set(kinds.index) == {"shared_patient", "shared_source", "near_duplicate"}
    assert set(kinds["sample_b"]) == {moved} and set(kinds["part_b"]) == {"test"}
    assert kinds.loc["near_duplicate", ["sample_a", "transform"]].tolist() == ["03l.png", "turned by 60 degrees"]
    table = tables["leakage"]
    row = table[(table["fold"] == fold) & (table["part_a"] == "train") & (table["part_b"] == "test")].set_index("kind")
    assert row["n_flagged"].to_dict() == {
        "shared_patient": 1, "shared_source": 1, "pixel_identical": 0, "near_duplicate": 1, "same_scan": 0
    }  # fmt: skip
    assert row.loc["near_duplicate", "share"] == pytest.approx(1 / row["n_b"].iloc[0], rel=1e-3)


def test_a_copy_under_another_name_is_found_from_its_pixels(study):
    """The copy has another patient and source, and is mirrored, turned, smaller and JPEG."""
    copy = recompressed(resized(turned(texture(0)[:, ::-1], 77), 100), 80)
    save(Path("images/new.png"), copy)

    def plant(table):
        table.loc[len(table)] = ["new.png", "a", "new", "new"]

    change_manifest(plant)

    def split(folds, samples):
        train = folds[(folds["part"] == "train") & (folds["sample"] == "00l.png")]
        return pd.concat([folds[folds["sample"] != "new.png"], train.assign(sample="new.png", part="test")])

    tables = audited(study, split)
    pairs = tables["leakage_pairs"]
    found = pairs[pairs["part_a"] == "train"]
    assert found[["kind", "sample_a", "sample_b"]].to_numpy().tolist() == [["near_duplicate", "00l.png", "new.png"]]
    words = found["transform"].item()
    assert words.startswith("mirrored, turned by 77") and words.endswith("rescaled from 128 to 100 px")
    assert set(tables["conflicts"]["sample"]) >= {"new.png"}


def test_a_patient_split_across_folds_is_named(study):
    def plant(folds, samples):
        fold = folds["fold"] == 0
        split = folds[fold & (folds["part"] == "train") & folds["sample"].str.endswith("r.png")].index[0]
        folds.loc[split, "part"] = "test"
        plant.sample = folds.loc[split, "sample"]
        return folds

    tables = audited(study, plant)
    pairs = tables["leakage_pairs"]
    assert set(pairs["kind"]) == {"shared_patient"}
    row = pairs[pairs["part_a"] == "train"].iloc[0]
    assert (row["part_b"], row["sample_b"]) == ("test", plant.sample)
    assert row["sample_a"] == plant.sample.replace("r.png", "l.png")


def test_swapped_labels_are_named(study):
    """Two files are exchanged, so that their pixels contradict the manifest."""
    one, other = Path("images/00l-turned.png"), Path("images/01l-turned.png")
    one.rename("images/x")
    other.rename(one)
    Path("images/x").rename(other)

    def all_in_use(folds, samples):
        rest = samples[~samples["sample"].isin(folds["sample"])]["sample"]
        return pd.concat([folds, pd.DataFrame({"sample": rest, "fold": 0, "part": "train", "repeat": 0})])

    table = audited(study, all_in_use)["conflicts"]
    labels = table[table["column"] == "label"].set_index("sample")
    assert set(labels["code"]) == {"LABEL001"}
    assert {one.name, other.name} <= set(labels.index)
    assert labels.loc[one.name, ["value", "partner", "partner_value"]].tolist() == ["a", "01l.png", "b"]


def test_unknown_patients_are_not_evaluable_instead_of_clean(study):
    change_manifest(lambda table: table.drop(columns="patient", inplace=True))
    content = yaml.safe_load(Path("faults.yaml").read_text()) | {"protocols": ["by_source"]}
    Path("faults.yaml").write_text(yaml.safe_dump(content))
    study = load_study("faults.yaml", "images/manifest.csv")
    write_samples(study, study.results())
    samples = pd.read_parquet(study.results() / "samples.parquet")
    (study.results() / "folds").mkdir()
    make_folds("by_source", samples, study).to_parquet(study.results() / "folds/by_source.parquet")
    leakage.audit(study)
    table = pd.read_csv(study.results() / "tables/leakage.csv").set_index("kind")
    assert table.loc["shared_patient", ["n_flagged", "share"]].isna().all(axis=None)
    assert (table.loc["shared_source", "n_flagged"] == 0).all()


def test_partners_and_conflicts_of_a_small_example():
    samples = pd.DataFrame(
        {
            "sample": list("abcd"), "patient": ["p", "q", "p", None], "source": ["s", "t", "u", None],
            "md5": ["1", "2", "3", "2"], "label": ["x", "x", "x", "y"],
        }
    )  # fmt: skip
    one_way = pd.DataFrame({"sample_a": ["a", "b", "a"], "sample_b": ["d", "d", "b"]})
    one_way = one_way.assign(similarity=[1.0, 0.99, 0.8], mirrored=[True, False, False], kind="copy")
    one_way = one_way.assign(identical=[False, True, False])
    scan = {"sample_a": ["a"], "sample_b": ["c"], "similarity": 0.7, "mirrored": False, "kind": "same_scan"}
    frames = pd.DataFrame(scan | {"identical": False})
    both = pd.concat([one_way, frames])
    pairs = pd.concat([both, both.rename(columns={"sample_a": "sample_b", "sample_b": "sample_a"})])
    found = partners(samples[:2], samples[2:], pairs)
    # The identical partner is preferred to a more similar one.
    assert found[["kind", "sample_a", "sample_b"]].to_numpy().tolist() == [
        ["near_duplicate", "b", "d"], ["pixel_identical", "b", "d"], ["same_scan", "a", "c"],
        ["shared_patient", "a", "c"],
    ]  # fmt: skip
    pairs = pairs[pairs["kind"] == "copy"]
    suspects = conflicts(samples, pairs)
    labels = suspects[suspects["column"] == "label"]
    assert labels[["sample", "n_agree", "n_disagree", "partner"]].to_numpy().tolist() == [["d", 0, 2, "b"]]
    assert suspects[suspects["column"] == "source"]["sample"].tolist() == ["a", "b"]


def command(*arguments: object) -> subprocess.CompletedProcess:
    words = [sys.executable, "-m", "analysis.leakage", *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True)


def test_two_folders(tmp_path):
    for seed in range(4):
        save(tmp_path / f"train/a/{seed}.png", texture(seed))
        save(tmp_path / f"test/b/{seed}.pgm", texture(10 + seed))
    clean = command(tmp_path / "train", tmp_path / "test", "--out", tmp_path / "out")
    assert clean.returncode == 0 and "No leak found: 0 of 4" in clean.stdout
    assert pd.read_csv(tmp_path / "out/leakage_pairs.csv").empty

    save(tmp_path / "test/b/flip.jpg", turned(texture(2)[:, ::-1], 33))
    (tmp_path / "test/notes.txt").write_text("x")
    leaky = command(tmp_path / "train", tmp_path / "test", "--out", tmp_path / "out")
    assert leaky.returncode == 1 and "LEAK: 1 of 5 test images (20.0%)" in leaky.stdout
    assert "notes.txt" in leaky.stdout and "Under two labels" in leaky.stdout
    (pair,) = pd.read_csv(tmp_path / "out/leakage_pairs.csv").to_dict("records")
    assert (
        pair["code"] == "LEAK002" and pair["test_file"].endswith("flip.jpg") and pair["train_file"].endswith("a/2.png")
    )
    assert pair["mirrored"] and abs(pair["rotation"] - 33) < 1
    page = (tmp_path / "out/leakage.html").read_text()
    assert "flip.jpg" in page and "LEAK002" in page and "LABEL001" in page and "data:image/png;base64," in page


def test_folders_that_cannot_be_compared(tmp_path):
    save(tmp_path / "train/1.png", texture(1))
    (tmp_path / "broken").mkdir()
    for name in ("one.png", "two.png"):
        (tmp_path / "broken" / name).write_bytes(b"")
    (tmp_path / "empty").mkdir()
    for test, words in (
        ("broken", ["one.png: the file is empty", "two.png: the file is empty"]),
        ("empty", ["0 files, none of them an image"]),
        ("none", ["no such folder"]),
        (".", ["lies inside"]),
    ):
        run = command(tmp_path / "train", tmp_path / test)
        assert run.returncode == 2 and "Traceback" not in run.stderr
        assert all(word in run.stderr for word in words)
    assert command(tmp_path / "train").returncode == 2


@pytest.mark.slow
def test_leakage_of_the_published_split_equals_the_counts_by_hand(tmp_path, monkeypatch, real_zip):
    """All validation and test files have a near duplicate; 830, 30 and 12 are pixel-identical, counted by hand."""
    monkeypatch.chdir(tmp_path)
    study = load_study(str(ROOT / "tests/studies/real.yaml"), str(real_zip))
    write_samples(study, study.results())
    samples = pd.read_parquet(study.results() / "samples.parquet")
    (study.results() / "folds").mkdir()
    for protocol in study.protocols:
        make_folds(protocol, samples, study).to_parquet(study.results() / f"folds/{protocol}.parquet")
    leakage.audit(study)
    table = pd.read_csv(study.results() / "tables/leakage.csv")
    published = table[table["protocol"] == "published"].set_index(["kind", "part_a", "part_b"])["n_flagged"]
    for kind in ("shared_source", "near_duplicate", "shared_patient"):
        assert published[kind, "train", "validation"] == 1526 and published[kind, "train", "test"] == 42
    assert published["pixel_identical", "train", "validation"] == 830
    assert published["pixel_identical", "train", "test"] == 30
    assert published["pixel_identical", "validation", "test"] == 12
    honest = table[table["protocol"] != "published"]
    by_design = (honest["protocol"] == "by_source") & (honest["kind"] == "shared_patient")
    assert (honest.loc[~by_design, "n_flagged"] == 0).all() and honest.loc[by_design, "n_flagged"].sum() > 0
    pairs = pd.read_csv(study.results() / "tables/leakage_pairs.csv", dtype={"source_a": str, "source_b": str})
    near = pairs[pairs["kind"] == "near_duplicate"]
    assert (near["source_a"] == near["source_b"]).all()


def test_crops_and_frames_of_one_scan_in_two_folders(tmp_path):
    for patient in range(3):
        save(tmp_path / f"train/{patient}.png", scan(patient, 400))
    save(tmp_path / "test/crop.png", scan(0, 400)[50:350, 40:380])
    save(tmp_path / "test/frame.png", scan(1, 400, 0.006, 0.05, frame=1))
    save(tmp_path / "test/other.png", scan(9, 400))
    run = command(tmp_path / "train", tmp_path / "test", "--out", tmp_path / "out")
    assert run.returncode == 1 and "LEAK: 2 of 3 test images" in run.stdout
    pairs = pd.read_csv(tmp_path / "out/leakage_pairs.csv").set_index("code")
    assert pairs.loc["LEAK002", "transform"].startswith("cropped to 64 %, zoomed by 1.18")
    assert pairs.loc["LEAK005", "transform"].startswith("same scan")
    assert [Path(name).name for name in pairs["train_file"]] == ["0.png", "1.png"]
