"""State of each cell of a study (done, running, failed or waiting), read from the cell's files alone.

The progress file (cells/progress.py) exists while a cell trains and after it failed. Without that file, a cell is done
if runtime.json and predictions.parquet exist, else it waits. A cell that a change has made out of date counts as done
until it is trained again; `snakemake -n` lists such cells.

A cell counts as running only if its process exists; on another host, if the progress file was written within the last
hour, as one epoch at full size on one thread can take that long.
"""

import dataclasses
import datetime
import json
import math
import socket
from collections.abc import Mapping
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks import protocols, stored
from benchmarks.cells.progress import progress_file
from benchmarks.errors import run_cli
from benchmarks.run.foretold import foretold_cells
from benchmarks.study.command import stage
from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study

DONE, RUNNING, FAILED, WAITING = "done", "running", "failed", "waiting"
SILENT = 3600  # seconds without an update after which a cell on another host counts as ended
CLOCK = 60  # seconds by which the system's start time of a process may be wrong
KILLED = "the process ended without an error message: it was killed or ran out of memory"
UNKNOWN = "remaining time unknown until one cell is done"
COLOURS = {DONE: "green", RUNNING: "yellow", FAILED: "red"}
WIDTH = 120  # columns where there is no terminal


@dataclasses.dataclass(frozen=True)
class CellState:
    """State of one cell; `seconds` is its time so far or in all, None for a waiting cell or a baseline.

    `foretold` is the time of the study's last plan, None without one.
    """

    architecture: str
    protocol: str
    fold: int
    state: str
    seconds: float | None = None
    at: str = ""
    reason: str = ""
    log: Path | None = None
    foretold: float | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """(architecture, protocol, fold)."""
        return self.architecture, self.protocol, self.fold

    @property
    def name(self) -> str:
        """architecture/protocol/fold."""
        return f"{self.architecture}/{self.protocol}/{self.fold}"


def cell_states(study: Study, stale: Mapping[Path, int] | None = None) -> list[CellState]:
    """Return the state of every cell of `study`.

    `stale` maps files to times in nanoseconds: a file counts as missing as long as it has that time stamp.
    """
    states = [
        _cell_state(study, name, protocol, fold, stale or {})
        for name, protocol in study.pairs()
        for fold in study.cells(protocol)
    ]
    foretold = foretold_cells(study)
    return [dataclasses.replace(cell, foretold=foretold.get(cell.name)) for cell in states]


def watched_files(study: Study, name: str, protocol: str, fold: int) -> list[Path]:
    """Return the files that the state of a cell is read from: its outputs, then its progress file."""
    folder = study.cell_folder(name, protocol, fold)
    outputs = [folder / "runtime.json", folder / "predictions.parquet"]
    return [*outputs, progress_file(study, name, protocol, fold)]


def _cell_state(study: Study, name: str, protocol: str, fold: int, stale: Mapping[Path, int]) -> CellState:
    cell = (name, protocol, fold)
    *outputs, progress = watched_files(study, *cell)
    try:
        # Read at once: the cell may delete the file.
        record = json.loads(progress.read_text()) if _fresh(progress, stale) else None
    except FileNotFoundError:
        record = None
    if record:
        log = study.results() / "logs" / "cells" / name / protocol / f"{fold}.log"
        if record["state"] == FAILED:
            return CellState(*cell, FAILED, reason=record["reason"], log=log)
        if not _alive(record):
            return CellState(*cell, FAILED, reason=KILLED, log=log)
        return CellState(*cell, RUNNING, seconds=_age(record["started"]), at=_at(record), log=log)
    if all(_fresh(path, stale) for path in outputs):
        return CellState(*cell, DONE, seconds=None if name in BASELINES else _took(outputs[0]))
    return CellState(*cell, WAITING)


def _fresh(path: Path, stale: Mapping[Path, int]) -> bool:
    return changed(path) not in (None, stale.get(path))


def changed(path: Path) -> int | None:
    """Return the time stamp of `path` in nanoseconds; None if the file does not exist."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _alive(record: dict) -> bool:
    if record["host"] != socket.gethostname():
        return _age(record["updated"]) < SILENT
    try:
        process = psutil.Process(record["pid"])
        # The process id may have been given to another process, which then started later.
        is_it = process.create_time() < datetime.datetime.fromisoformat(record["started"]).timestamp() + CLOCK
        return is_it and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _age(moment: str) -> float:
    return (datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(moment)).total_seconds()


def _at(record: dict) -> str:
    words: list[str] = []
    if record["trial"]:
        words.append(f"trial {record['trial']}" + (f" of {record['trials']}" if record["trials"] else ""))
    if record["epoch"]:
        words.append(f"epoch {record['epoch']} of {record['epochs']}")
    return ", ".join(words) or "starting"


def _took(runtime: Path) -> float:
    seconds = stored.record(runtime)["seconds"]
    return seconds["training"] + seconds["prediction"]


def trained(states: list[CellState]) -> list[CellState]:
    """Return the cells of architectures, without the baselines'."""
    return [cell for cell in states if cell.architecture not in BASELINES]


def seconds_left(states: list[CellState]) -> float | None:
    """Estimate the seconds of all running and waiting cells, one after the other; None if nothing is known of one.

    The estimate for a cell is the mean of the finished cells of its architecture and protocol; if there are none, what
    the plan foretold, times the ratio of what finished cells took to what was foretold of them; without a plan the mean
    of its architecture and form (published or corrected), of its form, or of all cells.
    """
    planned = [(c.seconds, c.foretold) for c in states if c.state == DONE and c.seconds is not None and c.foretold]
    pace = sum(took for took, _ in planned) / sum(own for _, own in planned) if planned else 1.0
    known: dict[tuple, list[float]] = {}
    for cell in states:
        if cell.state == DONE and cell.seconds is not None:
            for key in _likeness(cell):
                known.setdefault(key, []).append(cell.seconds)
    left = 0.0
    for cell in states:
        if cell.state in (RUNNING, WAITING):
            keys = _likeness(cell)
            times = next((known[key] for key in keys[: 1 if cell.foretold else None] if key in known), None)
            if times is None and cell.foretold:
                times = [cell.foretold * pace]
            if times is None:
                return None
            left += max(sum(times) / len(times) - (cell.seconds or 0), 0)
    return left


def _likeness(cell: CellState) -> list[tuple]:
    form = protocols.variant(cell.protocol)
    return [(cell.architecture, cell.protocol), (cell.architecture, form, ""), (form,), ()]


def count(states: list[CellState], state: str) -> int:
    """Return the number of cells in `state`."""
    return sum(cell.state == state for cell in states)


def about(seconds: float) -> str:
    """Return a rounded time, e.g. `about 4 min`."""
    if seconds < 60:
        return "less than a minute"
    if seconds < 90 * 60:
        return f"about {math.ceil(seconds / 60)} min"
    return f"about {round(seconds / 1800) / 2:g} h"


def time_left(states: list[CellState], at_once: int) -> str:
    """Return e.g. `about 4 min left` if `at_once` cells run side by side; empty if no cell runs or waits."""
    if count(states, RUNNING) + count(states, WAITING) == 0:
        return ""
    seconds = seconds_left(states)
    if seconds is None:
        return UNKNOWN
    return f"{about(seconds / max(at_once, 1))} left" + ("" if at_once else ", one cell at a time")


def headline(states: list[CellState], at_once: int, details: bool = False) -> str:
    """Return e.g. `17 of 60 cells done, 2 running, 0 failed, about 4 min left`; `details` names the running cells."""
    running = [f"{cell.name}: {cell.at}" for cell in states if cell.state == RUNNING]
    which = f" ({'; '.join(running)})" if details and running else ""
    counts = f"{count(states, DONE)} of {len(states)} cells done, {len(running)} running{which}"
    return ", ".join(filter(None, [counts, f"{count(states, FAILED)} failed", time_left(states, at_once)]))


def failures(states: list[CellState]) -> list[str]:
    """Return two lines for each failed cell: its name and reason, its log file."""
    failed = [cell for cell in states if cell.state == FAILED]
    return [line for cell in failed for line in (f"  {cell.name}: {cell.reason}", f"      {cell.log}")]


def print_status(study: Study) -> None:
    """Print the state of `study`: one line in all, a table of protocols by architectures, running and failed cells."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    states = cell_states(study)
    networks = trained(states)
    console.print(Text(f"study {study.name}: {headline(networks, at_once=count(networks, RUNNING))}"))
    console.print(_table(study, states))
    for cell in states:
        if cell.state == RUNNING:
            age = about(cell.seconds or 0).removeprefix("about ")
            console.print(Text(f"running  {cell.name}: {cell.at}, for {age}"))
    if count(states, FAILED):
        console.print(Text("\n".join(["failed", *failures(states)])), soft_wrap=True)


def _table(study: Study, states: list[CellState]) -> Table:
    groups: dict[tuple[str, str], list[CellState]] = {}
    for cell in states:
        name = "baselines" if cell.architecture in BASELINES else cell.architecture
        groups.setdefault((name, cell.protocol), []).append(cell)
    table = Table(box=None, pad_edge=False)
    table.add_column("cells done", no_wrap=True)
    names = [*study.architectures, "baselines"]
    for name in names:
        table.add_column(name, justify="right", overflow="fold")
    for protocol in study.all_protocols():
        table.add_row(protocol, *(_share(groups.get((name, protocol), [])) for name in names))
    return table


def _share(cells: list[CellState]) -> Text:
    if not cells:
        return Text()
    done = count(cells, DONE)
    state = next((state for state in (FAILED, RUNNING) if count(cells, state)), DONE if done == len(cells) else WAITING)
    return Text(f"{done} of {len(cells)}", style=COLOURS.get(state, ""))


main = stage("Print which cells of a study are done, running, failed or waiting.", print_status)

if __name__ == "__main__":
    run_cli(main)
