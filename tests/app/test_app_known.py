"""Films of training and validation are recognised among uploads, under changes too; other films are not."""

import shutil

import numpy as np
import pandas as pd
import pytest
from skimage import exposure
from textures import recompressed, resized, turned

pytest.importorskip("fastapi", reason="fastapi is not installed: make app")

from fastapi.testclient import TestClient

from app.api import create_app
from app.export import export
from app.model import known
from app.model.choose import ServedCell
from app.model.known import FILE, KnownFilms, known_films
from app.model.picture import png
from app.page import parts as page_parts
from app.settings import Settings
from benchmarks import datasets
from benchmarks.copies import rigid
from benchmarks.datasets import mendeley_inbreast
from benchmarks.datasets._files import resize

SIDE = 64  # pixels of the phantoms of the cell
PHANTOM = {"patients": 40, "side": SIDE}


def natives(cell: ServedCell, part: str) -> list[np.ndarray]:
    """Return the films of one part of the cell, uint8 (64, 64)."""
    phantom = datasets.adapter("phantom")
    dataset = phantom.load(phantom.OPTIONS | PHANTOM, None, 3)
    return [dataset.native(row) for row in cell.samples.loc[cell.samples["part"] == part, "row"]]


@pytest.fixture(scope="module")
def cell(trained_cell) -> ServedCell:
    return ServedCell(trained_cell)


@pytest.fixture(scope="module")
def films(cell) -> KnownFilms:
    return known_films(cell)


def enhanced(film: np.ndarray) -> np.ndarray:
    return np.round(exposure.equalize_adapthist(film, clip_limit=0.02) * 255).astype(np.uint8)


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_changed_copy_is_recognised_with_its_part_and_transform(cell, films, part):
    for film in natives(cell, part)[:8]:
        found = films.find(film)
        assert (found.part, found.similarity, found.identical_pixels) == (part, 1.0, True)
        found = films.find(turned(enhanced(film[:, ::-1]), 40))
        assert found.part == part and found.mirrored and not found.identical_pixels
        assert found.rotation == pytest.approx(40, abs=2) and rigid.THRESHOLD <= found.similarity <= 1
        found = films.find(recompressed(resized(film, 2 * SIDE), 60))
        assert found.part == part and not found.mirrored and min(found.rotation, 360 - found.rotation) < 2


def test_copies_of_real_films_are_recognised_at_the_least_size(real_zip):
    dataset = mendeley_inbreast.load(mendeley_inbreast.OPTIONS, real_zip, 1)
    originals = [dataset.native(row) for row in dataset.samples.index[dataset.samples["upright"]]]
    spectra = rigid.describe(resize(film, known.LEAST) for film in originals)
    half = len(originals) // 2
    films = KnownFilms(pd.DataFrame({"part": "train", "md5": [""] * half}), spectra[:half], known.LEAST)
    found = [films.find(turned(enhanced(film), 10 * number)) for number, film in enumerate(originals)]
    assert all(found[:half]) and not any(found[half:])


def test_test_films_and_films_of_new_patients_are_not_recognised(cell, films):
    phantom = datasets.adapter("phantom")
    new = phantom.load(phantom.OPTIONS | PHANTOM, None, 77)
    rows = new.samples.index[new.samples["upright"]]
    others = [*natives(cell, "test"), *(new.native(row) for row in rows), np.zeros((SIDE, SIDE), np.uint8)]
    assert len(others) > 80 and not [film for film in others if films.find(film)]


def test_a_film_of_both_parts_was_in_training(cell, films):
    samples = cell.samples[cell.samples["part"].isin(known.PARTS)]
    first = samples.iloc[[0, 0]].assign(part=["validation", "train"])
    both = KnownFilms(first, films.spectra[[0, 0]], films.size)
    film = natives(cell, samples["part"].iloc[0])[0]
    assert both.find(film).part == both.find(turned(film, 90)).part == "train"


def test_the_service_and_its_page_warn(cell):
    with TestClient(create_app(Settings(model=cell.folder, threads=2))) as client:
        film = natives(cell, "train")[0]
        found = client.post("/predict", files={"image_": png(np.rot90(film[:, ::-1]))}).json()
        match = found["known_film"]
        assert found["known_film_check"] == "evaluated" and match["part"] == "train" and match["similarity"] > 0.9
        assert match["transform"] == {"identical_pixels": False, "mirrored": True, "rotation": 90.0}
        assert "was in training: the answer tells nothing" in match["message"]
        warning = page_parts.known(match)
        assert match["message"] in warning and "mirrored and rotated by 90 degrees" in warning
        found = client.post("/predict", files={"image_": png(natives(cell, "validation")[0])}).json()
        assert "used to choose the model" in found["known_film"]["message"]
        assert page_parts.known(found["known_film"]).endswith("All pixels are identical.")
        found = client.post("/predict", files={"image_": png(natives(cell, "test")[0])}).json()
        assert found["known_film_check"] == "evaluated" and found["known_film"] is None
        counts = cell.samples["part"].value_counts()
        expected = {"train": counts["train"], "validation": counts["validation"], "image_size": SIDE}
        assert client.get("/model").json()["known_films"] == expected


def test_a_model_without_descriptions_says_so(cell, tmp_path):
    # The other images of the study have 32 pixels, too few for the search.
    study = shutil.copytree(cell.results, tmp_path / "small")
    (study / "images_64.npy").unlink()
    with TestClient(create_app(Settings(model=study / "cells/simple/by_patient/0", threads=2))) as client:
        film = natives(cell, "train")[0]
        found = client.post("/predict", files={"image_": png(film)}).json()
        assert found["known_film_check"] == "not evaluable" and found["known_film"] is None
        assert known.NOT_EVALUABLE in found["notes"]
        card = client.get("/model").json()
        assert card["known_films"] is None and known.NOT_EVALUABLE in card["notes"]


def test_an_export_answers_alike_without_the_images(cell, tmp_path):
    copy = export(export(cell, tmp_path / "first"), tmp_path / "served")
    assert not list(copy.results.rglob("images_*"))
    shown = np.load(copy.folder / "probes.npy")
    held_out = cell.images[cell.samples.loc[cell.samples["part"] == "test", "row"]]
    assert all((held_out == image).all(axis=(1, 2)).any() for image in shown)
    uploads = [turned(natives(cell, part)[0], 90) for part in ("train", "validation", "test")]
    answers = []
    for one in (cell, copy):
        with TestClient(create_app(Settings(model=one.folder, threads=2))) as client:
            found = [client.post("/predict", files={"image_": png(film)}).json() for film in uploads]
            answers.append([*found, client.get("/model").json(), client.get("/probes/0.png").content])
    assert answers[0] == answers[1]
    parts = [found["known_film"] and found["known_film"]["part"] for found in answers[1][:3]]
    assert parts == ["train", "validation", None]


def test_descriptions_of_other_films_are_not_used(cell, tmp_path):
    copy = export(cell, tmp_path / "served")
    samples = copy.results / "samples.parquet"
    pd.read_parquet(samples).assign(md5="0").to_parquet(samples, index=False)
    assert (copy.folder / FILE).is_file() and known_films(copy) is None
