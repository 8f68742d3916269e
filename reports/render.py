"""Render a study's report: one self-contained HTML file, and LaTeX beside its bibliography.

Writes results/<study>/report/report.html, report.tex and references.bib. The LaTeX takes its figures from ../figures.
"""

import argparse
import itertools
import math
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from benchmarks.errors import existing, run_cli
from benchmarks.study import Study, load_study
from reports import escaping
from reports.bibliography import BIB, references
from reports.context import build
from reports.document import Cell, Report, Table

TEMPLATES = Path(__file__).parent / "templates"
LETTERS_A_LINE = {"narrow": 12, "wrap": 34, "wide": 85}  # of the columns that break lines, in the PDF
LINES_A_PAGE = 44  # table lines that fit on a page of the PDF
PICTURES_A_PAGE = 6  # of those set side by side


def html(report: Report, figures: Path) -> str:
    """The report as one HTML page that needs nothing beside itself; links to the CSV files are relative."""
    known, used = references(), []
    environment = _environment(autoescape=True)
    environment.filters["cited"] = escaping.cited(known, escaping.html, escaping.html_citation(used))
    environment.filters["data_uri"] = lambda name: _data_uri(figures / f"{name}.svg")
    return environment.get_template("report.html.j2").render(report=report, known=known, used=used)


def tex(report: Report) -> str:
    """The report as LaTeX, for latexmk -pdf in a folder beside figures/."""
    environment = _environment(
        # Everything that a template prints passes `finalize`, so nothing can be left unescaped by oversight.
        autoescape=True,
        finalize=lambda value: value if isinstance(value, Markup) else escaping.tex(value),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
    environment.filters["cited"] = escaping.cited(references(), escaping.tex, escaping.tex_citation)
    environment.filters["listing"] = escaping.tex_listing
    environment.filters["head"] = _head
    environment.filters["pages"] = _pages
    environment.globals |= {"pictures_a_page": PICTURES_A_PAGE, "Markup": Markup}
    return environment.get_template("report.tex.j2").render(report=report)


def _environment(**options) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )


def _data_uri(path: Path) -> Markup:
    """The SVG at `path` for an attribute in double quotes, as text: a quarter shorter than in base64."""
    lean = re.sub(r"<!--.*?-->|\s+", " ", existing(path).read_text(), flags=re.DOTALL).replace('"', "'")
    return Markup("data:image/svg+xml," + quote(lean, safe=" !$'()*+,/:;<=>?@[]{|}"))


def _head(title: str) -> Markup:
    """A column title in lines of few letters, for makecell."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + len(word) > 9:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return Markup(r"\\").join(map(escaping.tex, lines))


def _pages(table: Table) -> list[list[list[Cell]]]:
    """Split the rows of a table into pages."""
    rows = table.rows
    widths = [LETTERS_A_LINE.get(column.align, math.inf) for column in table.columns]
    heights = [max(_lines(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    pages = [(total - 1) // LINES_A_PAGE for total in itertools.accumulate(heights)]
    return [[row for row, own in zip(rows, pages, strict=True) if own == page] for page in sorted(set(pages))] or [[]]


def _lines(cell: Cell, width: float) -> int:
    return sum(math.ceil(len(text) / width) if width < math.inf else 1 for text in (cell.text, cell.below) if text)


def render(study: Study) -> None:
    """Write the report of `study`. Raises BadInput if a table or figure is missing."""
    report = build(study)
    folder = study.results() / "report"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(html(report, study.results() / "figures"), encoding="utf-8")
    (folder / "report.tex").write_text(tex(report), encoding="utf-8")
    shutil.copyfile(BIB, folder / BIB.name)


def main() -> None:
    """Render the report of one study."""
    parser = argparse.ArgumentParser(description="Render a study's report as HTML and LaTeX.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    render(load_study(parser.parse_args().study))


if __name__ == "__main__":
    run_cli(main)
