"""Edits of films that test what a prediction relies on: regions erased, blurred or swapped, films turned or enhanced.

A region's change is set beside the same change of the same area elsewhere. What turns one state of a whole film into
another (upright and turned, breast at the left and at the right, original and enhanced) is set beside nothing: a model
that takes the state for no evidence answers with the same mean probabilities in both.
"""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from analysis.explanations import edits
from analysis.explanations.regions import elsewhere

REGIONS = ("labels", "border", "corners", "pectoral", "lesion")
FRAMES = ("border", "corners")  # the same pixels in every film, breast or not
BACKGROUND = "background"
TURNED, SIDE, CONTRAST = "turned by", "side of the breast", "contrast"  # states of whole films
EMPTY, MARKER = "empty_film", "marker_alone"
TURNS = (90, 180)  # degrees, where training showed all angles
LEAST_CHANGE = 3  # grey levels between two backgrounds that differ
TRIES = 8  # to find another place for a lesion
FILMS = 256  # predicted at once


@dataclasses.dataclass(frozen=True)
class Film:
    """A probe: `image` float32 (S, S), 0..255, masks bool (S, S), the predicted class number, and further facts."""

    probe: int
    image: np.ndarray
    breast: np.ndarray
    regions: dict[str, np.ndarray]
    answer: int
    rotation: int
    enhanced: bool
    twin: np.ndarray | None  # the same film with the other contrast


@dataclasses.dataclass(frozen=True)
class Edit:
    """An edited film and its control, the same edit elsewhere; `sign` is -1 for an edit back from the second state."""

    region: str
    edit: str
    after: np.ndarray
    control: np.ndarray | None = None
    before: np.ndarray | None = None  # None: the film itself
    sign: int = 1


def film_edits(
    film: Film, films: list[Film], levels: np.ndarray, turns: list[int], rng: np.random.Generator
) -> Iterator[Edit]:
    """Yield every edit of `film`; `films` may donate regions, `levels` are grey levels of backgrounds.

    `turns` are angles in degrees that the model was shown in training.
    """
    for region in REGIONS:
        if region in film.regions:
            yield from _region_edits(film, region, films, rng)
    if BACKGROUND in film.regions:
        yield from _background_edits(film, levels, rng)
    yield from _state_edits(film, turns)
    if BACKGROUND in film.regions:
        empty = edits.empty_film(film.image, film.regions[BACKGROUND])
        yield Edit("film", EMPTY, empty)
        if "labels" in film.regions:
            marker = edits.marker_alone(film.image, film.regions["labels"], film.regions[BACKGROUND])
            yield Edit("labels", MARKER, marker, before=empty)


def _region_edits(film: Film, region: str, films: list[Film], rng: np.random.Generator) -> Iterator[Edit]:
    image, mask = film.image, film.regions[region]
    place = elsewhere(region, film.regions, rng)
    for name, change in (("erase", edits.erase), ("blur", edits.blur)):
        yield Edit(region, name, change(image, mask), None if place is None else change(image, place))
    donors = [other for other in films if region in other.regions and other.answer != film.answer]
    if donors:
        donor = donors[rng.integers(len(donors))]
        theirs = elsewhere(region, donor.regions, rng)
        outside = ~film.breast & ~donor.breast if region in FRAMES else np.ones_like(mask)
        after = edits.swap(image, mask & outside, donor.image, donor.regions[region] & outside)
        known = place is not None and theirs is not None
        control = edits.swap(image, place & outside, donor.image, theirs & outside) if known else None
        yield Edit(region, "swap", after, control)
    if region == "lesion" and place is not None:
        # Tissue moves in the control, which leaves the lesion where it is.
        drawn = (elsewhere(region, film.regions, rng) for _ in range(TRIES))
        other = next((there for there in drawn if there is not None and not (there & place).any()), None)
        control = None if other is None else edits.move(image, place, other)
        yield Edit(region, "move", edits.move(image, mask, place), control)


def _background_edits(film: Film, levels: np.ndarray, rng: np.random.Generator) -> Iterator[Edit]:
    image, background = film.image, film.regions[BACKGROUND]
    matched = edits.matched_area(film.breast, int(background.sum()), rng)
    own = edits.level(image, background)
    farthest = levels[np.abs(levels - own).argmax()]
    for name, change in (("erase", -own), ("swap", farthest - own)):
        if abs(change) >= LEAST_CHANGE:
            # Labels rise with what they stand on, or their surroundings would stay behind as a patch.
            after = edits.shift_level(image, ~film.breast, change)
            yield Edit(BACKGROUND, name, after, edits.shift_level(image, matched, change))
    # A line along the edge is the border's business.
    inner = background & ~film.regions["border"]
    yield Edit(BACKGROUND, "blur", edits.blur(image, inner), edits.blur(image, matched))


def _state_edits(film: Film, turns: list[int]) -> Iterator[Edit]:
    for angle in turns:
        if film.rotation in (0, angle):
            sign = 1 if film.rotation == 0 else -1
            yield Edit(f"{TURNED} {angle}", "turn", edits.turn(film.image, sign * angle, reflected=False), sign=sign)
    columns = np.nonzero(film.breast)[1]
    if len(columns):
        at_left = columns.mean() < (film.image.shape[1] - 1) / 2
        yield Edit(SIDE, "mirror", film.image[:, ::-1], sign=1 if at_left else -1)
    if film.twin is not None:
        yield Edit(CONTRAST, "enhance", film.twin, sign=-1 if film.enhanced else 1)


def rows(
    predict: Callable[[np.ndarray], np.ndarray],
    films: list[Film],
    levels: np.ndarray,
    turns: list[int],
    classes: list[str],
    seed: int,
    shown: set[int],
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return one row for each edit, and pictures uint8 (P, S, S) of the edited films of the probes `shown`.

    Columns probe, region, edit, area, change, flipped, control_change, control_flipped, picture (its place), d_<class>.

    `predict` gives probabilities (N, classes) for float32 (N, S, S, 1). change is the drop in the probability of the
    class predicted before, flipped whether another class is predicted; d_ the change of each class' probability
    from the first state to the second. Of an empty film, change is the probability of the predicted class.
    """
    done = [
        (film, edit)
        for film in films
        for edit in film_edits(film, films, levels, turns, np.random.default_rng([seed, film.probe]))
    ]
    images: list[np.ndarray] = []
    places = []
    for film, edit in done:
        own = (film.image if edit.before is None else edit.before, edit.after, edit.control)
        places.append([None if image is None else len(images) + n for n, image in enumerate(own)])
        images += [image for image in own if image is not None]
    answers = np.concatenate(
        [
            predict(np.stack(images[start : start + FILMS])[..., np.newaxis].astype("float32"))
            for start in range(0, len(images), FILMS)
        ]
    ).astype(float)
    table: list[dict] = []
    pictures: list[np.ndarray | None] = []
    for (film, edit), (before, after, control) in zip(done, places, strict=True):
        mask = film.regions.get(edit.region)
        row = {"probe": film.probe, "region": edit.region, "edit": edit.edit}
        row |= {"area": 1.0 if mask is None else float(mask.mean())}
        row |= _change(answers[before], answers[after])
        if edit.edit == EMPTY:
            row["change"] = answers[after].max()
        if control is not None:
            row |= {f"control_{key}": value for key, value in _change(answers[before], answers[control]).items()}
        row["picture"] = len(pictures) if film.probe in shown else pd.NA
        if film.probe in shown:
            pictures.append(np.clip(np.round(edit.after), 0, 255).astype(np.uint8))
        shift = edit.sign * (answers[after] - answers[before])
        table.append(row | {f"d_{name}": value for name, value in zip(classes, shift, strict=True)})
    return pd.DataFrame(table).astype({"picture": "Int64"}), np.array(pictures)


def _change(before: np.ndarray, after: np.ndarray) -> dict:
    answer = before.argmax()
    return {"change": before[answer] - after[answer], "flipped": bool(after.argmax() != answer)}


def training_turns(rotations: list[int], augmentation: float) -> list[int]:
    """Return the angles, degrees counter-clockwise, by which a film may be turned within the range seen in training.

    `rotations` are those of the training images, `augmentation` the strength of the harness's own, which turns by up to
    half a turn at full strength (benchmarks/cells/shared.py).
    """
    shown = sorted({int(angle) % 360 for angle in rotations} - {0})
    if augmentation:
        return [angle for angle in TURNS if angle <= 180 * augmentation]
    return [angle for angle in TURNS if angle in shown] or shown
