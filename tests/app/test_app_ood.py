"""Out-of-distribution check: refuses other images, and films of new patients at the stated rate."""

import numpy as np
import pytest

from app.model.choose import ServedCell
from app.model.ood import QUANTILE, Familiar, statistics
from app.ood_quality import measure, pictures
from benchmarks import datasets


@pytest.fixture(scope="module")
def familiar(trained_cell) -> Familiar:
    cell = ServedCell(trained_cell)
    return Familiar.of(cell.samples, cell.images)


def test_other_images_are_out_of_distribution(familiar):
    reasons = {name: familiar.reason(familiar.distance(image)) for name, image in pictures(32).items()}
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


def test_real_films_of_new_patients_pass_and_other_images_do_not(trained_cell, real_zip):
    row = measure(trained_cell, real_zip).set_index("films").loc["INbreast"]
    assert row["n_films"] == 106 and row["passed"] / row["n_films"] >= QUANTILE - 0.05
    assert row["flagged"] == row["n_pictures"] == 20
