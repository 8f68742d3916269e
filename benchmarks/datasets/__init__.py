"""Data sets: one adapter a file, found by its name.

Your own images need no new adapter: image_folder reads class folders, CSV manifests and DICOM files.

An adapter is a module `benchmarks/datasets/<name>.py` with

    OPTIONS: dict                                        options that a study may set -> default
    check(options: dict, data: Path | None) -> None      quick test that the data exist; runs at every start
    load(options: dict, data: Path | None, seed: int) -> Dataset

`check` and `load` raise BadInput with the problem, what was expected and what to do. Files that start with "_" are
shared helpers. Adapters import heavy libraries inside `load`, so that they are imported quickly.

For every data set, a study's `dataset` may also define the classes and leave out images:

    label     label (of the adapter), severity or density: the column of the samples that is the class
    labels    a mapping class -> class, to rename or merge classes; classes not named keep their names
    boxed     true leaves out the images without a lesion box, which `crop: box` cannot crop
    source    known (default); found: groups of copies are the sources (benchmarks/samples/found.py); found_scans:
              frames of one scan belong to one source, too
"""

import dataclasses
import hashlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from benchmarks.datasets._contract import Dataset, breaches, with_boxes
from benchmarks.datasets._files import content
from benchmarks.errors import BadInput, refuse, told

LABELS = ("label", "severity", "density")  # columns that may be the class
COMMON = ("label", "labels", "boxed", "source")  # options of every data set
# Where the sources come from: the data set itself, or pixels (samples/found.py).
KNOWN, FOUND, FOUND_SCANS = "known", "found", "found_scans"


def names() -> list[str]:
    """Return the names of all data sets."""
    return sorted(path.stem for folder in __path__ for path in Path(folder).glob("[!_]*.py"))


def adapter(name: str) -> ModuleType:
    """Return the adapter module of one of `names()`."""
    return importlib.import_module(f"{__name__}.{name}")


def options(dataset: dict) -> dict:
    """Return the options of the adapter: those that a study's `dataset` sets, defaults for the others."""
    own = {key: value for key, value in dataset.items() if key not in ("name", *COMMON)}
    return {**adapter(dataset["name"]).OPTIONS, **own}


def problems(dataset: dict, key: str = "dataset") -> Iterator[str]:
    """Yield a message for each problem of a study's `dataset`, under `key`, that shows without reading data."""
    name = dataset.get("name")
    if name not in names():
        yield f"{key}.name: {name!r} is not a data set; allowed: {', '.join(names())}"
        return
    allowed = (*adapter(name).OPTIONS, *COMMON)
    for option in dataset:
        if option != "name" and option not in allowed:
            yield f"{key}.{option}: unknown option of {name}; allowed: {', '.join(allowed)}"
    if dataset.get("label", LABELS[0]) not in LABELS:
        yield f"{key}.label: {dataset['label']!r} is not allowed; allowed: {', '.join(LABELS)}"
    if not isinstance(dataset.get("boxed", False), bool):
        yield f"{key}.boxed: {dataset['boxed']!r} is not true or false"
    if dataset.get("source", KNOWN) not in (KNOWN, FOUND, FOUND_SCANS):
        yield f"{key}.source: {dataset['source']!r} is not allowed; allowed: {KNOWN}, {FOUND}, {FOUND_SCANS}"
    renamed = dataset.get("labels", {})
    if not isinstance(renamed, dict) or not all(isinstance(label, str) for pair in renamed.items() for label in pair):
        yield f"{key}.labels: {renamed!r} is not a mapping of classes to classes, all of them text"


def check(dataset: dict, data: Path | None) -> None:
    """Raise BadInput if the data of a study's `dataset` do not exist; quick, for the start of a run."""
    adapter(dataset["name"]).check(options(dataset), data)


def paths(dataset: dict, data: Path | None) -> list[Path]:
    """Return the folders and files with the images of a study's `dataset`; none if the images are generated."""
    if "sets" in dataset:
        return adapter(dataset["name"]).paths(dataset["sets"], data)
    return [data] if data else []


def digest(dataset: dict, data: Path | None) -> str:
    """Return a hash of the files of a study's `dataset`, independent of their location; quick, runs at every start.

    The hash covers names and sizes of files in a folder, checksums in a zip, and the content of any other file.
    """
    hashed = hashlib.sha256()
    for path in paths(dataset, data):
        with told(f"{path}: can't be read"):
            for line in content(path):
                hashed.update(f"{line}\n".encode())
    return hashed.hexdigest()[:16]


def load(dataset: dict, data: Path | None, seed: int) -> Dataset:
    """Load a study's `dataset`, with the classes that `label` and `labels` define, boxed or not. Raises BadInput."""
    module = adapter(dataset["name"])
    found = module.load(options(dataset), data, seed)
    refuse(f"{module.__file__}: load() breaks the contract of an adapter:", breaches(found))
    if dataset.get("boxed", False):
        found = with_boxes(found)
    column, renamed = dataset.get("label", LABELS[0]), dataset.get("labels", {})
    if (column, renamed) == (LABELS[0], {}):
        return found
    own = found.samples[column]
    if own.isna().any():
        raise BadInput(
            f"dataset.label: {column} is unknown for {own.isna().sum()} of the {len(own)} images of "
            f"{dataset['name']}; use the classes of the data set (label: label), or add the missing values"
        )
    own = own.astype(str)
    if strange := sorted(set(renamed) - set(own)):
        raise BadInput(
            f"dataset.labels: no class {', '.join(strange)} to rename; there are: {', '.join(sorted(set(own)))}"
        )
    samples = found.samples.assign(label=own.map(lambda label: renamed.get(label, label)))
    classes = sorted(samples["label"].unique())
    if len(classes) < 2:
        raise BadInput(f"dataset.labels: {classes[0]} is the only class left; a classifier needs two or more")
    return dataclasses.replace(found, samples=samples, classes=classes)
