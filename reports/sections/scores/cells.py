"""Every cell with its files, and the commands that made them."""

from collections.abc import Iterator

import yaml

from reports.document import Cell, Column, Listing, Section, Table
from reports.results import Results
from reports.wording import count, duration


def anchor(architecture: str, protocol: str, fold: int = 0) -> str:
    """Where a cell stands in the table of cells; without `fold`, the first of `architecture` under `protocol`."""
    return f"cell-{architecture}-{protocol}-{fold}"


def cells(results: Results) -> Iterator[Section]:
    """The section with every cell and the commands."""
    told = results.provenance
    commands = "\n".join(told["commands"])
    yield Section(
        "cells",
        "Cells and commands",
        [
            _cells(results),
            Listing(
                "All stages, in order; the cells come after benchmarks.check.contract.", "\n".join(told["commands"])
            ),
            # One command fits all baselines of a fold.
            Listing("The cells.", "\n".join(dict.fromkeys(cell["command"] for cell in told["cells"])), printed=False),
            Listing(f"The study file, {told['study']['file']}.", told["study"]["text"]),
            *_overrides(told["study"]["overrides"]),
        ],
    )


def _overrides(changed: dict) -> Iterator[Listing]:
    if changed:
        yield Listing("What --config changed of it.", yaml.safe_dump(changed, sort_keys=False))


def _cells(results: Results) -> Table:
    rows = []
    for cell in results.provenance["cells"]:
        architecture, protocol, fold = (cell[key] for key in ("architecture", "protocol", "fold"))
        seconds = cell["seconds"]["training"] + cell["seconds"]["prediction"]
        file = f"cells/{architecture}/{protocol}/{fold}/predictions.parquet"
        rows.append(
            [
                *(Cell(protocol), Cell(architecture)),
                Cell(str(fold), file=file, anchor=anchor(architecture, protocol, fold)),
                *(Cell(str(cell[key])) for key in ("seed", "threads", "backend", "precision")),
                Cell(duration(seconds), order=seconds),
                *(Cell(count(cell["peak_memory_mb"])), Cell(cell["finished"])),
            ]
        )
    titles = [Column("protocol", "left"), Column("architecture", "left"), Column("fold"), Column("seed")]
    titles += [Column("threads"), Column("backend", "left"), Column("precision", "left"), Column("time")]
    titles += [Column("memory, MiB"), Column("finished", "left")]
    caption = (
        "Each cell: how it ran, its wall-clock time, its peak memory. Its predictions, trials, history and model stand "
        "in cells/<architecture>/<protocol>/<fold>, its log in logs/cells."
    )
    return Table("table-cells", caption, titles, rows, ["cells"], grouped=True, folded=True, printed=False)
