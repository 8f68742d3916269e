"""Sphinx: the documentation site of these pages, built by `make docs` into site/ without a network.

The pages also read on their own in a repository, so their links to files outside docs/ are relative paths. On the site,
such a link leads to the page that shows the file (PAGES), or to a copy of the file.
"""

import os
import re
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md", "config/README.md": "configuration.md"}
LINK = re.compile(r"(?<=\]\()[^)\s#:]+(?=[)#])")  # the path in [text](path#heading)

project = "mammobench"
copyright = "the mammobench authors, MIT licence"
release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
extensions = ["myst_parser"]
myst_heading_anchors = 4
templates_path: list[str] = []
html_theme = "furo"
html_title = f"mammobench {release}"
html_copy_source = False
html_show_search_summary = False  # would be fetched, which browsers refuse for pages opened as files
html_static_path = ["site.css"]
html_css_files = ["site.css"]


def on_site(text: str, folder: Path) -> str:
    """Return the Markdown `text` of a file in `folder` with the paths of its links as seen from docs/."""

    def target(link: re.Match) -> str:
        path = Path(os.path.normpath(folder / link[0]))
        if not path.exists():
            return link[0]  # Sphinx reports it
        page = PAGES.get(path.relative_to(ROOT).as_posix())
        return page or Path(os.path.relpath(path, DOCS)).as_posix()

    return LINK.sub(target, text)


def read_page(app: Sphinx, page: str, source: list[str]) -> None:
    """Correct the links of a page in docs/ itself; pages on findings link to nothing outside their folder."""
    if "/" not in page:
        source[0] = on_site(source[0], DOCS)


def read_included(app: Sphinx, path: Path, page: str, source: list[str]) -> None:
    """Correct the links of a file that a page includes."""
    source[0] = on_site(source[0], (DOCS / path).resolve().parent)


def accessible(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Give headings of the sidebar a level, and let the keyboard reach what scrolls."""
    tree = context["furo_navigation_tree"]
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')
    body = context.get("body", "").replace("<pre>", '<pre tabindex="0">')
    context["body"] = body.replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')


def setup(app: Sphinx) -> None:
    """Register the corrections of links and of pages; the theme makes its tree at priority 500."""
    app.connect("html-page-context", accessible, priority=900)
    app.connect("source-read", read_page)
    app.connect("include-read", read_included)
