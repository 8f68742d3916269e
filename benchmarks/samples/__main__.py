"""Command line that decodes a study's data set: python -m benchmarks.samples --study NAME [--data PATH]."""

import argparse
from pathlib import Path

from benchmarks.errors import run_cli
from benchmarks.samples.samples import write_samples
from benchmarks.study.study import load_study


def main() -> None:
    """Decode a study's data set."""
    parser = argparse.ArgumentParser(description="Decode a study's data set into arrays and a table of samples.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    parser.add_argument("--data", help="folder or zip of a data set that is not generated")
    parser.add_argument("--out", type=Path, help="folder to write into (default: results/<study>)")
    arguments = parser.parse_args()
    study = load_study(arguments.study, arguments.data)
    write_samples(study, arguments.out or study.results())


if __name__ == "__main__":
    run_cli(main)
