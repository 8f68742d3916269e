"""Costs of the kinds of training of a study, measured once for each code and machine and kept.

.snakemake/mammobench/costs/<key>.json holds a Cost; the key is a hash of the settings of the kind, the code that it
trains by, the machine and its GPU.
"""

import dataclasses
import functools
import hashlib
import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import backend, gpu, stored
from benchmarks.plan.kinds import Kind, modules, settings
from benchmarks.run.code import Code
from benchmarks.run.launch import LAUNCH
from benchmarks.study.study import Study

KEPT = Path(".snakemake/mammobench/costs")
MEASURE = "benchmarks.plan.measure"
SECONDS = 110  # for all that is not yet measured


@dataclasses.dataclass(frozen=True)
class Line:
    """A value that grows with a number: `fixed + each * number`."""

    fixed: float
    each: float

    @classmethod
    def through(cls, x: float, y: float, other_x: float, other_y: float) -> "Line":
        """Return the line through two points, neither part of it negative."""
        if other_x == x:
            return cls(0, y / x)
        each = max((other_y - y) / (other_x - x), 0)
        fixed = other_y - each * other_x
        return cls(fixed, each) if fixed > 0 else cls(0, other_y / other_x)

    def at(self, number: float) -> float:
        """Return the value at `number`."""
        return self.fixed + self.each * number


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds and MB of one kind of training.

    `start`: until the first step, building and tracing included; `trial`: beside the epochs of a further trial;
    `epoch`: beside its steps; `step`, `check`: of a step of training or validation, by batch size; `answer`: of a
    prediction, by images; `write`: of the files; `memory_mb`: peak, by batch size; `disk_mb`: of the
    saved model; `structures`: number of networks that a search may build.
    """

    start: float
    trial: float
    epoch: float
    step: Line
    check: Line
    answer: Line
    write: float
    memory_mb: Line
    disk_mb: float
    structures: int = 1

    def content(self) -> dict[str, Any]:
        """Return the cost for a JSON file."""
        return dataclasses.asdict(self)

    @classmethod
    def of(cls, content: dict[str, Any]) -> "Cost":
        """Return the cost that `content` describes."""
        values: dict[str, Any] = {k: Line(**v) if isinstance(v, dict) else v for k, v in content.items()}
        return cls(**values)


@functools.cache
def gpus() -> tuple[str, ...]:
    """Return the names of this machine's GPUs; none without NVIDIA's driver."""
    return tuple(gpu.asked("name"))


def cost_file(study: Study, kind: Kind, classes: int, code: Code) -> Path:
    """Return the file of a cost."""
    machine = backend.hardware() | {"gpus": gpus()}
    about = {
        "settings": settings(study, kind),
        "classes": classes,
        "machine": machine,
        "code": code.digest([*modules(kind), MEASURE]),
    }
    key = hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()[:16]
    return KEPT / f"{key}.json"


def known_costs(study: Study, kinds: Iterable[Kind], classes: int, code: Code) -> dict[Kind, Cost]:
    """Return the costs that have been measured for this code on this machine."""
    files = {kind: cost_file(study, kind, classes, code) for kind in kinds}
    return {kind: Cost.of(stored.record(file)) for kind, file in files.items() if file.is_file()}


def measured_costs(
    study: Study, kinds: Iterable[Kind], classes: int, code: Code, seconds: float = SECONDS
) -> dict[Kind, Cost]:
    """Return the costs of all `kinds`: those known, and those measured now, as many as `seconds` allow."""
    kinds = [*dict.fromkeys(kinds)]
    known = known_costs(study, kinds, classes, code)
    missing = [kind for kind in kinds if kind not in known]
    if not missing:
        return known
    KEPT.mkdir(parents=True, exist_ok=True)
    order = {
        "study": study.source.argument,
        "data": str(study.data) if study.data else None,
        "classes": classes,
        "kinds": [((kind.owner, kind.how), str(cost_file(study, kind, classes, code).absolute())) for kind in missing],
        "gpu": bool(gpus()),
        # On a GPU one after another; on a CPU as many as a run trains at once.
        "at_once": 1 if gpus() else backend.hardware()["cores"],
        "seconds": seconds,
    }
    environment = os.environ | {"OMP_NUM_THREADS": "1", "KERAS_BACKEND": study.backend}
    subprocess.run([*LAUNCH, MEASURE], input=json.dumps(order), text=True, env=environment, check=True)
    return known_costs(study, kinds, classes, code)
