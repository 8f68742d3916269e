"""Search for warped copies: found through every change of geometry; text and frames of one scan make no copy."""

import cv2
import numpy as np
import pytest
from textures import texture, turned
from ultrasound import scan

from analysis.audit.contact_sheet import brought, signature
from analysis.audit.partners import Pictures
from analysis.film_changes import GEOMETRY, WITH
from benchmarks.copies import registration, rigid, warped
from benchmarks.copies.keypoints import describe
from benchmarks.copies.pairs import find_pairs

cv2.setNumThreads(1)


@pytest.fixture(scope="module")
def scans():
    """Scans of five patients with the same text burned in, of 256 to 1000 px."""
    return [scan(patient, side) for patient, side in enumerate((256, 320, 500, 1000, 400))]


def found(images, n_first=None):
    return find_pairs(lambda number: images[number], len(images), n_first)


def test_scans_of_different_patients_with_the_same_text_are_no_copies(scans):
    assert found(scans).empty
    blank = np.zeros((300, 300), np.uint8)
    labels = [np.where(one > 250, 255, 0)[:30].astype(np.uint8) for one in scans[:2]]
    text = [blank.copy() for _ in labels]
    for image, label in zip(text, labels, strict=True):
        image[:30, :256] = label[:, :256]
    assert found(text).query("found_by == 'warped'").empty


@pytest.mark.slow
@pytest.mark.parametrize("more", WITH)
@pytest.mark.parametrize("geometry", GEOMETRY)
def test_a_warped_copy_is_found(scans, geometry, more):
    rng = np.random.default_rng(2)
    copies = [np.ascontiguousarray(WITH[more](GEOMETRY[geometry](one, rng), rng)) for one in scans[:3]]
    pairs = found([*scans[:3], *copies], 3)
    assert pairs[["a", "b"]].sort_values("a").to_numpy().tolist() == [[0, 3], [1, 4], [2, 5]]
    assert (pairs["kind"] == "copy").all() and (pairs["mirrored"] == (more == "mirrored")).all()


def test_frames_of_one_scan_are_no_copies():
    frames = [scan(patient, 400, moved, renewed, frame=1) for patient in range(3) for moved, renewed in [(0.006, 0.05)]]
    pairs = found([scan(patient, 400) for patient in range(3)] + frames, 3)
    assert pairs[["a", "b"]].to_numpy().tolist() == [[0, 3], [1, 4], [2, 5]]
    assert (pairs["kind"] == "same_scan").all() and pairs["similarity"].between(0.5, 0.9).all()


def test_frames_that_the_first_search_takes_for_copies_are_told_apart():
    first, frame = scan(1, 256), scan(1, 256, 0.003, 0.05, frame=1)
    alike = rigid.search(rigid.describe([first, frame]))["similarity"].item()
    (pair,) = found([first, frame]).to_dict("records")
    assert alike > rigid.THRESHOLD and (pair["kind"], pair["found_by"]) == ("same_scan", "warped")


def test_the_description_of_a_mirrored_image_needs_no_second_extraction():
    image = texture(0, 224)
    told, done = describe(image).mirrored(), describe(np.ascontiguousarray(image[:, ::-1]))
    distance = np.linalg.norm(told.points[:, None] - done.points, axis=2)
    a, b = np.nonzero(distance < 0.1)
    assert len(set(a)) > 50
    # A point may have several keypoints: the most similar one at the same point counts.
    apart = np.abs(told.descriptors[a].astype(int) - done.descriptors[b]).mean(axis=1)
    assert np.median([apart[a == one].min() for one in set(a)]) < 3
    np.testing.assert_array_equal(told.mirrored().descriptors, describe(image).descriptors)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_relation_of_two_images_is_measured(mirrored):
    """Image of 300 px, mirrored or not, turned by 30 degrees, zoomed by 1.2, shifted right by 30 px."""
    image = texture(3, 300)
    matrix = cv2.getRotationMatrix2D((149.5, 149.5), 30, 1.2) + np.array([[0, 0, 30], [0, 0, 0]])
    start = np.ascontiguousarray(image[:, ::-1]) if mirrored else image
    copy = cv2.warpAffine(start, matrix, (300, 300))
    relation = warped.relation(describe(image), describe(copy), mirrored)
    assert relation.rotation == pytest.approx(30, abs=0.5) and relation.scale == pytest.approx(1.2, abs=0.01)
    assert relation.shift == pytest.approx(0.1, abs=0.005) and relation.stretch == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(relation.matrix[:2], matrix, atol=1.5)
    shown = cv2.warpAffine(np.ones((300, 300)), matrix, (300, 300)).sum() / 300**2 / 1.2**2
    assert relation.overlap == pytest.approx(shown, abs=0.02)
    like = warped.repeat(image, copy, mirrored)
    assert np.abs(like.astype(float) - copy)[100:200, 100:200].mean() < 6


def test_members_of_a_group_are_paired_with_the_copies_of_its_first():
    """Groups of a turned and a mirrored copy; the crop of one matches all of them, mirrored where they are."""
    group = [texture(0, 192), turned(texture(0, 192), 90), np.ascontiguousarray(texture(0, 192)[:, ::-1])]
    crop = np.ascontiguousarray(texture(0, 192)[10:150, 40:])
    for n_first in (None, 3):
        pairs = found([*group, crop], n_first).query("b == 3")
        assert pairs["a"].tolist() == [0, 1, 2] and (pairs["found_by"] == "warped").all()
        assert pairs["mirrored"].tolist() == [False, False, True]


def test_identical_pixels_are_known():
    pairs = found([texture(0), texture(0), turned(texture(0), 90)])
    assert pairs.set_index(["a", "b"])["identical"].to_dict() == {(0, 1): True, (0, 2): False, (1, 2): False}


def test_a_warped_pair_is_explained_and_drawn():
    image = texture(5, 200)
    copy = np.ascontiguousarray(image[:, ::-1][20:180, 10:170])
    images = {"whole": image, "part": copy}
    pictures = Pictures(list(images), images.__getitem__)
    (pair,) = pictures.explained(pictures.pairs[pictures.pairs["sample_a"] == "whole"]).to_dict("records")
    assert pair["transform"] == "mirrored, cropped to 64 %, zoomed by 1.25, shifted by 6 %"
    assert (pair["scale"], pair["overlap"]) == pytest.approx((1.25, 0.64), abs=0.01) and pair["mirrored"]
    assert signature(pair["transform"]) == "mirrored, cropped, zoomed, shifted"
    like = brought(image, copy, True, pair["rotation"], True)
    assert like.shape == copy.shape and np.abs(like.astype(float) - copy)[10:-10, 10:-10].mean() < 6


def test_images_without_tissue_have_no_registration():
    flat = describe(np.full((90, 120), 40, np.uint8))
    assert not len(flat.points) and not flat.tissue.any()
    assert registration.register(flat, describe(texture(0)), False) is None
    assert warped.repeat(np.zeros((50, 60), np.uint8), texture(0), True).shape == (128, 128)
