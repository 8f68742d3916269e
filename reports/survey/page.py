"""The survey's page and LaTeX from its tables; the words are those of words/survey.j2 and of each README.md."""

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
from reports.words import Words

TEMPLATES = Path(__file__).parent / "templates"
WORDS = Words("survey")
PARAGRAPH = re.compile(r"^\*\*(.+?)\.\*\*\s+(.+?)(?=\n\s*\n|\n\*\*|\n {4}|\Z)", re.MULTILINE | re.DOTALL)


def html(tables: dict[str, pd.DataFrame], picture: Path) -> str:
    """Return the page, which holds its figure, the SVG `picture`."""
    made = _with_filters(escaping.environment(TEMPLATES))
    made.filters["code"] = _code
    return made.get_template("survey.html.j2").render(
        facts=facts(tables["survey"]),
        verdicts=verdict.VERDICTS,
        sections=[_section(row, tables) for row in _records(tables["survey"])],
        picture=data_uri(picture),
    )


def tex(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return survey.tex, the table, and survey_document.tex, which shows it, by the names of the files."""
    made = _with_filters(latex.environment(TEMPLATES))
    rows, names = _records(tables["survey"]), ("survey.tex", "survey_document.tex")
    return {name: made.get_template(f"{name}.j2").render(rows=rows) for name in names}


def answer(tables: dict[str, pd.DataFrame]) -> str:
    """Return the answer as plain text."""
    return WORDS.text("answer", **facts(tables["survey"])["answer"])


def facts(survey: pd.DataFrame) -> dict[str, Any]:
    """Return `answer`, the facts of the answer, and `reduced`, the number of reduced replays.

    The answer counts publications by verdict, and has the lowest and the highest accuracy of those with a leak.
    """
    rows = _records(survey)
    leaks = [row for row in rows if row["verdict"] == verdict.LEAK]
    honest = [row[protocol] for row in leaks if (protocol := leaking(row))]
    own = [row["replayed"] for row in leaks]
    found = {
        "n": len(rows),
        "replayed": sum(row["replay"] == "run" for row in rows),
        "leak": len(leaks),
        "holds": sum(row["verdict"] == verdict.HOLDS for row in rows),
        "impossible": sum(row["figures_impossible"] > 0 for row in rows),
        "unknown": sum(row["replay"] == verdict.NO_REPLAY for row in rows),
        "open": sum(row["replay"] == verdict.NOT_RUN for row in rows),
        "own": (min(own, default=None), max(own, default=None)),
        "honest": (min(honest, default=None), max(honest, default=None)),
    }
    return {"answer": found, "reduced": sum(bool(row["reduced"]) for row in rows)}


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
    fitting = [one for one in leaks if str(one["sizes_fit"]).lower() == "true"]
    found = {
        "impossible": [one for one in asked if one["verdict"] == IMPOSSIBLE],
        "possible": [one for one in asked if one["verdict"] not in (IMPOSSIBLE, NOT_EVALUABLE)],
        "open": [one for one in asked if one["verdict"] == NOT_EVALUABLE],
    }
    told = {
        "printed": WORDS.text(
            "printed", row=row, shown=_figure(row["printed"]), **{name: len(own) for name, own in found.items()}
        ),
        "reproduced": _reproduced(row, content, printed),
        "copies": WORDS.text("copies", n=len(leaks), fitting=[one["copies"] for one in fitting]),
    }
    address = views.address(content)
    return found | {
        "row": row,
        "content": content,
        "address": address,
        "link": address if address.startswith("http") else _doi(address),
        "words": paragraphs(path.with_name("README.md").read_text(encoding="utf-8")),
        "told": told,
        "printed": printed,
        "reasons": list(dict.fromkeys(one["reason"] for one in printed if one["verdict"] == NOT_EVALUABLE)),
        "leaks": leaks,
        "fitting": fitting,
    }


def _reproduced(row: dict[str, Any], content: dict[str, Any], printed: list[dict[str, Any]]) -> str:
    """Return the sentences on what was reproduced; `printed` are the figures printed in the publication."""
    if row["replay"] == "run":
        return WORDS.text("replayed", row=row)
    if row["replay"] == verdict.NOT_RUN:
        return WORDS.text("not_replayed")
    auc = next((one["printed"] for one in printed if one["metric"] == "auc"), "")
    same = any(one.get("dataset") for one in content["data"].values())
    return WORDS.text("no_replay", row=row, same_data=same, auc=auc)


def _doi(address: str) -> str:
    return f"https://doi.org/{address.removeprefix('doi:')}" if address.startswith("doi:") else ""


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows, missing values as None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _code(text: str) -> Markup:
    """Escape `text` for HTML; what stands between backticks becomes code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _figure(value: float | None) -> str:
    """Return a printed figure with two to four digits; a dash if it is missing."""
    shown = wording.number(value, 4)
    return shown[:-2] + shown[-2:].rstrip("0")


def _with_filters(made: jinja2.Environment) -> jinja2.Environment:
    made.filters |= {"number": wording.number, "count": wording.count, "plural": wording.plural}
    made.filters |= {"words": wording.spoken, "figure": _figure}
    made.tests["known"] = lambda row, key: known(row, key)
    made.globals["text"] = WORDS.text
    return made
