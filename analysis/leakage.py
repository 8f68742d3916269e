"""Command line of the leakage audit.

python -m analysis.leakage TRAIN TEST                  two folders of images; exit status 1 if TEST leaks, 0 if not
python -m analysis.leakage --study NAME [--data PATH]  every protocol and fold of a study
"""

import argparse
import os
from pathlib import Path

from scipy import fft

from analysis.audit.leakage import audit
from analysis.audit.leakage_folders import audit_folders
from benchmarks.copies.pairs import use_threads
from benchmarks.errors import run_cli
from benchmarks.study.command import DATA, STUDY
from benchmarks.study.study import load_study


def main() -> None:
    """Audit a study or two folders."""
    parser = argparse.ArgumentParser(
        description="Find copies across the parts of a split. With TRAIN and TEST: exit status 1 if there are any."
    )
    parser.add_argument("folders", nargs="*", type=Path, metavar="TRAIN TEST", help="two folders of images")
    parser.add_argument("--out", type=Path, default=Path("leakage"), help="output folder with TRAIN and TEST")
    parser.add_argument("--study", help=f"instead of folders: {STUDY}")
    parser.add_argument("--data", help=DATA)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads (default: all)")
    arguments = parser.parse_args()
    if bool(arguments.study) == bool(arguments.folders) or len(arguments.folders) not in (0, 2):
        parser.error("give either TRAIN and TEST or --study")
    use_threads(arguments.threads)
    with fft.set_workers(arguments.threads):
        if not arguments.study:
            train, test = arguments.folders
            raise SystemExit(int(audit_folders(train, test, arguments.out)))
        study = load_study(arguments.study, arguments.data)
        study.check_data()
        audit(study)


if __name__ == "__main__":
    run_cli(main)
