"""Any images: a folder a class, or a CSV manifest.

Without a manifest every subfolder of the data (a folder or a zip) is a class, every image in it at any depth a sample.
A manifest is a CSV file given as the data, or a `manifest.csv` at the top of the folder or zip, which then alone says
what the samples are. It has the columns

    file        path of the image, relative to the manifest
    label       its class
    source      optional: the un-augmented image it was made from; the first file listed of a source is its original
    patient     optional: whose it is
    box         optional: a lesion as "x y w h" in pixels of the file, several separated by ";", empty for none
    density     optional: of the breast, 1 to 4; this and the next three may be empty for some files
    severity    optional: benign or malignant; without the column, classes of these names count as it
    laterality  optional: L or R
    view        optional: CC, MLO or any other text
    dataset     optional: which hospital or collection it comes from

Images are what Pillow reads (png, jpg, pgm, tif, ...) and DICOM, which is known by its content, whatever its name;
other files in class folders are passed over, links to folders and class folders without an image refused, as is what
has more than 89,478,485 pixels (_dicom.MOST_PIXELS) or 1 GiB. A zip is never unpacked. Images are made 8-bit grey
(_files.py, _dicom.py) and resized without regard to aspect ratio. If all files are DICOM, patient, laterality and view
are also taken from their headers, each where the manifest has no such column and no header leaves it empty; the
header's word is taken, so make sure that whoever made the files anonymous left each patient an id of their own. Without
patients (sources) by_patient (by_source) refuses.

Option breast: found (from the pixels, by a rule made for mammograms) or whole (all of the image is taken for it: for
ultrasound, patches and whatever else has no breast on a dark background). Others: title, licence, citation.
"""

import functools
import os
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.datasets import Dataset
from benchmarks.datasets._dicom import FACTS, INDEX
from benchmarks.datasets._files import Files, listing, resize
from benchmarks.datasets._manifest import boxes_of, conflicts, read_manifest
from benchmarks.errors import BadInput

OPTIONS = {
    "title": "Images of the user's own",
    "licence": "not stated",
    "citation": "No publication is named.",
    "breast": "found",
}
BREAST = ("found", "whole")
MANIFEST = "manifest.csv"
HOW = "pass a folder or zip with a folder a class, or a CSV manifest with columns file, label: --config data=PATH"


def check(options: dict, data: Path | None) -> None:
    """Raise BadInput unless `data` is there and every option is text."""
    problems = [f"dataset.{key}: {options[key]!r} is not text" for key in OPTIONS if not isinstance(options[key], str)]
    if options["breast"] not in BREAST:
        problems.append(f"dataset.breast: {options['breast']!r} is not allowed; allowed: {', '.join(BREAST)}")
    if data is None:
        problems.append(f"no data given; {HOW}")
    elif not os.path.exists(data):  # unlike Path.exists, False for what can't be a name
        problems.append(f"{data}: no such file or folder; {HOW}")
    if problems:
        raise BadInput(listing("data set image_folder:", problems))


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """List the images. Raises BadInput with every problem of the manifest or the folders."""
    check(options, data)
    is_manifest = data.is_file() and data.suffix.lower() == ".csv"
    files = Files(data.parent if is_manifest else data)
    manifest = data.name if is_manifest else _manifest_in(files)
    if manifest:
        table = read_manifest(files, manifest, str(data if is_manifest else data / manifest))
    else:
        table = _from_folders(data, files)
    samples = _samples(_with_headers(table, files, data), files)
    if samples["label"].nunique() < 2:
        raise BadInput(f"{data}: found {samples['label'].nunique()} class(es) with images, expected two or more; {HOW}")

    @functools.lru_cache(maxsize=2)
    def native(row: int) -> np.ndarray:
        return files.image(samples["file"][row])

    return Dataset(
        title=options["title"],
        classes=sorted(samples["label"].unique()),
        citation=options["citation"],
        licence=options["licence"],
        doi=None,
        samples=samples,
        read=lambda row, size: resize(native(row), size),
        native=native,
        mask=_whole if options["breast"] == "whole" else None,
        file_size=lambda row: files.size(samples["file"][row]),
    )


def _whole(row: int, size: int) -> np.ndarray:
    return np.ones((size, size), np.uint8)


def _manifest_in(files: Files) -> str | None:
    """The manifest at the top of a folder or zip, or in the one folder around everything in it."""
    if MANIFEST in files:
        return MANIFEST
    tops = {name.split("/")[0] for name in files.under("")}
    inside = f"{tops.pop()}/{MANIFEST}" if len(tops) == 1 else MANIFEST
    return inside if inside in files else None


def _from_folders(data: Path, files: Files) -> pd.DataFrame:
    suffixes = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    names = [name for name in files.under("") if Path(name).name != INDEX]
    found = [name for name in names if Path(name).suffix.lower() in suffixes or _may_be_dicom(files, name)]
    # A zip usually has one folder around everything.
    around = ""
    while found and len({name.removeprefix(around).split("/")[0] for name in found}) == 1:
        inside = found[0].removeprefix(around).split("/")
        if len(inside) < 3:
            break
        around += inside[0] + "/"
    problems = []
    if loose := [name for name in found if "/" not in name.removeprefix(around)]:
        problems.append(f"{len(loose)} images lie beside the class folders ({', '.join(loose[:3])}); {HOW}")
    for folder in files.folders(around.count("/") + 1):
        if folder.count("/") == around.count("/") and not any(name.startswith(f"{folder}/") for name in found):
            problems.append(f"{folder}: no image in this class folder; put some there, or take it away")
    if problems:
        raise BadInput(listing(f"{data}:", problems))
    labels = [name.removeprefix(around).split("/")[0] for name in found]
    return pd.DataFrame({"file": found, "label": labels}, dtype="string")


def _with_headers(table: pd.DataFrame, files: Files, data: Path) -> pd.DataFrame:
    """Add what the headers of DICOM files say and the table doesn't."""
    new = [fact for fact in FACTS if fact not in table]
    if not new or not all(_may_be_dicom(files, name) for name in table["file"]):
        return table
    told = pd.DataFrame([_facts(files, name) for name in table["file"]], columns=FACTS, dtype="string")
    table = table.assign(**{fact: told[fact] for fact in new if told[fact].notna().all()})
    if problems := list(conflicts(table)):
        raise BadInput(listing(f"{data}: the DICOM headers contradict the manifest's sources:", problems))
    return table


def _may_be_dicom(files: Files, name: str) -> bool:
    try:
        return files.is_dicom(name)
    except BadInput:  # told with all other such files, when the images are decoded
        return True


def _facts(files: Files, name: str) -> dict:
    try:
        return files.facts(name)
    except BadInput:  # told with all other such files, when the images are decoded
        return {}


def _fractions(boxes: list[list[float]], name: str, files: Files) -> list[list[float]]:
    """Boxes in pixels as fractions of the image's width and height, cut at its edge."""
    if not boxes:
        return []
    try:
        width, height = files.image_size(name)
    except BadInput:  # told with all other such files, when the images are decoded
        return []
    scale = np.array([width, height])
    corners = [
        (np.minimum(np.array(box[:2]) / scale, 1), np.minimum(np.add(box[:2], box[2:]) / scale, 1)) for box in boxes
    ]
    return [[float(value) for value in (*low, *(high - low))] for low, high in corners]


def _samples(table: pd.DataFrame, files: Files) -> pd.DataFrame:
    order = table.groupby("source").cumcount() if "source" in table else pd.Series(0, index=table.index)
    boxes = table["box"].map(boxes_of) if "box" in table else [[]] * len(table)
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
            "boxes": [_fractions(b, name, files) for b, name in zip(boxes, table["file"], strict=True)],
            "file": table["file"],
        }
    )
    return samples.assign(dataset=table["dataset"]) if "dataset" in table else samples
