"""Regions against phantoms whose label, muscle, lesion and breast are known, and their controls."""

import numpy as np
import pandas as pd
import pytest

from analysis.explanations.regions import box_mask, elsewhere, regions
from benchmarks.datasets import _phantom_drawing as drawing
from benchmarks.datasets._files import resize, resize_mask

NATIVE, SEEDS = 128, range(30)


def drawn(seed, view="CC", anatomy=None):
    """A phantom without a label, and the laterality."""
    rng = np.random.default_rng(seed)
    anatomy, laterality = drawing.random_anatomy(1 + seed % 4, rng), "LR"[seed % 2]
    return drawing.draw(anatomy, "malignant", laterality, view, NATIVE, 4.0, rng, marker=False), laterality


def found_in(image, picture, size=64, view="CC", enhanced=False):
    """The regions of `image`, which shows the breast of `picture`."""
    image = drawing.enhance(image) if enhanced else image
    breast = resize_mask(picture.breast, size).astype(bool)
    return regions(resize(image, size), breast, [picture.box], view)


@pytest.fixture(scope="module")
def many():
    """Regions of films with everything: a label of several letters, a muscle, a lesion."""
    films = []
    for seed in SEEDS:
        picture, laterality = drawn(seed, "MLO")
        image = drawing.stamped(picture.image, drawing.letters("B", 4), laterality, top=bool(seed % 3))
        films.append(found_in(image, picture, view="MLO"))
    return films


def test_boxes_are_pixels_whose_centre_is_inside():
    mask = box_mask([[0.25, 0.5, 0.5, 0.25], [0.0, 0.0, 0.1, 0.1]], 8)
    expected = np.zeros((8, 8), bool)
    expected[4:6, 2:6] = True
    expected[0, 0] = True
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize("side, width, square", [(32, 1, 3), (64, 2, 6), (200, 6, 20)])
def test_border_and_corners_by_count(side, width, square):
    found = regions(np.zeros((side, side), np.float32), np.zeros((side, side), bool), [], None)
    assert found.keys() == {"background", "border", "corners"}
    assert found["border"].sum() == side**2 - (side - 2 * width) ** 2
    assert found["corners"].sum() == 4 * square**2
    assert found["corners"][[0, 0, -1, -1], [0, -1, 0, -1]].all()


@pytest.mark.slow
@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("enhanced", [False, True])
@pytest.mark.parametrize("text, scale", [("view", 1), ("view", 2), ("B", 4), ("M", 4), ("block", 4)])
def test_labels_are_found(size, enhanced, text, scale):
    found = []
    for seed in SEEDS:
        picture, laterality = drawn(seed)
        bits = drawing.letters({"view": f"{laterality} CC", "block": "B"}.get(text, text), scale) | (text == "block")
        # Of the last letter's gap nothing is to be seen.
        bits = bits[:, : -scale or None] if text != "block" else bits
        marked = drawing.stamped(picture.image, bits, laterality, top=bool(seed % 3))
        mask = found_in(marked, picture, size, enhanced=enhanced).get("labels", np.zeros((size, size), bool))
        stamp = resize(np.where(marked != picture.image, 255, 0).astype(np.uint8), size) >= 64
        beyond = mask & ~_grown(stamp, max(2, scale * size // 32))
        found.append((mask & stamp).sum() >= 0.95 * stamp.sum() and not beyond.any())
    assert np.mean(found) >= 0.95


def _grown(mask, pixels):
    """The bounding box of `mask`, `pixels` wider on every side."""
    grown = np.zeros_like(mask)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    grown[max(0, rows[0] - pixels) : rows[-1] + 1 + pixels, max(0, columns[0] - pixels) : columns[-1] + 1 + pixels] = 1
    return grown


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("view", ["CC", "MLO"])
@pytest.mark.parametrize("enhanced", [False, True])
def test_no_label_is_found_where_none_is(size, view, enhanced):
    for seed in SEEDS:
        picture, _ = drawn(seed, view)
        assert "labels" not in found_in(picture.image, picture, size, enhanced=enhanced)


@pytest.mark.parametrize("width", [2, 5])
def test_a_line_along_an_edge_is_no_label_and_hides_none(width):
    picture, laterality = drawn(1)
    marked = drawing.stamped(picture.image, drawing.letters("B", 4), laterality, top=True)
    found = []
    for image in (picture.image, marked):
        lined = image.copy()
        lined[:, slice(width) if laterality == "R" else slice(-width, None)] = 200
        found.append("labels" in found_in(lined, picture))
    # A line that covers the label's margin is one with it.
    assert found == [False, width < 4]


def test_skin_outside_of_a_tight_mask_is_no_label():
    for seed in SEEDS:
        picture, _ = drawn(seed)
        breast = resize_mask(picture.breast, 64).astype(bool)
        tight = breast & np.roll(breast, 1, 0) & np.roll(breast, -1, 0)
        assert "labels" not in regions(resize(picture.image, 64), tight, [], None)


@pytest.mark.slow
@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("enhanced", [False, True])
def test_muscle_overlaps_the_known_one(size, enhanced, monkeypatch):
    overlaps = []
    for seed in SEEDS:
        picture, _ = drawn(seed, "MLO")
        with monkeypatch.context() as without:
            without.setattr(drawing, "MUSCLE", 0)
            muscle = picture.image.astype(int) - drawn(seed, "MLO")[0].image > 15
        known = resize_mask(muscle, size).astype(bool)
        found = found_in(picture.image, picture, size, "MLO", enhanced)["pectoral"]
        overlaps.append((found & known).sum() / (found | known).sum())
    assert np.median(overlaps) >= 0.8 and np.min(overlaps) >= 0.6


@pytest.mark.parametrize("view", ["CC", None, np.nan, pd.NA])
def test_only_mlo_views_have_a_muscle(view):
    picture, _ = drawn(0, "MLO")
    assert "pectoral" not in found_in(picture.image, picture, view=view)


def test_an_even_breast_and_one_off_the_edges_have_no_muscle():
    image, breast = np.zeros((64, 64), np.uint8), np.zeros((64, 64), bool)
    breast[10:54, :40] = True
    image[breast] = 90
    assert "pectoral" not in regions(image, breast, [], "MLO")
    image[10:30, 10:20] = 200
    assert "pectoral" not in regions(image, np.roll(breast, 12, axis=1), [], "MLO")


def test_films_may_be_float(many):
    picture, laterality = drawn(3, "MLO")
    image = drawing.stamped(picture.image, drawing.letters("B", 4), laterality, top=False)
    whole, real = (found_in(image, picture, NATIVE, "MLO") for image in (image, image.astype(np.float32)))
    assert whole.keys() == real.keys() == many[0].keys()
    assert all(np.array_equal(whole[name], real[name]) for name in whole)


@pytest.mark.parametrize("name", ["labels", "border", "corners", "pectoral", "lesion"])
def test_a_control_is_as_large_in_like_ground_and_apart(name, many):
    for seed, masks in enumerate(many):
        if masks["lesion"].sum() > masks["breast"].sum() / 5 and name == "lesion":
            continue  # too large a lesion may find no room
        control = elsewhere(name, masks, np.random.default_rng(seed))
        assert control.sum() == masks[name].sum()
        assert not (control & masks[name]).any()
        if name in ("pectoral", "lesion"):
            assert masks["breast"][control].all()
        if name == "labels":
            assert masks["background"][control].all()


def test_controls_keep_clear_of_other_lesions_and_of_the_muscle(many):
    small = [{**masks, "lesion": _middle(masks["lesion"])} for masks in many]
    for name, other in (("lesion", "pectoral"), ("pectoral", "lesion")):
        apart = [not (elsewhere(name, masks, np.random.default_rng(0)) & masks[other]).any() for masks in small]
        assert np.mean(apart) >= 0.9, name


def test_a_small_lesion_is_only_shifted(many):
    masks = {**many[0], "lesion": box_mask([[0.4, 0.5, 0.05, 0.05]], 64) & many[0]["breast"]}
    places = [elsewhere("lesion", masks, np.random.default_rng(seed)) for seed in range(5)]
    lesion = _shape(masks["lesion"])
    assert all(np.array_equal(_shape(place), lesion) for place in places)
    assert len({place.tobytes() for place in places}) > 1
    assert np.array_equal(places[0], elsewhere("lesion", masks, np.random.default_rng(0)))


def _middle(mask):
    """The middle of a box."""
    return np.roll(mask, 4, (0, 1)) & np.roll(mask, -4, (0, 1))


def _shape(mask):
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def test_no_control_without_room():
    half = np.zeros((64, 64), bool)
    half[:, :32] = True
    wide = np.zeros((64, 64), bool)
    wide[:, :20] = True
    rng = np.random.default_rng(0)
    assert elsewhere("lesion", {"breast": half, "lesion": wide}, rng) is None
    assert elsewhere("lesion", {"lesion": wide}, rng) is None
    assert elsewhere("breast", {"breast": half}, rng) is elsewhere("background", {"background": half}, rng) is None
