"""Several data sets as one, for studies that train on some of them and test on another.

    dataset:
      name: several
      sets:
        ours: {name: mendeley_inbreast, label: severity, data: inbreast.zip}
        theirs: {name: image_folder, data: theirs/manifest.csv, labels: {Benign: benign, Cancer: malignant}}

Each set has a name (column dataset of samples.parquet), an adapter with its options and, unless generated, `data`: a
path relative to --config data=PATH if given, else to the working directory. Ids of samples, sources and patients start
with the name of the set, so no two sets share an id. The search for copies (analysis/audit/leakage.py) finds patients
who are in two sets.
"""

import bisect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import datasets
from benchmarks.datasets import Dataset
from benchmarks.errors import BadInput, refuse

OPTIONS: dict = {"sets": {}}  # name -> a study's `dataset`, with `data`
OWN_IDS = ("sample", "source", "patient")


def check(options: dict, data: Path | None) -> None:
    """Raise BadInput with every problem of the sets."""
    sets = options["sets"]
    if not isinstance(sets, dict) or len(sets) < 2 or not all(isinstance(entry, dict) for entry in sets.values()):
        raise BadInput("dataset.sets: two or more are needed, each a name with its {name: adapter, data: PATH, ...}")
    problems = []
    for key, entry in sets.items():
        if not isinstance(key, str) or not key.replace("_", "").replace("-", "").isalnum():
            problems.append(f"dataset.sets: {key!r} is not a name for a set; use letters, digits, - and _")
        own = list(datasets.problems(_without_data(entry), f"dataset.sets.{key}"))
        if "source" in entry:
            own.append(f"dataset.sets.{key}.source: copies may lie in two sets; set `dataset.source` for all of them")
        if entry.get("name") == Path(__file__).stem:
            own.append(f"dataset.sets.{key}: sets inside a set; list all sets in one `dataset.sets`")
        if not own:
            try:
                datasets.check(_without_data(entry), _path(entry, data))
            except BadInput as error:
                own.append(f"dataset.sets.{key}: {error}")
        problems += own
    refuse("data set several:", problems)


def paths(sets: dict, data: Path | None) -> list[Path]:
    """Return the paths of the sets that are not generated."""
    return [path for entry in sets.values() if (path := _path(entry, data))]


def load(options: dict, data: Path | None, seed: int) -> Dataset:
    """Load all sets, each with its own random seed. Raises BadInput that names the set."""
    check(options, data)
    loaded: dict[str, Dataset] = {}
    problems = []
    for number, (key, entry) in enumerate(options["sets"].items()):
        try:
            loaded[key] = datasets.load(_without_data(entry), _path(entry, data), seed + number)
        except BadInput as error:
            problems.append(f"dataset.sets.{key}: {error}")
    refuse("data set several:", problems)
    sets = list(loaded.values())
    ends = np.cumsum([len(one.samples) for one in sets]).tolist()

    def merged(name: str) -> Any:
        """Return the function `name` for rows of all sets together; None unless every set has this function."""

        def function(row: int, *size: int) -> Any:
            number = bisect.bisect_right(ends, row)
            return getattr(sets[number], name)(row - (ends[number - 1] if number else 0), *size)

        return function if all(getattr(one, name) for one in sets) else None

    return Dataset(
        title="; ".join(f"{key}: {one.title}" for key, one in loaded.items()),
        classes=sorted({label for one in sets for label in one.classes}),
        citation=" ".join(f"{key}: {one.citation}" for key, one in loaded.items()),
        licence="; ".join(f"{key}: {one.licence}" for key, one in loaded.items()),
        doi=None,
        samples=pd.concat([_samples(key, one.samples) for key, one in loaded.items()], ignore_index=True),
        generated=all(one.generated for one in sets),
        layout="; ".join(f"{key}: {one.layout}" for key, one in loaded.items() if one.layout),
        notes=tuple(f"{key}: {note}" for key, one in loaded.items() for note in one.notes),
        **{name: merged(name) for name in ("read", "native", "mask", "file_size")},
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
