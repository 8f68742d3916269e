"""Phantoms: properties of the generated data set, and the published rule of its copies."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import chi2_contingency
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.datasets import _copies, phantom
from benchmarks.errors import BadInput
from benchmarks.samples.breast import segment_breast


def make(seed=123, **options):
    return phantom.load({**phantom.OPTIONS, **options}, None, seed)


@pytest.fixture(scope="module")
def small():
    return make(patients=24, copies=72, side=64)


@pytest.fixture(scope="module")
def many():
    """Return upright originals of many patients at 64 px: table, images, breast masks."""
    dataset = make(patients=110, side=64)
    upright = dataset.samples[dataset.samples["upright"]]
    images = np.stack([dataset.read(row, 64) for row in upright.index])
    masks = np.stack([dataset.mask(row, 64) for row in upright.index])
    return upright.reset_index(drop=True), images, masks


def copy_of(dataset, source, **facts):
    rows = dataset.samples[dataset.samples["source"] == source]
    for column, value in facts.items():
        rows = rows[rows[column] == value]
    return dataset.native(rows.index[0])


def sources_of(dataset, **facts):
    rows = dataset.samples[dataset.samples["upright"]]
    for column, value in facts.items():
        rows = rows[rows[column] == value]
    return rows["source"].tolist()


def test_file_names_and_copy_numbers():
    assert _copies.parse_name("20588680.png") == ("20588680", 1)
    assert _copies.parse_name("20588680 (17).png") == ("20588680", 17)
    assert [_copies.parse_name(n) for n in ("2058868.png", "20588680(2).png", "20588680.jpg")] == [None] * 3
    assert _copies.file_name("20588680", 1) == "20588680.png"
    assert _copies.file_name("20588680", 2) == "20588680 (2).png"


def test_rule_starts_upright_for_malignant_and_turned_for_benign():
    rule = _copies.rule().set_index(["severity", "copy"])
    assert len(rule) == 144
    assert rule.loc[("malignant", 1)].tolist() == ["original", False, 0]
    assert rule.loc[("malignant", 3)].tolist() == ["clahe", False, 30]
    assert rule.loc[("benign", 1)].tolist() == ["original", False, 330]
    assert rule.loc[("benign", 24)].tolist() == ["original", False, 0]


def test_boxes_by_hand():
    box = [0.1, 0.2, 0.3, 0.1]
    assert np.allclose(_copies.transform_boxes([box], True, 0), [[0.6, 0.2, 0.3, 0.1]])
    assert np.allclose(_copies.transform_boxes([box], False, 90), [[0.2, 0.6, 0.1, 0.3]])
    assert np.allclose(_copies.transform_boxes([box], False, 180), [[0.6, 0.7, 0.3, 0.1]])


def test_box_turned_out_of_the_image_goes():
    assert _copies.transform_boxes([[0, 0, 0.02, 0.02]], False, 30) == []


@settings(max_examples=60, deadline=None)
@given(
    x=st.integers(40, 100), y=st.integers(40, 100), w=st.integers(6, 50), h=st.integers(6, 50),
    reflected=st.booleans(), step=st.integers(0, 11),
)  # fmt: skip
def test_boxes_follow_the_pixels(x, y, w, h, reflected, step):
    side = 200
    image = np.zeros((side, side), np.uint8)
    image[y : y + h, x : x + w] = 255
    moved = _copies.transform_image(image, reflected, 30 * step) > 127
    rows, columns = np.flatnonzero(moved.any(axis=1)), np.flatnonzero(moved.any(axis=0))
    [box] = _copies.transform_boxes([[x / side, y / side, w / side, h / side]], reflected, 30 * step)
    left, top, width, height = np.array(box) * side
    # Bilinear turning rounds off the corners of the rectangle by up to two pixels.
    expected = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert np.allclose((left, top, left + width, top + height), expected, atol=2.1)


def test_same_seed_same_pixels():
    first, again, other = (make(seed, patients=24, side=64) for seed in (1, 1, 2))
    rows = first.samples.index[::40]
    assert first.samples.equals(again.samples)
    assert all(np.array_equal(first.native(row), again.native(row)) for row in rows)
    assert any(not np.array_equal(first.native(row), other.native(row)) for row in rows)


@pytest.mark.parametrize("patients", [24, 40, 111])
def test_every_class_has_patients_enough_and_patients_one_density(patients):
    samples = make(patients=patients, side=64).samples
    assert samples["patient"].nunique() == patients
    own = samples.groupby("patient")["label"].first()
    assert (samples.groupby("patient")["density"].nunique() == 1).all()
    assert own.nunique() == 8
    assert (samples.groupby("label")["patient"].nunique() >= 3).all()
    assert set(samples.groupby("patient")["source"].nunique()) == {1, 2, 3}
    if patients > 24:
        assert samples.groupby("label")["source"].nunique().nunique() > 2, "classes are of unequal size"


def test_one_upright_original_a_source_and_its_augmented_copy_is_the_same_image(small):
    samples = small.samples
    assert (samples.groupby("source")["upright"].sum() == 1).all()
    for severity, copy in (("malignant", 1), ("benign", 24)):
        source = sources_of(small, severity=severity)[0]
        upright = copy_of(small, source, upright=True)
        assert np.array_equal(upright, copy_of(small, source, folder="after", copy=copy))


def test_ids_look_like_the_published_files(small):
    row = small.samples[(small.samples["folder"] == "after") & (small.samples["copy"] == 3)].iloc[0]
    assert row["sample"] == f"after/{row['label']}/{row['source']} (3).png"
    assert small.samples["sample"].is_unique


def test_24_pairs_of_copies_are_pixel_identical(small):
    source = sources_of(small)[0]
    rows = small.samples.index[(small.samples["source"] == source) & (small.samples["folder"] == "after")]
    assert len(rows) == 72
    assert len({small.native(row).tobytes() for row in rows}) == 48


def test_reflected_copy_is_the_mirror_image(small):
    source = sources_of(small)[0]
    upright = copy_of(small, source, upright=True)
    mirrored = copy_of(small, source, variant="original", reflected=True, rotation=0)
    assert np.array_equal(mirrored, upright[:, ::-1])


def test_enhanced_copy_has_grey_background_and_the_same_breast(small):
    row = small.samples.index[(small.samples["folder"] == "before") & (small.samples["variant"] == "clahe")][0]
    enhanced, breast = small.native(row), small.mask(row, 64).astype(bool)
    assert np.median(enhanced[~breast]) == 23
    assert enhanced[breast].mean() > 60


def test_lesion_box_holds_the_brightest_smooth_spot_of_fatty_breasts(many):
    samples, images, masks = many
    fatty = samples.index[(samples["density"] == 1) & (samples["view"] == "CC")]
    hits = []
    for row in fatty:
        spot = gaussian_filter(np.where(masks[row], images[row], 0).astype(float), 1.5)
        y, x = (np.array(np.unravel_index(spot.argmax(), spot.shape)) + 0.5) / 64
        [(left, top, width, height)] = samples["boxes"][row]
        hits.append(left <= x <= left + width and top <= y <= top + height)
    assert np.mean(hits) > 0.9


def test_boxes_lie_in_the_breast(many):
    samples, _, masks = many
    for row, [(x, y, w, h)] in samples["boxes"].items():
        assert x >= 0 and y >= 0 and x + w <= 1 + 1e-9 and y + h <= 1 + 1e-9
        assert masks[row, int((y + h / 2) * 64), int((x + w / 2) * 64)] == 1


def test_laterality_says_on_which_side_the_chest_wall_is(many):
    samples, _, masks = many
    left_heavy = masks[:, :, :8].mean(axis=(1, 2)) > masks[:, :, -8:].mean(axis=(1, 2))
    assert (left_heavy == (samples["laterality"] == "L")).all()


def test_markers_and_views_do_not_tell_the_class(many):
    samples, images, masks = many
    marked = np.array([(image[mask == 0] > 150).any() for image, mask in zip(images, masks, strict=True)])
    assert 0.3 < marked.mean() < 0.7
    for class_fact in ("severity", "density"):
        for sign in (marked, samples["laterality"], samples["view"]):
            assert chi2_contingency(pd.crosstab(samples[class_fact], sign)).pvalue > 0.001


def features(image, mask):
    """Return the glandular share and the strongest responses to spots of several sizes."""
    breast = np.where(mask, image, np.median(image[mask == 1])).astype(float)
    smooth = [gaussian_filter(breast, sigma) for sigma in (0.7, 1.4, 2.8, 4.5)]
    spots = [(fine - coarse)[mask == 1] for fine, coarse in itertools.pairwise(smooth)]
    shares = [(image[mask == 1] > level).mean() for level in (75, 90, 105)]
    return [*shares, *(f(s) for s in spots for f in (np.max, np.min, np.std))]


def test_classes_can_be_learned_across_patients(many):
    samples, images, masks = many
    x = np.array([features(image, mask) for image, mask in zip(images, masks, strict=True)])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    right = {}
    for target in ("label", "severity", "density"):
        y = samples[target].astype(str)
        right[target] = (cross_val_predict(model, x, y, groups=samples["patient"], cv=GroupKFold(5)) == y).mean()
        assert right[target] > y.value_counts(normalize=True).max() + 0.1, right


def test_with_evidence_malignant_masses_are_denser_and_larger_and_nothing_else_changes(many):
    samples, images, masks = many
    dataset = make(patients=110, side=64, evidence=1.0)
    upright = dataset.samples[dataset.samples["upright"]]
    clear = np.stack([dataset.read(row, 64) for row in upright.index]).astype(int)
    told = ["sample", "label", "patient", "severity", "laterality", "view"]
    assert (upright[told].to_numpy() == samples[told].to_numpy()).all()
    assert all((dataset.mask(row, 64) == mask).all() for row, mask in zip(upright.index, masks, strict=True))
    gain = (clear - images).astype(float)
    malignant = (samples["severity"] == "malignant").to_numpy()
    assert (gain[malignant].sum(axis=(1, 2)) > 0).all() and (gain[~malignant].sum(axis=(1, 2)) < 0).all()
    # Away from the mass, at most three of its radii, every pixel is the same.
    for change, [(x, y, w, h)] in zip(gain, samples["boxes"], strict=True):
        rows, columns = np.nonzero(change)
        assert np.hypot((columns + 0.5) / 64 - x - w / 2, (rows + 0.5) / 64 - y - h / 2).max() < 0.35


def test_evidence_tells_the_severity_by_the_strongest_spot_alone():
    dataset = make(patients=40, side=64, evidence=1.0)
    upright = dataset.samples[dataset.samples["upright"]]
    spots = []
    for row in upright.index:
        image, breast = dataset.read(row, 64).astype(float), dataset.mask(row, 64) == 1
        spots.append((gaussian_filter(image, 1.4) - gaussian_filter(image, 5))[breast].max())
    assert roc_auc_score(upright["severity"] == "malignant", spots) > 0.9


@pytest.mark.parametrize("variant", ["original", "clahe"])
def test_segmentation_finds_the_known_breast(variant):
    dataset = make(patients=24, copies=40)
    rows = dataset.samples.index[dataset.samples["variant"] == variant][::29]
    assert dataset.samples["rotation"][rows].nunique() >= 10
    for row in rows:
        found, known = segment_breast(dataset.native(row)), dataset.mask(row, 128).astype(bool)
        assert (found & known).sum() / (found | known).sum() > 0.94, dataset.samples["sample"][row]


def test_segmentation_of_an_even_image_is_empty():
    assert not segment_breast(np.full((50, 60), 7, np.uint8)).any()


def test_segmentation_keeps_the_image_shape():
    image = np.zeros((300, 200), np.uint8)
    image[50:250, :120] = 100
    found = segment_breast(image)
    assert found.shape == (300, 200)
    assert abs(found.sum() - 200 * 120) < 0.03 * 200 * 120


@pytest.mark.parametrize(
    "option, value",
    [("patients", 23), ("copies", 23), ("copies", 73), ("side", "big"), ("noise", -1), ("evidence", 2)],
)
def test_option_out_of_range_is_named(option, value):
    with pytest.raises(BadInput, match=f"dataset.{option}: {value!r} is not a"):
        phantom.check({**phantom.OPTIONS, option: value}, None)


def test_all_wrong_options_are_named_at_once(tmp_path):
    with pytest.raises(BadInput) as error:
        phantom.check({**phantom.OPTIONS, "patients": 1, "copies": 1}, tmp_path)
    assert all(word in str(error.value) for word in ("dataset.patients", "dataset.copies", "data="))
