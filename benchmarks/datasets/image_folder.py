"""Any images: a folder a class, or a CSV manifest.

Without a manifest every subfolder of the data (a folder or a zip) is a class, every image in it at any depth a sample.
A manifest has the columns

    file     path of the image, relative to the manifest
    label    its class
    source   optional: the un-augmented image it was made from; the first file listed of a source is its original
    patient  optional: whose it is
    box      optional: a lesion as "x y w h" in pixels of the file, several separated by ";", empty for none

Images are whatever Pillow reads (png, jpg, pgm, tif, ...; other files in class folders are passed over), made 8-bit
grey and resized without regard to aspect ratio. Without a patient (source) column nothing is known about patients
(sources), and by_patient (by_source) refuses. Classes called benign and malignant count as the severity.
"""

import functools
import posixpath
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.datasets import Dataset
from benchmarks.datasets._files import Files, listing, resize
from benchmarks.errors import BadInput

OPTIONS = {
    "title": "Images of the user's own",
    "licence": "not stated",
    "citation": "not stated",
}
REQUIRED = ("file", "label")
OPTIONAL = ("source", "patient", "box")
HOW = "pass a folder or zip with a folder a class, or a CSV manifest with columns file, label: --config data=PATH"


def check(options: dict, data: Path | None) -> None:
    """Raise BadInput unless `data` is there and every option is text."""
    problems = [f"dataset.{key}: {options[key]!r} is not text" for key in OPTIONS if not isinstance(options[key], str)]
    if data is None:
        problems.append(f"no data given; {HOW}")
    elif not data.exists():
        problems.append(f"{data}: no such file or folder; {HOW}")
    if problems:
        raise BadInput(listing("data set image_folder:", problems))


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """List the images. Raises BadInput with every problem of the manifest or the folders."""
    check(options, data)
    is_manifest = data.is_file() and data.suffix.lower() == ".csv"
    files = Files(data.parent if is_manifest else data)
    table = _from_manifest(data, files) if is_manifest else _from_folders(data, files)
    samples = _samples(table, files)
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
        file_size=lambda row: files.size(samples["file"][row]),
    )


def _from_folders(data: Path, files: Files) -> pd.DataFrame:
    suffixes = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    found = [name for name in files.under("") if Path(name).suffix.lower() in suffixes]
    # A zip usually has one folder around everything.
    around = ""
    while found and len({name.removeprefix(around).split("/")[0] for name in found}) == 1:
        inside = found[0].removeprefix(around).split("/")
        if len(inside) < 3:
            break
        around += inside[0] + "/"
    loose = [name for name in found if "/" not in name.removeprefix(around)]
    if loose:
        raise BadInput(f"{data}: {len(loose)} images lie beside the class folders ({', '.join(loose[:3])}); {HOW}")
    table = pd.DataFrame({"file": found}, dtype="string")
    table["label"] = [name.removeprefix(around).split("/")[0] for name in found]
    return table


def _from_manifest(path: Path, files: Files) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype="string", skipinitialspace=True, keep_default_na=False, na_values=[""])
    except (ValueError, OSError) as error:
        raise BadInput(f"{path}: not a readable CSV file: {error}") from None
    missing = [column for column in REQUIRED if column not in table]
    unknown = [column for column in table if column not in REQUIRED + OPTIONAL]
    if missing or unknown:
        raise BadInput(
            f"{path}: columns {', '.join(table.columns)}; "
            + "".join(f"missing {column}; " for column in missing)
            + "".join(f"unknown {column}; " for column in unknown)
            + f"needed: {', '.join(REQUIRED)}; optional: {', '.join(OPTIONAL)}"
        )
    table["file"] = table["file"].map(posixpath.normpath, na_action="ignore")
    problems = [*_row_problems(table, files), *_group_problems(table)]
    if problems:
        raise BadInput(listing(f"{path}:", problems))
    return table


def _row_problems(table: pd.DataFrame, files: Files) -> list[str]:
    problems = []
    twice = table["file"].duplicated()
    for line, row in enumerate(table.itertuples(), start=2):
        empty = [c for c in table.columns if c != "box" and pd.isna(getattr(row, c))]
        problems += [f"line {line}: {column} is empty" for column in empty]
        if "file" not in empty:
            if not (files.root / row.file).is_file():
                problems.append(f"line {line}: no file {row.file}")
            if twice[row.Index]:
                problems.append(f"line {line}: {row.file} is listed twice")
        if "box" in table and _boxes(row.box) is None:
            problems.append(f'line {line}: box {row.box!r} is not "x y w h" in pixels (several separated by ";")')
    return problems


def _group_problems(table: pd.DataFrame) -> list[str]:
    """A source has one class and one patient."""
    if "source" not in table:
        return []
    facts = [column for column in ("label", "patient") if column in table]
    counts = table.groupby("source")[facts].nunique()
    return [
        f"source {source}: stands under {number} {column}s, expected one"
        for column in facts
        for source, number in counts.loc[counts[column] > 1, column].items()
    ]


def _boxes(text: str | None) -> list[list[float]] | None:
    """Boxes [x, y, w, h] of a manifest's cell; None if it can't be read."""
    if pd.isna(text):
        return []
    try:
        boxes = [[float(number) for number in part.split()] for part in text.split(";")]
    except ValueError:
        return None
    good = all(len(box) == 4 and min(box) >= 0 and min(box[2:]) > 0 and np.isfinite(box).all() for box in boxes)
    return boxes if good else None


def _fractions(boxes: list[list[float]], name: str, files: Files) -> list[list[float]]:
    """Boxes in pixels as fractions of the image's width and height, cut at its edge."""
    if not boxes:
        return []
    width, height = files.image_size(name)
    scale = np.array([width, height])
    corners = [
        (np.minimum(np.array(box[:2]) / scale, 1), np.minimum(np.add(box[:2], box[2:]) / scale, 1)) for box in boxes
    ]
    return [[float(value) for value in (*low, *(high - low))] for low, high in corners]


def _samples(table: pd.DataFrame, files: Files) -> pd.DataFrame:
    order = table.groupby("source").cumcount() if "source" in table else pd.Series(0, index=table.index)
    boxes = table["box"].map(_boxes) if "box" in table else [[]] * len(table)
    severity = table["label"].str.lower()
    return pd.DataFrame(
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
            "laterality": None,
            "view": None,
            "density": pd.NA,
            "severity": severity.where(severity.isin(["benign", "malignant"])),
            "boxes": [_fractions(b, name, files) for b, name in zip(boxes, table["file"], strict=True)],
            "file": table["file"],
        }
    )
