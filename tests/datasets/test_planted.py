"""Planted shortcuts: correlation of the artefact with the class, and no other change of the images."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.datasets import planted
from benchmarks.datasets._copies import transform_boxes, transform_image
from benchmarks.errors import BadInput

SHORTCUTS = list(planted.STATE_OF_CLASS)
SIDE = 128


def options(shortcut, strength=0.5, **more):
    return planted.OPTIONS | {"patients": 16, "shortcut": shortcut, "strength": strength} | more


def redrawn(shortcut, state, seed=3):
    """Return all images with the artefact in `state`, at their native side."""
    chosen = options(shortcut)
    return planted.counterfactual(chosen, seed, SIDE, [state] * len(planted.shown_states(chosen, seed)))


@pytest.fixture(scope="module")
def upright():
    """Return a data set without planted rotations, and its breast masks."""
    dataset = planted.load(options("border"), None, 3)
    return dataset, np.stack([dataset.mask(row, SIDE) == 1 for row in dataset.samples.index])


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_at_full_strength_every_sample_shows_the_state_of_its_class(shortcut):
    shown = planted.shown_states(options(shortcut, 1.0), 1)
    assert (shown["state"] == shown["class_state"]).all()
    assert set(shown["state"]) == set(planted.all_states(shortcut)) and len(planted.all_states(shortcut)) == 2


def test_the_state_agrees_with_the_class_as_often_as_the_strength_says():
    agreeing = {}
    for strength in (0.0, 0.5, 0.9):
        shown = planted.shown_states(options("label", strength, patients=1000), 1)
        agreeing[strength] = (shown["state"] == shown["class_state"]).mean()
    # Drawn at random, half of the states agree too; 0.035 is three standard errors of a share of 2100 samples.
    for strength, share in agreeing.items():
        assert share == pytest.approx(strength + (1 - strength) / 2, abs=0.035)


def test_patients_are_balanced_and_of_one_kind():
    samples = planted.load(options("label", patients=160, side=64), None, 1).samples
    assert samples["patient"].nunique() == 160 and samples["sample"].is_unique
    patients = samples.groupby("patient")[["density", "severity"]].nunique()
    assert (patients == 1).all(axis=None)
    firsts = samples.groupby("patient")[["density", "severity"]].first()
    assert (pd.crosstab(firsts["density"], firsts["severity"]) == 20).all(axis=None)
    assert (
        samples["upright"].all() and set(samples["folder"]) == {"before"} and not samples["source"].duplicated().any()
    )
    assert (samples["label"].str.lower() == samples["severity"]).all()


def test_density_is_the_class_of_the_density_label():
    dataset = planted.load(options("density_label", side=64), None, 1)
    assert dataset.classes == ["Density1", "Density2", "Density3", "Density4"]
    assert (dataset.samples["label"] == "Density" + dataset.samples["density"].astype(str)).all()


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_a_sample_is_its_counterfactual_in_its_own_state(shortcut):
    dataset, shown = planted.load(options(shortcut), None, 3), planted.shown_states(options(shortcut), 3)
    again = planted.counterfactual(options(shortcut), 3, SIDE, shown["state"].tolist())
    assert shown["sample"].tolist() == dataset.samples["sample"].tolist()
    assert all(np.array_equal(dataset.native(row), again[row]) for row in dataset.samples.index)
    small = planted.counterfactual(options(shortcut), 3, 64, shown["state"].tolist())
    assert np.array_equal(dataset.read(5, 64), small[5])


@pytest.mark.parametrize("shortcut", ["label", "density_label"])
def test_labels_change_a_corner_away_from_the_chest_wall_and_nothing_else(shortcut, upright):
    dataset, breasts = upright
    one, other = (redrawn(shortcut, state) for state in planted.all_states(shortcut))
    differs = one != other
    assert not (differs & breasts).any()
    tops = []
    for changed, laterality in zip(differs, dataset.samples["laterality"], strict=True):
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        assert 8 <= np.ptp(rows) + 1 <= 20 and np.ptp(columns) < 16
        assert columns[0] > 0.8 * SIDE if laterality == "L" else columns[-1] < 0.2 * SIDE
        assert rows[-1] < 0.2 * SIDE or rows[0] > 0.8 * SIDE
        tops.append(rows[0] < SIDE / 2)
    assert 0.2 < np.mean(tops) < 0.8


def test_letters_differ_at_64_pixels():
    chosen = options("label")
    n = len(planted.shown_states(chosen, 3))
    benign, malignant = (planted.counterfactual(chosen, 3, 64, [state] * n).astype(int) for state in "BM")
    assert (np.abs(benign - malignant).max(axis=(1, 2)) > 150).all()
    # Not by how bright they are as a whole alone.
    assert ((benign - malignant > 100).any(axis=(1, 2)) & (malignant - benign > 100).any(axis=(1, 2))).all()


def test_the_grey_background_is_all_that_is_outside_the_breast(upright):
    _, breasts = upright
    black, grey = redrawn("background", "black"), redrawn("background", "grey")
    assert np.array_equal(black[breasts], grey[breasts])
    assert (black[~breasts] == 0).all() and (grey[~breasts] == 23).all()


def test_the_border_is_a_bright_line_away_from_the_chest_wall(upright):
    dataset, _ = upright
    plain, lined = redrawn("border", "none"), redrawn("border", "line")
    for before, after, laterality in zip(plain, lined, dataset.samples["laterality"], strict=True):
        edge = slice(-3, None) if laterality == "L" else slice(0, 3)
        assert (after[:, edge] == 200).all()
        differs = before != after
        differs[:, edge] = False
        assert not differs.any()


def test_turned_films_turn_with_mask_and_box(upright):
    plain, breasts = upright
    dataset, shown = planted.load(options("rotation"), None, 3), planted.shown_states(options("rotation"), 3)
    originals = redrawn("rotation", "upright")
    assert set(shown["state"]) == {"turned", "upright"}
    for row in dataset.samples.index:
        turned = shown["state"][row] == "turned"
        assert dataset.samples["rotation"][row] == (330 if turned else 0)
        angle = 330 * turned
        assert np.array_equal(dataset.native(row), transform_image(originals[row], False, angle))
        assert dataset.samples["boxes"][row] == transform_boxes(plain.samples["boxes"][row], False, angle)
        breast = transform_image(breasts[row].astype(np.uint8) * 255, False, angle) >= 128
        assert np.array_equal(dataset.mask(row, SIDE) == 1, breast)


def test_every_mass_stays_in_the_image_when_turned():
    samples = planted.load(options("rotation", 1.0, patients=160, side=64), None, 1).samples
    for [(x, y, width, height)] in samples.loc[samples["rotation"] == 330, "boxes"]:
        assert 0 <= x < x + width <= 1 and 0 <= y < y + height <= 1


def test_no_film_has_another_label():
    black = redrawn("background", "black")
    dataset = planted.load(options("background"), None, 3)
    assert all((image[dataset.mask(row, SIDE) == 0] == 0).all() for row, image in enumerate(black))


def test_the_pixels_of_a_seed_are_the_same_for_every_strength():
    first, again, other = (planted.load(options("label"), None, seed) for seed in (1, 1, 2))
    assert first.samples.equals(again.samples)
    assert all(np.array_equal(first.native(row), again.native(row)) for row in first.samples.index)
    assert not np.array_equal(first.native(0), other.native(0))
    states = ["B"] * len(first.samples)
    weak, strong = (planted.counterfactual(options("label", strength), 1, 64, states) for strength in (0.0, 1.0))
    assert np.array_equal(weak, strong)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("patients", 15, "dataset.patients: 15 is not a whole number from 16 to 5000"),
        ("side", 32, "dataset.side: 32 is not a whole number"),
        ("noise", -1, "dataset.noise: -1 is not a number"),
        ("strength", 1.1, "dataset.strength: 1.1 is not a number from 0 to 1"),
        ("strength", True, "dataset.strength: True is not a number"),
        ("shortcut", "letters", "dataset.shortcut: 'letters' is not one of label, background, rotation, border"),
        ("shortcut", ["label"], r"dataset.shortcut: \['label'\] is not one of"),
    ],
)
def test_option_out_of_range_is_named(option, value, words):
    with pytest.raises(BadInput, match=words):
        planted.check(planted.OPTIONS | {option: value}, None)


def test_all_wrong_options_are_named_at_once(tmp_path):
    with pytest.raises(BadInput) as error:
        planted.check(planted.OPTIONS | {"patients": 1, "shortcut": "x", "strength": 2}, tmp_path)
    for word in ("dataset.patients", "dataset.shortcut", "dataset.strength", "data="):
        assert word in str(error.value)
