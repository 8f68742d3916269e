"""Data sets: one adapter a file, found by its name.

Images of one's own need no adapter: image_folder reads class folders and CSV manifests, DICOM files among them.

An adapter is a module `benchmarks/datasets/<name>.py` with

    OPTIONS: dict                                        option name -> default, what a study may set
    check(options: dict, data: Path | None) -> None      is the data plainly there; cheap, runs at every start
    load(options: dict, data: Path | None, seed: int) -> Dataset

both raising BadInput that says what was found, what was expected and what to do. Files that start with "_" are shared
helpers. Importing an adapter must be quick: leave heavy libraries to `load`.

Beside its adapter's options, a study's `dataset` may say of any data set what its classes are:

    label     label (the adapter's own), severity or density: the column of its samples that is the class
    labels    a mapping class -> class: other names, or several classes under one; those not named keep theirs
"""

import dataclasses
import hashlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from benchmarks.datasets._contract import breaches
from benchmarks.datasets._dataset import Dataset
from benchmarks.datasets._files import content, listing
from benchmarks.errors import BadInput, told

LABELS = ("label", "severity", "density")  # columns that may be the class
COMMON = ("label", "labels")  # options of every data set


def names() -> list[str]:
    """The data sets there are."""
    return sorted(path.stem for folder in __path__ for path in Path(folder).glob("[!_]*.py"))


def adapter(name: str) -> ModuleType:
    """The adapter module of one of `names()`."""
    return importlib.import_module(f"{__name__}.{name}")


def options(dataset: dict) -> dict:
    """The options of its adapter that a study's `dataset` sets, the others at their defaults."""
    own = {key: value for key, value in dataset.items() if key not in ("name", *COMMON)}
    return {**adapter(dataset["name"]).OPTIONS, **own}


def problems(dataset: dict, key: str = "dataset") -> Iterator[str]:
    """Yield what is wrong with a study's `dataset`, which stands under `key`, as far as no data need be read."""
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
    renamed = dataset.get("labels", {})
    if not isinstance(renamed, dict) or not all(isinstance(label, str) for pair in renamed.items() for label in pair):
        yield f"{key}.labels: {renamed!r} is not a mapping of classes to classes, all of them text"


def check(dataset: dict, data: Path | None) -> None:
    """Raise BadInput if the data of a study's `dataset` are plainly not there; cheap, for the start of a run."""
    adapter(dataset["name"]).check(options(dataset), data)


def paths(dataset: dict, data: Path | None) -> list[Path]:
    """The folders and files that the images of a study's `dataset` are read from; none if they are generated."""
    if "sets" in dataset:
        return adapter(dataset["name"]).paths(dataset["sets"], data)
    return [data] if data else []


def digest(dataset: dict, data: Path | None) -> str:
    """Return a hash that changes with the files of a study's `dataset`, wherever they lie; cheap, runs at every start.

    It covers the names and sizes of a folder's files, the checksums of a zip's, and the content of any other file.
    """
    hashed = hashlib.sha256()
    for path in paths(dataset, data):
        with told(f"{path}: can't be read"):
            for line in content(path):
                hashed.update(f"{line}\n".encode())
    return hashed.hexdigest()[:16]


def load(dataset: dict, data: Path | None, seed: int) -> Dataset:
    """Load a study's `dataset`, its classes as `label` and `labels` say. Raises BadInput that says what to mend."""
    module = adapter(dataset["name"])
    found = module.load(options(dataset), data, seed)
    if wrong := list(breaches(found)):
        raise BadInput(listing(f"{module.__file__}: load() breaks the contract of an adapter:", wrong))
    column, renamed = dataset.get("label", LABELS[0]), dataset.get("labels", {})
    if (column, renamed) == (LABELS[0], {}):
        return found
    own = found.samples[column]
    if own.isna().any():
        raise BadInput(
            f"dataset.label: {column}, which is not known of {own.isna().sum()} of the {len(own)} images of "
            f"{dataset['name']}; take the classes of the data set itself (label: label), or complete them"
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
