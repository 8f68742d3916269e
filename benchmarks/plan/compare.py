"""A finished run beside its plan: python -m benchmarks.plan.compare --study demo [--data PATH] [--run FOLDER].

Reads Snakemake's log of the run, which has the moment at which each job started and ended, and the cells'
runtime.json. Prints for each stage the time that was foretold and that it took, and both for the whole run. Foretells
without what the run recorded. `CPU` is the CPU time of the cells: where it is far below their time, other programs used
the cores.
"""

import argparse
import dataclasses
import datetime
import json
import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.errors import BadInput, run_cli
from benchmarks.fetch.cache import with_cached_data
from benchmarks.plan.__main__ import planned
from benchmarks.plan.costs import SECONDS
from benchmarks.plan.due import Job
from benchmarks.plan.estimate import Estimate
from benchmarks.plan.table import WIDTH, duration, group, run_seconds
from benchmarks.study.command import DATA, STUDY
from benchmarks.study.study import Study, load_study

MOMENT = "%a %b %d %H:%M:%S %Y"
# What stands in a job's message for the wildcards that tell jobs of a rule apart
NAMED = {
    "cell": r"Train (?P<architecture>[^/]+)/(?P<protocol>[^/]+)/(?P<fold>\d+)",
    "replay": r"Replay (?P<publication>[^/]+)/(?P<variant>[^/]+)/(?P<any_protocol>[^/]+)/(?P<fold>\d+)",
    "explain": r"Explain (?P<architecture>\S+)",
    "heatmaps": r"Repeat the published heat map of (?P<architecture>\S+)",
    "maps": r"Compute the maps of (?P<architecture>[^']+)",
}


@dataclasses.dataclass(frozen=True)
class Run:
    """A run as its log tells it: seconds of each finished job, of the whole run, and the cores that it had."""

    jobs: list[tuple[Job, float]]
    seconds: float
    cores: int


def read_log(text: str) -> Run:
    """Return the run that a log of Snakemake describes; its times are whole seconds."""
    now: datetime.datetime | None = None
    started: dict[str, tuple[datetime.datetime, str]] = {}
    moments: list[datetime.datetime] = []
    done: list[tuple[Job, float]] = []
    for line in text.splitlines():
        if stamp := re.fullmatch(r"\[(\w{3} \w{3} +\d+ [\d:]{8} \d{4})\]", line.strip()):
            now = datetime.datetime.strptime(stamp[1], MOMENT)
            moments.append(now)
        elif (begun := re.match(r"Job (\d+): (.*)", line)) and now:
            started[begun[1]] = now, begun[2]
        elif (ended := re.match(r"Finished jobid: (\d+) \(Rule: (\w+)\)", line)) and ended[1] in started and now:
            began, message = started[ended[1]]
            found = re.match(NAMED.get(ended[2], "$^"), message)
            job = Job(int(ended[1]), ended[2], found.groupdict() if found else {})
            done.append((job, (now - began).total_seconds()))
    cores = re.search(r"Provided cores: (\d+)", text)
    took = (moments[-1] - moments[0]).total_seconds() if moments else 0.0
    return Run(done, took, int(cores[1]) if cores else 1)


def find_run(folder: Path) -> Run:
    """Return the run with the most finished jobs, the latest such, by the logs in `folder`. Raises BadInput without."""
    logs = sorted((folder / ".snakemake/log").glob("*.log"), reverse=True)
    runs = [read_log(path.read_text()) for path in logs]
    best = max(runs, key=lambda run: len(run.jobs), default=None)
    if best is None or not best.jobs:
        raise BadInput(f"{folder}/.snakemake/log has no log of a finished job; name the folder of the run by --run")
    return best


@dataclasses.dataclass(frozen=True)
class Row:
    """A stage: number of finished jobs, their seconds as foretold and as they took, CPU seconds of cells, else None."""

    stage: str
    jobs: int
    foretold: float
    took: float
    cpu: float | None


def compared(run: Run, jobs: Sequence[Job], estimates: dict[int, Estimate], cpu: dict[str, float]) -> list[Row]:
    """Return a row for each stage; a finished job counts as foretold for its wildcards, else as the mean of its rule.

    `cpu` is CPU seconds by `architecture/protocol/fold`.
    """
    exact = {_key(job.rule, job.wildcards): estimates[job.id].seconds for job in jobs}
    rules: dict[str, list[float]] = {}
    for job in jobs:
        rules.setdefault(job.rule, []).append(estimates[job.id].seconds)
    rows: dict[str, list[tuple[float, float, float | None]]] = {}
    for job, took in run.jobs:
        own = exact.get(_key(job.rule, job.wildcards))
        if own is None and job.rule not in rules:
            continue
        foretold = sum(rules[job.rule]) / len(rules[job.rule]) if own is None else own
        rows.setdefault(group(job), []).append((foretold, took, cpu.get("/".join(job.wildcards.values()))))
    table = []
    for stage, own_rows in rows.items():
        known = [one for _, _, one in own_rows if one is not None]
        sums = [sum(one[place] or 0 for one in own_rows) for place in (0, 1)]
        table.append(Row(stage, len(own_rows), sums[0], sums[1], sum(known) if known else None))
    return sorted(table, key=lambda row: -row.took)


def _key(rule: str, wildcards: object) -> str:
    return f"{rule} {sorted(dict(wildcards).items())}"  # type: ignore[call-overload]


def cpu_seconds(study: Study, folder: Path) -> dict[str, float]:
    """Return the CPU seconds of the finished cells of a run in `folder`, by `architecture/protocol/fold`."""
    cells = (folder / study.results() / "cells").glob("*/*/*/runtime.json")
    return {"/".join(path.parts[-4:-1]): json.loads(path.read_text())["seconds"]["process"] for path in cells}


def print_rows(rows: Sequence[Row]) -> None:
    """Print the rows, their sum over cells and over all."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    table = Table(box=None, pad_edge=False)
    for name in ("stage", "jobs", "foretold", "real", "CPU", "foretold / real", "foretold / CPU"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    cells = [row for row in rows if row.cpu is not None]
    for row in [*rows, *([total("all cells", cells)] if cells else []), total("all", rows)]:
        ratios = [f"{row.foretold / seconds:.2f}" if seconds else "" for seconds in (row.took, row.cpu)]
        shown = duration(row.cpu) if row.cpu is not None else ""
        table.add_row(row.stage, str(row.jobs), duration(row.foretold), duration(row.took), shown, *ratios)
    console.print(table)


def total(name: str, rows: Sequence[Row]) -> Row:
    """Return the sum of the rows; without CPU seconds if a row has none."""
    known = [row.cpu for row in rows if row.cpu is not None]
    return Row(
        name,
        sum(row.jobs for row in rows),
        sum(row.foretold for row in rows),
        sum(row.took for row in rows),
        sum(known) if len(known) == len(rows) else None,
    )


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description="Compare a finished run with its plan.")
    parser.add_argument("--study", required=True, help=STUDY)
    parser.add_argument("--data", help=DATA)
    parser.add_argument("--run", type=Path, default=Path(), help="folder that the run was started in (default: here)")
    parser.add_argument("--wait", type=float, default=SECONDS, help=f"seconds to measure steps (default: {SECONDS})")
    asked = parser.parse_args()
    study = with_cached_data(load_study(asked.study, asked.data))
    run = find_run(asked.run)
    plan = planned(study, run.cores, everything=True, learn=False, wait=asked.wait)
    rows = compared(run, plan.jobs, plan.estimates, cpu_seconds(study, asked.run))
    print_rows(rows)
    whole = run_seconds(plan.jobs, plan.estimates, run.cores)
    ended = any(job.rule == "report" for job, _ in run.jobs)
    real = f"{duration(run.seconds)} real, foretold / real {whole / run.seconds:.2f}" if ended else "not yet at its end"
    print(f"study {study.name} on {run.cores} cores: {duration(whole)} foretold, {real}")
    plan.print_unmeasured()


if __name__ == "__main__":
    run_cli(main)
