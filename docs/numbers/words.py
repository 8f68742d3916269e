"""Words of measured numbers: macros of templates/NAME.j2, which get the record as `record`."""

import re
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from statsmodels.stats.proportion import proportion_confint

from analysis.names import named
from benchmarks.errors import BadInput
from docs.numbers.marks import Mark
from docs.numbers.records import Measured, read
from reports.wording import count, listed, spelled

TEMPLATES = Path(__file__).parent / "templates"
WIDTH = 120
LAID_OUT = re.compile(r"\||\s{4}|```")  # first characters of tables and code


class Words:
    """Texts of the marks; each record is read once."""

    def __init__(self, registry: Mapping[str, Measured], templates: Path = TEMPLATES):
        self.registry = registry
        self.environment = environment(templates)
        self.modules: dict[str, Any] = {}

    def text(self, mark: Mark) -> str:
        """Return the text of a mark. Raises BadInput if it names no measurement, or no macro of its template."""
        name, _, macro = mark.key.partition(".")
        if name not in self.registry:
            raise BadInput(f"{mark.key}: docs/numbers/registry.yaml has no {name}; name one of {listed(self.registry)}")
        if name not in self.modules:
            template = self.environment.get_template(f"{name}.j2")
            self.modules[name] = template.make_module({"record": read(self.registry[name].record)})
        if not isinstance(getattr(self.modules[name], macro, None), jinja2.runtime.Macro) or macro.startswith("_"):
            raise BadInput(f"{mark.key}: docs/numbers/templates/{name}.j2 has no macro {macro}; correct the mark")
        try:
            text = getattr(self.modules[name], macro)()
        except jinja2.UndefinedError as error:
            raise BadInput(f"{mark.key}: {self.registry[name].record.name}: {error}; measure again") from None
        return _laid_out(text) if mark.block else " ".join(text.split())


def environment(templates: Path) -> jinja2.Environment:
    """Return the environment of the templates: a fact that a macro prints or tests and the record lacks is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    functions = {function.__name__: function for function in FUNCTIONS}
    made.globals |= functions
    made.filters |= functions
    return made


def fixed(value: float, digits: int = 2) -> str:
    """Return a number with so many digits after the point; no minus sign before zero."""
    return f"{round(value, digits) + 0:.{digits}f}"


def ranged(values: Iterable[float], digits: int = 0, word: str = " to ") -> str:
    """Return `lowest to highest` of `values`; only one of them if both read the same."""
    known = list(values)
    low, high = fixed(min(known), digits), fixed(max(known), digits)
    return low if low == high else f"{low}{word}{high}"


def where(rows: Iterable[dict], **wanted: object) -> list[dict]:
    """Return the rows that have the `wanted` values."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def row(rows: Iterable[dict], **wanted: object) -> dict:
    """Return the one row that has the `wanted` values. Raises BadInput if there is none, or more than one."""
    found = where(rows, **wanted)
    if len(found) != 1:
        raise BadInput(f"{len(found)} rows of a record have {wanted}; correct the template or measure again")
    return found[0]


def share_ci(k: int, n: int) -> str:
    """Return the 95% Wilson interval of k of n as `91-100%`."""
    low, high = proportion_confint(k, n, method="wilson")
    return f"{100 * low:.0f}-{100 * high:.0f}%"


def about_time(minutes: float) -> str:
    """Return `about an hour`, `about 3 hours` or, below 45 minutes, `about 26 minutes`."""
    hours = round(minutes / 60)
    if minutes < 45:
        return f"about {minutes:.0f} minutes"
    return "about an hour" if hours <= 1 else f"about {hours} hours"


# Functions and filters of the templates
FUNCTIONS = (count, fixed, named, spelled, listed, ranged, where, row, share_ci, about_time)


def _laid_out(text: str) -> str:
    """Return the lines of a block: paragraphs and items filled to 120 characters, tables and code as they are."""
    parts = [part.strip("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]
    laid_out = "\n\n".join(part if LAID_OUT.match(part) else _filled(part) for part in parts)
    return "".join(f"{line.rstrip()}\n" for line in laid_out.split("\n"))


def _filled(part: str) -> str:
    items = re.split(r"\n(?=- )", part)
    return "\n".join(
        textwrap.fill(
            " ".join(item.split()),
            WIDTH,
            subsequent_indent="  " if item.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in items
    )
