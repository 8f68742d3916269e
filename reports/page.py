"""The report as one HTML page."""

import re
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from benchmarks.errors import existing
from reports import escaping
from reports.bibliography import CITATION, references
from reports.document import Report
from reports.environment import environment


def html(report: Report, figures: Path) -> str:
    """The page, which needs nothing beside itself; links to tables, figures and cells are relative.

    `figures` is the folder with the SVGs. Raises BadInput if one is missing.
    """
    known, used = references(), []
    made = environment()
    made.filters |= {
        "cited": escaping.cited(known, escaping.html, escaping.html_citation(used)),
        "brief": lambda text: re.sub(rf"\s*{CITATION.pattern}", "", _split(text)[0]),
        "rest": lambda text: _split(text)[1],
        "data_uri": lambda name: _data_uri(figures / f"{name}.svg"),
    }
    return made.get_template("report.html.j2").render(report=report, known=known, used=used)


def _split(caption: str) -> tuple[str, str]:
    """The first sentence of a caption, and all others."""
    first, end, others = caption.partition(". ")
    return first + end.strip(), others


def _data_uri(path: Path) -> Markup:
    """The SVG at `path` for an attribute in double quotes, as text: shorter than in base64."""
    lean = re.sub(r"<!--.*?-->|\s+", " ", existing(path).read_text(), flags=re.DOTALL).replace('"', "'")
    lean = re.sub(r"(?<=\bd=')[^']*", _lean_path, lean.replace("> <", "><"))
    lean = re.sub(r"(?<=;base64,)[^']*", lambda match: match[0].replace(" ", ""), lean)
    return Markup("data:image/svg+xml," + quote(lean, safe="!$'()*+,/:;=?@"))


def _lean_path(match: re.Match) -> str:
    """SVG path data without spaces; a hundredth of a point is less than any screen shows."""
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", re.sub(r"(\.\d\d)\d+", r"\1", match[0])).strip().replace(" ", ",")
