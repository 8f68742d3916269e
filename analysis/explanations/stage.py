"""Command line of a stage that runs for each architecture and then joins the tables."""

import argparse
from collections.abc import Callable

from benchmarks import backend
from benchmarks.study.command import STUDY, THREADS
from benchmarks.study.study import Study, load_study


def run_command(
    description: str, tables: str, write: Callable[[Study, str], None], collect: Callable[[Study], None]
) -> None:
    """Run a command line that calls `write` for one architecture, or `collect` for the `tables` of all."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--study", required=True, help=STUDY)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--architecture")
    what.add_argument("--collect", action="store_true", help=f"write {tables} from those in cams/")
    parser.add_argument("--threads", **THREADS)
    arguments = parser.parse_args()
    study = load_study(arguments.study)
    if arguments.collect:
        collect(study)
    else:
        backend.prepare(arguments.threads, backend=study.backend)
        write(study, arguments.architecture)
