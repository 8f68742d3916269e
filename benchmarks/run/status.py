"""Which cells of a study are done, running, failed or waiting, from their files alone.

A cell's progress file (cells/progress.py) comes first: it is there while the cell trains and after it failed.
Without one a cell is done if it has runtime.json and predictions.parquet, else it waits. A cell that a change has made
out of date is done until it is trained anew; `snakemake -n` lists these.

A running cell's process must be there. On another host, of which only the file is seen, it must have reported within
the last hour: an epoch at full size on one thread can take that long.
"""

import argparse
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
from benchmarks.study.study import BASELINES, Study, load_study

DONE, RUNNING, FAILED, WAITING = "done", "running", "failed", "waiting"
SILENT = 3600  # seconds after which a cell on another host counts as ended
CLOCK = 60  # seconds by which the start of a process, as the system tells it, may be off
KILLED = "ended without a word: killed or out of memory"
UNKNOWN = "time left unknown until a cell is done"
COLOURS = {DONE: "green", RUNNING: "yellow", FAILED: "red"}
WIDTH = 120  # columns where there is no terminal


@dataclasses.dataclass(frozen=True)
class CellState:
    """A cell and how it stands; `seconds` it took, or has taken so far; None if it waits or is a baseline's."""

    architecture: str
    protocol: str
    fold: int
    state: str
    seconds: float | None = None
    at: str = ""
    reason: str = ""
    log: Path | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """(architecture, protocol, fold)."""
        return self.architecture, self.protocol, self.fold

    @property
    def name(self) -> str:
        """architecture/protocol/fold."""
        return f"{self.architecture}/{self.protocol}/{self.fold}"


def cell_states(study: Study, stale: Mapping[Path, int] | None = None) -> list[CellState]:
    """The state of every cell of `study`; the files in `stale` count as missing until they change (nanoseconds)."""
    return [
        _cell_state(study, name, protocol, fold, stale or {})
        for name, protocol in study.pairs()
        for fold in study.cells(protocol)
    ]


def watched_files(study: Study, name: str, protocol: str, fold: int) -> list[Path]:
    """The files that say how a cell stands: its outputs, then its progress."""
    folder = study.cell_folder(name, protocol, fold)
    outputs = [folder / "runtime.json", folder / "predictions.parquet"]
    return [*outputs, progress_file(study, name, protocol, fold)]


def _cell_state(study: Study, name: str, protocol: str, fold: int, stale: Mapping[Path, int]) -> CellState:
    cell = (name, protocol, fold)
    *outputs, progress = watched_files(study, *cell)
    try:
        # Read at once: the cell may take its file away.
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
    """When `path` was last changed, in nanoseconds; None if it is not there."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _alive(record: dict) -> bool:
    if record["host"] != socket.gethostname():
        return _age(record["updated"]) < SILENT
    try:
        process = psutil.Process(record["pid"])
        # The number of a process that is gone may be another's by now, which began later.
        is_it = process.create_time() < datetime.datetime.fromisoformat(record["started"]).timestamp() + CLOCK
        return is_it and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _age(moment: str) -> float:
    return (datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(moment)).total_seconds()


def _at(record: dict) -> str:
    words = []
    if record["trial"]:
        words.append(f"trial {record['trial']}" + (f" of {record['trials']}" if record["trials"] else ""))
    if record["epoch"]:
        words.append(f"epoch {record['epoch']} of {record['epochs']}")
    return ", ".join(words) or "starting"


def _took(runtime: Path) -> float:
    """Wall-clock seconds of a finished cell."""
    seconds = stored.record(runtime)["seconds"]
    return seconds["training"] + seconds["prediction"]


def trained(states: list[CellState]) -> list[CellState]:
    """Those that are no baselines', the unit in which time is counted."""
    return [cell for cell in states if cell.architecture not in BASELINES]


def seconds_left(states: list[CellState]) -> float | None:
    """Seconds that the running and waiting cells will take one after the other; None if nothing says.

    A cell is taken to last as long as the mean of the finished ones of its architecture and protocol; if there is none,
    of its architecture and form (published or corrected), of its form, or of all.
    """
    known: dict[tuple, list[float]] = {}
    for cell in states:
        if cell.state == DONE:
            for key in _likeness(cell):
                known.setdefault(key, []).append(cell.seconds)
    left = 0.0
    for cell in states:
        if cell.state in (RUNNING, WAITING):
            times = next((known[key] for key in _likeness(cell) if key in known), None)
            if times is None:
                return None
            left += max(sum(times) / len(times) - (cell.seconds or 0), 0)
    return left


def _likeness(cell: CellState) -> list[tuple]:
    form = protocols.variant(cell.protocol)
    return [(cell.architecture, cell.protocol), (cell.architecture, form, ""), (form,), ()]


def count(states: list[CellState], state: str) -> int:
    """How many cells are in `state`."""
    return sum(cell.state == state for cell in states)


def about(seconds: float) -> str:
    """A time as precise as it is known: `about 4 min`."""
    if seconds < 60:
        return "less than a minute"
    if seconds < 90 * 60:
        return f"about {math.ceil(seconds / 60)} min"
    return f"about {round(seconds / 1800) / 2:g} h"


def time_left(states: list[CellState], at_once: int) -> str:
    """`about 4 min left` if `at_once` cells run side by side; empty if none runs or waits."""
    if count(states, RUNNING) + count(states, WAITING) == 0:
        return ""
    seconds = seconds_left(states)
    if seconds is None:
        return UNKNOWN
    return f"{about(seconds / max(at_once, 1))} left" + ("" if at_once else ", one cell at a time")


def headline(states: list[CellState], at_once: int, details: bool = False) -> str:
    """`17 of 60 cells done, 2 running, 0 failed, about 4 min left`; with `details`, which run, and where they are."""
    running = [f"{cell.name}: {cell.at}" for cell in states if cell.state == RUNNING]
    which = f" ({'; '.join(running)})" if details and running else ""
    counts = f"{count(states, DONE)} of {len(states)} cells done, {len(running)} running{which}"
    return ", ".join(filter(None, [counts, f"{count(states, FAILED)} failed", time_left(states, at_once)]))


def failures(states: list[CellState]) -> list[str]:
    """Two lines a failed cell: its name and reason, its log."""
    failed = [cell for cell in states if cell.state == FAILED]
    return [line for cell in failed for line in (f"  {cell.name}: {cell.reason}", f"      {cell.log}")]


def print_status(study: Study) -> None:
    """Print how `study` stands: all in one line, a table of protocols by architectures, what runs and what failed."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    states = cell_states(study)
    networks = trained(states)
    console.print(Text(f"study {study.name}: {headline(networks, at_once=count(networks, RUNNING))}"))
    console.print(_table(study, states))
    for cell in states:
        if cell.state == RUNNING:
            console.print(Text(f"running  {cell.name}: {cell.at}, for {about(cell.seconds).removeprefix('about ')}"))
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


def main() -> None:
    """Print the status of a study."""
    parser = argparse.ArgumentParser(description="Say which cells of a study are done, running, failed or waiting.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    arguments = parser.parse_args()
    print_status(load_study(arguments.study))


if __name__ == "__main__":
    run_cli(main)
