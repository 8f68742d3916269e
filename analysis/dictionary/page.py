"""The dictionary as a page, docs/tables.md."""

import re
from collections.abc import Iterator
from pathlib import Path

from analysis.dictionary.dictionary import FOLDER, Column, Table, tables

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "tables.md"
HEAD = """\
# Tables and columns

<!-- Generated from analysis/dictionary/tables by `make dictionary`; change it there. -->

Every table of a study, below `results/<study>/`, and of the survey. A `<word>` in angle brackets stands for any name.
Numbers without a unit are counts, shares, probabilities or differences of these. In CSV files, a missing value is an
empty cell. `python -m analysis.dictionary results/demo` compares a study's files with this page.

`results/<study>/results.json` holds the main tables in one file, with the same columns, and null where a value is
missing. It fits the JSON schema [results.schema.json](results.schema.json), which is made from the same dictionary.
"""


def text() -> str:
    """Return the page as Markdown."""
    lines, room = [HEAD], ""
    for table in tables():
        if table.room != room:
            room = table.room
            lines.append(f"## {_title(room)}\n")
        lines += _table(table)
    return "\n".join(lines)


def _title(room: str) -> str:
    """Return the comment at the start of the room's file."""
    first = (FOLDER / f"{room}.yaml").read_text(encoding="utf-8").splitlines()[0]
    return first.lstrip("# ").rstrip(".")


def _table(table: Table) -> Iterator[str]:
    names = "`, `".join(table.files)
    yield f"### {table.name}\n"
    yield f"`{names}`, written by `{table.writer}`.\n"
    yield _escaped(table.about + (f" The file is missing {table.absent}." if table.absent else "")) + "\n"
    yield "| column | type | values | meaning |"
    yield "|---|---|---|---|"
    for column in table.columns:
        cells = (f"`{column.name}`", column.type, _values(column), _meaning(column))
        yield "| " + " | ".join(_escaped(cell) for cell in cells) + " |"
    yield ""


def _values(column: Column) -> str:
    """Return unit, limits and allowed values."""
    low, high = column.limits
    limits = {
        (True, True): "",
        (False, True): f"{low} or more",
        (True, False): f"{high} or less",
        (False, False): f"{low} to {high}",
    }[low is None, high is None]
    words = ", ".join(f"`{value.rstrip('*')}`" + (" ..." if value.endswith("*") else "") for value in column.values)
    return " ".join(filter(None, [limits, column.unit, words]))


def _meaning(column: Column) -> str:
    empty = f" Empty {column.empty}." if column.empty else ""
    absent = f" The column is missing {column.absent}." if column.absent else ""
    return f"{column.about}{empty}{absent}"


def _escaped(cell: str) -> str:
    """Escape what Markdown would read as HTML or as the end of a cell, outside of code."""
    parts = re.split(r"(`[^`]*`)", cell)
    return "".join(part if part.startswith("`") else re.sub(r"[<>|\[\]]", r"\\\g<0>", part) for part in parts)
