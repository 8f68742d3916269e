"""The report as LaTeX: the article, and a file for every table that any LaTeX document can \\input."""

import functools
import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path

import jinja2
from markupsafe import Markup

from reports import escaping
from reports.bibliography import references
from reports.document import Article, Cell, Document, Table

STYLE = "mammobench.sty"
LETTERS_A_LINE = {"narrow": 12, "wrap": 34, "broad": 56, "wide": 85}  # of the columns that break lines
LETTERS_ACROSS, LETTERS_OF_ARTICLE = 104, 114  # of a table's row on the text block of supplement and article
LETTERS_A_COLUMN = 62  # of a table's row in one of two columns
LINES_A_PAGE = 46  # table lines that fit on a page
PICTURES_A_PAGE = 6  # of those set side by side


def text(document: Document, other: Document, name: str) -> str:
    """Return `document` as <name>.tex.

    latexmk needs mammobench.sty and references.bib beside it, and the folders ../figures and ../tables.
    """
    titles = {section.anchor: section.title for section in other.sections}
    return _environment(document).get_template(f"{name}.tex.j2").render(report=document, titles=titles)


def tables(document: Document) -> dict[str, str]:
    """Return the text of every table by the name of its file, with the tables that are left out in print."""
    template = _environment(document).get_template("table.tex.j2")
    return {f"{name(table)}.tex": template.render(block=table) for table in _tables(document)}


def name(table: Table) -> str:
    """Return the name of a table's file without its suffix."""
    return table.anchor.removeprefix("table-")


def _tables(document: Document) -> list[Table]:
    return [block for block in document.blocks() if isinstance(block, Table)]


def environment(folder: Path = escaping.TEMPLATES) -> jinja2.Environment:
    """Return a Jinja environment for LaTeX templates of `folder`: all text is escaped, tags are <% %> and << >>."""
    return escaping.environment(
        folder,
        # All output of a template passes `finalize`: no text is left unescaped by oversight.
        finalize=lambda value: value if isinstance(value, Markup) else escaping.tex(value),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
    )


def _environment(document: Document) -> jinja2.Environment:
    made = environment()
    across = LETTERS_OF_ARTICLE if isinstance(document, Article) else LETTERS_ACROSS
    made.filters |= {
        "cited": escaping.cited(references(), escaping.tex, escaping.tex_citation),
        "listing": escaping.tex_listing,
        "head": _head,
        "pages": functools.partial(_pages, across=across),
        "flat": functools.partial(_flat, across=across),
        "file": name,
        "label": Markup,  # no special letters in anchors and names of files
        "escaped": escaping.tex,
        "linked": _linked(document.anchors(printed=True)),
        # A float over both columns, unless it fits in one
        "star": lambda table: Markup("*" if isinstance(document, Article) and not _narrow(table) else ""),
    }
    made.globals |= {"pictures_a_page": PICTURES_A_PAGE, "Markup": Markup}
    return made


def _linked(anchors: set[str]) -> Callable[[Markup, str], Markup]:
    def link(text: Markup, anchor: str) -> Markup:
        return Markup(r"\hyperref[%s]{%s}") % (Markup(anchor), text) if anchor in anchors else text

    return link


def _head(title: str) -> Markup:
    """Return a column title in short lines, for makecell; a long word like EfficientNetV2-B0 breaks at its parts."""
    lines, longest = [""], LETTERS_A_LINE["narrow"]
    for word in title.split():
        first, *parts = re.split(r"(?<=[a-z])(?=[A-Z])|(?<=-)", word) if len(word) > longest else [word]
        if lines[-1] and len(lines[-1]) + len(first) > 9:
            lines.append(first)
        else:
            lines[-1] = f"{lines[-1]} {first}".strip()
        for part in parts:
            if len(lines[-1]) + len(part) > longest:
                lines.append(part)
            else:
                lines[-1] += part
    return Markup(r"\\").join(map(escaping.tex, lines))


def _flat(table: Table, across: int) -> bool:
    """Return whether the small print fits in brackets beside its value, instead of below."""
    return not _breaks(table) and _width(table) <= across


def _narrow(table: Table) -> bool:
    """Return whether a table fits in one of two columns."""
    return not _breaks(table) and _width(table) <= LETTERS_A_COLUMN


def _breaks(table: Table) -> bool:
    return any(column.align in LETTERS_A_LINE for column in table.columns)


def _width(table: Table) -> int:
    """Return the letters of a row with its small print in brackets."""
    columns = zip(*table.rows, strict=True)
    widths = [max(len(cell.text) + len(cell.below) + 3 * bool(cell.below) for cell in column) for column in columns]
    return sum(widths) + 3 * len(widths)


def _pages(table: Table, across: int) -> list[list[list[Cell]]]:
    """Return the rows of a table in pages."""
    rows = table.rows
    widths = [LETTERS_A_LINE.get(column.align, math.inf) for column in table.columns]
    flat = _flat(table, across)
    heights = [max(_lines(cell, width, flat) for cell, width in zip(row, widths, strict=True)) for row in rows]
    pages = [(total - 1) // LINES_A_PAGE for total in itertools.accumulate(heights)]
    return [[row for row, own in zip(rows, pages, strict=True) if own == page] for page in sorted(set(pages))] or [[]]


def _lines(cell: Cell, width: float, flat: bool) -> int:
    texts = [text for text in (cell.text, "" if flat else cell.below) if text]
    return sum(math.ceil(len(text) / width) if width < math.inf else 1 for text in texts)


def write(documents: dict[str, Document], folder: Path, tables_folder: Path) -> None:
    """Write <name>.tex for each document into `folder` and every table into `tables_folder`; remove old tables there.

    `documents` are article and supplement by name.
    """
    for old in tables_folder.glob("*.tex"):
        old.unlink()
    for name, document in documents.items():
        (other,) = (other for other in documents.values() if other is not document)
        for file, content in tables(document).items():
            (tables_folder / file).write_text(content, encoding="utf-8")
        (folder / f"{name}.tex").write_text(text(document, other, name), encoding="utf-8")
