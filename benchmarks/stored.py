"""What earlier stages wrote, read again: BadInput says what to do if a file is missing, or is not what they write.

Results may come from others, so nothing that is read here runs code.
"""

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.errors import existing, told


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """`path`, to be read in the block."""
    with told(f"{path} is cut short, changed or from elsewhere; delete it, and snakemake makes it anew"):
        yield existing(path)


def table(path: Path, **options) -> pd.DataFrame:
    """A .parquet or .csv; the options are those of pandas."""
    with whole(path):
        return {".parquet": pd.read_parquet, ".csv": _csv}[path.suffix](path, **options)


def _csv(path: Path, **options) -> pd.DataFrame:
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        raise ValueError("its last line has no end")
    return pd.read_csv(io.BytesIO(content), **options)


def record(path: Path) -> dict | list:
    """A .json."""
    with whole(path):
        return json.loads(path.read_text())


def array(path: Path) -> np.ndarray:
    """A .npy, mapped rather than read."""
    with whole(path):
        return np.load(path, mmap_mode="r", allow_pickle=False)


def arrays(path: Path) -> dict[str, np.ndarray]:
    """All of a .npz."""
    with whole(path), np.load(path, allow_pickle=False) as found:
        return dict(found)
