"""Tables of the report, declared column by column: title, alignment, and the function that makes a row's cell."""

import operator
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import pandas as pd

from analysis.names import named
from reports.document import Cell, Column, Table
from reports.results import where
from reports.wording import MISSING, NOT_EVALUABLE, count, interval, number, units

Declared = tuple[Column, Callable[[Any], Cell]]


def make_table(
    name: str,
    caption: str,
    columns: Sequence[Declared],
    rows: pd.DataFrame | Iterable[Any],
    sources: Sequence[str] | None = None,
    *,
    grouped: bool = False,
    folded: bool = False,
    printed: bool = True,
) -> Table:
    """Return a table with a row for each of `rows` that is not empty; columns get a row of a DataFrame as a dict.

    The numbers are those of <name>.csv, unless `sources` names other files. Table explains the other parameters.
    """
    records = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows
    cells = [[cell(record) for _, cell in columns] for record in records if len(record)]
    titles, files = [column for column, _ in columns], [name] if sources is None else sources
    return Table(f"table-{name}", caption, titles, cells, files, grouped, folded, printed)


def column(title: str, words: Callable[[Any], Cell | str], align: str = "right", **wanted: Any) -> Declared:
    """Column of the cells that `words` makes of rows; of a row that is a DataFrame, its rows with `wanted` values."""

    def cell(row: Any) -> Cell:
        made = words(where(row, **wanted))
        return made if isinstance(made, Cell) else Cell(made)

    return Column(title, align), cell


def picked(
    title: str, words: str | Callable[[Any], Cell | str], align: str = "right", missing: str = MISSING, **wanted: Any
) -> Declared:
    """Column of a table whose rows are DataFrames: `words` (or a key) of the first row with the `wanted` values."""
    pick = operator.itemgetter(words) if isinstance(words, str) else words
    return column(title, lambda rows: pick(rows.iloc[0]) if len(rows) else missing, align, **wanted)


def text(title: str, key: str = "", align: str = "left") -> Declared:
    """Column of the values of `key` (default: `title`) as text; a missing value stays empty."""
    return column(title, lambda row: "" if pd.isna(row[key or title]) else str(row[key or title]), align)


def value(title: str, key: str = "", digits: int = 2) -> Declared:
    """Column of numbers with fixed digits."""
    return column(title, lambda row: number(row[key or title], digits))


def whole(title: str, key: str = "") -> Declared:
    """Column of whole numbers."""
    return column(title, lambda row: count(row[key or title]))


def measured(title: str, key: str, limits: str = "ci", missing: str = NOT_EVALUABLE) -> Declared:
    """Column of estimates with their intervals from columns <limits>_low and <limits>_high."""
    return column(title, lambda row: estimate(row[key], row[f"{limits}_low"], row[f"{limits}_high"], missing))


def verdict(*strong: str, align: str = "phrase") -> Declared:
    """Column of verdicts, bold where they are one of `strong`."""
    return column("verdict", lambda row: bold_if(row["verdict"], strong), align)


def bold_if(words: str, strong: Collection[str]) -> Cell:
    """Cell that is bold if its text is one of `strong`."""
    return Cell(words, strong=words in strong)


def estimate(point: float, low: float, high: float, missing: str = NOT_EVALUABLE) -> Cell:
    """Cell of an estimate with its interval below."""
    return Cell(missing) if pd.isna(point) else Cell(number(point), interval(low, high))


def tested(row: Any, unit: str = "") -> Cell:
    """Cell of the number of test images with their independent units below."""
    return Cell(count(row["n_samples"]), units(row["n_units"], unit or row["unit"]))


def cell_anchor(architecture: str, protocol: str, fold: int = 0) -> str:
    """Return the anchor of a cell of the study in the table of cells."""
    return f"cell-{architecture}-{protocol}-{fold}"


PROTOCOL, TESTED = text("protocol"), column("test images", tested)
ARCHITECTURE = column("architecture", lambda row: named(row["architecture"]), "left")
# The architecture with the number of units that its result rests on
RESAMPLED = column(
    "architecture", lambda row: Cell(named(row["architecture"]), units(row["n_units"], row["unit"])), "left"
)
