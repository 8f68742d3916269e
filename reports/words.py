"""Texts of the report: Jinja macros that fill in numbers and choose between sentences by stated conditions."""

from typing import Any

import jinja2

from analysis.names import named
from reports import wording
from reports.escaping import TEMPLATES

# The functions of reports/wording.py and the names of architectures, as filters and as functions of the macros
FUNCTIONS = {
    function.__name__: function
    for function in (
        *(wording.number, wording.p_value, wording.per_cent, wording.count, wording.interval, wording.span),
        *(wording.units, wording.plural, wording.listed, wording.spoken, wording.capitalised, wording.duration),
        *(wording.spelled, wording.split, named),
    )
}


class Words:
    """Macros of templates/words/<name>.j2: `text` returns one paragraph, `texts` those between blank lines.

    Texts are plain: the templates of pages escape them. Raises jinja2.UndefinedError if a fact that a macro prints or
    tests is missing, AttributeError if there is no such macro, TypeError if a macro has no such parameter.
    """

    def __init__(self, name: str):
        self._macros = _environment().get_template(f"{name}.j2").module

    def text(self, macro: str, **facts: Any) -> str:
        """Return the text of `macro` on one line; empty if its conditions choose no sentence."""
        return " ".join(getattr(self._macros, macro)(**facts).split())

    def texts(self, macro: str, **facts: Any) -> list[str]:
        """Return the texts of `macro` that blank lines separate, each on one line."""
        parts = getattr(self._macros, macro)(**facts).split("\n\n")
        return [" ".join(part.split()) for part in parts if part.strip()]


def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES / "words"),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= FUNCTIONS
    made.globals |= FUNCTIONS
    return made
