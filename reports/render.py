"""Render the article and the supplement of a study: each one self-contained HTML file, and LaTeX.

Writes report.html, report.tex (the article), supplement.html, supplement.tex, mammobench.sty and references.bib into
results/<study>/report, and every table as results/<study>/tables/<table>.tex. The LaTeX takes its figures from
../figures and its tables from ../tables.
"""

import shutil

from benchmarks.errors import run_cli
from benchmarks.study.command import stage
from benchmarks.study.study import Study
from reports import latex
from reports.article.article import article
from reports.bibliography import BIB
from reports.document import ARTICLE, SUPPLEMENT, Document
from reports.escaping import TEMPLATES
from reports.page import html
from reports.results import Results
from reports.supplement import supplement


def render(study: Study) -> None:
    """Write article and supplement of `study`. Raises BadInput if a table or figure is missing."""
    read = Results(study)
    documents: dict[str, Document] = {ARTICLE: article(read), SUPPLEMENT: supplement(read)}
    results = study.results()
    folder = results / "report"
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        (other,) = (other for other in documents.values() if other is not document)
        page = html(document, other, name, results / "figures")
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    latex.write(documents, folder, results / "tables")
    for path in (BIB, TEMPLATES / latex.STYLE):
        shutil.copyfile(path, folder / path.name)


main = stage("Render a study's report as HTML and LaTeX.", render)

if __name__ == "__main__":
    run_cli(main)
