"""Render the report of a study: one self-contained HTML file, and LaTeX with its bibliography.

Writes report.html, report.tex, mammobench.sty and references.bib into results/<study>/report, and every table as
results/<study>/tables/<table>.tex. report.tex takes its figures from ../figures and its tables from ../tables.
"""

import shutil

from benchmarks.errors import run_cli
from benchmarks.study.command import stage
from benchmarks.study.study import Study
from reports import latex
from reports.bibliography import BIB
from reports.context import build
from reports.escaping import TEMPLATES
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


main = stage("Render a study's report as HTML and LaTeX.", render)

if __name__ == "__main__":
    run_cli(main)
