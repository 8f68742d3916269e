"""What every adapter owes: a contributor's mistake is told before anything is decoded or trained."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.errors import BadInput

if TYPE_CHECKING:
    from benchmarks.datasets._dataset import Dataset

COLUMNS = (
    *("sample", "label", "folder", "source", "patient", "copy", "variant", "reflected", "rotation", "upright"),
    *("laterality", "view", "density", "severity", "boxes", "file"),
)
SIZE = 32  # pixels, of the one image that is read


def breaches(dataset: "Dataset") -> Iterator[str]:
    """Yield what is wrong with a Dataset that an adapter returned, and how to mend it."""
    samples = dataset.samples
    missing = [column for column in COLUMNS if column not in samples]
    if missing:
        yield f"samples lacks the columns {', '.join(missing)}; add them, None where unknown"
        return
    if not samples.index.equals(pd.RangeIndex(len(samples))):
        yield "the index of samples is not 0..N-1; end with reset_index(drop=True)"
        return
    if samples["sample"].isna().any() or samples["sample"].duplicated().any():
        twice = samples.loc[samples["sample"].duplicated(), "sample"]
        yield f"sample is empty or not unique ({', '.join(map(str, twice[:3]))}); give each image an id of its own"
    labels = sorted(samples["label"].dropna().unique())
    if samples["label"].isna().any() or labels != list(dataset.classes):
        yield f"classes is {dataset.classes}, but the labels are {labels}; give all samples one, and classes sorted"
    for column, allowed in {
        "folder": {"before", "after"},
        "upright": {True, False},
        "reflected": {True, False},
        "density": {1, 2, 3, 4},
        "severity": {"benign", "malignant"},
    }.items():
        strange = sorted({str(value) for value in samples[column].dropna().unique() if value not in allowed})
        if strange:
            yield f"{column} holds {', '.join(strange[:3])}; allowed: {', '.join(sorted(map(str, allowed)))}"
    yield from _sources(samples)
    yield from _image(dataset)


def _sources(samples: pd.DataFrame) -> Iterator[str]:
    known = samples[samples["source"].notna()]
    uprights = known.groupby("source")["upright"].sum()
    wrong = uprights[uprights != 1]
    if len(wrong):
        first = wrong.index[0]
        yield f"source {first} has {wrong.iloc[0]} upright originals; mark the one un-augmented file of each source"
    patients = known.groupby("source")["patient"].nunique()
    if (patients > 1).any():
        yield f"source {patients.idxmax()} is of {patients.max()} patients; one image is of one patient"


def _image(dataset: "Dataset") -> Iterator[str]:
    try:
        native, read = dataset.native(0), dataset.read(0, SIZE)
    except BadInput:
        return  # decoding all images lists every one that can't be read
    if _kind(native) != ("uint8", 2):
        yield f"native(0) returns {_told(native)}; return uint8 (H, W)"
    if _kind(read) != ("uint8", 2) or read.shape != (SIZE, SIZE):
        yield f"read(0, {SIZE}) returns {_told(read)}; return uint8 ({SIZE}, {SIZE})"


def _kind(image: object) -> tuple[str, int]:
    return str(getattr(image, "dtype", "")), np.ndim(image)


def _told(image: object) -> str:
    return f"{getattr(image, 'dtype', type(image).__name__)} {np.shape(image)}"
