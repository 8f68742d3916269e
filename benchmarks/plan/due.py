"""The jobs that a run would execute, as Snakemake itself lists them in a dry run."""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.errors import BadInput
from benchmarks.run.code import CODE
from benchmarks.run.hooks import DUE
from benchmarks.study.study import Study

TOLD = 20  # last lines of Snakemake's message


@dataclasses.dataclass(frozen=True)
class Job:
    """One due job. `needs` are the ids of the due jobs that must end before; a higher `priority` starts first."""

    id: int
    rule: str
    wildcards: Mapping[str, str]
    threads: int = 1
    priority: int = 0
    needs: tuple[int, ...] = ()


def due_jobs(study: Study, cores: int, everything: bool = False) -> list[Job]:
    """Return the jobs that a run of `study` would execute; with `everything`, finished ones too.

    Raises BadInput with Snakemake's message if it can't plan the run.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "due.json"
        asked = subprocess.run(
            _command(study, cores, everything), env=os.environ | {DUE: str(path)}, capture_output=True, text=True
        )
        if asked.returncode or not path.is_file():
            last = "\n".join((asked.stdout + asked.stderr).strip().splitlines()[-TOLD:])
            raise BadInput(f"snakemake --dry-run lists no jobs of {study.name}; correct what it says:\n{last}")
        rows: list[dict[str, Any]] = json.loads(path.read_text())
    return [Job(**row | {"needs": tuple(row["needs"])}) for row in rows]


def _command(study: Study, cores: int, everything: bool) -> list[str]:
    changed = [f"{key}={json.dumps(value)}" for key, value in study.source.overrides.items()]
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(CODE / "Snakefile")),
        *("--workflow-profile", str(CODE / "profiles/default")),
        *("--dry-run", "--quiet", "all", "--cores", str(cores), *(["--forceall"] if everything else [])),
        *("--config", f"study={study.source.named}", *([f"data={study.data}"] if study.data else []), *changed),
    ]
