"""Blocks of the report before it becomes HTML or LaTeX: sections of plain text, tables and figures.

`[@key]` in a text cites an entry of templates/references.bib. The templates escape all text.
"""

import dataclasses
from collections.abc import Sequence

ARTICLE, SUPPLEMENT = PAGES = ("report", "supplement")  # files of the two documents, without suffix


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
    """A table; `sources` are the names of the CSV files with its numbers, `title` the message above the caption."""

    anchor: str
    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    sources: Sequence[str]
    grouped: bool = False  # by the first column: repeated names are hidden
    folded: bool = False  # closed at first in HTML
    printed: bool = True  # in the PDF, too
    title: str = ""
    kind: str = "table"


@dataclasses.dataclass(frozen=True)
class Picture:
    """A file of figures/ by its stem; `pages` of its PDF; `alt` describes the picture."""

    name: str
    alt: str
    pages: int = 1


@dataclasses.dataclass(frozen=True)
class Figures:
    """Pictures under one caption, `columns` side by side; `sources` and `title` as in Table."""

    anchor: str
    caption: str
    pictures: list[Picture]
    sources: Sequence[str]
    columns: int = 1
    title: str = ""
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
    """A section of level 1 (chapter) to 3; `details` are the anchors of sections of the supplement that say more."""

    anchor: str
    title: str
    blocks: Sequence[Block]
    level: int = 1
    details: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Document:
    """What article and supplement share; `stamp` names study, commit and time."""

    title: str
    question: str
    dataset: str
    warning: str
    sections: list[Section]
    stamp: str

    def blocks(self) -> list[Block]:
        """Return the blocks of all sections."""
        return [block for section in self.sections for block in section.blocks]

    def anchors(self, *, printed: bool = False) -> set[str]:
        """Return all anchors; `printed`: without those of tables left out in print."""
        blocks = [block for block in self.blocks() if isinstance(block, Table | Figures)]
        shown = [block for block in blocks if not (printed and isinstance(block, Table) and not block.printed)]
        cells = {cell.anchor for block in shown if isinstance(block, Table) for row in block.rows for cell in row}
        return {*(section.anchor for section in self.sections), *(block.anchor for block in shown), *cells} - {""}


@dataclasses.dataclass(frozen=True)
class Article(Document):
    """The article: its first screen (question, `answer`, `headline`, `sure`, `verdicts`), abstract and sections.

    `answer` holds one to four sentences, `sure` the certainty of the answer, `abstract` paragraphs with their labels.
    """

    answer: str
    sure: list[str]
    headline: Figures
    verdicts: Table | None
    abstract: list[tuple[str, str]]
    key_points: list[str]

    def blocks(self) -> list[Block]:
        """Return the blocks of the first screen and of all sections."""
        return [self.headline, *([self.verdicts] if self.verdicts else []), *super().blocks()]


class Supplement(Document):
    """Everything that the article leaves out."""
