"""Command line of `make archive`: python -m benchmarks.archive --study demo [--data PATH] [--models] [--output ZIP]."""

import argparse
from pathlib import Path

from benchmarks.archive.crate import metadata
from benchmarks.archive.files import collect
from benchmarks.archive.finished import check_finished, finished_study
from benchmarks.archive.package import digested, write
from benchmarks.errors import run_cli
from benchmarks.study.command import DATA, STUDY


def main() -> None:
    """Write the archive of a finished study and say where it is."""
    parser = argparse.ArgumentParser(
        description="Pack a finished study as one RO-Crate (zip) without patients' images."
    )
    parser.add_argument("--study", required=True, help=STUDY)
    parser.add_argument("--data", help=f"{DATA}; default: where the study found it")
    parser.add_argument("--models", action="store_true", help="pack the trained models, too")
    parser.add_argument("--output", type=Path, help="the zip to write; default: results/<study>.crate.zip")
    arguments = parser.parse_args()
    study = finished_study(arguments.study, arguments.data)
    check_finished(study)
    files = digested(collect(study, arguments.models))
    output = arguments.output or study.results().with_name(f"{study.name}.crate.zip")
    write(output, metadata(study, files), files)
    print(f"{output}: {len(files)} files, {output.stat().st_size / 1e6:.1f} MB.")


if __name__ == "__main__":
    run_cli(main)
