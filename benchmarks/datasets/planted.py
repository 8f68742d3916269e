"""Generated phantoms with a planted shortcut: an artefact at a known place that correlates with the class.

    label            a letter in the corner away from the chest wall: B on benign films, M on malignant ones
    background       pixels outside the breast: black, or on malignant films the dark grey that CLAHE makes of black
    rotation         benign films are rotated by 330 degrees counter-clockwise, like the first published copies
    border           a bright line along the edge away from the chest wall of malignant films
    density_label    a bright block in the corner of dense breasts (density 3 and 4); here density is the class

An artefact has two states, and each class is assigned one of them. With probability `strength` a source shows the state
of its class, else a state drawn at random: with 0, the artefact carries no information. For one random seed, patients
and images are the same for all shortcuts and strengths. Each source is one upright original, without copies.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.datasets import Dataset
from benchmarks.datasets._copies import file_name
from benchmarks.datasets._files import resize
from benchmarks.datasets._generated import SOURCES_PER_PATIENT, VIEWS, check_options, generated, sources_table

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
    shortcut, known = options["shortcut"], list(STATE_OF_CLASS)  # a list, as the value may be unhashable
    wrong = [] if shortcut in known else [f"dataset.shortcut: {shortcut!r} is not one of {', '.join(known)}"]
    check_options(options, ALLOWED, data, "planted", *wrong)


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """Return the data set; each image is drawn when read, always the same for the same options and seed."""
    from benchmarks.datasets._shortcuts import turn  # late, so that `check` stays quick

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
    title = f"Generated phantoms with a planted {options['shortcut']}, {options['patients']} patients (seed {seed})"
    classes = STATE_OF_CLASS[options["shortcut"]]
    return generated(title, classes, samples, lambda row: picture(row).image, lambda row: picture(row).breast)


def all_states(shortcut: str) -> list[str]:
    """Return the two states of the artefact, sorted."""
    return sorted(set(STATE_OF_CLASS[shortcut].values()))


def shown_states(options: dict, seed: int) -> pd.DataFrame:
    """Return sample, state (of the sample) and class_state (assigned to its class) of all samples, in row order."""
    return _sources(options, seed)[["sample", "state", "class_state"]]


def counterfactual(options: dict, seed: int, size: int, states: list[str]) -> np.ndarray:
    """Return all samples as uint8 (N, size, size), redrawn with the artefact in `states` (N) and no other change."""
    drawn = _drawer(options, seed, _sources(options, seed))
    return np.stack([resize(drawn(row, state).image, size) for row, state in enumerate(states)])


def _drawer(options: dict, seed: int, sources: pd.DataFrame) -> Callable[[int, str], "Picture"]:
    """Return the function (row, state) -> Picture of a source with the artefact in `state`."""
    from benchmarks.datasets._phantom_drawing import draw
    from benchmarks.datasets._shortcuts import plant

    rows: list = list(sources.itertuples())

    @functools.lru_cache(maxsize=4)  # image and mask of a sample are read one after the other
    def drawn(row: int, state: str) -> "Picture":
        facts, rng = rows[row], np.random.default_rng([seed, 1, row])
        seen = facts.severity, facts.laterality, facts.view
        plain = draw(facts.anatomy, *seen, options["side"], options["noise"], rng, marker=False)
        return plant(plain, options["shortcut"], state, facts.laterality, facts.top)

    return drawn


def _sources(options: dict, seed: int) -> pd.DataFrame:
    """Return one row a source: facts, class, state of the artefact, and the state assigned to the class."""
    from benchmarks.datasets._phantom_drawing import random_anatomy

    rng = np.random.default_rng([seed, 0])
    rows = []
    for number, kind in enumerate(rng.permutation(np.resize(np.arange(len(KINDS)), options["patients"]))):
        severity, density = KINDS[kind]
        anatomy = random_anatomy(density, rng)
        n_sources = rng.choice([1, 2, 3], p=SOURCES_PER_PATIENT)
        for choice in rng.permutation(len(VIEWS))[:n_sources]:
            rows.append((f"planted-{number + 1:04}", density, severity, *VIEWS[choice], anatomy))
    sources = sources_table(rows)
    if options["shortcut"] == "density_label":
        sources["label"] = "Density" + sources["density"].astype(str)
    else:
        sources["label"] = sources["severity"].str.capitalize()
    sources["sample"] = "before/" + sources["label"] + "/" + sources["source"].map(lambda source: file_name(source, 1))
    # A separate random stream of the same length for every strength, so that nothing else differs.
    rng = np.random.default_rng([seed, 2])
    sources["top"] = rng.random(len(sources)) < 0.5
    sources["class_state"] = sources["label"].map(STATE_OF_CLASS[options["shortcut"]])
    informative = rng.random(len(sources)) < options["strength"]
    at_random = rng.choice(all_states(options["shortcut"]), len(sources))
    sources["state"] = sources["class_state"].where(informative, at_random)
    return sources
