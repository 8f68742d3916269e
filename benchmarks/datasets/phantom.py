"""Generated mammogram-like images with the make-up of the published data, so that everything runs without a download.

Eight classes in unequal numbers, patients with one density and one to three sources each, and copies named, ordered and
transformed by the published rule. Breast outline and lesion box are known. Nothing here looks at real images.
"""

import functools
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.datasets import Dataset
from benchmarks.datasets._copies import N_COPIES, describe, file_name, transform_boxes, transform_image
from benchmarks.datasets._files import listing, resize, resize_mask
from benchmarks.datasets._generated import CITATION, SOURCES_PER_PATIENT, VIEWS, option_problems
from benchmarks.errors import BadInput

OPTIONS = {
    "patients": 40,  # 1 to 3 sources each
    "copies": 24,  # of the 72 published copies of a source, the first so many
    "side": 128,  # native image side in pixels
    "noise": 4.0,  # standard deviation of the film noise, grey levels
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
}
MIXED_SHARE = 0.06  # of patients with several sources: one of them is of the other severity, as in the published data


def check(options: dict, data: Path | None) -> None:
    """Raise BadInput that names every option out of range."""
    if problems := list(option_problems(options, ALLOWED, data)):
        raise BadInput(listing("data set phantom:", problems))


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """Lay out patients, sources and copies; images are drawn when read, the same ones for the same options and seed."""
    # Imported late: a check at start-up draws nothing.
    from benchmarks.datasets import _phantom_drawing as drawing

    check(options, data)
    sources = _sources(options["patients"], seed)
    drawn = {source.source: (number, source) for number, source in enumerate(sources.itertuples())}

    @functools.lru_cache(maxsize=4)
    def picture(source: str) -> drawing.Picture:
        number, facts = drawn[source]
        rng = np.random.default_rng([seed, 1, number])
        return drawing.draw(
            facts.anatomy, facts.severity, facts.laterality, facts.view, options["side"], options["noise"], rng
        )

    @functools.lru_cache(maxsize=4)
    def enhanced(source: str) -> np.ndarray:
        return drawing.enhance(picture(source).image)

    samples = _samples(sources, options["copies"])
    samples["boxes"] = [transform_boxes([picture(s.source).box], s.reflected, s.rotation) for s in samples.itertuples()]
    rows = list(samples.itertuples())

    @functools.lru_cache(maxsize=2)
    def native(row: int) -> np.ndarray:
        sample = rows[row]
        image = picture(sample.source).image if sample.variant == "original" else enhanced(sample.source)
        return transform_image(image, sample.reflected, sample.rotation)

    def mask(row: int, size: int) -> np.ndarray:
        sample = rows[row]
        upright = picture(sample.source).breast.astype(np.uint8) * 255
        return resize_mask(transform_image(upright, sample.reflected, sample.rotation) >= 128, size)

    return Dataset(
        title=f"Generated phantoms, {options['patients']} patients (seed {seed})",
        classes=sorted(SHARES),
        citation=CITATION,
        licence="MIT",
        doi=None,
        samples=samples,
        read=lambda row, size: resize(native(row), size),
        native=native,
        mask=mask,
        generated=True,
    )


def _labels(patients: int, rng: np.random.Generator) -> list[str]:
    """A class for each patient: LEAST_PER_CLASS each, the rest by the published shares, in random order."""
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
    sources = pd.DataFrame(rows, columns=["patient", "density", "severity", "laterality", "view", "anatomy"])
    sources["label"] = "Density" + sources["density"].astype(str) + sources["severity"].str.capitalize()
    sources["source"] = [str(20_000_001 + number) for number in range(len(sources))]
    return sources


def _samples(sources: pd.DataFrame, copies: int) -> pd.DataFrame:
    numbers = [("before", 1), ("before", 2), *(("after", copy) for copy in range(1, copies + 1))]
    files = sources.drop(columns="anatomy").merge(pd.DataFrame(numbers, columns=["folder", "copy"]), how="cross")
    samples = describe(files)
    names = [file_name(source, copy) for source, copy in zip(samples["source"], samples["copy"], strict=True)]
    samples["sample"] = samples["folder"] + "/" + samples["label"] + "/" + pd.Series(names)
    return samples.assign(file=samples["sample"])
