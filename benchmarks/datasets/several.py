"""Several data sets as one, for studies that train on some of them and test on another.

    dataset:
      name: several
      sets:
        ours: {name: mendeley_inbreast, label: severity, data: inbreast.zip}
        theirs: {name: image_folder, data: theirs/manifest.csv, labels: {Benign: benign, Cancer: malignant}}

Each set has a name of its own, under which samples.parquet's column dataset keeps it, an adapter with its options, and,
unless it is generated, `data`: a path relative to --config data=PATH if that is given, else to the working directory.
Ids of samples, sources and patients are those of the set behind its name, so that no two sets share one: whether they
share a patient all the same, the search for copies says (analysis/audit/leakage.py).
"""

import bisect
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import datasets
from benchmarks.datasets import Dataset
from benchmarks.datasets._files import listing
from benchmarks.errors import BadInput

OPTIONS = {"sets": {}}  # name -> a study's `dataset`, with `data`
OWN_IDS = ("sample", "source", "patient")


def check(options: dict, data: Path | None) -> None:
    """Raise BadInput with everything that is wrong with the sets."""
    sets = options["sets"]
    if not isinstance(sets, dict) or len(sets) < 2 or not all(isinstance(entry, dict) for entry in sets.values()):
        raise BadInput("dataset.sets: two or more are needed, each a name with its {name: adapter, data: PATH, ...}")
    problems = []
    for key, entry in sets.items():
        if not isinstance(key, str) or not key.replace("_", "").replace("-", "").isalnum():
            problems.append(f"dataset.sets: {key!r} can't name a set; take letters, digits, - and _")
        own = list(datasets.problems(_without_data(entry), f"dataset.sets.{key}"))
        if entry.get("name") == Path(__file__).stem:
            own.append(f"dataset.sets.{key}: several sets of several sets; name them all in one")
        if not own:
            try:
                datasets.check(_without_data(entry), _path(entry, data))
            except BadInput as error:
                own.append(f"dataset.sets.{key}: {error}")
        problems += own
    if problems:
        raise BadInput(listing("data set several:", problems))


def paths(sets: dict, data: Path | None) -> list[Path]:
    """Where the sets that are not generated lie."""
    return [path for entry in sets.values() if (path := _path(entry, data))]


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """Load every set, generated ones with a seed each. Raises BadInput that names the set."""
    check(options, data)
    loaded: dict[str, Dataset] = {}
    problems = []
    for number, (key, entry) in enumerate(options["sets"].items()):
        try:
            loaded[key] = datasets.load(_without_data(entry), _path(entry, data), seed + number)
        except BadInput as error:
            problems.append(f"dataset.sets.{key}: {error}")
    if problems:
        raise BadInput(listing("data set several:", problems))
    sets = list(loaded.values())
    ends = np.cumsum([len(one.samples) for one in sets]).tolist()

    def of(row: int) -> tuple[Dataset, int]:
        """The set that a row of the whole is in, and its row there."""
        number = bisect.bisect_right(ends, row)
        return sets[number], row - (ends[number - 1] if number else 0)

    def call(name: str):
        """A function of the whole that is `name` of the sets; None unless all have it."""
        if any(getattr(one, name) is None for one in sets):
            return None

        def function(row: int, *size: int):
            one, own_row = of(row)
            return getattr(one, name)(own_row, *size)

        return function

    return Dataset(
        title="; ".join(f"{key}: {one.title}" for key, one in loaded.items()),
        classes=sorted({label for one in sets for label in one.classes}),
        citation=" ".join(f"{key}: {one.citation}" for key, one in loaded.items()),
        licence="; ".join(f"{key}: {one.licence}" for key, one in loaded.items()),
        doi=None,
        samples=pd.concat([_samples(key, one.samples) for key, one in loaded.items()], ignore_index=True),
        generated=all(one.generated for one in sets),
        **{name: call(name) for name in ("read", "native", "mask", "file_size")},
    )


def _samples(key: str, samples: pd.DataFrame) -> pd.DataFrame:
    own = {column: f"{key}/" + samples[column].astype("string") for column in OWN_IDS}
    return samples.assign(dataset=key, **own)


def _without_data(entry: dict) -> dict:
    return {option: value for option, value in entry.items() if option != "data"}


def _path(entry: dict, data: Path | None) -> Path | None:
    if "data" not in entry:
        return None
    return (data or Path()) / str(entry["data"])
