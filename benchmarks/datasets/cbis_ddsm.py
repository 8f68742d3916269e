"""The masses of CBIS-DDSM: scanned films of benign and malignant masses, with patients, densities and lesion boxes.

Two layouts are read, as a folder or a zip:

    a CSV manifest      manifest.csv as image_folder.py describes, with the columns file, label (benign or malignant),
                        patient, density, laterality, view, box and part
    the archive's own   mass_case_description_train_set.csv and mass_case_description_test_set.csv beside the DICOM
                        folders as downloaded, such as Mass-Training_P_00001_LEFT_CC (a film) and
                        Mass-Training_P_00001_LEFT_CC_1 (mask and crop of its first mass); other folders may be around
                        and inside these

A film is malignant if any of its masses is; benign without callback is benign. Classes are density and severity, such
as Density2Malignant; official_part is the archive's own split. The retriever renames the files inside the folders, and
the tables confuse masks with crops, so a mask is recognised by its content: two grey levels.

References: Lee et al., Scientific Data 4:170177, 2017; The Cancer Imaging Archive, doi 10.7937/K9/TCIA.2016.7O02S9CY.
"""

import dataclasses
import functools
import io
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.datasets import Dataset, image_folder
from benchmarks.datasets._dicom import SUFFIXES
from benchmarks.datasets._files import Files, resize
from benchmarks.datasets.layouts.manifest import manifests_in
from benchmarks.errors import BadInput, refuse, told

OPTIONS: dict = {}

TITLE = "Masses of CBIS-DDSM (Curated Breast Imaging Subset of the Digital Database for Screening Mammography)"
CITATION = (
    "Lee RS, Gimenez F, Hoogi A, Miyake KK, Gorovoy M, Rubin DL. A curated mammography data set for use in "
    "computer-aided detection and diagnosis research. Scientific Data 4 (2017) 170177."
)
LICENCE = "CC BY 3.0"
DOI = "10.7937/K9/TCIA.2016.7O02S9CY"
TABLES = {"train": "mass_case_description_train_set.csv", "test": "mass_case_description_test_set.csv"}
HOW = (
    f"get the masses from https://doi.org/{DOI} ({LICENCE}) and pass the folder with {' and '.join(TABLES.values())} "
    "and the DICOM folders, or a folder or zip with a manifest.csv: --config data=PATH"
)
FOLDER = re.compile(r"Mass-(Training|Test)_P_\d+_(LEFT|RIGHT)_(CC|MLO)(_\d+)?")
COLUMNS = (
    *("patient_id", "breast_density", "left_or_right_breast", "image_view", "abnormality_id", "pathology"),
    *("image_file_path", "roi_mask_file_path"),
)
SEVERITY = {"MALIGNANT": "malignant", "BENIGN": "benign", "BENIGN_WITHOUT_CALLBACK": "benign"}
NEEDED = {"patient": "patient", "density": "density", "official_part": "part", "severity": "label"}  # of a manifest
GREY_LEVELS = 2  # of a mask


def check(options: dict, data: Path | None) -> None:
    """Raise BadInput unless `data` has a manifest or both tables of the archive."""
    _found(data)


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """Return the data set. Raises BadInput with every problem of the manifest, or of the tables and folders."""
    files, tables = _found(data)
    if tables:
        return _of_archive(files, tables)
    own = image_folder.load(image_folder.OPTIONS, data, seed)
    samples = own.samples
    missing = [name for column, name in NEEDED.items() if column not in samples or samples[column].isna().any()]
    if missing:
        raise BadInput(
            f"{data}: the manifest lacks {', '.join(missing)} of some images (label: benign or malignant; density: "
            f"1 to 4; part: train or test); {HOW}"
        )
    stems = samples["file"].map(lambda name: Path(name).stem)
    return _about(dataclasses.replace(own, samples=_classified(samples.assign(sample=stems, source=stems))))


def _found(data: Path | None) -> tuple[Files, dict[str, str]]:
    """Return the files, and the archive's table of each part; no tables if there is a manifest."""
    if data is None:
        raise BadInput(f"data set cbis_ddsm: no data given; {HOW}")
    if not os.path.exists(data):  # unlike Path.exists, False for what can't be a name
        raise BadInput(f"{data}: no such file or folder; {HOW}")
    files = Files(data)
    names = {posixpath.basename(name): name for name in files.under("")}
    missing = [table for table in TABLES.values() if table not in names]
    # The archive first: the download program of The Cancer Imaging Archive writes a metadata.csv, which lists series.
    if missing and manifests_in(files):
        return files, {}
    if missing:
        raise BadInput(f"{data}: found neither manifest.csv nor {' and '.join(missing)}; {HOW}")
    return files, {part: names[table] for part, table in TABLES.items()}


def _classified(samples: pd.DataFrame) -> pd.DataFrame:
    """Return `samples` with classes of density and severity."""
    label = "Density" + samples["density"].astype("string") + samples["severity"].str.capitalize()
    return samples.assign(label=label.astype(object))


def _about(dataset: Dataset) -> Dataset:
    classes = sorted(dataset.samples["label"].unique())
    return dataclasses.replace(dataset, title=TITLE, classes=classes, citation=CITATION, licence=LICENCE, doi=DOI)


def _of_archive(files: Files, tables: dict[str, str]) -> Dataset:
    masses = pd.concat([_table(files, name).assign(part=part) for part, name in tables.items()], ignore_index=True)
    folders: dict[str, list[str]] = {}
    for name in filter(lambda name: name.lower().endswith(SUFFIXES), files.under("")):
        for folder in filter(FOLDER.fullmatch, name.split("/")[:-1]):
            folders.setdefault(folder, []).append(name)
    refuse(f"{files.root}:", _problems(masses, folders))
    samples = _samples(masses, folders, files)

    @functools.lru_cache(maxsize=2)
    def native(row: int) -> np.ndarray:
        return files.image(samples["file"][row])

    return _about(
        Dataset(
            title=TITLE,
            classes=[],
            citation=CITATION,
            licence=LICENCE,
            doi=DOI,
            samples=samples,
            read=lambda row, size: resize(native(row), size),
            native=native,
            file_size=lambda row: files.size(samples["file"][row]),
        )
    )


def _table(files: Files, name: str) -> pd.DataFrame:
    """Return a row a mass of one of the archive's tables, as text.

    Columns COLUMNS; film and lesion, the names of the mass's two folders; shown, the mass in messages.
    """
    with told(f"{files.root}/{name}: not a readable CSV file"):
        table = pd.read_csv(io.BytesIO(files.content(name)), dtype="string")
    table.columns = [column.strip().lower().replace(" ", "_") for column in table.columns]
    if missing := [column for column in COLUMNS if column not in table]:
        raise BadInput(f"{files.root}/{name}: lacks the columns {', '.join(missing)}; {HOW}")
    table = table[[*COLUMNS]].apply(lambda column: column.str.strip())
    shown = [f"{posixpath.basename(name)}, mass {number}" for number in range(1, len(table) + 1)]
    film, lesion = (table[column].str.split("/").str[0] for column in ("image_file_path", "roi_mask_file_path"))
    return table.assign(film=film, lesion=lesion, shown=shown)


def _problems(masses: pd.DataFrame, folders: dict[str, list[str]]) -> Iterator[str]:
    for mass in masses.itertuples():
        if pd.isna(mass.patient_id) or mass.left_or_right_breast not in ("LEFT", "RIGHT"):
            yield f"{mass.shown}: patient_id is empty, or left or right breast is not LEFT or RIGHT"
        if mass.breast_density not in ("1", "2", "3", "4"):
            yield f"{mass.shown}: breast density {mass.breast_density} is not 1, 2, 3 or 4"
        if mass.pathology not in SEVERITY:
            yield f"{mass.shown}: pathology {mass.pathology} is not {', '.join(SEVERITY)}"
        for folder in (mass.film, mass.lesion):
            if folder not in folders:
                yield f"{mass.shown}: no DICOM file in a folder {folder}; download this series too"


def _samples(masses: pd.DataFrame, folders: dict[str, list[str]], files: Files) -> pd.DataFrame:
    """Return a row a film. Raises BadInput that lists the masses without a mask."""
    rows, problems = [], []
    for film, own in masses.groupby("film"):
        boxes = []
        for lesion in dict.fromkeys(own["lesion"]):
            try:
                boxes.append(_box(lesion, folders[lesion], files))
            except BadInput as error:
                problems.append(str(error))
        first = own.iloc[0]
        patient, side, view = first["patient_id"].removeprefix("P_"), first["left_or_right_breast"], first["image_view"]
        rows.append(
            {
                "source": f"{patient}_{side}_{view}",
                "patient": patient,
                "laterality": side[0],
                "view": view,
                "density": int(first["breast_density"]),
                "severity": max(own["pathology"].map(SEVERITY)),  # malignant after benign
                "boxes": boxes,
                "file": _largest(folders[film], files)[0],
                "official_part": first["part"],
            }
        )
    refuse(f"{files.root}:", problems)
    samples = pd.DataFrame(rows).sort_values("source", ignore_index=True)
    samples = samples.assign(sample=samples["source"], folder="before", copy=1, variant="original", reflected=False)
    return _classified(samples.assign(rotation=0, upright=True))


def _largest(names: list[str], files: Files) -> list[str]:
    """Return the images among files, those with the most pixels first."""
    return sorted(names, key=lambda name: int(np.prod(files.image_size(name))), reverse=True) if names[1:] else names


def _box(folder: str, names: list[str], files: Files) -> list[float]:
    """Return the bounding box [x, y, w, h] of the mask among a mass's files, as fractions of width and height.

    The mask is the largest image of two grey levels; the crop has more. Raises BadInput if there is no mask.
    """
    for name in _largest(names, files):
        mask = files.image(name)
        if sum(map(bool, Image.fromarray(mask).histogram())) == GREY_LEVELS:
            (top, bottom), (left, right) = (np.flatnonzero(mask.any(axis=axis))[[0, -1]] + [0, 1] for axis in (1, 0))
            height, width = mask.shape
            return [float(v) for v in (left / width, top / height, (right - left) / width, (bottom - top) / height)]
    raise BadInput(
        f"{folder}: none of {', '.join(map(posixpath.basename, names))} is a mask; download this series again"
    )
