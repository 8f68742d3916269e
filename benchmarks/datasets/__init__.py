"""Data sets: one adapter a file, found by its name.

An adapter is a module `benchmarks/datasets/<name>.py` with

    OPTIONS: dict                                        option name -> default, what a study may set
    check(options: dict, data: Path | None) -> None      is the data plainly there; cheap, runs at every start
    load(options: dict, data: Path | None, seed: int) -> Dataset

both raising BadInput that says what was found, what was expected and what to do. Files that start with "_" are shared
helpers. Importing an adapter must be quick: leave heavy libraries to `load`.
"""

import dataclasses
import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd


@dataclasses.dataclass(frozen=True)
class Dataset:
    """What a data set holds, and how its images are read.

    `samples` has one row a sample, index 0..N-1 and the columns of samples.parquet (benchmarks/samples.py) without
    row, md5 and mask. `native(row)` decodes a sample as it is, uint8 (H, W); `read(row, size)` gives it as uint8
    (size, size). `mask(row, size)` is the known breast mask, uint8 0/1 (size, size); None if no mask is known.
    `file_size(row)` is the size of its file in bytes; None if there are no files.
    `classes` are sorted as Keras sorts class folders.
    """

    title: str
    classes: list[str]
    citation: str
    licence: str
    doi: str | None
    samples: pd.DataFrame
    read: Callable[[int, int], np.ndarray]
    native: Callable[[int], np.ndarray]
    mask: Callable[[int, int], np.ndarray] | None = None
    file_size: Callable[[int], int] | None = None


def names() -> list[str]:
    """The data sets there are."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def adapter(name: str) -> ModuleType:
    """The adapter module of one of `names()`."""
    return importlib.import_module(f"{__name__}.{name}")
