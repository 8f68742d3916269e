"""Progress file of a running cell: results/<study>/progress/<architecture>/<protocol>/<fold>.json

    state                 running | failed
    host pid started      process that trains the cell; UTC
    trial trials          number of the current trial and of all; both null for a published recipe, `trials` null for
                          Hyperband, which decides during the search
    epoch epochs          number of finished epochs, and their maximum
    updated               UTC
    reason                last line of the error of a failed cell

The file is deleted when the cell is complete or interrupted by Ctrl-C. A file without its process is of a killed cell.
"""

import datetime
import json
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cells.cell import Cell
from benchmarks.errors import BadInput
from benchmarks.study.study import Study

if TYPE_CHECKING:
    import keras

PAUSE = 1  # seconds, at least, between two epochs that are written
LONGEST_REASON = 200  # characters


def progress_file(study: Study, architecture: str, protocol: str, fold: int) -> Path:
    """Path of the progress file of a cell."""
    return study.results() / "progress" / architecture / protocol / f"{fold}.json"


class Progress:
    """Progress file of a cell, as a context around its training; without a cell there is no file."""

    def __init__(self, cell: Cell | None = None):
        self.path, self.written = None, 0.0
        if cell:
            self.path = progress_file(cell.study, cell.architecture, cell.protocol, cell.fold)
            self.about: dict[str, Any] = {
                "architecture": cell.architecture,
                "protocol": cell.protocol,
                "fold": cell.fold,
                "state": "running",
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "started": _now(),
                **dict.fromkeys(("trial", "trials", "epoch", "epochs", "updated", "reason")),
            }

    def __enter__(self) -> "Progress":
        self._write()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Exception):
            self._write(state="failed", reason=reason(error))
        elif self.path and (error is None or isinstance(error, KeyboardInterrupt)):
            self.path.unlink(missing_ok=True)

    def trial(self, number: int, trials: int | None) -> None:
        """Write that trial `number`, from 1, begins."""
        self._write(trial=number, trials=trials, epoch=None, epochs=None)

    def callback(self, epochs: int) -> "keras.callbacks.Callback":
        """Return a Keras callback that writes finished epochs, at most one a second."""
        import keras

        def write(epoch: int, logs: dict[str, float]) -> None:
            if time.monotonic() - self.written >= PAUSE:
                self._write(epoch=epoch + 1, epochs=epochs)

        return keras.callbacks.LambdaCallback(on_epoch_end=write)

    def _write(self, **changes: Any) -> None:
        if self.path is None:
            return
        self.about |= changes | {"updated": _now()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".tmp")
        draft.write_text(json.dumps(self.about, indent=2) + "\n")
        # A reader sees the old or the new file, never a part.
        os.replace(draft, self.path)
        self.written = time.monotonic()


def reason(error: Exception) -> str:
    """Return the last line of an error, after the name of its class unless that is BadInput."""
    line = (str(error).strip().splitlines() or [""])[-1].strip()[:LONGEST_REASON]
    return line if isinstance(error, BadInput) else f"{type(error).__name__}: {line}".removesuffix(": ")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
