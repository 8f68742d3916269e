"""Command line that decodes a study's data set: python -m benchmarks.samples --study NAME [--data PATH]."""

from pathlib import Path

from benchmarks.errors import run_cli
from benchmarks.samples.samples import write_samples
from benchmarks.study.command import stage

main = stage(
    "Decode a study's data set into arrays and a table of samples.",
    write_samples,
    data=True,
    out={"type": Path, "help": "folder to write into (default: results/<study>)"},
)

if __name__ == "__main__":
    run_cli(main)
