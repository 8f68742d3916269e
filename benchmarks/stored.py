"""Readers for files that earlier stages wrote, which raise BadInput if a file is missing or damaged.

Writing of whole files, and removal of whole folders.

Results may come from strangers, so no reader runs code from a file.
"""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import existing, told


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Return `path`, to be read in the block. Raises BadInput if the file is missing or the block fails."""
    with told(f"{path} is incomplete, changed or not from this program; delete it, and snakemake makes it again"):
        yield existing(path)


def table(path: Path, **options) -> pd.DataFrame:
    """Return the table of a .parquet or .csv file; `options` are those of pandas."""
    with whole(path):
        return {".parquet": pd.read_parquet, ".csv": _csv}[path.suffix](path, **options)


def _csv(path: Path, **options) -> pd.DataFrame:
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        raise ValueError("the last line is incomplete")
    # By default pandas guesses a type for each part of a large file, so that one column can hold several.
    return pd.read_csv(io.BytesIO(content), low_memory=False, **options)


def record(path: Path) -> Any:
    """Return the content of a .json file."""
    with whole(path):
        return json.loads(path.read_text())


def array(path: Path) -> np.ndarray:
    """Return the array of a .npy file, memory-mapped."""
    with whole(path):
        return np.load(path, mmap_mode="r", allow_pickle=False)


class Rows:
    """Rows of a memory-mapped array, in any order: like an array (N, ...), but read when they are asked for.

    An index that starts with a number, or with an array of numbers, reads these rows alone. One that starts with a
    slice or `...` reads nothing and returns Rows again; np.asarray reads all.
    """

    def __init__(self, stored: np.ndarray, rows: np.ndarray):
        self.stored, self.rows = np.asarray(stored), rows

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape as of an array."""
        return (len(self.rows), *self.stored.shape[1:])

    @property
    def dtype(self) -> np.dtype:
        """Type of the elements."""
        return self.stored.dtype

    def __getitem__(self, key: Any) -> Any:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            return Rows(self.stored[key], self.rows)
        rows = self.rows[first]
        return Rows(self.stored[:, *rest], rows) if isinstance(first, slice) else self.stored[rows, *rest]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.stored[self.rows], dtype)


Images = np.ndarray | Rows


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Return all arrays of a .npz file by name."""
    with whole(path), np.load(path, allow_pickle=False) as found:
        return dict(found)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path and rename it to `path` after the block, so that a killed run leaves no partial file."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove `folder`, if it is there, so that a killed process leaves it whole or leaves nothing of its name.

    A part of it would pass for the state of an unfinished search. Removes what a killed removal has left, too.
    """
    leaving = folder.with_name(f"{folder.name}.removed")
    shutil.rmtree(leaving, ignore_errors=True)
    if folder.is_dir():
        folder.rename(leaving)
    shutil.rmtree(leaving, ignore_errors=True)
