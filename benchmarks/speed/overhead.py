"""CPU seconds of a whole run by stage, and the share spent in training and prediction.

    python -m benchmarks.speed.overhead > benchmarks/speed/overhead.csv

Runs a study in an empty folder like `snakemake --cores 2`. The jobs run in processes of this one, which counts their
CPU seconds in TensorFlow's compiled steps (train, validate, predict), in tracing, and elsewhere. Columns: stage, jobs,
cpu_seconds, steps_seconds, tracing_seconds, other_seconds, and those of benchmarks/reference. The last rows are the
start of the libraries, Snakemake with the start of its jobs, and the total, with wall_seconds and ratio (all CPU
seconds over those inside steps).
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement
from benchmarks.run import warm
from benchmarks.run.launch import CODE, SOCKET
from benchmarks.study.command import STUDY

LIBRARIES, SNAKEMAKE, ALL = "start of the libraries", "Snakemake, and what starts jobs", "all"


class Meter:
    """Counter of the CPU seconds in functions; nested counted functions are counted only once."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.inside: list[float] = []

    def meter(self, owner: object, name: str, kind: str) -> None:
        """Count the CPU seconds of function `owner.name` as `kind`."""
        plain: Callable = getattr(owner, name)

        def metered(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            self.inside.append(0.0)
            try:
                return plain(*args, **kwargs)
            finally:
                took = time.process_time() - began
                self.seconds[kind] = self.seconds.get(kind, 0.0) + took - self.inside.pop()
                if self.inside:
                    self.inside[-1] += took

        setattr(owner, name, metered)


METER = Meter()


def _metered_run(job: dict, run: Callable[[dict], int], notes: Path) -> int:
    """Run a job of benchmarks/run/warm.py and append its CPU seconds to `notes`."""
    stage = job["argv"][0].partition("+")[0]  # without the architectures and data sets that it uses
    if stage in warm.KERAS and not METER.seconds:
        from tensorflow.python.eager.context import Context
        from tensorflow.python.framework import func_graph

        METER.meter(Context, "call_function", "steps")
        METER.meter(func_graph, "func_graph_from_py_func", "tracing")
    METER.seconds = {"steps": 0.0, "tracing": 0.0}
    began = time.process_time()
    status = run(job)
    note = {"stage": stage, "cpu": time.process_time() - began, **METER.seconds}
    with notes.open("a") as file:
        file.write(json.dumps(note) + "\n")
    return status


def measure(study: str, cores: int) -> pd.DataFrame:
    """Run `study` in a temporary folder. Raises RuntimeError if the run fails."""
    with tempfile.TemporaryDirectory() as folder:
        place, notes = Path(folder), Path(folder) / "notes"
        run = warm._run
        warm._run = lambda job: _metered_run(job, run, notes)
        (place / "socket").mkdir()
        began, idle = time.perf_counter(), _cpu(resource.RUSAGE_SELF)
        with _until_exit([sys.executable, "-m", "snakemake", "--cores", str(cores)], study, place) as process:
            server = warm.Server(place / "socket/socket", cores)
            server.serve()
            server.close()
        wall = time.perf_counter() - began
        if process.returncode:
            raise RuntimeError((place / "log").read_text()[-5000:])
        table = pd.DataFrame([json.loads(line) for line in notes.read_text().splitlines()])
    libraries, children = _cpu(resource.RUSAGE_SELF) - idle, _cpu(resource.RUSAGE_CHILDREN)
    sums = {f"{name}_seconds": (name, "sum") for name in ("cpu", "steps", "tracing")}
    stages = table.groupby("stage", sort=False).agg(jobs=("cpu", "size"), **sums)
    stages = stages.sort_values("cpu_seconds", ascending=False).reset_index()
    rest = children - stages["cpu_seconds"].sum()
    rows = [{"stage": LIBRARIES, "cpu_seconds": libraries}, {"stage": SNAKEMAKE, "cpu_seconds": rest}]
    table = pd.concat([stages, pd.DataFrame(rows)], ignore_index=True).fillna(0)
    whole = table.drop(columns="stage").sum()
    whole = {"stage": ALL, **whole, "wall_seconds": wall, "ratio": whole["cpu_seconds"] / whole["steps_seconds"]}
    table = pd.concat([table, pd.DataFrame([whole])], ignore_index=True).astype({"jobs": int})
    other = table["cpu_seconds"] - table["steps_seconds"] - table["tracing_seconds"]
    table.insert(5, "other_seconds", other)
    return table.round(2)


@contextlib.contextmanager
def _until_exit(command: list[str], study: str, place: Path) -> Iterator[subprocess.Popen]:
    """Start Snakemake; close our standard input when Snakemake ends, which stops the server."""
    reading, writing = os.pipe()
    kept = os.dup(0)
    os.dup2(reading, 0)
    where = ["--snakefile", str(CODE / "Snakefile"), "--directory", str(place), "--config", f"study={study}"]
    profile = ["--workflow-profile", str(CODE / "profiles/default")]
    with (place / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, *where, *profile],
            env=os.environ | {SOCKET: str(place / "socket/socket")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[writing],
        )
        os.close(writing)
        try:
            yield process
        finally:
            process.wait()
            os.dup2(kept, 0)


def _cpu(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


main = measurement(
    "benchmarks.speed.overhead",
    "Measure the CPU seconds of a run by stage.",
    measure,
    {"--study": {"default": "demo", "help": STUDY}, "--cores": 2},
)

if __name__ == "__main__":
    run_cli(main)
