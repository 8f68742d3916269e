"""Edits of films against models whose rule is known: what they lean on changes their answers, and nothing else does."""

import numpy as np
import pandas as pd
import pytest

from analysis.explanations.changes import summarise
from analysis.explanations.interventions import Film, rows, training_turns
from analysis.explanations.regions import regions

SIDE = 64
LEVELS = np.array([0.0, 23.0])


def film(probe: int, *, label: bool, grey: float = 0.0, right: bool = False, rotation: int = 0, twin=None) -> Film:
    """A half-disc of tissue with a bright mass, on a background of level `grey`, perhaps with a film label."""
    y, x = np.mgrid[:SIDE, :SIDE]
    breast = np.hypot((y - 32) / 26, x / 30) < 1
    image = np.where(breast, 90.0, grey) + np.where(np.hypot(y - 30, x - 12) < 4, 80.0, 0.0)
    if label:
        image[6:12, 50:58] = 220
    if right:
        image, breast = image[:, ::-1], breast[:, ::-1]
    image = image.astype("float32")
    box = [(51 if right else 8) / SIDE, 26 / SIDE, 9 / SIDE, 9 / SIDE]
    found = regions(image, breast, [box], "CC")
    return Film(probe, image, breast, found, int(label), rotation, enhanced=False, twin=twin)


def answers(score):
    """A model of two classes that answers the second with probability `score` of an image (S, S)."""

    def predict(images: np.ndarray) -> np.ndarray:
        positive = np.array([score(image[..., 0]) for image in images])
        return np.stack([1 - positive, positive], axis=1)

    return predict


def changes(score, films, turns=()) -> pd.DataFrame:
    table, pictures = rows(answers(score), films, LEVELS, list(turns), ["no", "yes"], seed=1, shown={films[0].probe})
    shown = table["probe"] == films[0].probe
    assert table["picture"].notna().equals(shown) and len(pictures) == shown.sum()
    assert pictures.dtype == np.uint8 and pictures.shape[1:] == (SIDE, SIDE)
    return table.set_index(["probe", "region", "edit"]).sort_index()


def by_label(image: np.ndarray) -> float:
    return 0.95 if (image > 210).sum() > 20 else 0.05


def test_a_model_that_reads_the_label():
    table = changes(by_label, [film(0, label=True), film(1, label=False)])
    assert table.loc[(0, "labels", "erase"), ["change", "control_change"]].tolist() == pytest.approx([0.9, 0])
    assert table.loc[(0, "labels", "erase"), "flipped"] and not table.loc[(0, "labels", "erase"), "control_flipped"]
    assert table.loc[(0, "labels", "marker_alone"), "d_yes"] == pytest.approx(0.9)
    assert (1, "labels", "erase") not in table.index
    others = table.drop(index=["labels"], level="region")
    assert others[others.index.get_level_values("edit") != "empty_film"]["change"].abs().max() < 1e-9


def test_a_model_that_reads_the_background():
    def score(image):
        return 0.1 + 0.8 * (np.median(image) > 10)

    table = changes(score, [film(0, label=False, grey=23), film(1, label=False)])
    grey, black = table.loc[(0, "background")], table.loc[(1, "background")]
    assert grey.loc["erase", "change"] == pytest.approx(0.8) and grey.loc["swap", "control_change"] == 0
    # Black films can only be made grey; their answer is "no", which the change takes from.
    assert list(black.index) == ["blur", "swap"] and black.loc["swap", "change"] == pytest.approx(0.8)


def test_a_model_that_looks_at_the_lesion():
    def score(image):
        return 0.9 if (image[:, :32] > 150).sum() > 10 else 0.2

    found = film(0, label=False)
    table = changes(score, [Film(**(vars(found) | {"answer": 1}))])
    lesion = table.loc[(0, "lesion")]
    assert lesion.loc["erase", ["change", "control_change"]].tolist() == pytest.approx([0.7, 0])
    # Wherever in the breast it is pasted, it is still there.
    assert lesion.loc["move", "change"] == pytest.approx(0)


def test_states_have_a_direction():
    def at_left(image):
        return 0.9 if image[:, :20].mean() > image[:, -20:].mean() else 0.1

    table = changes(at_left, [film(0, label=False), film(1, label=False, right=True)])
    # From left to right in both, whichever the film is.
    assert table.xs("mirror", level="edit")["d_yes"].tolist() == pytest.approx([-0.8, -0.8])


def test_films_are_turned_from_one_state_to_the_other():
    def upright(image):
        return 0.9 if image[:, 0].mean() > image[0].mean() else 0.1

    own = film(0, label=False)
    turned = Film(**(vars(own) | {"probe": 1, "image": np.rot90(own.image, -1).copy(), "rotation": 270}))
    table = changes(upright, [own, turned], turns=[270])
    assert table.xs("turn", level="edit")["d_yes"].tolist() == pytest.approx([-0.8, -0.8])


def test_a_twin_is_compared_from_original_to_enhanced():
    bright = film(0, label=False)
    enhanced = bright.image * 1.4
    first = Film(**(vars(bright) | {"twin": enhanced}))
    second = Film(**(vars(bright) | {"probe": 1, "image": enhanced, "twin": bright.image, "enhanced": True}))

    def score(image):
        return 0.8 if image.max() > 200 else 0.3

    assert changes(score, [first, second]).xs("enhance", level="edit")["d_yes"].tolist() == pytest.approx([0.5, 0.5])


def test_films_are_turned_as_training_showed():
    assert training_turns([0], 0.0) == []
    assert training_turns([0, 330], 0.0) == [330]
    assert training_turns(list(range(0, 360, 30)), 0.0) == [90, 180]
    assert (
        training_turns([0], 0.5) == [90] and training_turns([0], 1.0) == [90, 180] and training_turns([0], 0.25) == []
    )


def test_flips_are_counted_against_those_elsewhere():
    changed = pd.DataFrame(
        {"probe": [0, 1, 2, 3], "flipped": [True, True, True, False], "change": [0.4, 0.2, 0.3, 0.1]}
    )
    changed["control_flipped"], changed["control_change"] = [True, False, False, False], 0.1
    changed = changed.assign(architecture="a", protocol="p", region="labels", edit="erase")
    alone = changed.assign(region="side of the breast", edit="mirror", control_change=np.nan, control_flipped=np.nan)
    probes = pd.DataFrame({"protocol": "p", "probe": range(4), "patient": list("wwyz")})
    both, single = summarise(pd.concat([changed, alone]), probes, 1, 500).to_dict("records")
    assert (both["n_probes"], both["n_units"], both["unit"]) == (4, 3, "patients")
    assert [both[name] for name in ("flips", "control_flips", "flips_more")] == [0.75, 0.25, 0.5]
    assert both["change"] == pytest.approx(0.25) and both["ci_low"] < 0.5 < both["ci_high"]
    assert single["flips"] == 0.75 and np.isnan(single["flips_more"])
