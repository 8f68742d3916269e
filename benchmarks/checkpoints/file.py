"""Files of checkpoints: a SHA-256 digest of 32 bytes, then a .npz archive of arrays and of a record (JSON)."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import stored
from benchmarks.errors import BadInput

KEPT = 2  # checkpoints of one training, the newest
SUFFIX = ".checkpoint"
RECORD = "record"
DIGEST = hashlib.sha256().digest_size

Arrays = dict[str, np.ndarray]


def write(folder: Path, epoch: int, record: dict[str, Any], arrays: Arrays) -> Path:
    """Write the checkpoint after `epoch` epochs, remove older ones but one, and return its path.

    The file has its name only when it is complete and on the disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{epoch:06d}{SUFFIX}"
    content: dict[str, Any] = {RECORD: np.frombuffer(json.dumps(record).encode(), np.uint8), **arrays}
    with stored.replacing(path) as part, part.open("w+b") as file:
        file.write(bytes(DIGEST))
        np.savez(file, **content)
        digest = _digest(file)
        file.seek(0)
        file.write(digest)
        file.flush()
        os.fsync(file.fileno())
    _sync(folder)
    for old in paths(folder)[KEPT:]:
        old.unlink()
    return path


def paths(folder: Path) -> list[Path]:
    """Return the checkpoints in `folder`, the newest first."""
    return sorted(folder.glob(f"*{SUFFIX}"), reverse=True)


def read(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Return the record and the arrays of a checkpoint. Raises BadInput if its digest differs."""
    with path.open("rb") as file:
        if file.read(DIGEST) != _digest(file):
            raise BadInput(f"{path} is incomplete or damaged: its digest differs")
        file.seek(DIGEST)
        with np.load(file, allow_pickle=False) as found:
            arrays = dict(found)
    return json.loads(arrays.pop(RECORD).tobytes()), arrays


def _digest(file: Any) -> bytes:
    file.seek(DIGEST)
    return hashlib.file_digest(file, "sha256").digest()


def _sync(folder: Path) -> None:
    """Bring the names of the files in `folder` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
