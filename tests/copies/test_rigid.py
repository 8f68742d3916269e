"""Search for copies from pixels alone: copies are found under every transform, different images are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import exposure
from textures import recompressed, resized, texture, turned

from benchmarks.copies import rigid

OTHERS = [texture(seed) for seed in range(1, 20)]


@settings(max_examples=60)
@given(
    degrees=st.floats(0, 359.9),
    mirrored=st.booleans(),
    enhanced=st.booleans(),
    side=st.sampled_from([100, 128, 131]),
    quality=st.sampled_from([None, 90, 60]),
)
def test_a_copy_is_found_with_its_transform(degrees, mirrored, enhanced, side, quality):
    original = texture(0)
    copy = exposure.equalize_adapthist(original, clip_limit=0.02) if enhanced else original / 255
    copy = turned(np.round(copy * 255).astype(np.uint8)[:, :: -1 if mirrored else 1], degrees)
    copy = resized(copy, side)
    copy = copy if quality is None else recompressed(copy, quality)
    known = rigid.describe([*OTHERS, original])
    asked = rigid.describe([copy])
    found = rigid.search(known, asked)
    assert found[["a", "b", "mirrored"]].to_numpy().tolist() == [[len(OTHERS), 0, mirrored]]
    off = abs(rigid.rotation(known[-1], asked[0], mirrored)[0] - degrees)
    assert min(off, 360 - off) < 1


def test_rotation_of_a_pair_in_both_orders():
    one, other = rigid.describe([texture(0), turned(texture(0), 40)])
    assert rigid.rotation(one, other, False)[0] == pytest.approx(40, abs=0.5)
    assert rigid.rotation(other, one, False)[0] == pytest.approx(320, abs=0.5)
    one, other = rigid.describe([texture(0), turned(texture(0)[:, ::-1], 40)])
    assert rigid.rotation(one, other, True)[0] == rigid.rotation(other, one, True)[0] == pytest.approx(40, abs=0.5)


def test_search_within_one_set_returns_each_pair_once_across_blocks(monkeypatch):
    monkeypatch.setattr(rigid, "BLOCK", 4)
    images = [picture for seed in range(6) for picture in (texture(seed), turned(texture(seed), 90))]
    found = rigid.search(rigid.describe(images))
    assert sorted(zip(found["a"], found["b"], strict=True)) == [(n, n + 1) for n in range(0, 12, 2)]
    halves = rigid.search(rigid.describe(images[::2]), rigid.describe(images[1::2]))
    assert sorted(zip(halves["a"], halves["b"], strict=True)) == [(n, n) for n in range(6)]
    np.testing.assert_allclose(halves.sort_values("a")["similarity"], found.sort_values("a")["similarity"], atol=1e-5)


def test_flat_and_oblong_images():
    flat = rigid.describe([np.zeros((50, 50), np.uint8), np.full((50, 60), 77, np.uint8)])
    assert not flat.any() and rigid.search(flat).empty
    wide = np.zeros((128, 200), np.uint8)
    wide[:, 36:164] = texture(0)
    tall = np.rot90(wide)
    found = rigid.search(rigid.describe([wide]), rigid.describe([tall]))
    assert found["similarity"].item() > 0.95


def test_grey_difference_is_large_for_contrast_and_small_for_interpolation():
    original, copy = texture(0), turned(texture(0)[:, ::-1], 30)
    darker = (copy * 0.6).astype(np.uint8)
    assert rigid.grey_difference(original, original, False, 0) == 0
    assert rigid.grey_difference(original, copy, True, 30) < 2
    assert rigid.grey_difference(original, darker, True, 30) > 20
    assert rigid.grey_difference(original, copy, False, 30) > 20
