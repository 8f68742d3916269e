"""What an adapter returns."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd


@dataclasses.dataclass(frozen=True)
class Dataset:
    """What a data set holds, and how its images are read.

    `samples` has one row a sample, index 0..N-1 and the columns of samples.parquet (samples.py) without
    row, md5 and mask; dataset only if it holds several. `native(row)` decodes a sample as it is, uint8 (H, W);
    `read(row, size)` gives it as uint8 (size, size). `mask(row, size)` is the known breast mask, uint8 0/1 (size,
    size); None if no mask is known. `file_size(row)` is the size of its file in bytes; None if there are no files.
    `classes` are sorted as Keras sorts class folders. `generated`: the images are of nobody.
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
    generated: bool = False
