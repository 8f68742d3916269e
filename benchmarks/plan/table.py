"""The plan of a run as a table: jobs, time, memory and disk of each stage, and when the run ends."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.plan.due import Job
from benchmarks.plan.estimate import TRAINING, Estimate
from benchmarks.plan.schedule import finish_times
from benchmarks.plan.stages import NOTHING

SNAKEMAKE = 8.0  # seconds until the first job starts
ON_CLUSTER = 15.0  # seconds in which a job on a node loads Python and Keras
ON_GPU = ("cell", "replay", "explain", "heatmaps")  # as in profiles/gpu
WIDTH = 120


@dataclasses.dataclass(frozen=True)
class Row:
    """A stage, or the training of one architecture: `seconds` of all its jobs, one after another."""

    stage: str
    jobs: int
    seconds: float
    memory_mb: float
    disk_mb: float


def group(job: Job) -> str:
    """Return the row of a job: its rule, with the architecture or publication that it trains."""
    own = job.wildcards.get("architecture") or job.wildcards.get("publication")
    return f"{job.rule} {own}" if own and job.rule in (*TRAINING, "explain", "maps") else job.rule


def table_rows(jobs: Sequence[Job], estimates: Mapping[int, Estimate]) -> list[Row]:
    """Return the rows of the plan, the longest first."""
    groups: dict[str, list[Estimate]] = {}
    for job in jobs:
        if job.rule not in NOTHING:
            groups.setdefault(group(job), []).append(estimates[job.id])
    rows = [
        Row(
            name,
            len(own),
            sum(one.seconds for one in own),
            max(one.memory_mb for one in own),
            sum(one.disk_mb for one in own),
        )
        for name, own in groups.items()
    ]
    return sorted(rows, key=lambda row: -row.seconds)


def run_seconds(jobs: Sequence[Job], estimates: Mapping[int, Estimate], cores: int, places: int = 0) -> float:
    """Return the seconds of the run on `cores`; with `places`, at most so many jobs use GPUs at once."""
    seconds = {job.id: estimates[job.id].seconds for job in jobs}
    ended = finish_times(jobs, seconds, cores, ON_GPU if places else (), places)
    return SNAKEMAKE + max(ended.values(), default=0.0)


def cluster_seconds(jobs: Sequence[Job], estimates: Mapping[int, Estimate], at_once: int) -> float:
    """Return the seconds of the run on a cluster that runs `at_once` jobs, without its queue."""
    seconds = {job.id: estimates[job.id].seconds + ON_CLUSTER * (job.rule not in NOTHING) for job in jobs}
    single = [dataclasses.replace(job, threads=1) for job in jobs]
    return SNAKEMAKE + max(finish_times(single, seconds, at_once).values(), default=0.0)


def does_not_fit(
    jobs: Sequence[Job], estimates: Mapping[int, Estimate], cores: int, memory_mb: float, free_mb: float
) -> list[str]:
    """Return a sentence for each group of jobs that `memory_mb` does not hold, and for a disk that is too small."""
    told = []
    for row in table_rows(jobs, estimates):
        if row.memory_mb > memory_mb:
            lower = (
                "image_size or batch_size" if row.stage.partition(" ")[0] in (*TRAINING, "explain") else "image_size"
            )
            told.append(
                f"{row.stage}: a job needs {row.memory_mb:,.0f} MB of {memory_mb:,.0f} MB; lower {lower}, or use a "
                "machine with more memory"
            )
    largest = sorted((estimates[job.id].memory_mb for job in jobs), reverse=True)
    if not told and sum(largest[:cores]) > memory_mb:
        at_once = max(n for n in range(1, cores + 1) if n == 1 or sum(largest[:n]) <= memory_mb)
        told.append(
            f"{cores} jobs at once may need {sum(largest[:cores]):,.0f} MB of {memory_mb:,.0f} MB; use CORES={at_once}"
        )
    disk = sum(one.disk_mb for one in estimates.values())
    if disk > free_mb:
        told.append(f"results need {disk:,.0f} MB of {free_mb:,.0f} MB of free disk; make room, or run elsewhere")
    return told


def duration(seconds: float) -> str:
    """Return e.g. `45 s`, `9.5 min` or `12.3 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows and their sum."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    table = Table(box=None, pad_edge=False)
    table.add_column("stage", no_wrap=True)
    for name in ("jobs", "time on one core", "memory of a job", "disk"):
        table.add_column(name, justify="right")
    for row in [*rows, total(rows)]:
        table.add_row(
            row.stage, str(row.jobs), duration(row.seconds), f"{row.memory_mb:,.0f} MB", f"{row.disk_mb:,.0f} MB"
        )
    console.print(table)


def total(rows: Sequence[Row]) -> Row:
    """Return the sum of the rows; of memory, the largest."""
    return Row(
        "all",
        sum(row.jobs for row in rows),
        sum(row.seconds for row in rows),
        max((row.memory_mb for row in rows), default=0.0),
        sum(row.disk_mb for row in rows),
    )


def as_json(rows: Sequence[Row], **more: Any) -> dict[str, Any]:
    """Return the plan for a JSON file."""
    return {"stages": [dataclasses.asdict(row) for row in rows], "all": dataclasses.asdict(total(rows)), **more}


def free_disk_mb(folder: Path) -> float:
    """Return the free disk space in MB where `folder` is or will be."""
    found = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())
    about = os.statvfs(found)
    return about.f_bavail * about.f_frsize / 1e6
