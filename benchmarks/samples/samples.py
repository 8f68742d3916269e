"""Decode a study's data set: images and breast masks as arrays, and a table with one row a sample.

Writes into the results folder

    samples.parquet     one row a sample: row (index in the arrays), sample (unique id), label, folder (before, after),
                        source, patient (null if unknown), copy, variant (original, clahe), reflected, rotation
                        (degrees counter-clockwise), upright (the one un-augmented original of its source), laterality,
                        view, density (1..4), severity (benign, malignant), boxes (lesions as [x, y, w, h], fractions of
                        the width and height of the images here), file (path inside the data), dataset (which of
                        several data sets), official_part (train, validation or test in the split that the data set
                        ships, null without one), md5 (of the decoded native pixels), mask (known, segmented), crop
                        (part of the file that the images show, as [x, y, w, h], fractions of its width and height)
    images_<view>.npy   uint8 (N, size, size), one file a view of the study (study/views.py), for np.load(mmap_mode="r")
    masks_<size>.npy    uint8 (N, size, size), 1 in the breast, for the study's own image sizes
    dataset.json        name, title, classes, citation, licence, doi, generated, layout, notes, data, crop, sources
                        (known, found, found_scans), and a hash of all pixels
    sources.csv         with found sources only (samples/found.py)
"""

import contextlib
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks import datasets, stored
from benchmarks.datasets import Dataset
from benchmarks.datasets._files import resize, resize_mask
from benchmarks.errors import BadInput, refuse
from benchmarks.samples import crop
from benchmarks.samples.breast import segment_breast
from benchmarks.samples.found import with_found_sources
from benchmarks.study.study import Study
from benchmarks.study.views import BOX, BREAST, SURROUNDINGS, WHOLE, View

DTYPES = {
    # "str" columns are never null and compare to plain bools.
    **dict.fromkeys(["sample", "label", "folder", "variant", "file"], "str"),
    **dict.fromkeys(["source", "patient", "laterality", "view", "severity", "dataset", "official_part"], "string"),
    **dict.fromkeys(["copy", "density"], "Int64"),
}
COLUMNS = [
    *("row", "sample", "label", "folder", "source", "patient", "copy", "variant", "reflected", "rotation", "upright"),
    *("laterality", "view", "density", "severity", "boxes", "file", "dataset", "official_part", "md5", "mask", "crop"),
]


def write_samples(study: Study, out: Path | None = None) -> None:
    """Decode the study's data set into `out`, default results/<study>. Raises BadInput that lists unreadable files."""
    out = out or study.results()
    dataset = datasets.load(study.dataset, study.data, study.seed)
    out.mkdir(parents=True, exist_ok=True)
    if study.sources_found:
        dataset, table = with_found_sources(dataset, scans=study.dataset["source"] == datasets.FOUND_SCANS)
        with stored.replacing(out / "sources.csv") as path:
            table.to_csv(path, index=False)
    views = study.views()
    if any(view.crop == BOX for view in views):
        _check_boxes(dataset.samples, study)
    found = write_arrays(dataset, views, study.sizes(), out)
    samples = dataset.samples.reset_index(drop=True)
    samples = samples.assign(row=samples.index, mask="known" if dataset.mask else "segmented", **found)
    optional = {"dataset": study.dataset["name"], "official_part": None}
    samples = samples.assign(**{column: value for column, value in optional.items() if column not in samples})
    with stored.replacing(out / "samples.parquet") as path:
        samples[COLUMNS].astype(DTYPES).to_parquet(path, index=False)
    with stored.replacing(out / "dataset.json") as path:
        path.write_text(json.dumps(_about(study, dataset, samples), indent=2) + "\n")


def _check_boxes(samples: pd.DataFrame, study: Study) -> None:
    """Raise BadInput unless every sample has a lesion box."""
    without = samples.loc[samples["boxes"].str.len() == 0, "sample"]
    if len(without):
        raise BadInput(
            f"crop: box, but {len(without)} of the {len(samples)} images of {study.dataset['name']} have no lesion box "
            f"({', '.join(without[:3])}); leave these images out by `dataset: {{boxed: true}}` in {study.path}, or use "
            "crop: breast or none"
        )


def write_arrays(dataset: Dataset, views: list[View], masked: list[int], out: Path) -> dict[str, list]:
    """Write images_<view>.npy of all `views`, and masks_<size>.npy of the study's own views of the sizes `masked`.

    The first view is the study's own. Return columns of the samples: md5 of the native pixels, and boxes and crop for
    the study's own views. Rows are written one by one, so memory does not grow with their number. Files get their names
    only when complete. Raises BadInput that lists every unreadable file.
    """
    found: dict[str, list] = {"md5": [], "boxes": [], "crop": []}
    unreadable: list[str] = []
    n = len(dataset.samples)
    own = views[0].crop
    with contextlib.ExitStack() as stack:
        images = {
            view: stack.enter_context(_new_array(out / f"images_{view.name}.npy", n, view.size)) for view in views
        }
        masks = {size: stack.enter_context(_new_array(out / f"masks_{size}.npy", n, size)) for size in masked}
        for row in range(n):
            try:
                film = _Film(dataset, row)
                for view, stream in images.items():
                    stream.write(film.image(view).tobytes())
                    if view.own and view.size in masks:
                        masks[view.size].write(film.mask(view).tobytes())
            except BadInput as error:
                unreadable.append(str(error))
                continue
            found["md5"].append(hashlib.md5(film.native.tobytes(), usedforsecurity=False).hexdigest())
            shown = crop.fractions(film.window(own), film.native.shape)
            found["crop"].append(shown)
            found["boxes"].append(film.boxes if own == WHOLE else crop.moved(film.boxes, shown))
        refuse(f"{len(unreadable)} of {n} images can't be read:", unreadable)
    return found


class _Film:
    """One decoded film and its breast, found when first needed."""

    def __init__(self, dataset: Dataset, row: int):
        self.dataset, self.row = dataset, row
        self.native: Any = dataset.native(row)
        self.boxes: list[list[float]] = dataset.samples["boxes"][row]

    @functools.cached_property
    def breast(self) -> np.ndarray:
        """Breast mask, bool (H, W): known or segmented."""
        if self.dataset.mask is None:
            return segment_breast(self.native)
        height, width = self.native.shape
        known = self.dataset.mask(self.row, max(height, width))
        return np.asarray(Image.fromarray(known).resize((width, height), Image.Resampling.NEAREST)).astype(bool)

    def window(self, chosen: str) -> crop.Window:
        """Return the part of the film that the crop `chosen` (none, box, breast or surroundings) shows."""
        if chosen == BOX:
            return crop.around_boxes(self.boxes, self.native.shape)
        if chosen == SURROUNDINGS:
            return crop.surroundings(self.window(BOX))
        return crop.around_breast(self.breast) if chosen == BREAST else crop.whole(self.native.shape)

    def image(self, view: View) -> np.ndarray:
        """Return the image of `view`, uint8 (size, size)."""
        if view.crop == WHOLE:
            return self.dataset.read(self.row, view.size)
        beyond: Literal["constant", "reflect"] = "reflect" if view.crop == SURROUNDINGS else "constant"
        return resize(crop.cropped(self.native, self.window(view.crop), beyond), view.size)

    def mask(self, view: View) -> np.ndarray:
        """Return the breast mask of `view`, uint8 (size, size)."""
        if view.crop == WHOLE and self.dataset.mask:
            return self.dataset.mask(self.row, view.size)
        return resize_mask(crop.cropped(self.breast, self.window(view.crop)), view.size)


@contextlib.contextmanager
def _new_array(path: Path, n: int, size: int) -> Iterator[IO[bytes]]:
    """Yield the stream of a new array, uint8 (n, size, size), to which the rows are written in their order."""
    with stored.replacing(path) as temporary, temporary.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": (n, size, size)}
        np.lib.format.write_array_header_1_0(stream, header)
        yield stream


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
        "layout": dataset.layout,
        "notes": list(dataset.notes),
        "crop": study.crop,
        "sources": study.dataset.get("source", datasets.KNOWN),
        "digest": digest.hexdigest(),
        "data": str(study.data) if study.data else None,
    }
