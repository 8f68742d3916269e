"""The INbreast part of the Mendeley data set x7bvzv6cvr v1, as published: 106 sources of 50 patients, 7,844 files.

The published files lack patient, laterality, view, density and lesion boxes. These facts come from INbreast itself and
are stored in mendeley_inbreast_sources.csv.

References: Huang & Lin, Data in Brief 2020, doi 10.1016/j.dib.2020.105928; Moreira et al., Academic Radiology 2012.
"""

import functools
import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.datasets import Dataset
from benchmarks.datasets._copies import described_copies, parse_name, transform_boxes
from benchmarks.datasets._files import Files, resize
from benchmarks.errors import BadInput, listing

OPTIONS: dict = {}

TITLE = "INbreast part of the Dataset of Breast mammography images with Masses (Mendeley x7bvzv6cvr v1)"
CITATION = (
    "Huang M-L, Lin T-Y. Dataset of breast mammography images with masses. Data in Brief 31 (2020) 105928. "
    "Images from INbreast: Moreira IC et al. INbreast: toward a full-field digital mammographic database. "
    "Academic Radiology 19 (2012) 236-248."
)
LICENCE = "CC BY 4.0"
DOI = "10.17632/x7bvzv6cvr.1"
HOW = (
    f"run `make data`; or get the data from https://doi.org/{DOI} ({LICENCE}) and pass the zip or the unpacked "
    "folder: snakemake ... --config data=PATH"
)
FACTS = Path(__file__).with_name("mendeley_inbreast_sources.csv")
BOX_SIDE = 224  # pixels: side of the upright image to which the boxes refer
FOLDER = re.compile(r"Image (After|Before) Data Augmentation, Image Size (224|227)x\2")
EXPECTED = "folders `Image {Before,After} Data Augmentation, Image Size 224x224` (or 227x227), a folder a class in each"
BOTH = 2  # image folders of one size: before and after augmentation
DEPTH = 3  # number of folder levels searched for the image folders


def check(options: dict, data: Path | None) -> None:
    """Raise BadInput unless `data` is a folder or zip with both image folders of one size."""
    _folders(data)


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """List all files, compare them with the published ones, and add the facts about each source.

    Images of 227 px come from the 227 px folders if the data have these; other sizes are resized from 224 px (Lanczos),
    else from 227 px. Raises BadInput with found and expected counts of every class with missing or additional files.
    """
    files, folders = _folders(data)
    expected = described_copies(facts())
    paths = {side: _paths(files, by_folder) for side, by_folder in folders.items()}
    problems = [p for side in paths for p in _count_problems(side, paths[side], expected)]
    if problems:
        raise BadInput(f"{listing(f'{data}: not the published files', problems)}\n  {HOW}")
    main_side = min(paths)
    samples = _samples(expected, paths[main_side])
    keys = samples["sample"].tolist()

    @functools.lru_cache(maxsize=2)
    def decode(row: int, side: int) -> np.ndarray:
        return files.image(paths[side][keys[row]])

    return Dataset(
        title=TITLE,
        classes=sorted(samples["label"].unique()),
        citation=CITATION,
        licence=LICENCE,
        doi=DOI,
        samples=samples,
        read=lambda row, size: resize(decode(row, size if size in paths else main_side), size),
        native=lambda row: decode(row, main_side),
        file_size=lambda row: files.size(paths[main_side][keys[row]]),
    )


@functools.cache
def facts() -> pd.DataFrame:
    """Return a row a source: source, label, density, severity, patient, laterality, view, birads, boxes_224px."""
    return pd.read_csv(FACTS, dtype={"source": str, "patient": str, "birads": str, "density": "Int64"})


def _folders(data: Path | None) -> tuple[Files, dict[int, dict[str, str]]]:
    """Return the image folders: side in pixels -> {before, after} -> folder name."""
    if data is None:
        raise BadInput(f"data set mendeley_inbreast: no data given, expected {EXPECTED}; {HOW}")
    if not os.path.exists(data):  # unlike Path.exists, False for what can't be a name
        raise BadInput(f"{data}: no such file or folder, expected {EXPECTED}; {HOW}")
    files = Files(data)
    found: dict[int, dict[str, str]] = {}
    for name in files.folders(DEPTH):
        match = FOLDER.fullmatch(name.rsplit("/", 1)[-1])
        if match:
            by_folder = found.setdefault(int(match[2]), {})
            if match[1].lower() in by_folder:
                raise BadInput(f"{data}: `{match[0]}` is in it twice ({by_folder[match[1].lower()]}, {name}); pass one")
            by_folder[match[1].lower()] = name
    complete = {side: by_folder for side, by_folder in found.items() if len(by_folder) == BOTH}
    if not complete:
        there = [name for by_folder in found.values() for name in by_folder.values()]
        there = there or (sorted(p.name for p in data.iterdir()) if data.is_dir() else files.folders(2))
        shown = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
        raise BadInput(f"{data}: expected {EXPECTED}; found {shown or 'nothing'}; {HOW}")
    return files, complete


def _paths(files: Files, by_folder: dict[str, str]) -> dict[str, str]:
    """Return sample id -> path of every image file under the image folders of one size."""
    return {
        f"{folder}/{path.removeprefix(name + '/')}": path
        for folder, name in by_folder.items()
        for path in files.under(name)
        if parse_name(path.rsplit("/", 1)[-1]) or path.lower().endswith(".png")
    }


def _count_problems(side: int, paths: dict[str, str], expected: pd.DataFrame) -> list[str]:
    problems = []
    for group in sorted({name.rsplit("/", 1)[0] for name in {*paths, *expected["sample"]}}):
        have, want = ({n for n in names if n.rsplit("/", 1)[0] == group} for names in (paths, expected["sample"]))
        if have != want:
            text = f"{group} ({side} px): found {len(have)} files, expected {len(want)}"
            for word, names in (("missing", want - have), ("not published", have - want)):
                if names:
                    shown = ", ".join(sorted(name.rsplit("/", 1)[-1] for name in names)[:3])
                    text += f"; {word}: {shown}{', ...' if len(names) > 3 else ''}"
            problems.append(text)
    return problems


def _samples(samples: pd.DataFrame, paths: dict[str, str]) -> pd.DataFrame:
    pixels = facts().set_index("source")["boxes_224px"].map(json.loads)
    upright = {source: [[v / BOX_SIDE for v in box] for box in boxes] for source, boxes in pixels.items()}
    moves = zip(samples["source"], samples["reflected"], samples["rotation"], strict=True)
    boxes = [transform_boxes(upright[source], reflected, rotation) for source, reflected, rotation in moves]
    return samples.drop(columns=["boxes_224px", "birads"]).assign(boxes=boxes, file=samples["sample"].map(paths))
