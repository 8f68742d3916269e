"""Comparison of the results of two revisions of the code.

    python -m benchmarks.validation.same --rev COMMIT [--study demo] [--data PATH]   a revision, and the working tree
    python -m benchmarks.validation.same --results OLD NEW                           two results folders of one study

Tables are compared without times and memory; samples, folds, predictions and images bit by bit. Prints each file that
differs; the exit status is then 1. `make same REV=COMMIT` runs the first command.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.errors import BadInput, run_cli
from benchmarks.run.launch import CODE
from benchmarks.study.command import STUDY
from benchmarks.study.study import load_study

MEASURED = ("seconds", "finished", "peak_memory_mb")  # columns that differ from run to run
COMPARED = ("*.parquet", "*.npy", "folds/*.parquet", "tables/*.csv", "cells/*/*/*/*.parquet", "cells/*/*/*/*.csv")


def differences(old: Path, new: Path) -> Iterator[str]:
    """Yield a line for each file that differs between the results folders `old` and `new` of one study."""
    files = {
        folder: {str(path.relative_to(folder)) for pattern in COMPARED for path in folder.glob(pattern)}
        for folder in (old, new)
    }
    if not files[old] & files[new]:
        raise BadInput(f"{old} and {new} have no file in common; give two results folders of one study")
    for name in sorted(files[old] ^ files[new]):
        yield f"{name}: only in {old if name in files[old] else new}"
    for name in sorted(files[old] & files[new]):
        if reason := _difference(old / name, new / name):
            yield f"{name}: {reason}"


def _difference(old: Path, new: Path) -> str | None:
    if old.suffix == ".npy":
        same = np.array_equal(np.load(old, mmap_mode="r"), np.load(new, mmap_mode="r"))
        return None if same else "other pixels"
    read = pd.read_parquet if old.suffix == ".parquet" else pd.read_csv
    a, b = (read(path).drop(columns=list(MEASURED), errors="ignore") for path in (old, new))
    if list(a.columns) != list(b.columns):
        return f"columns {sorted(set(a.columns) ^ set(b.columns)) or 'in another order'}"
    if len(a) != len(b):
        return f"{len(a)} rows, then {len(b)}"
    changed = [column for column in a.columns if not a[column].equals(b[column])]
    return f"other values in {', '.join(changed)}" if changed else None


def run_revision(revision: str | None, place: Path, study: str, data: str | None, cores: str) -> Path:
    """Run `study` with the code of `revision` (None: working tree) in `place`; return the folder of all results."""
    code = CODE
    if revision is not None:
        code = place / "code"
        code.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", revision], cwd=CODE, capture_output=True)
        if archive.returncode:
            raise BadInput(f"--rev {revision}: {archive.stderr.decode().strip()}; give a commit of this repository")
        subprocess.run(["tar", "--extract", "--directory", str(code)], input=archive.stdout, check=True)
    command = ["snakemake", "--snakefile", str(code / "Snakefile"), "--directory", str(place), "--cores", cores]
    command += ["--workflow-profile", str(code / "profiles/default"), "--config", f"study={study}"]
    command += [f"data={Path(data).resolve()}"] if data else []
    print(shlex.join(command), flush=True)
    subprocess.run([sys.executable, "-m", *command], check=True)
    return place / "results"


def main() -> None:
    """Compare two revisions, or two results folders."""
    parser = argparse.ArgumentParser(description="Compare the results of two revisions of the code.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--rev", help="a commit, branch or tag to compare the working tree with")
    what.add_argument("--results", nargs=2, type=Path, metavar=("OLD", "NEW"), help="two results folders of one study")
    parser.add_argument("--study", default="demo", help=STUDY)
    parser.add_argument("--data", help="folder or zip of the study's data, if they are not generated")
    parser.add_argument("--cores", default="all")
    arguments = parser.parse_args()
    if arguments.rev:
        named = arguments.study if not Path(arguments.study).is_file() else str(Path(arguments.study).resolve())
        name = load_study(named).name
        place = Path(tempfile.mkdtemp(prefix="same-"))
        try:
            old, new = (
                run_revision(revision, place / part, named, arguments.data, arguments.cores) / name
                for part, revision in (("old", arguments.rev), ("new", None))
            )
            found = list(differences(old, new))
        finally:
            shutil.rmtree(place)
    else:
        found = list(differences(*arguments.results))
    print("\n".join(found) or "No result differs.")
    raise SystemExit(int(bool(found)))


if __name__ == "__main__":
    run_cli(main)
