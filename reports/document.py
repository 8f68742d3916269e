"""Blocks of the report before it becomes HTML or LaTeX: sections of plain text, tables and figures.

`[@key]` in a text cites an entry of templates/references.bib. The templates escape all text.
"""

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Paragraph:
    """One paragraph of plain text."""

    text: str
    kind: str = "paragraph"


@dataclasses.dataclass(frozen=True)
class Bullets:
    """A list of plain texts."""

    items: list[str]
    kind: str = "bullets"


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a table: a value and, in small print `below`, its interval or another detail.

    A click on the value opens the anchor `link` in the report or the `file` of the results folder. `anchor` is the
    anchor of the cell itself. Tables are sorted by `order` where a cell has one, else by the text.
    """

    text: str
    below: str = ""
    strong: bool = False
    link: str = ""
    file: str = ""
    anchor: str = ""
    order: float | None = None


@dataclasses.dataclass(frozen=True)
class Column:
    """A column; `align`: left (names), right (numbers), phrase, narrow (few words), wrap, broad, wide (sentences)."""

    title: str
    align: str = "right"


@dataclasses.dataclass(frozen=True)
class Table:
    """A table; `sources` are the names of the CSV files with its numbers."""

    anchor: str
    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    sources: Sequence[str]
    grouped: bool = False  # by the first column: repeated names are hidden
    folded: bool = False  # closed at first in HTML
    printed: bool = True  # in the PDF, too
    kind: str = "table"


@dataclasses.dataclass(frozen=True)
class Picture:
    """A file of figures/ by its stem; `pages` of its PDF; `alt` describes the picture."""

    name: str
    alt: str
    pages: int = 1


@dataclasses.dataclass(frozen=True)
class Figures:
    """Pictures under one caption, `columns` side by side; `sources` as in Table."""

    anchor: str
    caption: str
    pictures: list[Picture]
    sources: Sequence[str]
    columns: int = 1
    kind: str = "figures"


def figure(name: str, caption: str, alt: str, *sources: str, anchor: str = "", pages: int = 1) -> Figures:
    """Return figures/<name> under a caption; without `sources`, the numbers are those of <name>.csv."""
    return Figures(f"figure-{anchor or name}", caption, [Picture(name, alt, pages)], sources or [name])


@dataclasses.dataclass(frozen=True)
class Listing:
    """Text that is shown unchanged: a study file, commands."""

    caption: str
    text: str
    printed: bool = True  # in the PDF, too
    kind: str = "listing"


Block = Paragraph | Bullets | Table | Figures | Listing


@dataclasses.dataclass(frozen=True)
class Section:
    """A section of level 1 (chapter) to 3."""

    anchor: str
    title: str
    blocks: Sequence[Block]
    level: int = 1
    appendix: bool = False


@dataclasses.dataclass(frozen=True)
class Report:
    """The first page of the report, then its `sections`.

    `answer` holds one or two sentences, `sure` the certainty of the answer, `finding` all findings.
    """

    title: str
    question: str
    dataset: str
    warning: str
    answer: str
    sure: list[str]
    finding: list[str]
    verdicts: Table | None
    headline: Figures
    sections: list[Section]
    stamp: str
