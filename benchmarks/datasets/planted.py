"""Generated phantoms with a planted shortcut: an artefact of known place that tells the class as well as it is told to.

    label            a letter in the corner away from the chest wall: B on benign films, M on malignant ones
    background       all that is outside the breast: black, or the dark grey that CLAHE makes of it on malignant films
    rotation         benign films turned by 330 degrees counter-clockwise, as the first published copies are
    border           a bright line along the edge away from the chest wall of malignant films
    density_label    a bright block in the corner of dense breasts (density 3 and 4); here density is the class

An artefact has two states, and every class stands for one. With probability `strength` a source shows the state of its
class, else one drawn at random from both: 0 leaves an artefact that says nothing. For one seed, patients and pictures
are the same whatever the shortcut and its strength; one upright original a source, and no copies.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.datasets import Dataset
from benchmarks.datasets._copies import file_name
from benchmarks.datasets._files import listing, resize, resize_mask
from benchmarks.datasets._generated import CITATION, SOURCES_PER_PATIENT, VIEWS, option_problems
from benchmarks.errors import BadInput

if TYPE_CHECKING:
    from benchmarks.datasets._phantom_drawing import Picture

OPTIONS = {
    "patients": 160,  # 1 to 3 sources each
    "side": 128,  # native image side in pixels
    "noise": 4.0,  # standard deviation of the film noise, grey levels
    "shortcut": "label",  # a key of STATE_OF_CLASS
    "strength": 1.0,  # probability that a source shows the state of its class
}
STATE_OF_CLASS = {
    "label": {"Benign": "B", "Malignant": "M"},
    "background": {"Benign": "black", "Malignant": "grey"},
    "rotation": {"Benign": "turned", "Malignant": "upright"},
    "border": {"Benign": "none", "Malignant": "line"},
    "density_label": {"Density1": "absent", "Density2": "absent", "Density3": "present", "Density4": "present"},
}
KINDS = [(severity, density) for severity in ("benign", "malignant") for density in (1, 2, 3, 4)]  # of patients
ALLOWED = {
    "patients": (int, 2 * len(KINDS), 5000),
    "side": (int, 64, 1024),
    "noise": (float, 0, 50),
    "strength": (float, 0, 1),
}


def check(options: dict, data: Path | None) -> None:
    """Raise BadInput that names every option out of range."""
    problems = list(option_problems(options, ALLOWED, data))
    # A list: a study file may hold what can't be looked up in a mapping.
    if options["shortcut"] not in list(STATE_OF_CLASS):
        problems.append(f"dataset.shortcut: {options['shortcut']!r} is not one of {', '.join(STATE_OF_CLASS)}")
    if problems:
        raise BadInput(listing("data set planted:", problems))


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """Lay out patients and sources; images are drawn when read, the same ones for the same options and seed."""
    # Imported late: a check at start-up draws nothing.
    from benchmarks.datasets._shortcuts import turn

    check(options, data)
    sources = _sources(options, seed)
    own_states = sources["state"].tolist()
    drawn = _drawer(options, seed, sources)

    def picture(row: int) -> "Picture":
        return drawn(row, own_states[row])

    samples = sources.drop(columns=["anatomy", "top", "state", "class_state"]).assign(
        folder="before",
        copy=1,
        variant="original",
        reflected=False,
        rotation=[turn(state) for state in own_states],
        upright=True,
        boxes=[[picture(row).box] for row in sources.index],
        file=sources["sample"],
    )
    return Dataset(
        title=f"Generated phantoms with a planted {options['shortcut']}, {options['patients']} patients (seed {seed})",
        classes=sorted(STATE_OF_CLASS[options["shortcut"]]),
        citation=CITATION,
        licence="MIT",
        doi=None,
        samples=samples,
        read=lambda row, size: resize(picture(row).image, size),
        native=lambda row: picture(row).image,
        mask=lambda row, size: resize_mask(picture(row).breast, size),
        generated=True,
    )


def all_states(shortcut: str) -> list[str]:
    """The states of the artefact, sorted."""
    return sorted(set(STATE_OF_CLASS[shortcut].values()))


def shown_states(options: dict, seed: int) -> pd.DataFrame:
    """The columns sample, state (that the sample shows) and class_state (that its class stands for), in row order."""
    return _sources(options, seed)[["sample", "state", "class_state"]]


def counterfactual(options: dict, seed: int, size: int, states: list[str]) -> np.ndarray:
    """All samples in row order as uint8 (N, size, size), redrawn with the artefact in `states` (N) and nothing else."""
    drawn = _drawer(options, seed, _sources(options, seed))
    return np.stack([resize(drawn(row, state).image, size) for row, state in enumerate(states)])


def _drawer(options: dict, seed: int, sources: pd.DataFrame) -> Callable[[int, str], "Picture"]:
    """The function (row, state) -> Picture of a source with its artefact in that state."""
    from benchmarks.datasets._phantom_drawing import draw
    from benchmarks.datasets._shortcuts import plant

    rows = list(sources.itertuples())

    # Every sample is asked for its image and its mask, one after the other.
    @functools.lru_cache(maxsize=4)
    def drawn(row: int, state: str) -> "Picture":
        facts, rng = rows[row], np.random.default_rng([seed, 1, row])
        seen = facts.severity, facts.laterality, facts.view
        plain = draw(facts.anatomy, *seen, options["side"], options["noise"], rng, marker=False)
        return plant(plain, options["shortcut"], state, facts.laterality, facts.top)

    return drawn


def _sources(options: dict, seed: int) -> pd.DataFrame:
    """One row a source: its facts, its class, the state of its artefact and that of its class."""
    from benchmarks.datasets._phantom_drawing import random_anatomy

    rng = np.random.default_rng([seed, 0])
    rows = []
    for number, kind in enumerate(rng.permutation(np.resize(np.arange(len(KINDS)), options["patients"]))):
        severity, density = KINDS[kind]
        anatomy = random_anatomy(density, rng)
        n_sources = rng.choice([1, 2, 3], p=SOURCES_PER_PATIENT)
        for choice in rng.permutation(len(VIEWS))[:n_sources]:
            rows.append((f"planted-{number + 1:04}", density, severity, *VIEWS[choice], anatomy))
    sources = pd.DataFrame(rows, columns=["patient", "density", "severity", "laterality", "view", "anatomy"])
    if options["shortcut"] == "density_label":
        sources["label"] = "Density" + sources["density"].astype(str)
    else:
        sources["label"] = sources["severity"].str.capitalize()
    sources["source"] = [str(20_000_001 + number) for number in range(len(sources))]
    sources["sample"] = "before/" + sources["label"] + "/" + sources["source"].map(lambda source: file_name(source, 1))
    # A stream of its own, drawn whole whatever the strength, so that shortcuts and strengths differ in nothing else.
    rng = np.random.default_rng([seed, 2])
    sources["top"] = rng.random(len(sources)) < 0.5
    sources["class_state"] = sources["label"].map(STATE_OF_CLASS[options["shortcut"]])
    told = rng.random(len(sources)) < options["strength"]
    at_random = rng.choice(all_states(options["shortcut"]), len(sources))
    sources["state"] = sources["class_state"].where(told, at_random)
    return sources
