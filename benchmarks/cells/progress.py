"""What a cell says of itself while it trains, in results/<study>/progress/<architecture>/<protocol>/<fold>.json.

    state                 running | failed
    host pid started      the process that trains it; UTC
    trial trials          number of the search's trial and how many there are; null for a published recipe, and `trials`
                          for Hyperband, which decides as it goes
    epoch epochs          finished ones, and how many there are at most
    updated               UTC
    reason                last line of the error, if it failed

The file goes when the cell is complete, or interrupted by Ctrl-C. One whose process is gone belongs to a killed cell.
"""

import datetime
import json
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import BadInput
from benchmarks.study.study import Study

if TYPE_CHECKING:
    import keras

    from benchmarks.cells.cell import Cell

PAUSE = 1  # seconds, at least, between two epochs that are written down
LONGEST_REASON = 200  # characters


def progress_file(study: Study, architecture: str, protocol: str, fold: int) -> Path:
    """Where a cell keeps its progress."""
    return study.results() / "progress" / architecture / protocol / f"{fold}.json"


class Progress:
    """Keeps a cell's progress file, as a context around its training; no random number is drawn."""

    def __init__(self, cell: "Cell"):
        self.path = progress_file(cell.study, cell.architecture, cell.protocol, cell.fold)
        self.about = {
            "architecture": cell.architecture,
            "protocol": cell.protocol,
            "fold": cell.fold,
            "state": "running",
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": _now(),
            **dict.fromkeys(("trial", "trials", "epoch", "epochs", "updated", "reason")),
        }
        self.written = 0.0

    def __enter__(self) -> "Progress":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._write()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Exception):
            self._write(state="failed", reason=reason(error))
        elif error is None or isinstance(error, KeyboardInterrupt):
            self.path.unlink(missing_ok=True)

    def trial(self, number: int, trials: int | None) -> None:
        """Say that trial `number`, from 1, begins."""
        self._write(trial=number, trials=trials, epoch=None, epochs=None)

    def callback(self, epochs: int) -> "keras.callbacks.Callback":
        """A Keras callback that writes the epochs down, at most one a second."""
        import keras

        def write(epoch: int, logs: dict) -> None:
            if time.monotonic() - self.written >= PAUSE:
                self._write(epoch=epoch + 1, epochs=epochs)

        return keras.callbacks.LambdaCallback(on_epoch_end=write)

    def _write(self, **changes) -> None:
        self.about |= changes | {"updated": _now()}
        draft = self.path.with_suffix(".tmp")
        draft.write_text(json.dumps(self.about, indent=2) + "\n")
        # A reader sees the old file or the new one, never a part.
        os.replace(draft, self.path)
        self.written = time.monotonic()


class Silent:
    """Progress that nobody follows, for a search outside a study."""

    def trial(self, number: int, trials: int | None) -> None:
        """Say nothing."""

    def callback(self, epochs: int) -> "keras.callbacks.Callback":
        """A callback that does nothing."""
        import keras

        return keras.callbacks.Callback()


def reason(error: Exception) -> str:
    """The last line of an error, with its kind unless it is a BadInput, which speaks for itself."""
    line = (str(error).strip().splitlines() or [""])[-1].strip()[:LONGEST_REASON]
    return line if isinstance(error, BadInput) else f"{type(error).__name__}: {line}".removesuffix(": ")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
