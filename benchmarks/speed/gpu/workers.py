"""Processes that train on one GPU, alone and side by side, and how many side by side are fastest."""

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.gpu import SHARE, VISIBLE

WORKER = "benchmarks.speed.gpu.worker"
CONTEXT_MB = 600  # of a process beside its tensors: CUDA, kernels
MARGIN = 1.3  # on the peak memory of a network that trains alone
MOST = 8  # processes side by side
ENOUGH = 1.05  # gain for which more processes are worth their memory
TOLD = 8  # last lines of the log of a worker that failed


class Failed(Exception):
    """A worker that ended without an answer, or did not answer in time."""


class Worker:
    """A process of worker.py, with a limit on its share of the GPU's memory."""

    def __init__(self, order: Mapping[str, Any], share: float, folder: Path):
        place = Path(tempfile.mkdtemp(dir=folder))
        self.log = place / "log"
        (place / "order.json").write_text(json.dumps(dict(order) | {"share": share}))
        environment = os.environ | {
            "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),  # a second process compiles nothing
            VISIBLE: os.environ.get(VISIBLE, "0").split(",")[0],
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", WORKER, str(place / "order.json")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
            )

    def ask(self, seconds: float, alone: bool = False) -> None:
        """Have the worker train for `seconds`; with `alone`, measure all that it can."""
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps({"seconds": seconds, "alone": alone}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed(self._last_lines()) from None

    def answer(self, until: float) -> dict[str, Any]:
        """Return the next answer. Raises Failed without one at the moment `until` of time.monotonic()."""
        assert self.process.stdout
        if not select.select([self.process.stdout], [], [], max(until - time.monotonic(), 0))[0]:
            raise Failed("not ready in time")
        line = self.process.stdout.readline()
        if not line:
            raise Failed(self._last_lines())
        return json.loads(line)

    def _last_lines(self) -> str:
        self.process.wait()  # it has closed its answers, or its questions: its message comes after that
        return " | ".join(self.log.read_text(errors="replace").strip().split("\n")[-TOLD:])

    def stop(self) -> None:
        """End the process and free its memory on the GPU."""
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def started(order: Mapping[str, Any], number: int, share: float, folder: Path) -> Iterator[list[Worker]]:
    """Start `number` workers with the same order, which together use at most `share` of the GPU's memory."""
    workers = [Worker(order, share / number, folder) for _ in range(number)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.stop()


def card(until: float, order: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the device and its peak arithmetic. Raises Failed."""
    with started(order, 1, SHARE, folder) as (worker,):
        return worker.answer(until)


def alone(until: float, order: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what a network that trains alone takes. Raises Failed."""
    with started(order, 1, SHARE, folder) as (worker,):
        worker.answer(until)
        worker.ask(order["seconds"], alone=True)
        return worker.answer(until)


def side_by_side(until: float, order: Mapping[str, Any], counts: list[int], folder: Path) -> dict[str, Any]:
    """Return the steps a second of 1, 2, ... processes that train at once, and the best number. Raises Failed.

    All processes run from the start, each with an equal limit of memory; those that are not asked wait.
    """
    with started(order, counts[-1], SHARE, folder) as workers:
        for worker in workers:
            worker.answer(until)
        rates = {}
        for number in counts:
            for worker in workers[:number]:
                worker.ask(order["seconds"])
            found = [worker.answer(until) for worker in workers[:number]]
            rates[number] = sum(one["steps"] / one["seconds"] for one in found)
    k = best(rates)
    return {"k": k, "gain": rates[k] / rates[1], "steps_per_second": {str(n): rate for n, rate in rates.items()}}


def best(rates: Mapping[int, float]) -> int:
    """Return the number of processes with the most steps a second; a smaller number if it has nearly as many."""
    return min(number for number, rate in rates.items() if rate * ENOUGH >= max(rates.values()))


def has_mps() -> bool:
    """Return whether NVIDIA's Multi-Process Service runs: without it, processes use the GPU in turn, not at once."""
    return (Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps")) / "control").exists()


def counts(peak_mb: float | None, memory_mb: float | None, most: int) -> list[int]:
    """Return 1, 2, 4, ... up to `most`: the numbers of processes that fit the memory in MiB, where it is known."""
    if peak_mb and memory_mb:
        most = min(most, int(SHARE * memory_mb / (MARGIN * peak_mb + CONTEXT_MB)))
    return [number for number in (1, 2, 4, MOST) if number <= max(most, 1)]
