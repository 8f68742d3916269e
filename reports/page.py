"""Article and supplement as HTML pages, each of one file."""

import re
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from benchmarks.errors import existing
from reports import escaping
from reports.bibliography import CITATION, references
from reports.document import PAGES, Document


def html(document: Document, other: Document, name: str, figures: Path) -> str:
    """Return `document` as the page <name>.html, which holds its figures; links to files of the study are relative.

    A link to an anchor that is not in `document` leads to `other`. `figures` is the folder with the SVGs. Raises
    BadInput if an SVG is missing.
    """
    known = references()
    used: list[str] = []
    made = escaping.environment()
    own = document.anchors()
    elsewhere = next(other_name for other_name in PAGES if other_name != name)
    made.filters |= {
        "cited": escaping.cited(known, escaping.html, escaping.html_citation(used)),
        # The first sentence of a caption without its citations, and all other sentences.
        "brief": lambda text: re.sub(rf"\s*{CITATION.pattern}", "", _split(text)[0]),
        "rest": lambda text: _split(text)[1],
        "data_uri": lambda picture: data_uri(figures / f"{picture}.svg"),
        "address": lambda anchor: f"#{anchor}" if anchor in own else f"{elsewhere}.html#{anchor}",
    }
    titles = {section.anchor: section.title for section in other.sections}
    template = made.get_template(f"{name}.html.j2")
    return template.render(report=document, known=known, used=used, titles=titles)


def _split(caption: str) -> tuple[str, str]:
    first, end, others = caption.partition(". ")
    return first + end.strip(), others


def data_uri(path: Path) -> Markup:
    """Return the SVG at `path` as the text of a data URI, shorter than in base64."""
    lean = re.sub(r"<!--.*?-->|\s+", " ", existing(path).read_text(), flags=re.DOTALL).replace('"', "'")
    lean = re.sub(r"(?<=\bd=')[^']*", _lean_path, lean.replace("> <", "><"))
    lean = re.sub(r"(?<=;base64,)[^']*", lambda match: match[0].replace(" ", ""), lean)
    return Markup("data:image/svg+xml," + quote(lean, safe="!$'()*+,/:;=?@"))


def _lean_path(match: re.Match) -> str:
    """Return SVG path data without spaces, rounded to a hundredth of a point: less than any screen shows."""
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", re.sub(r"(\.\d\d)\d+", r"\1", match[0])).strip().replace(" ", ",")
