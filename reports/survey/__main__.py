"""Write the survey over all publications, from whatever studies have finished (`snakemake --cores 1 survey`).

    python -m reports.survey [--results results]

Writes into results/survey: survey.csv, figures.csv and leaks.csv (analysis/survey/survey.py says what they hold),
survey.png, .svg and .pdf (forest plot), survey.html, survey.tex (the table, for any LaTeX document with mammobench.sty)
and survey_document.tex, which shows table and plot. The exit status is 2 if a study's table cannot be read.
"""

import argparse
import shutil
from pathlib import Path

from analysis.survey import forest, survey
from benchmarks.errors import BadInput, run_cli
from reports import escaping, latex
from reports.survey import page

FOLDER = "survey"  # below the results; no study's name


def write(results: Path) -> str:
    """Write tables, figure, page and LaTeX; return the answer in words. Raises BadInput without a results folder."""
    if results.exists() and not results.is_dir():
        raise BadInput(f"{results}: not a folder; name the folder that holds the results of studies")
    folder = results / FOLDER
    tables = survey.tables(results)
    survey.write(tables, folder)
    forest.draw(tables["survey"], folder)
    (folder / "survey.html").write_text(page.html(tables, folder / "survey.svg"), encoding="utf-8")
    for name, text in page.tex(tables).items():
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copyfile(escaping.TEMPLATES / latex.STYLE, folder / latex.STYLE)
    return page.answer(tables)


def main() -> None:
    """Write the survey and print its answer."""
    parser = argparse.ArgumentParser(prog="python -m reports.survey", description="Write the survey over publications.")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of the studies' results")
    results = parser.parse_args().results
    print(write(results))
    print(f"The survey is {(results / FOLDER / 'survey.html').resolve()}")


if __name__ == "__main__":
    run_cli(main)
