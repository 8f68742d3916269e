"""A lock that allows one run at a time in a results folder. The kernel releases the lock when its process ends.

Snakemake's own lock outlives a killed run, so profiles/default turns that lock off.
"""

import fcntl
from pathlib import Path
from typing import TextIO

from benchmarks.errors import BadInput

_held: list[TextIO] = []


def claim(folder: Path) -> None:
    """Lock `folder` until this process ends. Raises BadInput if another process holds it or it can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / ".lock", "w")  # noqa: SIM115 - stays open, and so held, as long as the process lives
    except OSError as error:
        raise BadInput(f"{folder} can't be written: {error.strerror}; make it writable, or run elsewhere") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise BadInput(f"another run is writing {folder}; wait until it ends, or stop it") from None
    _held.append(lock)


def release() -> None:
    """Release the locks of this process."""
    while _held:
        _held.pop().close()
