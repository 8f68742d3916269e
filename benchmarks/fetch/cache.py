"""Where downloaded archives lie, and how a study finds them."""

import dataclasses
import os
from pathlib import Path

import pooch

from benchmarks.study.study import Study

VARIABLE = "MAMMOBENCH_DATA"  # environment variable: the folder of all archives


def cached(name: str) -> Path:
    """Return the path of the archive of data set `name` in the cache; each data set has a folder of its own."""
    folder = os.environ.get(VARIABLE) or pooch.os_cache("mammobench")
    return Path(folder).expanduser().absolute() / name / "archive.zip"


def with_cached_data(study: Study) -> Study:
    """Return `study`; without data of its own, with the archive of its data set if the cache has this archive."""
    path = cached(study.dataset["name"])
    return dataclasses.replace(study, data=path) if study.data is None and path.is_file() else study
