"""Edits: what they must leave alone, what they must not change, and what is to be seen afterwards."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textures import texture

from analysis.explanations import edits
from analysis.explanations.regions import elsewhere, regions
from benchmarks.datasets import _copies
from benchmarks.datasets import _phantom_drawing as drawing

SIDE = 64
FULL = np.ones((SIDE, SIDE), bool)


@st.composite
def regions_of(draw):
    """A rectangle, or two, that leave some of the image."""
    mask = np.zeros((SIDE, SIDE), bool)
    for _ in range(draw(st.integers(1, 2))):
        top, left = draw(st.integers(0, SIDE - 2)), draw(st.integers(0, SIDE - 2))
        mask[top : top + draw(st.integers(1, 30)), left : left + draw(st.integers(1, 30))] = True
    return mask


def photograph(seed):
    return texture(seed, SIDE).astype(np.float32)


@pytest.fixture(scope="module")
def film():
    """A labelled phantom, float32, and its regions."""
    rng = np.random.default_rng(5)
    picture = drawing.draw(drawing.random_anatomy(1, rng), "malignant", "L", "CC", SIDE, 4.0, rng, marker=False)
    image = drawing.stamped(picture.image, drawing.letters("B", 2), "L", top=True).astype(np.float32)
    return image, regions(image, picture.breast, [picture.box], "CC")


EDITS = {
    "erase": edits.erase,
    "blur": edits.blur,
    "shift_level": lambda image, region: edits.shift_level(image, region, 30),
    "swap": lambda image, region: edits.swap(image, region, photograph(99), np.roll(region, 1, axis=0)),
    "same place": lambda image, region: edits.swap(image, region, photograph(99), region),
}


@pytest.mark.parametrize("name", EDITS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 20), region=regions_of())
def test_outside_of_the_region_nothing_changes(name, seed, region):
    image = photograph(seed)
    changed = EDITS[name](image, region)
    assert changed.dtype == np.float32 and changed.shape == image.shape
    assert np.array_equal(changed[~region], image[~region])
    assert not np.array_equal(changed[region], image[region])
    assert changed.min() >= 0 and changed.max() <= 255
    assert np.array_equal(image, photograph(seed)), "the film itself stays as it is"


@settings(max_examples=20, deadline=None)
@given(grey=st.integers(0, 255), region=regions_of())
def test_an_even_image_stays_even(grey, region):
    image = np.full((SIDE, SIDE), grey, np.float32)
    for edit in (edits.erase, edits.blur):
        np.testing.assert_allclose(edit(image, region), image, atol=1e-3)
    target = np.roll(region, (20, 9), axis=(0, 1))
    np.testing.assert_allclose(edits.move(image, region, target), image, atol=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 20), region=regions_of())
def test_identities(seed, region):
    image = photograph(seed)
    for same in (
        edits.swap(image, region, image, region),
        edits.shift_level(image, region, 0),
        edits.turn(image, 0, reflected=False),
        edits.turn(image[:, ::-1], 0, reflected=True),
    ):
        assert np.array_equal(same, image)
    assert np.array_equal(edits.turn(image, 90, reflected=False), np.rot90(image))


def test_nothing_is_left_of_an_erased_label(film):
    image, masks = film
    erased = edits.erase(image, masks["labels"])
    assert image[masks["labels"]].max() == drawing.LABEL
    assert erased[masks["background"]].max() < 10
    assert "labels" not in regions(erased, masks["breast"], [], "CC")


def test_an_erased_region_has_no_edges():
    image = np.tile(np.linspace(50, 200, SIDE, dtype=np.float32), (SIDE, 1))
    region = np.zeros((SIDE, SIDE), bool)
    region[20:40, 20:40] = True
    marked = np.where(region, np.float32(255), image)
    assert np.abs(np.diff(edits.erase(marked, region), axis=1)).max() < 10


def test_erasing_everything_leaves_the_mean():
    image = photograph(1)
    assert np.array_equal(edits.erase(image, FULL), np.full_like(image, image.mean()))


def test_blur_takes_the_texture():
    image = np.random.default_rng(0).uniform(0, 255, (SIDE, SIDE)).astype(np.float32)
    assert edits.blur(image, FULL).std() < 0.1 * image.std()


def test_a_donors_label_is_put_in_place(film):
    image, masks = film
    donor = np.zeros_like(image)
    place = np.zeros((SIDE, SIDE), bool)
    place[10:30, 20:28] = True
    donor[place] = 150
    changed = edits.swap(image, masks["labels"], donor, place)
    rows, columns = (np.flatnonzero(masks["labels"].any(axis=axis)) for axis in (1, 0))
    assert (changed[rows[2] : rows[-2], columns[2] : columns[-2]] == 150).all()


def test_a_donors_muscle_is_mirrored():
    rows, columns = np.indices((SIDE, SIDE))
    left = rows + columns < 30
    donor = np.where(left[:, ::-1], 200, 0).astype(np.float32)
    changed = edits.swap(np.full((SIDE, SIDE), 60, np.float32), left, donor, left[:, ::-1])
    assert np.median(changed[left]) == 200 and changed[left].min() > 60


def test_a_moved_lesion_is_seen_there_and_not_here(film):
    image, masks = film
    breast, lesion = masks["breast"], masks["lesion"] & masks["breast"]
    bright = np.where(lesion, np.float32(250), np.where(breast, np.float32(80), image))
    target = elsewhere("lesion", {"breast": breast, "lesion": lesion}, np.random.default_rng(0))
    moved = edits.move(bright, lesion, target)
    assert moved[lesion & ~target].max() < 120
    assert moved[target].mean() > 200


def test_levels_are_shifted_and_clipped(film):
    image, masks = film
    assert edits.level(image, masks["background"]) == 0
    grey = edits.shift_level(image, masks["background"], 23)
    assert edits.level(grey, masks["background"]) == 23
    assert edits.shift_level(image, masks["labels"], 100).max() == 255


@pytest.mark.parametrize("n_pixels", [1, 50, 400])
def test_a_matched_area_is_a_compact_part_of_the_breast(film, n_pixels):
    breast = film[1]["breast"]
    area = edits.matched_area(breast, n_pixels, np.random.default_rng(2))
    assert area.sum() == n_pixels and breast[area].all()
    rows, columns = np.nonzero(area)
    assert np.hypot(rows - rows.mean(), columns - columns.mean()).max() <= 2 * np.sqrt(n_pixels)


def test_a_matched_area_larger_than_the_breast_is_the_breast(film):
    breast = film[1]["breast"]
    assert np.array_equal(edits.matched_area(breast, SIDE**2, np.random.default_rng(2)), breast)
    assert not edits.matched_area(~FULL, 5, np.random.default_rng(2)).any()


@pytest.mark.parametrize("degrees", [30, -30, 180])
def test_turned_films_have_corners_like_the_background(film, degrees):
    image, masks = film
    grey = edits.shift_level(image, ~masks["breast"], 23)
    turned = edits.turn(grey, degrees, reflected=True)
    assert turned.dtype == np.float32 and turned.min() >= 12
    assert turned[0, 0] == turned[-1, -1] == 23
    original = _copies.transform_image(grey.astype(np.uint8), True, degrees)
    assert np.array_equal(turned[original > 0], original[original > 0])


def test_synthetic_films(film):
    image, masks = film
    background, labels = masks["background"], masks["labels"]
    grey = edits.shift_level(image, background, 23)
    assert (edits.empty_film(grey, background) == 23).all()
    alone = edits.marker_alone(grey, labels, background)
    assert np.array_equal(alone[labels], grey[labels]) and (alone[~labels] == 23).all()
