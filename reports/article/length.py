"""How long is the article? Words, words of the abstract and printed pages, against their limits.

    python -m reports.article.length --study demo

Counts every word that a reader of report.html sees (tables, captions and references included, contents and menus not)
and, where `make pdf` has run, the pages of report.pdf. Exits with status 1 above a limit.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

from benchmarks.errors import BadInput, existing, run_cli
from benchmarks.study.command import stage
from benchmarks.study.study import Study
from reports.document import ARTICLE

WORDS, ABSTRACT, PAGES = 9000, 250, 8
PAGES_WRITTEN = re.compile(r"Output written on report\.pdf \((\d+) pages?")


class _Text(HTMLParser):
    """Texts of a page by the section that they stand in."""

    def __init__(self) -> None:
        super().__init__()
        self.words = {"": 0, "abstract": 0}
        self._inside: list[str] = []
        self._section = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "nav", "title"):
            self._inside.append(tag)
        if tag == "section":
            self._section = "abstract" if dict(attrs).get("aria-labelledby") == "abstract" else ""
        if dict(attrs).get("id") == "key-points":
            self._section = ""

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.words[self._section] += len(data.split())


def count(page: str) -> tuple[int, int]:
    """Return the words of an article's HTML, and those of its abstract without key points."""
    text = _Text()
    text.feed(page)
    return sum(text.words.values()), text.words["abstract"]


def pages(log: Path) -> int | None:
    """Return the pages of report.pdf by LaTeX's log; None if it was not compiled."""
    if not log.is_file():
        return None
    written = PAGES_WRITTEN.findall(log.read_text(encoding="utf-8", errors="replace").replace("\n", ""))
    if not written:
        raise BadInput(f"{log}: report.pdf was not written; see the errors there")
    return int(written[-1])


def measure(study: Study) -> None:
    """Print the lengths of a study's article; exit with status 1 if one is above its limit."""
    folder = study.results() / "report"
    words, abstract = count(existing(folder / f"{ARTICLE}.html").read_text(encoding="utf-8"))
    found = {"words": (words, WORDS), "words of the abstract": (abstract, ABSTRACT)}
    if (n := pages(folder / f"{ARTICLE}.log")) is not None:
        found["pages"] = (n, PAGES)
    for name, (measured, limit) in found.items():
        print(f"{name}: {measured:,} of at most {limit:,}")
    if any(measured > limit for measured, limit in found.values()):
        sys.exit(f"{folder / ARTICLE}.html: the article is too long; move what is not needed to the supplement")


main = stage("Count the words and pages of a study's article.", measure)

if __name__ == "__main__":
    run_cli(main)
