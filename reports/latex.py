"""The report as LaTeX: the article, and a file for every table that any LaTeX document can \\input."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import jinja2
from markupsafe import Markup

from reports import escaping
from reports.bibliography import references
from reports.document import Cell, Figures, Report, Table

STYLE = "mammobench.sty"
LETTERS_A_LINE = {"narrow": 12, "wrap": 34, "broad": 56, "wide": 85}  # of the columns that break lines
LETTERS_ACROSS = 104  # of a table's row on the text block
LINES_A_PAGE = 46  # table lines that fit on a page
PICTURES_A_PAGE = 6  # of those set side by side


def article(report: Report) -> str:
    """Return the article; latexmk needs mammobench.sty and references.bib beside it, and ../figures, ../tables."""
    return _environment(report).get_template("report.tex.j2").render(report=report)


def tables(report: Report) -> dict[str, str]:
    """Return the text of every table by the name of its file, with the tables that the article leaves out."""
    template = _environment(report).get_template("table.tex.j2")
    return {f"{name(table)}.tex": template.render(block=table) for table in _tables(report)}


def name(table: Table) -> str:
    """Return the name of a table's file without its suffix."""
    return table.anchor.removeprefix("table-")


def _tables(report: Report) -> list[Table]:
    blocks = [block for section in report.sections for block in section.blocks]
    return [block for block in [report.verdicts, *blocks] if isinstance(block, Table)]


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


def _environment(report: Report) -> jinja2.Environment:
    made = environment()
    made.filters |= {
        "cited": escaping.cited(references(), escaping.tex, escaping.tex_citation),
        "listing": escaping.tex_listing,
        "head": _head,
        "pages": _pages,
        "flat": _flat,
        "file": name,
        "label": Markup,  # no special letters in anchors and names of files
        "escaped": escaping.tex,
        "linked": _linked(_anchors(report)),
    }
    made.globals |= {"pictures_a_page": PICTURES_A_PAGE, "Markup": Markup}
    return made


def _anchors(report: Report) -> set[str]:
    """Return all anchors of the printed report."""
    blocks = [block for section in report.sections for block in section.blocks]
    figures = {block.anchor for block in blocks if isinstance(block, Figures)}
    tables = {table.anchor for table in _tables(report) if table.printed}
    return {report.headline.anchor, *figures, *tables, *(section.anchor for section in report.sections)}


def _linked(anchors: set[str]) -> Callable[[Markup, str], Markup]:
    def link(text: Markup, anchor: str) -> Markup:
        return Markup(r"\hyperref[%s]{%s}") % (Markup(anchor), text) if anchor in anchors else text

    return link


def _head(title: str) -> Markup:
    """Return a column title in short lines, for makecell."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + len(word) > 9:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return Markup(r"\\").join(map(escaping.tex, lines))


def _flat(table: Table) -> bool:
    """Return whether the small print fits in brackets beside its value, instead of below."""
    if any(column.align in LETTERS_A_LINE for column in table.columns):
        return False
    columns = zip(*table.rows, strict=True)
    widths = [max(len(cell.text) + len(cell.below) + 3 * bool(cell.below) for cell in column) for column in columns]
    return sum(widths) + 3 * len(widths) <= LETTERS_ACROSS


def _pages(table: Table) -> list[list[list[Cell]]]:
    """Return the rows of a table in pages."""
    rows = table.rows
    widths = [LETTERS_A_LINE.get(column.align, math.inf) for column in table.columns]
    flat = _flat(table)
    heights = [max(_lines(cell, width, flat) for cell, width in zip(row, widths, strict=True)) for row in rows]
    pages = [(total - 1) // LINES_A_PAGE for total in itertools.accumulate(heights)]
    return [[row for row, own in zip(rows, pages, strict=True) if own == page] for page in sorted(set(pages))] or [[]]


def _lines(cell: Cell, width: float, flat: bool) -> int:
    texts = [text for text in (cell.text, "" if flat else cell.below) if text]
    return sum(math.ceil(len(text) / width) if width < math.inf else 1 for text in texts)


def write(report: Report, folder: Path, tables_folder: Path) -> None:
    """Write report.tex into `folder` and every table into `tables_folder`; remove old tables there."""
    for old in tables_folder.glob("*.tex"):
        old.unlink()
    for file, text in tables(report).items():
        (tables_folder / file).write_text(text, encoding="utf-8")
    (folder / "report.tex").write_text(article(report), encoding="utf-8")
