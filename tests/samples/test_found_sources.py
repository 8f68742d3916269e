"""Sources found from pixels: groups of copies become sources, on small images and on the real films."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from plain_studies import plain_study, study_of_sizes
from textures import recompressed, texture, turned

from benchmarks import datasets
from benchmarks.datasets import image_folder
from benchmarks.errors import BadInput
from benchmarks.protocols import by_source
from benchmarks.samples.found import natural, with_found_sources
from benchmarks.samples.samples import write_samples

FOUND = {"name": "image_folder", **image_folder.OPTIONS, "source": "found"}
AFTER = "Image After Data Augmentation, Image Size 224x224"


@pytest.fixture
def films(tmp_path):
    """Eight originals of two classes, numbered 1, 11, 21, ..., each with two copies, in random order of names."""
    for number in range(8):
        folder = tmp_path / "data" / ("benign" if number % 2 else "malignant")
        folder.mkdir(parents=True, exist_ok=True)
        original = texture(number)
        copies = [original, turned(original[:, ::-1], 70), recompressed(turned(original, 200), 60)]
        for copy, image in enumerate(copies):
            Image.fromarray(image).save(folder / f"image_{10 * number + 3 * copy + 1}.png")
    return tmp_path / "data"


def test_copies_become_one_source_whose_first_file_is_the_original(films, tmp_path):
    write_samples(study_of_sizes(FOUND, (32,), data=films), tmp_path / "out")
    samples = pd.read_parquet(tmp_path / "out/samples.parquet")
    first = {f"image_{10 * number + 1}.png" for number in range(8)}
    assert {Path(name).name for name in samples.query("upright")["sample"]} == first
    assert (samples.groupby("source")["copy"].apply(sorted).map(list) == pd.Series([[1, 2, 3]] * 8).to_numpy()).all()
    assert (samples["upright"] == (samples["folder"] == "before")).all()
    table = pd.read_csv(tmp_path / "out/sources.csv")
    assert (table["n_files"] == 3).all() and table["weakest_link"].between(0.65, 1).all()
    assert (table["source"].to_numpy() == samples["source"].to_numpy()).all()
    assert json.loads((tmp_path / "out/dataset.json").read_text())["sources"] == "found"


def test_by_source_keeps_found_copies_on_one_side(films, tmp_path):
    study = study_of_sizes(FOUND, (32,), data=films)
    write_samples(study, tmp_path / "out")
    samples = pd.read_parquet(tmp_path / "out/samples.parquet")
    folds = by_source.split(samples, plain_study(dataset=FOUND, folds=2))
    source = folds["sample"].map(samples.set_index("sample")["source"])
    assert (folds.assign(source=source).groupby(["fold", "source"])["part"].nunique() == 1).all()
    assert folds.query("part == 'test'")["sample"].nunique() == 8


def test_a_copy_under_another_label_is_refused_by_name(films):
    copy = films / "benign" / "image_900.png"
    Image.fromarray(texture(0)).save(copy)
    with pytest.raises(BadInput, match=r"label: benign/image_900\.png \(benign\) and malignant/image_1\.png"):
        with_found_sources(datasets.load(FOUND, films, 1))


def test_numbers_in_names_sort_by_value():
    assert sorted(["image_10.png", "image_2.png", "a"], key=natural) == ["a", "image_2.png", "image_10.png"]


def test_the_option_is_checked():
    [problem] = datasets.problems({"name": "image_folder", "source": "guessed"})
    assert "dataset.source: 'guessed'" in problem and "known, found" in problem


@pytest.mark.slow
def test_the_anonymous_films_have_the_106_sources_of_their_classes(real_data):
    dataset = datasets.load(FOUND, real_data / "anonymous_mammograms_224.zip", 1)
    found, table = with_found_sources(dataset)
    assert len(table) == 5724 and table["source"].nunique() == 106
    # Three quarters of 72 files a source were given out, drawn within each class: 54 on average.
    counts = found.samples.groupby("label")["source"].agg(["nunique", "size"])
    assert counts["nunique"].tolist() == [12, 30, 4, 32, 13, 8, 6, 1]
    assert (counts["size"] == 54 * counts["nunique"]).all()


@pytest.mark.slow
def test_the_published_files_under_scrambled_names_have_106_sources_of_72_files(real_data, tmp_path):
    order = np.random.default_rng(1).permutation(7632)
    truth = {}
    with zipfile.ZipFile(real_data / "mendeley_x7bvzv6cvr_inbreast_224.zip") as published:
        names = [name for name in published.namelist() if f"/{AFTER}/" in name and name.endswith(".png")]
        with zipfile.ZipFile(tmp_path / "scrambled.zip", "w") as scrambled:
            for number, name in zip(order, names, strict=True):
                label, file = name.split("/")[-2:]
                scrambled.writestr(f"{label}/{number}.png", published.read(name))
                truth[f"{label}/{number}.png"] = file[:8]
    _, table = with_found_sources(datasets.load(FOUND, tmp_path / "scrambled.zip", 1))
    assert table["source"].nunique() == 106 and (table["n_files"] == 72).all()
    assert (table.assign(truth=table["sample"].map(truth)).groupby("source")["truth"].nunique() == 1).all()
