"""Train and test one cell: python -m benchmarks.training --study NAME --architecture NAME --protocol NAME --fold N"""

from architectures import CORRECTED
from benchmarks import backend
from benchmarks.cells.cell import Cell
from benchmarks.cells.progress import Progress
from benchmarks.errors import run_cli
from benchmarks.study.command import THREADS, stage
from benchmarks.study.study import Study


def train(study: Study, architecture: str, protocol: str, fold: int, threads: int) -> None:
    """Train and test one cell; its progress file shows the cell from now on."""
    cell = Cell(study, architecture, protocol, fold)
    # Before Keras starts, which takes longer than training a small cell.
    with Progress(cell) as progress:
        backend.prepare(threads, backend=study.backend)
        from benchmarks.cells.training import train_cell
        from benchmarks.recipe.fit import fit_recipe

        by_recipe = cell.variant == CORRECTED and study.recipe_of(architecture)
        train_cell(cell, threads, progress, fit_recipe if by_recipe else None)


main = stage(
    "Train and test one cell of a study.",
    train,
    architecture={"required": True},
    protocol={"required": True},
    fold={"required": True, "type": int},
    threads=THREADS,
)

if __name__ == "__main__":
    run_cli(main)
