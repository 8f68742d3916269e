"""What the rules of the workflow ask: how a stage is started, what it depends on, which cells there are."""

import functools
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks import gpu
from benchmarks.protocols import PUBLISHED, base, variant
from benchmarks.run.archived import recorded_digest
from benchmarks.run.code import Code
from benchmarks.run.launch import LAUNCH
from benchmarks.study.names import BASELINES
from benchmarks.study.replayed import content_of
from benchmarks.study.study import Study

COMMAND = f"python {shlex.quote(LAUNCH[-1])}"  # the Python of the node that the job runs on


class Stages:
    """The stages of `study`, for the Snakefile."""

    def __init__(self, study: Study):
        self.study, self.code = study, Code()
        pairs = study.pairs()
        self.cells = [
            study.cell_folder(name, protocol, fold) for name, protocol in pairs for fold in study.cells(protocol)
        ]
        self.trained = [cell for cell in self.cells if cell.parts[-3] not in BASELINES]
        names = [study.dataset["name"], *(one["name"] for one in study.dataset.get("sets", {}).values())]
        self.adapters = [f"benchmarks.datasets.{name}" for name in dict.fromkeys(names)]

    def params(
        self,
        *commands: str,
        loads: Iterable[str] | Callable[[Any], Iterable[str]] = (),
        data: bool = False,
        files: Iterable[Path] = (),
        study: bool = True,
    ) -> dict[str, object]:
        """Return the params of a rule: `run`, its command line, and `code`, a digest of what it depends on.

        A command is a module and its options, which may hold {wildcards.x} and {threads}. `loads` are modules that it
        imports by name, or a function from the wildcards to these. With `data` the command gets the study's --data,
        and a digest of the data is added. `files` are data files of the project that the stage reads. Without `study`
        the command gets no --study. A job with the resource `gpu` tells its command so (benchmarks/gpu.py). Snakemake
        ignores a changed `run`, which takes `output`: it differs wherever the clone lies.
        """
        arguments = f"--study {shlex.quote(self.study.source.argument)}" if study else ""
        if data and self.study.data:
            arguments += f" --data {shlex.quote(str(self.study.data))}"
        files = [*files]

        def loaded(wildcards: Any) -> list[str]:
            return [*(loads(wildcards) if callable(loads) else loads)]

        def run(wildcards: Any, output: Any, threads: int, resources: Any) -> str:
            asks = f"{gpu.ASKED}=1" if resources.get("gpu") else ""
            lines = []
            for command in commands:
                module, _, options = command.format(wildcards=wildcards, threads=threads).partition(" ")
                job = "+".join([module, *loaded(wildcards)])
                lines.append(" ".join(filter(None, [asks, COMMAND, job, arguments, options])))
            return " && ".join(lines)

        def code(wildcards: Any) -> str:
            modules = [command.partition(" ")[0] for command in commands]
            return self.code.digest([*modules, *loaded(wildcards)], files)

        return {"run": run, "code": code} | ({"data": lambda wildcards: self.data_digest} if data else {})

    @functools.cached_property
    def data_digest(self) -> str:
        """Hash of the study's data, read once, and only if a job depends on it."""
        return recorded_digest(self.study) or self.study.data_digest()

    @staticmethod
    def architecture(wildcards: Any) -> list[str]:
        """Return the module of a job's architecture, for `loads`."""
        return [f"architectures.{wildcards.architecture}"]

    @staticmethod
    def variant(wildcards: Any) -> list[str]:
        """Return the module of the architecture whose published form a replay trains, for `loads`; none without."""
        own = content_of(wildcards.publication)["variants"][wildcards.variant]
        return [f"architectures.{own['architecture']}"] if "function" not in own else []

    @staticmethod
    def protocol(wildcards: Any) -> list[str]:
        """Return the module of a job's protocol, for `loads`."""
        return [f"benchmarks.protocols.{base(wildcards.protocol)}"]

    def from_maps(self, wildcards: Any) -> bool:
        """Return whether a job's architecture is trained from cached maps under its protocol."""
        return self.study.cached_views(wildcards.architecture) > 0 and variant(wildcards.protocol) != PUBLISHED

    def precedence(self, wildcards: Any) -> int:
        """Return a cell's priority: first the longest, those of published size; then one architecture after another.

        The cells of an architecture share a process, and with it a traced model.
        """
        names = list(self.study.architectures)
        return 2 + len(names) * (variant(wildcards.protocol) == PUBLISHED) + names.index(wildcards.architecture)
