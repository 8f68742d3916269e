"""Progress line of a run on standard error, and a summary at its end.

Both are read from the cells' files alone (status.py), so cells on other hosts are included.
"""

import datetime
import shutil
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

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

SCARCE = 100e6  # bytes: with less free disk space, a full disk may be the cause of a failure
PAUSE = 15  # seconds between two progress lines, at least

Key = tuple[str, str, int]  # architecture, protocol, fold


class Watch:
    """The cells of one run of `study`."""

    def __init__(self, study: Study):
        self.study = study
        self.cells: set[Key] = set()
        self.pending: set[Key] = set()
        self.stale: dict[Path, int] = {}
        self.most = 0
        self.began = time.monotonic()
        self.over = threading.Event()

    def start(self, cells: Iterable[Key], pending: Iterable[Key]) -> None:
        """Start the progress line for `cells`, of which this run trains `pending`."""
        self.cells, self.pending = set(cells), set(pending)
        # Files of an earlier run do not count.
        files = [file for cell in self.pending for file in watched_files(self.study, *cell)]
        self.stale = {file: moment for file in files if (moment := changed(file))}
        if self.pending:
            threading.Thread(target=self._tell, daemon=True).start()

    def states(self) -> list[CellState]:
        """Return the states of the run's cells."""
        return [cell for cell in cell_states(self.study, self.stale) if cell.key in self.cells]

    def line(self) -> str:
        """Return the progress line, with the running cells and the remaining time."""
        states = self.states()
        # Between two cells, fewer cells run than could.
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
        """Stop the progress line; return the summary of a successful run."""
        self.over.set()
        trained = f"{len(self.cells)} cells, {len(self.pending)} of them trained in this run"
        return f"Study {self.study.name}: {trained}, which took {self._duration()}."

    def failure(self) -> str:
        """Stop the progress line; return why the run failed: its failed cells with reason and log file."""
        self.over.set()
        states = self.states()
        done, failed = count(states, DONE), count(states, FAILED)
        cells = f": {done} of {len(states)} cells done, {failed} failed" if states else ""
        lines = [
            f"The run has stopped after {self._duration()}{cells}.",
            *(failures(states) if failed else ["See the error message above."]),
            *self._room(),
            "Run the same command again to continue.",
        ]
        return "\n".join(lines)

    def _room(self) -> list[str]:
        # On a full disk, the logs that would show the cause are lost, too.
        free = shutil.disk_usage(self.study.results()).free if self.study.results().is_dir() else SCARCE
        return [f"Only {free / 1e6:.0f} MB are left on the disk of {self.study.results()}."] if free < SCARCE else []

    def _duration(self) -> str:
        return str(datetime.timedelta(seconds=round(time.monotonic() - self.began)))
