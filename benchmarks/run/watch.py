"""One run of the workflow as a person follows it: a line on standard error as its cells go on, a few words at the end.

The Snakefile's hooks call it. Only files are read (benchmarks/run/status.py), so it knows of cells on other hosts too.
"""

import datetime
import shutil
import sys
import threading
import time
from collections.abc import Iterable

from benchmarks.run.status import (
    DONE,
    FAILED,
    RUNNING,
    CellState,
    cell_states,
    changed,
    count,
    failures,
    headline,
    watched_files,
)
from benchmarks.study.study import Study

SCARCE = 100e6  # bytes left on a disk that may have stopped a run
PAUSE = 15  # seconds between two lines, at least

Key = tuple[str, str, int]  # architecture, protocol, fold


class Watch:
    """A run of `study`, from `start` on."""

    def __init__(self, study: Study):
        self.study = study
        self.cells: set[Key] = set()
        self.pending: set[Key] = set()
        self.stale = {}
        self.most = 0
        self.began = time.monotonic()
        self.over = threading.Event()

    def start(self, cells: Iterable[Key], pending: Iterable[Key]) -> None:
        """Begin to watch `cells`, of which this run trains `pending`."""
        self.cells, self.pending = set(cells), set(pending)
        # What an earlier run left of them says nothing of this one.
        files = [file for cell in self.pending for file in watched_files(self.study, *cell)]
        self.stale = {file: moment for file in files if (moment := changed(file))}
        if self.pending:
            threading.Thread(target=self._tell, daemon=True).start()

    def states(self) -> list[CellState]:
        """How the run's cells stand."""
        return [cell for cell in cell_states(self.study, self.stale) if cell.key in self.cells]

    def line(self) -> str:
        """The cells in one line, with what runs and the time left."""
        states = self.states()
        # Between two cells fewer run than can.
        self.most = max(self.most, count(states, RUNNING))
        return f"mammobench: {headline(states, self.most, details=True)}"

    def _tell(self) -> None:
        told = self.line()
        while not self.over.wait(PAUSE):
            line = self.line()
            if line != told:
                print(line, file=sys.stderr, flush=True)
            told = line

    def summary(self) -> str:
        """End the watch; what the run did, when it has succeeded."""
        self.over.set()
        trained = f"{len(self.cells)} cells, {len(self.pending)} of them trained in this run"
        return f"Study {self.study.name}: {trained}, which took {self._duration()}."

    def failure(self) -> str:
        """End the watch; what stopped the run: its failed cells with reason and log."""
        self.over.set()
        states = self.states()
        done, failed = count(states, DONE), count(states, FAILED)
        cells = f": {done} of {len(states)} cells done, {failed} failed" if states else ""
        lines = [
            f"The run has stopped after {self._duration()}{cells}.",
            *(failures(states) if failed else ["What stopped it is told above."]),
            *self._room(),
            "The same command goes on where it stopped.",
        ]
        return "\n".join(lines)

    def _room(self) -> list[str]:
        """A full disk takes the logs that would tell of it."""
        free = shutil.disk_usage(self.study.results()).free if self.study.results().is_dir() else SCARCE
        return [f"Only {free / 1e6:.0f} MB are left on the disk of {self.study.results()}."] if free < SCARCE else []

    def _duration(self) -> str:
        return str(datetime.timedelta(seconds=round(time.monotonic() - self.began)))
