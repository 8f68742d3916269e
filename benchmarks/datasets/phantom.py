"""Generated mammogram-like images with the structure of the published data: no download, no real image.

Eight classes in unequal numbers, patients with one density and one to three sources each, and copies named, ordered and
transformed by the published rule. Breast outline and lesion box are known.
"""

import functools
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.datasets import Dataset
from benchmarks.datasets._copies import N_COPIES, described_copies, transform_boxes, transform_image, transform_mask
from benchmarks.datasets._generated import SOURCES_PER_PATIENT, VIEWS, check_options, generated, sources_table

OPTIONS = {
    "patients": 40,  # 1 to 3 sources each
    "copies": 24,  # of each source: the first of the 72 published ones
    "side": 128,  # native image side in pixels
    "noise": 4.0,  # standard deviation of the film noise, grey levels
    "evidence": 0.0,  # 0: masses differ in shape alone; 1: malignant ones are much larger and denser than benign ones
}
LEAST_PER_CLASS = 3  # patients
LEAST_COPIES = 24  # the upright original is copy 1 of malignant sources and copy 24 of benign ones
# Patients of each class in the published data.
SHARES = {
    "Density1Benign": 7,
    "Density1Malignant": 14,
    "Density2Benign": 2,
    "Density2Malignant": 16,
    "Density3Benign": 6,
    "Density3Malignant": 4,
    "Density4Benign": 3,
    "Density4Malignant": 1,
}
ALLOWED = {
    "patients": (int, LEAST_PER_CLASS * len(SHARES), 5000),
    "copies": (int, LEAST_COPIES, N_COPIES),
    "side": (int, 64, 1024),
    "noise": (float, 0, 50),
    "evidence": (float, 0, 1),
}
MIXED_SHARE = 0.06  # of patients with several sources: one of them is of the other severity, as in the published data


def check(options: dict, data: Path | None) -> None:
    """Raise BadInput that names every option out of range."""
    check_options(options, ALLOWED, data, "phantom")


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """Return the data set; each image is drawn when read, always the same for the same options and seed."""
    from benchmarks.datasets import _phantom_drawing as drawing  # late, so that `check` stays quick

    check(options, data)
    sources = _sources(options["patients"], seed)
    drawn: dict = {source.source: (number, source) for number, source in enumerate(sources.itertuples())}

    @functools.lru_cache(maxsize=4)
    def picture(source: str) -> drawing.Picture:
        number, facts = drawn[source]
        shown = facts.severity, facts.laterality, facts.view
        rng = np.random.default_rng([seed, 1, number])
        return drawing.draw(facts.anatomy, *shown, options["side"], options["noise"], rng, evidence=options["evidence"])

    @functools.lru_cache(maxsize=4)
    def enhanced(source: str) -> np.ndarray:
        return drawing.enhance(picture(source).image)

    samples = _samples(sources, options["copies"])
    samples["boxes"] = [transform_boxes([picture(s.source).box], s.reflected, s.rotation) for s in samples.itertuples()]
    rows: list = list(samples.itertuples())

    @functools.lru_cache(maxsize=2)
    def native(row: int) -> np.ndarray:
        sample = rows[row]
        image = picture(sample.source).image if sample.variant == "original" else enhanced(sample.source)
        return transform_image(image, sample.reflected, sample.rotation)

    def breast(row: int) -> np.ndarray:
        sample = rows[row]
        return transform_mask(picture(sample.source).breast, sample.reflected, sample.rotation)

    title = f"Generated phantoms, {options['patients']} patients (seed {seed})"
    return generated(title, SHARES, samples, native, breast)


def _labels(patients: int, rng: np.random.Generator) -> list[str]:
    """Return a class for each patient: LEAST_PER_CLASS each, the rest by the published shares, in random order."""
    shares = np.array(list(SHARES.values())) / sum(SHARES.values())
    rest = (patients - LEAST_PER_CLASS * len(SHARES)) * shares
    numbers = np.floor(rest).astype(int)
    numbers[np.argsort(numbers - rest)[: round(rest.sum()) - numbers.sum()]] += 1
    labels = np.repeat(list(SHARES), numbers + LEAST_PER_CLASS)
    return list(rng.permutation(labels))


def _sources(patients: int, seed: int) -> pd.DataFrame:
    from benchmarks.datasets._phantom_drawing import random_anatomy

    rng = np.random.default_rng([seed, 0])
    rows = []
    for number, label in enumerate(_labels(patients, rng)):
        density, severity = int(label[7]), label[8:].lower()
        anatomy = random_anatomy(density, rng)
        n_sources = rng.choice([1, 2, 3], p=SOURCES_PER_PATIENT)
        mixed = n_sources > 1 and rng.random() < MIXED_SHARE
        for place, choice in enumerate(rng.permutation(len(VIEWS))[:n_sources]):
            other = {"benign": "malignant", "malignant": "benign"}[severity]
            own = other if mixed and place == n_sources - 1 else severity
            laterality, view = VIEWS[choice]
            rows.append((f"phantom-{number + 1:04}", density, own, laterality, view, anatomy))
    sources = sources_table(rows)
    return sources.assign(label="Density" + sources["density"].astype(str) + sources["severity"].str.capitalize())


def _samples(sources: pd.DataFrame, copies: int) -> pd.DataFrame:
    samples = described_copies(sources.drop(columns="anatomy"), copies)
    return samples.assign(file=samples["sample"])
