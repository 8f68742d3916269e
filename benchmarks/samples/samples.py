"""Decode a study's data set: images and breast masks as arrays, and a table with one row a sample.

Writes into the results folder

    samples.parquet     one row a sample: row (index in the arrays), sample (unique id), label, folder (before, after),
                        source, patient (null if unknown), copy, variant (original, clahe), reflected, rotation
                        (degrees counter-clockwise), upright (the one un-augmented original of its source), laterality,
                        view, density (1..4), severity (benign, malignant), boxes (lesions as [x, y, w, h], fractions of
                        this image's width and height), file (path inside the data), dataset (which of several data
                        sets), md5 (of the decoded native pixels), mask (known, segmented)
    images_<size>.npy   uint8 (N, size, size), one file a size of the study, for np.load(mmap_mode="r")
    masks_<size>.npy    uint8 (N, size, size), 1 in the breast
    dataset.json        name, title, classes, citation, licence, doi, generated, data, and a hash of all pixels
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import datasets
from benchmarks.datasets import Dataset
from benchmarks.datasets._files import resize_mask
from benchmarks.errors import BadInput, refuse
from benchmarks.samples.breast import segment_breast
from benchmarks.study.study import Study

DTYPES = {
    # "str" columns are never null and compare to plain bools.
    **dict.fromkeys(["sample", "label", "folder", "variant", "file"], "str"),
    **dict.fromkeys(["source", "patient", "laterality", "view", "severity", "dataset"], "string"),
    **dict.fromkeys(["copy", "density"], "Int64"),
}
COLUMNS = [
    *("row", "sample", "label", "folder", "source", "patient", "copy", "variant", "reflected", "rotation", "upright"),
    *("laterality", "view", "density", "severity", "boxes", "file", "dataset", "md5", "mask"),
]


def write_samples(study: Study, out: Path | None = None) -> None:
    """Decode the study's data set into `out`, default results/<study>. Raises BadInput that lists unreadable files."""
    out = out or study.results()
    dataset = datasets.load(study.dataset, study.data, study.seed)
    out.mkdir(parents=True, exist_ok=True)
    digests = write_arrays(dataset, study.sizes(), out)
    samples = dataset.samples.reset_index(drop=True)
    samples = samples.assign(row=samples.index, md5=digests, mask="known" if dataset.mask else "segmented")
    if "dataset" not in samples:
        samples["dataset"] = study.dataset["name"]
    with _replacing(out / "samples.parquet") as path:
        samples[COLUMNS].astype(DTYPES).to_parquet(path, index=False)
    with _replacing(out / "dataset.json") as path:
        path.write_text(json.dumps(_about(study, dataset, samples), indent=2) + "\n")


def write_arrays(dataset: Dataset, sizes: list[int], out: Path) -> list[str]:
    """Write images_<size>.npy and masks_<size>.npy into `out` and return the MD5 of each sample's native pixels.

    Files get these names only when complete. Raises BadInput that lists every file that can't be read.
    """
    digests: list[str] = []
    unreadable: list[str] = []
    n = len(dataset.samples)
    with contextlib.ExitStack() as stack:
        images, masks = (
            {size: stack.enter_context(_new_array(out / f"{kind}_{size}.npy", (n, size, size))) for size in sizes}
            for kind in ("images", "masks")
        )
        for row in range(n):
            try:
                native = dataset.native(row)
                digests.append(hashlib.md5(native.tobytes(), usedforsecurity=False).hexdigest())
                mask = dataset.mask or _segmented(native)
                for size in sizes:
                    images[size][row] = dataset.read(row, size)
                    masks[size][row] = mask(row, size)
            except BadInput as error:
                unreadable.append(str(error))
        refuse(f"{len(unreadable)} of {n} images can't be read:", unreadable)
    return digests


def _segmented(native: np.ndarray) -> Callable[[int, int], np.ndarray]:
    breast = segment_breast(native)
    return lambda row, size: resize_mask(breast, size)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path and rename it to `path` after the block, so that a killed run leaves no partial file."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _new_array(path: Path, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    with _replacing(path) as temporary:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        yield array
        array.flush()


def _about(study: Study, dataset: Dataset, samples: pd.DataFrame) -> dict:
    digest = hashlib.sha256()
    for sample, md5 in sorted(zip(samples["sample"], samples["md5"], strict=True)):
        digest.update(f"{sample}\t{md5}\n".encode())
    return {
        "name": study.dataset["name"],
        "title": dataset.title,
        "classes": dataset.classes,
        "citation": dataset.citation,
        "licence": dataset.licence,
        "doi": dataset.doi,
        "generated": dataset.generated,
        "digest": digest.hexdigest(),
        "data": str(study.data) if study.data else None,
    }
