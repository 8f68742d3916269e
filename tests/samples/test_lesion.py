"""Planted lesions: inside the breast, at one place for every image size, and only as bright as asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.samples import lesion


def breast(side: int) -> np.ndarray:
    """Return half an ellipse at the left edge, uint8 (S, S)."""
    axis = (np.arange(side) + 0.5) / side
    return ((axis / 0.7) ** 2 + ((axis[:, None] - 0.5) / 0.4) ** 2 < 1).astype(np.uint8)


def centre(planted: np.ndarray) -> np.ndarray:
    """Return the centroid (y, x) of what was added to a black image, fractions of the side."""
    axis = (np.arange(len(planted)) + 0.5) / len(planted)
    weights = planted / planted.sum()
    return np.array([axis @ weights.sum(axis=1), axis @ weights.sum(axis=0)])


names = st.text(max_size=12)
seeds = st.integers(0, 2**31 - 1)


@settings(max_examples=40)
@given(sample=names, seed=seeds, contrast=st.integers(1, 100), side=st.sampled_from([16, 64, 67, 128]))
def test_pixels_outside_the_breast_keep_their_values_and_none_inside_gets_darker(sample, seed, contrast, side):
    image = np.random.default_rng(0).integers(0, 256, (side, side), dtype=np.uint8)
    planted = lesion.plant(image, breast(side), contrast, seed, sample)
    assert planted.dtype == np.uint8 and planted.shape == image.shape
    assert (planted[breast(side) == 0] == image[breast(side) == 0]).all() and (planted >= image).all()
    assert (planted.astype(int) - image <= np.ceil(2.55 * contrast)).all()


@settings(max_examples=40)
@given(sample=names, seed=seeds)
def test_a_lesion_has_a_place_and_size_in_the_breast_that_every_image_size_shares(sample, seed):
    black = {side: np.zeros((side, side), np.uint8) for side in (64, 256)}
    masses = {side: lesion.plant(image, breast(side), 100, seed, sample) for side, image in black.items()}
    small, large = (centre(mass) for mass in masses.values())
    assert np.abs(small - large).max() < 1.5 / 64
    row, column = (large * 256).astype(int)
    assert breast(256)[row, column] == 1
    for side, mass in masses.items():
        # A disc with a radius of 4 to 7 % of the side, give or take its outline, and less what lies outside the breast.
        radius = np.sqrt((mass > 127).mean() / np.pi)
        assert 0.03 < radius < 0.08, side
    assert masses[256].max() == 255


@settings(max_examples=30)
@given(sample=names, low=st.integers(1, 99))
def test_a_higher_contrast_is_brighter_everywhere(sample, low):
    image = np.full((64, 64), 60, np.uint8)
    faint, bright = (lesion.plant(image, breast(64), contrast, 1, sample) for contrast in (low, low + 1))
    assert (bright >= faint).all() and bright.sum() > faint.sum()


def test_the_centre_gains_the_contrast_in_grey_levels():
    planted = lesion.plant(np.full((256, 256), 60, np.uint8), breast(256), 20, 1, "a.png")
    assert planted.max() == 60 + 51  # 20 % of 255


def test_samples_and_seeds_differ_in_place_and_the_same_ones_agree():
    def at(seed: int, sample: str) -> tuple:
        return tuple(centre(lesion.plant(np.zeros((64, 64), np.uint8), breast(64), 50, seed, sample)).round(3))

    places = [at(seed, sample) for seed in (1, 2) for sample in "abcdefgh"]
    assert len(set(places)) == 16
    assert places == [at(seed, sample) for seed in (1, 2) for sample in "abcdefgh"]


@pytest.mark.parametrize("side", [16, 64])
def test_without_a_breast_the_lesion_may_lie_anywhere_inside_the_image(side):
    image, none = np.zeros((side, side), np.uint8), np.zeros((side, side), np.uint8)
    planted = lesion.plant(image, none, 60, 1, "a.png")
    assert planted.max() > 100
    assert all(side // 10 <= place < side - side // 10 for place in np.unravel_index(planted.argmax(), image.shape))
