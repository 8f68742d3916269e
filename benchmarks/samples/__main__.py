"""Command line that decodes a study's data set, or says what is understood of data before a study exists:

python -m benchmarks.samples --study NAME [--data PATH] [--out FOLDER]
python -m benchmarks.samples --describe PATH
"""

import argparse
import importlib
from pathlib import Path

from benchmarks.errors import run_cli
from benchmarks.samples.samples import write_samples
from benchmarks.study.command import DATA, STUDY
from benchmarks.study.study import load_study


def main() -> None:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description="Decode a study's data set into arrays and a table of samples.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--study", help=STUDY)
    what.add_argument(
        "--describe",
        type=Path,
        metavar="PATH",
        help="print what is understood of a folder, zip or manifest, what the protocols lack, and a study; decode none",
    )
    parser.add_argument("--data", help=DATA)
    parser.add_argument("--out", type=Path, help="folder to write into (default: results/<study>)")
    arguments = parser.parse_args()
    if arguments.describe:
        # By name: a change of the description makes no study's samples due (benchmarks/run/code.py follows imports).
        print(importlib.import_module("benchmarks.samples.describe").describe(arguments.describe))
    else:
        write_samples(load_study(arguments.study, arguments.data), arguments.out)


if __name__ == "__main__":
    run_cli(main)
