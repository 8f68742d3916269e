"""Fingerprint of a training: only a checkpoint with the same one continues it."""

import functools
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import backend
from benchmarks.stored import Images

CODE = Path(__file__).resolve().parents[2]
PACKAGES = ("architectures", "benchmarks")
BLOCK = 256  # images in memory


def fingerprint(about: dict[str, Any], arrays: Iterable[Images]) -> str:
    """Return a hash of all that the result of a training depends on.

    These are `about`, which names it and its settings, the `arrays` that it reads, the code, the versions of the
    libraries, and the number of threads, which changes the last bits.
    """
    own = {
        "about": about,
        "code": _code(),
        "versions": backend.versions(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
    }
    digest = hashlib.sha256(json.dumps(own, sort_keys=True, default=str).encode())
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        for start in range(0, len(array), BLOCK):
            digest.update(np.ascontiguousarray(array[start : start + BLOCK]).data)
    return digest.hexdigest()


@functools.cache
def _code() -> str:
    """Return a hash of all code of both packages: more than a training runs, but read in milliseconds."""
    digest = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (CODE / package).rglob("*.py")):
        digest.update(f"{path.relative_to(CODE)} ".encode() + path.read_bytes())
    return digest.hexdigest()
