"""What HTML and LaTeX share: the Jinja environment, escaping of text, and citations."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from reports.bibliography import CITATION, Reference, cited_keys

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_\allowbreak{}",
    "/": r"/\allowbreak{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "\N{NO-BREAK SPACE}": "~",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": "'{}",
    "`": r"\textasciigrave{}",
    "-": "-{}",  # no ligature to a dash, nor a broken number range
    "[": "{[}",  # after a line break in a table it would be an option
    "]": "{]}",
    "*": "{*}",
    "\N{MINUS SIGN}": r"\ensuremath{-}",
    "\N{EN DASH}": r"\textendash{}",
    "\N{EM DASH}": r"\textemdash{}",
    "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
    "\N{MULTIPLICATION SIGN}": r"\ensuremath{\times}",
}
LAST_OF_T1 = 0x17F  # Latin Extended-A; pdfLaTeX's T1 fonts have no letters beyond
TEMPLATES = Path(__file__).parent / "templates"


def environment(folder: Path = TEMPLATES, **options: Any) -> jinja2.Environment:
    """Return a Jinja environment that escapes all text and fails on undefined names; `options` are Jinja's.

    Templates are looked for in `folder`, then in TEMPLATES.
    """
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )


def tex(text: object) -> Markup:
    """Escape `text` for LaTeX; a letter without a glyph in the fonts becomes its code, [U+4E2D]."""
    return Markup("".join(map(_tex_letter, unicodedata.normalize("NFC", _tied(str(text))))))


def _tied(text: str) -> str:
    """Keep a per cent sign on the line of its number."""
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)


def _tex_letter(letter: str) -> str:
    if letter in SPECIAL:
        return SPECIAL[letter]
    if letter.isspace():
        return " "
    if letter.isascii():
        return letter if letter.isprintable() else ""
    known = 0xA0 < ord(letter) <= LAST_OF_T1 and letter.isalpha()
    return letter if known else f"{{[}}U+{ord(letter):04X}{{]}}"


def tex_listing(text: str) -> Markup:
    """Escape `text` for typewriter print: lines keep their indentation, long lines break after punctuation."""
    lines = []
    for line in text.rstrip("\n").split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        broken = re.sub(r"([.=,]|(?<=\w)-\{\})", r"\1\\allowbreak{}", str(tex(line.strip())))
        lines.append(rf"\codeline{{{indent}}}{{{broken}}}")
    return Markup("\n".join(lines))


def cited(
    known: dict[str, Reference], escape_text: Callable[[str], Markup], cite: Callable[[list[str]], Markup]
) -> Callable[[str], Markup]:
    """Return a filter that escapes text and turns [@key; @other] into `cite(keys)` if all keys are `known`."""

    def convert(text: str) -> Markup:
        pieces: list[Markup] = []
        end = 0
        for match in CITATION.finditer(text):
            keys = cited_keys(match[0])
            if all(key in known for key in keys):
                pieces += [escape_text(text[end : match.start()]), cite(keys)]
                end = match.end()
        return Markup("").join([*pieces, escape_text(text[end:])])

    return convert


def html_citation(used: list[str]) -> Callable[[list[str]], Markup]:
    """Return a function that cites by number, in order of first use, and adds new keys to `used`."""

    def cite(keys: list[str]) -> Markup:
        used.extend(key for key in keys if key not in used)
        links = [Markup('<a href="#ref-{}">{}</a>').format(key, used.index(key) + 1) for key in keys]
        return Markup("[") + Markup(", ").join(links) + Markup("]")

    return cite


def tex_citation(keys: list[str]) -> Markup:
    """Return a citation for natbib."""
    return Markup(r"\citep{" + ",".join(keys) + "}")


def html(text: str) -> Markup:
    """Escape `text` for HTML; lines may break after an underscore or slash, but not within an interval."""
    unbroken = re.sub(r"(?<=\d) to (?=[\d\u2212])", "\u00a0to\u00a0", _tied(text))
    return Markup(re.sub(r"(?<=\w)([_/])(?=\w)", r"\1<wbr>", str(escape(unbroken))))
