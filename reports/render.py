"""Render a study's report: one self-contained HTML file, and LaTeX beside its bibliography.

Writes report.html, report.tex, mammobench.sty and references.bib into results/<study>/report, and every table
as results/<study>/tables/<table>.tex. The LaTeX takes its figures from ../figures and its tables from ../tables.
"""

import argparse
import shutil

from benchmarks.errors import run_cli
from benchmarks.study.study import Study, load_study
from reports import latex
from reports.bibliography import BIB
from reports.context import build
from reports.environment import TEMPLATES
from reports.page import html


def render(study: Study) -> None:
    """Write the report of `study`. Raises BadInput if a table or figure is missing."""
    report = build(study)
    results = study.results()
    folder = results / "report"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(html(report, results / "figures"), encoding="utf-8")
    latex.write(report, folder, results / "tables")
    for path in (BIB, TEMPLATES / latex.STYLE):
        shutil.copyfile(path, folder / path.name)


def main() -> None:
    """Render the report of one study."""
    parser = argparse.ArgumentParser(description="Render a study's report as HTML and LaTeX.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    render(load_study(parser.parse_args().study))


if __name__ == "__main__":
    run_cli(main)
