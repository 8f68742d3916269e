"""Command line of a stage that runs for each architecture and then joins the tables."""

from collections.abc import Callable

from benchmarks import backend
from benchmarks.errors import BadInput
from benchmarks.study.command import THREADS, stage
from benchmarks.study.study import Study


def architecture_stage(
    description: str, write: Callable[[Study, str], None], join: Callable[[Study], None]
) -> Callable[[], None]:
    """Return the `main` of a module: call `write` with --architecture, or `join` with --collect."""

    def run(study: Study, architecture: str | None, collect: bool, threads: int) -> None:
        if collect == (architecture is not None):
            raise BadInput("a single option is needed: give either --architecture or --collect")
        if architecture is None:
            join(study)
        else:
            backend.prepare(threads)
            write(study, architecture)

    joined = {"action": "store_true", "help": "join the tables of all architectures from cams/"}
    return stage(description, run, architecture={}, collect=joined, threads=THREADS)
