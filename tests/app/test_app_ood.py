"""Out-of-distribution check: refuses other images, and films of new patients at the stated rate."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skimage
from PIL import Image

from app.model.choose import ServedCell
from app.model.ood import QUANTILE, Familiar, statistics
from benchmarks import datasets
from benchmarks.datasets._files import resize

PICTURES = Path(skimage.__file__).parent / "data"
NO_FILMS = ("chelsea.png", "astronaut.png", "coins.png", "text.png", "page.png", "camera.png", "coffee.png", "moon.png")
NO_FILMS += ("retina.jpg", "rocket.jpg", "brick.png", "clock_motion.png", "horse.png", "hubble_deep_field.jpg")
SIDE = 64


def no_films(side: int) -> dict[str, np.ndarray]:
    """Return photographs, pages of text, blank images and noise, uint8 (side, side)."""
    found = {name: np.asarray(Image.open(PICTURES / name).convert("L")) for name in NO_FILMS}
    found |= {f"blank {level}": np.full((side, side), level, np.uint8) for level in (0, 20, 128, 255)}
    rng = np.random.default_rng(0)
    found |= {f"noise to {top}": rng.integers(0, top, (side, side), np.uint8) for top in (40, 255)}
    return {name: resize(image, side) for name, image in found.items()}


@pytest.fixture(scope="module")
def familiar(trained_cell) -> Familiar:
    cell = ServedCell(trained_cell)
    return Familiar.of(cell.samples, cell.images)


def test_other_images_are_out_of_distribution(familiar):
    reasons = {name: familiar.reason(familiar.distance(image)) for name, image in no_films(32).items()}
    assert all(reasons.values()), reasons
    assert "out of distribution" in reasons["chelsea.png"]


def test_films_of_new_patients_pass(familiar, trained_cell):
    phantom = datasets.adapter("phantom")
    new = phantom.load(phantom.OPTIONS | {"patients": 60, "side": 64}, None, 77)
    rows = new.samples.index[new.samples["upright"] & (new.samples["variant"] == "original")]
    passed = [familiar.reason(familiar.distance(new.read(row, 32))) is None for row in rows]
    assert len(rows) > 100 and np.mean(passed) >= QUANTILE - 0.05


def test_check_does_not_use_test_patients(trained_cell):
    cell = ServedCell(trained_cell)
    images = np.array(cell.images)
    images[cell.samples.loc[cell.samples["part"] == "test", "row"]] = 255
    blinded, own = Familiar.of(cell.samples, images), Familiar.of(cell.samples, cell.images)
    assert blinded.threshold == own.threshold
    np.testing.assert_array_equal(blinded.films, own.films)


def test_rotated_and_mirrored_films_have_equal_statistics(trained_cell):
    film = np.array(ServedCell(trained_cell).images[0])
    for other in (np.rot90(film), film[:, ::-1]):
        np.testing.assert_allclose(statistics(film), statistics(np.ascontiguousarray(other)), atol=0.05)


def test_real_films_of_new_patients_pass_and_other_images_do_not(real_data, real_zip):
    sources = pd.read_csv(real_data / "sources.csv", dtype={"source_id": str})
    with zipfile.ZipFile(real_zip) as archive:
        names = {
            name.rsplit("/", 1)[1][:-4]: name
            for name in archive.namelist()
            if "Before" in name and name.endswith(".png")
        }
        films = np.stack(
            [
                resize(np.asarray(Image.open(io.BytesIO(archive.read(names[source]))).convert("L")), SIDE)
                for source in sources["source_id"]
            ]
        )
    patients = sources["patient_id"].fillna(sources["source_id"])
    known = sorted(patients.unique())
    passed = []
    for fold in range(5):
        held_out = patients.isin(known[fold::5])
        samples = pd.DataFrame({"patient": patients, "source": sources["source_id"], "sample": sources["source_id"]})
        samples = samples.assign(part=np.where(held_out, "test", "train"), row=range(len(samples)))
        familiar = Familiar.of(samples, films)
        passed += [familiar.distance(film) <= familiar.threshold for film in films[held_out]]
        assert all(familiar.reason(familiar.distance(image)) for image in no_films(SIDE).values())
    assert np.mean(passed) >= QUANTILE - 0.05
