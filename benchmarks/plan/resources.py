"""Memory and time that a job requests on a cluster.

Of a cell: those of finished cells of its kind, with a margin. The kind of a cell is its architecture and form. The
values come from runtime.json, which the training process writes: a benchmark file of Snakemake would measure the
process that starts the job (warm.py). Cells of another image size are ignored. Other changes of a study, e.g. of its
epochs, count once a cell has run with them.

Of other jobs, and of cells of which none has finished: those of the study's last `make plan`, with the same margin.
Without a plan, fixed values. Each further attempt requests twice as much, as the job may have been killed for lack of
memory or time, and says so.
"""

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks import stored
from benchmarks.plan.due import Job
from benchmarks.protocols import variant
from benchmarks.run.foretold import cells_file, plan_file
from benchmarks.study.study import Study

UNKNOWN = 6000, 720  # MB and minutes of a cell while nothing is known of it
# The same of other jobs
UNPLANNED = {
    **{"samples": (8000, 120), "architecture": (4000, 30), "features": (4000, 360), "maps": (4000, 360)},
    **{"baselines": (4000, 60), "replay": (8000, 720), "scores": (4000, 240), "leakage": (8000, 240)},
    **{"explain": (8000, 720), "figures": (8000, 120), "report": (4000, 30)},
}
OTHERS = 4000, 120
LARGER = 1.5  # margin for a fold with more images, other versions of the libraries
SLOWER = 3  # margin for an older node, a fold that trains for more epochs
# Snakemake takes 170 MB, twice beside each job on a node; a warm process counts 350 MB of libraries less as its own.
BESIDE_MB = 1000
START_MINUTES = 5

Resources = dict[str, Callable[[Any, int], int]]


class Needs:
    """Memory and time for the jobs of `study`; the files of each kind of cell are read once, at its first request."""

    def __init__(self, study: Study):
        self.study = study
        self.known: dict[tuple[str, str], tuple[int, int]] = {}
        self.told: set[tuple[str, int]] = set()
        file = plan_file(study)
        self.plan: dict[str, list[float]] = stored.record(file) if file.is_file() else {}

    def of(self, rule: str) -> Resources:
        """Return the resources of a rule: functions from a job's wildcards and its attempt, counted from 1."""
        return {
            "mem_mb": lambda wildcards, attempt: self.asked(rule, wildcards, attempt)[0],
            "runtime": lambda wildcards, attempt: self.asked(rule, wildcards, attempt)[1],
        }

    def asked(self, rule: str, wildcards: Mapping[str, str], attempt: int) -> tuple[int, int]:
        """Return MB and minutes for an attempt, counted from 1, of a job with these wildcards."""
        own = dict(wildcards.items())
        if rule == "cell":
            memory, minutes = self._first(own["architecture"], variant(own["protocol"]))
        else:
            planned = self.plan.get(plan_key(rule, own))
            memory, minutes = with_margin(*planned) if planned else UNPLANNED.get(rule, OTHERS)
        memory, minutes = (value * 2 ** (attempt - 1) for value in (memory, minutes))
        self._tell(" ".join([rule, *own.values()]), attempt, memory, minutes)
        return memory, minutes

    def _tell(self, job: str, attempt: int, memory: int, minutes: int) -> None:
        """Say once that a job is tried again."""
        if attempt > 1 and (job, attempt) not in self.told:
            self.told.add((job, attempt))
            print(f"mammobench: {job}: attempt {attempt} requests {memory} MB and {minutes} min", file=sys.stderr)

    def _first(self, architecture: str, form: str) -> tuple[int, int]:
        key = architecture, form
        if key not in self.known:
            self.known[key] = self._learnt(architecture, form)
        return self.known[key]

    def _learnt(self, architecture: str, form: str) -> tuple[int, int]:
        finished = self._finished(architecture, form)
        if finished:
            megabytes = max(cell["peak_memory_mb"] for cell in finished)
            return with_margin(
                megabytes, max(cell["seconds"]["training"] + cell["seconds"]["prediction"] for cell in finished)
            )
        planned = self.plan.get(plan_key("cell", {"architecture": architecture, "protocol": form}))
        return with_margin(*planned) if planned else UNKNOWN

    def _finished(self, architecture: str, form: str) -> list[dict]:
        """Return the content of each runtime.json of the kind."""
        files = [
            self.study.cell_folder(architecture, protocol, fold) / "runtime.json"
            for name, protocol in self.study.pairs()
            if name == architecture and variant(protocol) == form
            for fold in self.study.cells(protocol)
        ]
        texts = [file.read_text() for file in files if file.is_file()]
        # On a network file system, a file that is being written is empty at first.
        cells = [json.loads(text) for text in texts if text]
        return [cell for cell in cells if cell["image_size"] == self.study.size_of(architecture)]


def with_margin(megabytes: float, seconds: float) -> tuple[int, int]:
    """Return MB and minutes to request for a job that takes `megabytes` and `seconds`."""
    return math.ceil(megabytes * LARGER + BESIDE_MB), math.ceil(seconds * SLOWER / 60 + START_MINUTES)


def plan_key(rule: str, wildcards: Mapping[str, str]) -> str:
    """Return what the jobs of a rule have in common that request the same: architecture and form, or publication."""
    own = [wildcards[key] for key in ("architecture", "publication", "variant", "view") if key in wildcards]
    return "/".join([rule, *own, *([variant(wildcards["protocol"])] if rule == "cell" else [])])


def write_needs(study: Study, jobs: Sequence[Job], estimates: Mapping[int, Any]) -> None:
    """Write what the next run needs to know, beside what earlier plans wrote.

    That is the most memory and seconds of each kind of job, and the seconds of each cell.
    """
    found: dict[str, list[float]] = {}
    cells: dict[str, float] = {}
    for job in jobs:
        own, key = estimates[job.id], plan_key(job.rule, job.wildcards)
        before = found.get(key, [0.0, 0.0])
        found[key] = [max(before[0], round(own.memory_mb, 1)), max(before[1], round(own.seconds, 1))]
        if job.rule == "cell":
            cells["/".join(job.wildcards[name] for name in ("architecture", "protocol", "fold"))] = round(
                own.seconds, 1
            )
    for file, new in ((plan_file(study), found), (cells_file(study), cells)):
        known: dict = stored.record(file) if file.is_file() else {}
        file.parent.mkdir(parents=True, exist_ok=True)
        with stored.replacing(file) as draft:
            draft.write_text(json.dumps(known | new, indent=1))
