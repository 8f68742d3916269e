"""What the columns of a manifest mean, by the names that people give them."""

import re
from collections.abc import Iterator, Sequence

from benchmarks.datasets.layouts.parts import part_of
from benchmarks.errors import BadInput

MEANINGS = {  # column -> other names, in small letters without spaces, points, "-" and "_"
    "file": (
        *("image", "imagepath", "imagefilepath", "imagefile", "imagename", "imageid", "img", "imgpath"),
        *("filename", "filepath", "path", "id"),
    ),
    "label": ("class", "target", "diagnosis", "pathology"),
    "source": (),
    "patient": ("patientid", "subject", "subjectid", "case"),
    "box": (),
    "density": ("biradsdensity", "breastdensity"),
    "severity": (),
    "laterality": ("side", "leftorrightbreast"),
    "view": ("imageview",),
    "dataset": (),
    "part": ("split", "subset", "partition", "set", "fold"),
}
REQUIRED = ("file", "label")
NUMBER = "id"  # the file only where no other column is: often the number of the line
SHOWN = 10  # columns in a message


def meaning_of(column: str) -> str | None:
    """Return the key of MEANINGS that a column's name stands for, None for an unknown name."""
    name = _plain(column)
    return next((meaning for meaning, others in MEANINGS.items() if name in (meaning, *others)), None)


def meanings(columns: Sequence[str], rows: Sequence[Sequence[str]], shown: str) -> tuple[dict[str, int], list[str]]:
    """Return meaning -> position among `columns`, and notes on renamed and ignored columns.

    `rows` are the cells. A column that is named like `part` by another name (set, fold) and holds no part in any row is
    ignored, as is `id` beside another column of files. Raises BadInput if `file` or `label` is missing, or if two
    columns have one meaning.
    """
    found: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        meaning = meaning_of(column)
        if meaning == "part" and _plain(column) != "part" and not any(part_of(row[place]) for row in rows):
            meaning = None
        if meaning:
            found.setdefault(meaning, []).append(place)
    if len(found.get("file", [])) > 1:
        found["file"] = [place for place in found["file"] if _plain(columns[place]) != NUMBER] or found["file"]
    problems = [*_problems(found, columns)]
    if not found.keys() >= set(REQUIRED):
        problems.append("if the file is no list of images, rename it")
    if problems:
        raise BadInput(f"{shown}: {'; '.join(problems)}; columns: {listed(columns)}")
    chosen = {meaning: places[0] for meaning, places in found.items()}
    return chosen, [*_notes(chosen, columns)]


def _problems(found: dict[str, list[int]], columns: Sequence[str]) -> Iterator[str]:
    for meaning in REQUIRED:
        if meaning not in found:
            yield f"missing {meaning}: name a column {meaning} (or {', '.join(MEANINGS[meaning])})"
    for meaning, places in found.items():
        if len(places) > 1:
            own = [columns[place] for place in places]
            yield f"{len(own)} columns mean {meaning} ({', '.join(own)}): keep one, remove or rename the others"


def _notes(chosen: dict[str, int], columns: Sequence[str]) -> Iterator[str]:
    renamed = [f"{columns[place]} as {meaning}" for meaning, place in chosen.items() if columns[place] != meaning]
    if renamed:
        yield f"Columns of the manifest are read by other names: {', '.join(renamed)}."
    ignored = [column for place, column in enumerate(columns) if place not in chosen.values()]
    if ignored:
        yield f"Columns of the manifest are ignored ({len(ignored)}): {listed(ignored)}."


def listed(columns: Sequence[str]) -> str:
    """Return at most SHOWN names of columns, and the number of the others."""
    more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
    return ", ".join(column or "(without a name)" for column in columns[:SHOWN]) + more


def _plain(column: str) -> str:
    return re.sub(r"[\s_.-]+", "", column.casefold())
