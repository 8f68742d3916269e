"""The survey's page and LaTeX, rendered from its tables; the words are those of templates/ and of each README.md."""

import re
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from analysis.survey import verdict
from analysis.survey.verdict import known, leaking
from benchmarks.publications import publication, views
from benchmarks.publications.arithmetic.verdicts import IMPOSSIBLE, NOT_EVALUABLE
from reports import escaping, latex, wording
from reports.page import data_uri

TEMPLATES = Path(__file__).parent / "templates"
SPELLED = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PARAGRAPH = re.compile(r"^\*\*(.+?)\.\*\*\s+(.+?)(?=\n\s*\n|\n\*\*|\n {4}|\Z)", re.MULTILINE | re.DOTALL)


def html(tables: dict[str, pd.DataFrame], picture: Path) -> str:
    """Return the page, which holds its figure, the SVG `picture`."""
    made = _with_filters(escaping.environment(TEMPLATES))
    made.filters["code"] = _code
    sections = [_section(row, tables) for row in _records(tables["survey"])]
    template = made.get_template("survey.html.j2")
    return template.render(facts=facts(tables["survey"]), sections=sections, picture=data_uri(picture))


def tex(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return survey.tex, the table, and survey_document.tex, which shows it, by the names of the files."""
    made = _with_filters(latex.environment(TEMPLATES))
    content = {"facts": facts(tables["survey"]), "rows": _records(tables["survey"])}
    names = ("survey.tex", "survey_document.tex")
    return {name: made.get_template(f"{name}.j2").render(**content) for name in names}


def answer(tables: dict[str, pd.DataFrame]) -> str:
    """Return the answer in two sentences, as plain text."""
    made = _with_filters(escaping.environment(TEMPLATES))
    found = made.get_template("answer.j2").render(facts=facts(tables["survey"]))
    return " ".join(Markup(found).unescape().split())


def facts(survey: pd.DataFrame) -> dict[str, Any]:
    """Return what the answer says: counts of publications by verdict, and accuracies of those with a leak."""
    rows = _records(survey)
    leaks = [row for row in rows if row["verdict"] == verdict.LEAK]
    honest = [row[protocol] for row in leaks if (protocol := leaking(row))]
    own = [row["replayed"] for row in leaks]
    counts = {name.replace(" ", "_"): sum(row["verdict"] == name for row in rows) for name in verdict.VERDICTS}
    return counts | {
        "n": len(rows),
        "replayed": sum(row["replay"] == "run" for row in rows),
        "unknown": sum(row["replay"] == verdict.NO_REPLAY for row in rows),
        "open": sum(row["replay"] == verdict.NOT_RUN for row in rows),
        "impossible": sum(row["figures_impossible"] > 0 for row in rows),
        "own": (min(own, default=None), max(own, default=None)),
        "honest": (min(honest, default=None), max(honest, default=None)),
        "reduced": sum(bool(row["reduced"]) for row in rows),
    }


def paragraphs(text: str) -> dict[str, str]:
    """Return the paragraphs of a README.md that begin with words in bold, by these words, each on one line."""
    return {name: " ".join(words.split()) for name, words in PARAGRAPH.findall(text)}


def _section(row: dict[str, Any], tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return what the page says of one publication."""
    name = row["publication"]
    path = publication.find(name)
    content = publication.load(path)
    figures, leaks = (_records(table[table["publication"] == name]) for table in (tables["figures"], tables["leaks"]))
    asked = [one for one in figures if one["kind"] == "arithmetic"]
    printed = [one for one in figures if one["kind"] == "printed" and one["copies"] in (None, row["copies"])]
    address = views.address(content)
    return {
        "row": row,
        "content": content,
        "address": address,
        "link": address if address.startswith("http") else _doi(address),
        "words": paragraphs(path.with_name("README.md").read_text(encoding="utf-8")),
        "impossible": [one for one in asked if one["verdict"] == IMPOSSIBLE],
        "possible": [one for one in asked if one["verdict"] not in (IMPOSSIBLE, NOT_EVALUABLE)],
        "open": [one for one in asked if one["verdict"] == NOT_EVALUABLE],
        "printed": printed,
        "missed": [one for one in printed if one["verdict"] == "not reproduced"],
        "reasons": list(dict.fromkeys(one["reason"] for one in printed if one["verdict"] == NOT_EVALUABLE)),
        "auc": next((one["printed"] for one in printed if one["metric"] == "auc"), ""),
        "leaks": leaks,
        "fitting": [one for one in leaks if str(one["sizes_fit"]).lower() == "true"],
    }


def _doi(address: str) -> str:
    return f"https://doi.org/{address.removeprefix('doi:')}" if address.startswith("doi:") else ""


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows, missing values as None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _code(text: str) -> Markup:
    """Escape `text` for HTML; what stands between backticks becomes code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _spelled(n: int) -> str:
    """Return a number up to nine in letters."""
    return SPELLED[n] if n < len(SPELLED) else f"{n:,}"


def _figure(value: float | None) -> str:
    """Return a printed figure with two to four digits; a dash if it is missing."""
    shown = wording.number(value, 4)
    return shown[:-2] + shown[-2:].rstrip("0")


def _with_filters(made: jinja2.Environment) -> jinja2.Environment:
    made.filters |= {name: getattr(wording, name) for name in ("number", "count", "interval", "plural", "listed")}
    made.filters |= {"words": wording.spoken, "capitalised": wording.capitalised, "spelled": _spelled}
    made.filters["figure"] = _figure
    made.tests["known"] = lambda row, key: known(row, key)
    made.globals["Markup"] = Markup
    return made
