"""`Dataset`, which every adapter returns, and the check that an adapter returned a correct one."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.datasets.layouts.parts import PARTS
from benchmarks.errors import BadInput

COLUMNS = (
    *("sample", "label", "folder", "source", "patient", "copy", "variant", "reflected", "rotation", "upright"),
    *("laterality", "view", "density", "severity", "boxes", "file"),
)
ALLOWED: dict[str, set] = {
    "folder": {"before", "after"},
    "upright": {True, False},
    "reflected": {True, False},
    "density": {1, 2, 3, 4},
    "severity": {"benign", "malignant"},
    "official_part": set(PARTS),
}
SIZE = 32  # pixels, of the one image that the check reads


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A table of samples, functions that read their images, and facts about the data set.

    `samples` has one row a sample, index 0..N-1 and the columns of samples.parquet (samples.py) except row, md5, mask
    and crop; the column dataset only if there are several data sets, official_part only if a split is shipped.
    `native(row)` decodes a sample in its own size, uint8 (H, W); `read(row, size)` returns uint8 (size, size).
    `mask(row, size)` is the known breast mask, uint8 0/1 (size, size), or None if no mask is known. `file_size(row)` is
    the size of the file in bytes, or None if there are no files. `classes` are sorted as Keras sorts class folders.
    `generated` means that no patient was imaged. `layout` says how the files were understood, in words; `notes` say
    what was left out or assumed, one sentence each.
    """

    title: str
    classes: list[str]
    citation: str
    licence: str
    doi: str | None
    samples: pd.DataFrame
    read: Callable[[int, int], np.ndarray]
    native: Callable[[int], np.ndarray]
    mask: Callable[[int, int], np.ndarray] | None = None
    file_size: Callable[[int], int] | None = None
    generated: bool = False
    layout: str = ""
    notes: tuple[str, ...] = ()


def with_boxes(dataset: Dataset) -> Dataset:
    """Return `dataset` without the samples that have no lesion box. Raises BadInput if no two classes are left."""
    rows = np.flatnonzero(dataset.samples["boxes"].str.len() > 0).tolist()
    samples = dataset.samples.iloc[rows].reset_index(drop=True)
    classes = sorted(samples["label"].unique())
    if len(classes) < 2:
        raise BadInput(
            f"dataset.boxed: {len(rows)} of {len(dataset.samples)} images have a lesion box, of too few classes"
        )

    def chosen(name: str) -> Any:
        function = getattr(dataset, name)
        return function and (lambda row, *size: function(rows[row], *size))

    functions = {name: chosen(name) for name in ("read", "native", "mask", "file_size")}
    return dataclasses.replace(dataset, samples=samples, classes=classes, **functions)


def breaches(dataset: Dataset) -> Iterator[str]:
    """Yield a message for each violation of the contract by a Dataset, with the correction to make."""
    samples = dataset.samples
    if missing := [column for column in COLUMNS if column not in samples]:
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
        yield f"classes is {dataset.classes}, but the labels are {labels}; label all samples and sort classes"
    for column, allowed in ((column, allowed) for column, allowed in ALLOWED.items() if column in samples):
        strange = sorted({str(value) for value in samples[column].dropna().unique() if value not in allowed})
        if strange:
            yield f"{column} holds {', '.join(strange[:3])}; allowed: {', '.join(sorted(map(str, allowed)))}"
    sources = samples[samples["source"].notna()].groupby("source")
    uprights = sources["upright"].sum()
    for source, number in uprights[uprights != 1].head(1).items():
        yield f"source {source} has {number} upright originals; mark the one un-augmented file of each source"
    patients = sources["patient"].nunique()
    if (patients > 1).any():
        yield f"source {patients.idxmax()} has {patients.max()} patients; assign each source to one patient"
    yield from _image_breaches(dataset)


def _image_breaches(dataset: Dataset) -> Iterator[str]:
    try:
        native, read = dataset.native(0), dataset.read(0, SIZE)
    except BadInput:
        return  # the decoding of all images reports the unreadable ones together
    if not _is_image(native):
        yield f"native(0) returns {_described(native)}; return uint8 (H, W)"
    if not _is_image(read) or read.shape != (SIZE, SIZE):
        yield f"read(0, {SIZE}) returns {_described(read)}; return uint8 ({SIZE}, {SIZE})"


def _is_image(value: Any) -> bool:
    return getattr(value, "dtype", None) == np.uint8 and np.ndim(value) == 2


def _described(value: Any) -> str:
    return f"{getattr(value, 'dtype', type(value).__name__)} {np.shape(value)}"
