"""Command line that trains and tests one cell: python -m benchmarks.training --study NAME --architecture NAME ..."""

import argparse

from benchmarks import backend
from benchmarks.cells.cell import Cell
from benchmarks.cells.progress import Progress
from benchmarks.cells.training import _train_cell
from benchmarks.errors import run_cli
from benchmarks.study.study import load_study


def main() -> None:
    """Train and test one cell."""
    parser = argparse.ArgumentParser(description="Train and test one cell of a study.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--fold", required=True, type=int)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    cell = Cell(load_study(arguments.study), arguments.architecture, arguments.protocol, arguments.fold)
    # From here: to start Keras takes longer than to train a small cell.
    with Progress(cell) as progress:
        backend.prepare(arguments.threads, backend=cell.study.backend)
        _train_cell(cell, arguments.threads, progress)


if __name__ == "__main__":
    run_cli(main)
