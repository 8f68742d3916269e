"""What a report is made of, before it is HTML or LaTeX: sections of plain text, tables and figures.

Texts are plain; `[@key]` in them cites an entry of templates/references.bib. The templates escape everything.
"""

import dataclasses


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
    """A cell of a table: a value, and in small print below it what belongs to it (an interval).

    `link` is the anchor of what the value leads to within the report, `file` a file of the results folder that it
    leads to, `anchor` the name under which the cell itself is found. Tables are sorted by `order` where it is given.
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
    """A column; `align` is left (names), right (numbers), phrase or narrow (a few words), wrap, broad or
    wide (sentences).
    """

    title: str
    align: str = "right"


@dataclasses.dataclass(frozen=True)
class Table:
    """A table; `sources` are the names of the CSV files that its numbers come from."""

    anchor: str
    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    sources: list[str]
    grouped: bool = False  # by the first column, whose repeats stay empty
    folded: bool = False  # closed at first in HTML
    printed: bool = True  # in the PDF, too
    kind: str = "table"


@dataclasses.dataclass(frozen=True)
class Picture:
    """A file of figures/ by its stem; `pages` of its PDF; `alt` says what is to be seen."""

    name: str
    alt: str
    pages: int = 1


@dataclasses.dataclass(frozen=True)
class Figures:
    """Pictures under one caption, `columns` side by side."""

    anchor: str
    caption: str
    pictures: list[Picture]
    sources: list[str]
    columns: int = 1
    kind: str = "figures"


@dataclasses.dataclass(frozen=True)
class Listing:
    """Text to be shown as it is: a study file, commands."""

    caption: str
    text: str
    printed: bool = True  # in the PDF, too
    kind: str = "listing"


Block = Paragraph | Bullets | Table | Figures | Listing


@dataclasses.dataclass(frozen=True)
class Section:
    """A section: a chapter (`level` 1), a section of one, or what belongs to that (3)."""

    anchor: str
    title: str
    blocks: list[Block]
    level: int = 1
    appendix: bool = False


@dataclasses.dataclass(frozen=True)
class Report:
    """The whole report, its first page before its `sections`.

    `answer` is the question's in a sentence or two, `sure` how sure that is, `finding` all that was found.
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
