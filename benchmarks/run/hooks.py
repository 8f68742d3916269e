"""What happens around the jobs of one Snakemake run: at its start, after its success, after its failure."""

import atexit
import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import gpu
from benchmarks.backend import TENSORFLOW, require
from benchmarks.errors import BadInput
from benchmarks.fetch.cache import cached
from benchmarks.run import snakemake_private
from benchmarks.run.code import RECORD, Code
from benchmarks.run.lock import claim, release
from benchmarks.run.rest import WITHOUT, note_failures
from benchmarks.run.status import print_status
from benchmarks.run.warm import serving
from benchmarks.run.watch import Watch
from benchmarks.study.study import Study

STATUS = "status"  # the rule that only prints
DUE = "MAMMOBENCH_DUE"  # environment variable: the file for the jobs of a dry run (benchmarks/plan)
READERS = {STATUS, "plan", "survey"}  # rules that write no results of the study


class Run:
    """One run of `study`, whose code is `code`; `workflow` is Snakemake's own."""

    def __init__(self, workflow: Any, study: Study, code: Code):
        self.workflow, self.study, self.code = workflow, study, code
        self.watch = Watch(study)
        self.processes = contextlib.ExitStack()
        if snakemake_private.is_main(workflow):
            if DUE in os.environ:
                # Snakemake calls no hook after a dry run.
                atexit.register(snakemake_private.write_due, workflow, Path(os.environ.pop(DUE)))
            snakemake_private.adopt_records(study.results())
            if study.data == cached(study.dataset["name"]):
                print(f"Data: {study.data}, which `make data` downloaded", file=sys.stderr)

    def start(self) -> None:
        """Lock the results, write down the code, start progress line and warm processes.

        Raises BadInput if the backend or a GPU that is asked for isn't there, another run writes the same results, or
        they can't be written.
        """
        planned = snakemake_private.jobs(self.workflow)
        if planned is not None and {job.rule.name for job in planned[1]} <= READERS:
            return
        local = snakemake_private.is_local(self.workflow)
        if local and planned is not None and cells_of(planned[1]):
            require(self.study.backend)
        if local and (places := snakemake_private.gpu_places(self.workflow)):
            os.environ[gpu.PLACES] = ",".join(gpu.divided(places, gpu.cards()))
        results = self.study.results()
        claim(results)
        snakemake_private.drop_records(results)
        try:
            self.code.write(results / "code.json")
        except OSError as error:
            raise BadInput(f"{results} can't be written: {error.strerror}; make room, or run elsewhere") from None
        os.environ[RECORD] = str((results / "code.json").resolve())
        if WITHOUT not in os.environ:
            self.study.failures_file().unlink(missing_ok=True)
        if planned is not None:
            self.watch.start(*map(cells_of, planned))
        snakemake_private.hash_inputs_once()
        if local:
            snakemake_private.without_rate_limit(self.workflow)
            if sys.platform == "linux" and self.study.backend == TENSORFLOW:
                self.processes.enter_context(serving(self.workflow.cores))

    def succeed(self) -> bool:
        """Print what the run did; return whether it wrote a report."""
        self._end()
        if STATUS in self._rules():
            print_status(self.study)
        elif self.watch.cells:
            print(self.watch.summary())
        return "report" in self._rules()

    def fail(self) -> None:
        """Print what failed, and run again without the architectures that did if a report can be written."""
        self._end()
        print(self.watch.failure())
        wanted = "report" in self._rules() and WITHOUT not in os.environ
        if failed := note_failures(self.study) if wanted else []:
            print(f"The report is written without {', '.join(failed)}.")
            release()
            again = [sys.executable, "-m", "snakemake", *sys.argv[1:]]
            subprocess.run(again, env=os.environ | {WITHOUT: " ".join(failed)})

    def _end(self) -> None:
        self.processes.close()
        if RECORD in os.environ:
            snakemake_private.keep_records(self.study.results())

    def _rules(self) -> set[str]:
        return {job.rule.name for job in (snakemake_private.jobs(self.workflow) or [[]])[0]}


def cells_of(jobs: list) -> list[tuple[str, str, int]]:
    """Return (architecture, protocol, fold) of the cells among Snakemake's `jobs`."""
    return [
        (job.wildcards.architecture, job.wildcards.protocol, int(job.wildcards.fold))
        for job in jobs
        if job.rule.name == "cell"
    ]
