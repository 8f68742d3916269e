"""References for HTML, read from the references.bib that BibTeX uses."""

import dataclasses
import re
import unicodedata
from pathlib import Path

BIB = Path(__file__).parent / "templates" / "references.bib"
CITATION = re.compile(r"\[(@[\w-]+(?:; @[\w-]+)*)\]")
ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "c": "\u0327", "v": "\u030c"}


@dataclasses.dataclass(frozen=True)
class Reference:
    """One entry as text, with its DOI or None."""

    key: str
    text: str
    doi: str | None


def references(path: Path = BIB) -> dict[str, Reference]:
    """Return the entries of `path` by key. Each field must stand in braces on one line."""
    entries = {}
    for key, body in re.findall(r"^@\w+\{([\w-]+),\n(.*?)^\}", path.read_text(), re.MULTILINE | re.DOTALL):
        fields = {name: _plain(value) for name, value in re.findall(r"^\s*(\w+) = \{(.*)\},$", body, re.MULTILINE)}
        entries[key] = Reference(key, _text(fields), fields.get("doi"))
    return entries


def cited_keys(text: str) -> list[str]:
    """Return the keys that `text` cites as [@key] or [@key; @other], in order."""
    return [key.strip()[1:] for group in CITATION.findall(text) for key in group.split(";")]


def _text(fields: dict[str, str]) -> str:
    where = next((fields[name] for name in ("journal", "booktitle", "publisher", "howpublished") if name in fields), "")
    volume = f" {fields['volume']}" if "volume" in fields else ""
    pages = f":{fields['pages']}" if "pages" in fields else ""
    parts = [_authors(fields["author"]), fields["title"], f"{where}{volume}{pages}"]
    parts += [fields.get("year", ""), fields.get("note", "")]
    return ". ".join(part for part in parts if part) + "."


def _authors(names: str) -> str:
    people = [" ".join(reversed(name.split(", "))) for name in names.split(" and ")]
    return ", ".join(people).replace(", others", " et al")


def _plain(latex: str) -> str:
    def accented(match: re.Match) -> str:
        return unicodedata.normalize("NFC", match[2] + ACCENTS[match[1]])

    text = re.sub(r"\{?\\(['`^\"~cv])\{?(\w)\}?\}?", accented, latex)
    return re.sub(r"[{}]", "", text).replace("--", "–").replace("\\&", "&").replace("\\_", "_")  # noqa: RUF001
