"""Marks of measured numbers in Markdown: blocks of lines, and numbers within a line.

    <!-- numbers:speed.table -->            a block; its lines come from macro `table` of templates/speed.j2
    | ... |
    <!-- /numbers -->
    The search took <!--n:speed.seconds-->12<!--/n--> s.

Markdown shows a line that begins with a comment as HTML, so a number's mark does not begin a line.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.errors import BadInput

TOKEN = re.compile(
    r"<!-- numbers:(?P<block>\S*) -->\n|(?P<end_block><!-- /numbers -->)|"
    r"<!--n:(?P<inline>\S*?)-->|(?P<end_inline><!--/n-->)"
)
LIKE = re.compile(r"<!--\s*/?\s*n(?:umbers?)?\b")  # marks, also misspelt ones
LINE_START = re.compile(r"[\s>]*(?:[-*+]|\d+[.)])?\s*")


@dataclass(frozen=True)
class Mark:
    """What stands between `start` and `end` of a page's text; `key` is NAME.MACRO."""

    key: str
    block: bool
    start: int
    end: int


def marks(text: str, page: str) -> Iterator[Mark]:
    """Yield the marks of a page in order. Raises BadInput for a mark that is not closed, unknown or begins a line."""
    opened = None
    tokens = list(TOKEN.finditer(text))
    known = {token.start() for token in tokens}
    for like in LIKE.finditer(text):
        if like.start() not in known:
            raise BadInput(f"{_at(text, like.start(), page)}: unknown mark; write it as CONTRIBUTING.md says")
    for token in tokens:
        kind = token.lastgroup or ""
        if kind.startswith("end_"):
            if opened is None or opened.lastgroup != kind.removeprefix("end_"):
                raise BadInput(f"{_at(text, token.start(), page)}: nothing to close here; remove this mark")
            key = opened[opened.lastgroup]
            yield Mark(key, kind == "end_block", opened.end(), token.start())
            opened = None
        elif opened is not None:
            raise BadInput(f"{_at(text, opened.start(), page)}: this mark is not closed; close it before the next")
        else:
            opened = token
            before = text[text.rfind("\n", 0, token.start()) + 1 : token.start()]
            if kind == "inline" and LINE_START.fullmatch(before):
                where = _at(text, token.start(), page)
                raise BadInput(f"{where}: a mark at the start of a line makes the line HTML; break the line elsewhere")
    if opened is not None:
        raise BadInput(f"{_at(text, opened.start(), page)}: this mark is not closed; close it")


def filled(text: str, page: str, word: Callable[[Mark], str]) -> str:
    """Return the page's text with what `word` returns between the marks."""
    parts, done = [], 0
    for mark in marks(text, page):
        parts += [text[done : mark.start], word(mark)]
        done = mark.end
    return "".join([*parts, text[done:]])


def line(text: str, place: int) -> int:
    """Return the number of the line, from 1, that holds the character `place`."""
    return text.count("\n", 0, place) + 1


def _at(text: str, place: int, page: str) -> str:
    return f"{page}:{line(text, place)}"
