"""Command line of the audit of images.

python -m analysis.audit PATH           one data set: label conflicts, leaks between its parts, groups of copies
python -m analysis.audit TRAIN TEST     two data sets: what of TEST is in TRAIN
python -m analysis.audit PATH --write-split split.csv --parts 0.7 0.15 0.15
                                        also a split of the images that does not leak

A PATH is what a study takes as data: a folder or zip, or a CSV manifest; or a folder of images without classes.
Exit status: 0 nothing found, 1 findings that the allow list does not accept, 2 bad input or usage. docs/audit.md
describes formats and codes.
"""

import argparse
import os
import sys
from pathlib import Path

from scipy import fft

from analysis.audit.allow import DEFAULT, accepted, read_allow_list
from analysis.audit.collection import collect
from analysis.audit.findings import examine
from analysis.audit.outputs import FORMATS, exit_status
from analysis.audit.page import write_folder
from analysis.audit.split import SHARES, check_shares, write_split
from benchmarks.copies.pairs import use_threads
from benchmarks.errors import run_cli


def main() -> None:
    """Audit one data set, or two against each other."""
    parser = argparse.ArgumentParser(
        prog="python -m analysis.audit",
        description="Find label conflicts, leaks and copies in images. Exit status 1 if there are any, 0 if not.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="one data set, or training and test images")
    parser.add_argument("--out", type=Path, help="folder for the page and the CSV tables")
    parser.add_argument("--format", choices=FORMATS, default="text", help="format of the result (default: text)")
    parser.add_argument("--report", type=Path, help="file for the result (default: the terminal)")
    parser.add_argument("--allow", type=Path, help=f"list of accepted findings (default: {DEFAULT} beside the data)")
    parser.add_argument("--write-split", type=Path, metavar="CSV", help="file for a leak-free split of the images")
    parser.add_argument(
        "--parts", type=float, nargs=3, metavar="SHARE", default=SHARES, help="train, validation, test in that split"
    )
    parser.add_argument("--join-scans", action="store_true", help="keep frames of one scan in one part of that split")
    parser.add_argument("--seed", type=int, default=0, help="random seed of that split (default: 0)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads (default: all)")
    arguments = parser.parse_args()
    if len(arguments.paths) > 2:
        parser.error("give one PATH, or two as training and test images")
    if arguments.write_split:
        if len(arguments.paths) > 1:
            parser.error("--write-split divides the images of one PATH; give the folder around both")
        check_shares(arguments.parts)
    collection = collect(arguments.paths)
    allowed = read_allow_list(arguments.allow, collection.base)
    use_threads(arguments.threads)
    with fft.set_workers(arguments.threads):
        audit = examine(collection)
    if allowed:
        audit = accepted(audit, allowed)
    if arguments.out:
        write_folder(audit, arguments.out)
    result = FORMATS[arguments.format](audit)
    if arguments.report:
        arguments.report.parent.mkdir(parents=True, exist_ok=True)
        arguments.report.write_text(result, encoding="utf-8")
    else:
        sys.stdout.write(result)
    if arguments.write_split:
        # The result may be JSON on the standard output.
        notes = write_split(audit, arguments.write_split, arguments.parts, arguments.seed, scans=arguments.join_scans)
        print(*notes, sep="\n", file=sys.stderr)
    raise SystemExit(exit_status(audit))


if __name__ == "__main__":
    run_cli(main)
