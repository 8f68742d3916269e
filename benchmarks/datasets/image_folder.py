"""Adapter for a user's own images: class folders, a CSV manifest, a COCO or YOLO detection set, a MedMNIST file.

Without a manifest, every subfolder of the data (a folder or a zip) is a class and every image below it a sample.
Folders named train, training, val, valid, validation, dev, test or testing, above or below the class folders, are the
parts of a shipped split (layouts/folders.py). The manifest is a CSV file (commas, semicolons or tabs) or a file of JSON
lines, given as the data, or one of manifest.csv, metadata.csv, metadata.jsonl and labels.csv at the top of the folder
or zip, or in each of its split folders; then only the files in the manifest are samples. Its columns:

    file        path of the image, relative to the manifest; or its end, or its name without suffix, if only one fits
    label       class
    source      optional: the un-augmented image of which the file is a copy; its first file listed is the original
    patient     optional: id of the patient
    box         optional: a lesion as "x y w h" in pixels of the file, several separated by ";", empty for none
    density     optional: of the breast, 1 to 4 or A to D; this and the next three may be empty for some files
    severity    optional: benign or malignant; without the column, derived from classes of these names
    laterality  optional: L or R
    view        optional: CC, MLO or any other text
    dataset     optional: hospital or collection that the image comes from
    part        optional: train, validation or test, in the split that the data set ships, for the protocols
                `official` and `as_shipped`

layouts/headers.py lists other names of these columns (image_path, diagnosis, patient_id, split, ...). Further columns
are ignored. Notes of the data set count these, names that were completed, and skipped files: what file managers leave,
and masks beside images (_files.py).

All formats that Pillow reads (png, jpg, pgm, tif, ...) are accepted, and DICOM, which is recognised by its content.
Other files in class folders are ignored. Links to folders, class folders without an image, and images above 89,478,485
pixels (_dicom.MOST_PIXELS) or 1 GiB are refused. A zip is not unpacked. Images are converted to 8-bit grey (_files.py,
_dicom.py) and resized without keeping the aspect ratio. If all files are DICOM, patient, laterality and view come from
the headers when the manifest lacks the column and no header leaves the value empty. Check that anonymisation left each
patient a separate id. Without patients (sources), protocol by_patient (by_source) is refused.

A folder or zip with a COCO file (layouts/coco.py) or with data.yaml and labels (layouts/yolo.py) is a detection set:
the boxes give the class of an image by a stated rule (layouts/detection.py) and are kept as lesion boxes. A file
NAME.npz is a MedMNIST archive (layouts/medmnist.py).

Option breast: found (segmented from the pixels by a rule for mammograms) or whole (the breast fills the image, as in
ultrasound images or patches). Option without_boxes: the class of the images of a detection set that have no box;
without the option, these are left out. Other options: title, licence, citation.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.datasets import Dataset
from benchmarks.datasets._dicom import FACTS
from benchmarks.datasets._files import Files, resize
from benchmarks.datasets.layouts.cells import SUFFIXES
from benchmarks.datasets.layouts.coco import read_coco
from benchmarks.datasets.layouts.detection import by_boxes
from benchmarks.datasets.layouts.folders import from_folders
from benchmarks.datasets.layouts.layout import Found, skipped_note
from benchmarks.datasets.layouts.manifest import boxes_of, conflicts, manifests_in, read_manifests
from benchmarks.datasets.layouts.medmnist import read_medmnist
from benchmarks.datasets.layouts.yolo import read_yolo
from benchmarks.errors import BadInput, listing, refuse

OPTIONS = {
    "title": "Images of the user's own",
    "licence": "not stated",
    "citation": "No publication is named.",
    "breast": "found",
    "without_boxes": "",
}
BREAST = ("found", "whole")
HOW = (
    "pass a folder or zip with a folder a class, a CSV manifest with columns file, label, a COCO or YOLO set, or a "
    "MedMNIST file: --config data=PATH"
)


def check(options: dict, data: Path | None) -> None:
    """Raise BadInput unless `data` exists and every option is text."""
    _existing(options, data)


def _existing(options: dict, data: Path | None) -> Path:
    problems = [f"dataset.{key}: {options[key]!r} is not text" for key in OPTIONS if not isinstance(options[key], str)]
    if options["breast"] not in BREAST:
        problems.append(f"dataset.breast: {options['breast']!r} is not allowed; allowed: {', '.join(BREAST)}")
    if data is None:
        problems.append(f"no data given; {HOW}")
    elif not os.path.exists(data):  # unlike Path.exists, False for what can't be a name
        problems.append(f"{data}: no such file or folder; {HOW}")
    if problems or data is None:
        raise BadInput(listing("data set image_folder:", problems))
    return data


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """Return the data set. Raises BadInput with every problem of the manifest or the folders."""
    dataset = read(options, data)
    if len(dataset.classes) < 2:
        told = "".join(f" ({note})" for note in dataset.notes)
        raise BadInput(f"{data}: found {len(dataset.classes)} class(es) with images, expected two or more{told}; {HOW}")
    return dataset


def read(options: dict, data: Path | None, consistent: bool = True) -> Dataset:
    """Return the data set as `load`, with any number of classes, and unless `consistent` with sources that differ.

    An audit needs no two classes, and reports a source whose files differ in patient, label or part.
    """
    data = _existing(options, data)
    file_size: Callable[[str], int] | None = None
    skipped: tuple[str, ...] = ()
    if data.suffix.lower() == ".npz":
        found, image = read_medmnist(data)
        samples = _samples(found.table)
    else:
        files = files_of(data)
        found = _found(options, data, files, consistent)
        samples = _samples(_with_headers(found.table, files, data, consistent))
        image, file_size, skipped = files.image, files.size, skipped_note(files)

    @functools.lru_cache(maxsize=2)
    def native(row: int) -> np.ndarray:
        return image(samples["file"][row])

    return Dataset(
        title=options["title"],
        classes=sorted(samples["label"].unique()),
        citation=options["citation"],
        licence=options["licence"],
        doi=None,
        samples=samples,
        read=lambda row, size: resize(native(row), size),
        native=native,
        mask=(lambda row, size: np.ones((size, size), np.uint8)) if options["breast"] == "whole" else None,
        file_size=file_size and (lambda row: file_size(samples["file"][row])),
        layout=found.layout,
        notes=(*found.notes, *skipped),
    )


def _found(options: dict, data: Path, files: Files, consistent: bool) -> Found:
    """Return the images of a manifest, of a detection set, or of class folders."""
    if manifests := [data.name] if is_manifest(data) else manifests_in(files):
        listed = read_manifests(files, manifests, consistent)
        if "box" in listed.table:
            cells = zip(listed.table["box"], listed.table["file"], strict=True)
            listed.table["boxes"] = [_fractions(boxes_of(cell) or [], name, files) for cell, name in cells]
        return listed
    if detected := read_coco(files) or read_yolo(files):
        return by_boxes(detected, options["without_boxes"], data)
    return from_folders(data, files, HOW)


def is_manifest(data: Path) -> bool:
    """Return whether `data` is a manifest, by its suffix."""
    return data.suffix.lower() in SUFFIXES and data.is_file()


def files_of(data: Path) -> Files:
    """Return the files among which the images of `data` are: a manifest's folder, a folder or a zip."""
    return Files(data.parent if is_manifest(data) else data)


def _with_headers(table: pd.DataFrame, files: Files, data: Path, consistent: bool) -> pd.DataFrame:
    """Add the facts in the headers of DICOM files that are no columns of the table."""
    new = [fact for fact in FACTS if fact not in table]
    if not new or not all(_or(True, files.is_dicom, name) for name in table["file"]):
        return table
    headers = pd.DataFrame([_or({}, files.facts, name) for name in table["file"]], columns=FACTS, dtype="string")
    table = table.assign(**{fact: headers[fact] for fact in new if headers[fact].notna().all()})
    if consistent:
        refuse(f"{data}: the DICOM headers contradict the manifest's sources:", conflicts(table))
    return table


def _or(default: Any, read: Callable[[str], Any], name: str) -> Any:
    """Return `read(name)`, or `default` for an unreadable file; decoding reports all unreadable files together."""
    try:
        return read(name)
    except BadInput:
        return default


def _fractions(boxes: list[list[float]], name: str, files: Files) -> list[list[float]]:
    """Convert boxes in pixels to fractions of the image's width and height, clipped at the edge."""
    scale = _or(None, files.image_size, name) if boxes else None
    if scale is None:
        return []
    corners = [[np.minimum(np.array(end) / scale, 1) for end in (box[:2], np.add(box[:2], box[2:]))] for box in boxes]
    return [[float(value) for value in (*low, *(high - low))] for low, high in corners]


def _samples(table: pd.DataFrame) -> pd.DataFrame:
    order = table.groupby("source").cumcount() if "source" in table else pd.Series(0, index=table.index)
    named = table["label"].str.lower()
    samples = pd.DataFrame(
        {
            "sample": table["file"],
            "label": table["label"],
            "folder": np.where(order == 0, "before", "after"),
            "source": table.get("source"),
            "patient": table.get("patient"),
            "copy": order + 1,
            "variant": "original",
            "reflected": False,
            "rotation": 0,
            "upright": order == 0,
            "laterality": table.get("laterality"),
            "view": table.get("view"),
            "density": pd.to_numeric(table["density"]).astype("Int64") if "density" in table else pd.NA,
            "severity": table.get("severity", named.where(named.isin(["benign", "malignant"]))),
            "boxes": table["boxes"] if "boxes" in table else [[] for _ in range(len(table))],
            "file": table["file"],
        }
    )
    optional = {"dataset": "dataset", "official_part": "part"}
    return samples.assign(**{column: table[own] for column, own in optional.items() if own in table})
