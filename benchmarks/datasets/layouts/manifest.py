"""Reader of manifests of images, CSV or JSON lines, with a list of all errors by line."""

import posixpath
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.datasets._files import Files
from benchmarks.datasets.layouts.cells import cells
from benchmarks.datasets.layouts.file_names import FileNames
from benchmarks.datasets.layouts.headers import REQUIRED, meanings
from benchmarks.datasets.layouts.layout import Found, spellings
from benchmarks.datasets.layouts.parts import part_of
from benchmarks.errors import BadInput, refuse

NAMES = ("manifest.csv", "metadata.csv", "metadata.jsonl", "labels.csv")  # found without being named
NEVER_EMPTY = (*REQUIRED, "source", "patient", "dataset", "part")
OF_A_FILE = ("density", "severity", "laterality", "view")  # each may be empty for some files
ALLOWED = {
    "density": ["1", "2", "3", "4"],
    "severity": ["benign", "malignant"],
    "laterality": ["L", "R"],
    "part": ["train", "validation", "test"],
}
WORDS: dict[str, dict[str, str]] = {  # other words in small letters -> value of ALLOWED
    "density": {"a": "1", "b": "2", "c": "3", "d": "4"},  # BI-RADS, 5th edition
    "severity": {"benign": "benign", "malignant": "malignant"},
    "laterality": {"l": "L", "r": "R", "left": "L", "right": "R"},
}
OF_A_SOURCE = ("label", "patient", *OF_A_FILE, "dataset", "part")  # the same for all its files


def manifests_in(files: Files) -> list[str]:
    """Return the manifest at the top of a folder or zip, else those in the folders of a split, one in each.

    In place of the top, there may be an only folder around all. Raises BadInput for several manifests in a folder.
    """
    folders = {name.rpartition("/")[0] for name in files.readable()}
    tops = {folder.split("/")[0] for folder in folders}
    top = f"{tops.pop()}/" if len(tops) == 1 and "" not in folders else ""
    of_parts = sorted({own for folder in folders if part_of(own := folder.removeprefix(top).split("/")[0])})
    for around in ([""], [top], [f"{top}{part}/" for part in of_parts]):
        found = {folder: [folder + name for name in NAMES if folder + name in files] for folder in around}
        if any(found.values()):
            refuse(f"{files.root}:", _not_one(found))
            return [names[0] for names in found.values()]
    return []


def _not_one(found: dict[str, list[str]]) -> Iterator[str]:
    """Yield a message for each folder that has no manifest or several."""
    for folder, names in found.items():
        if len(names) > 1:
            yield f"{', '.join(names)}: several manifests; rename all but one, or give the one to read as data=PATH"
        if not names:
            yield f"{folder}: no manifest here, but one in another part; put one into each, or one beside all parts"


def read_manifests(files: Files, names: list[str], consistent: bool = True) -> Found:
    """Return the images of the manifests `names` in `files`: a table of text, one row a file, null for empty cells.

    Column file becomes a path in `files`. Of several manifests, each in the folder of a part, the folder
    gives the part if no column does. Raises BadInput with every problem. Sources whose files differ are no problem
    unless `consistent`.
    """
    tables, notes, problems = [], [], []
    for name in names:
        table, own_notes, own_problems = _read(files, name)
        of_part = part_of(posixpath.basename(posixpath.dirname(name)))
        tables.append(table.assign(part=of_part) if len(names) > 1 and "part" not in table else table)
        notes += own_notes
        problems += [f"{name}: {problem}" if len(names) > 1 else problem for problem in own_problems]
    table = pd.concat(tables, ignore_index=True)
    problems += spellings(sorted(table["label"].dropna().unique()))
    problems += conflicts(table) if consistent else []
    refuse(f"{files.root / names[0] if len(names) == 1 else files.root}:", problems)
    layout = f"manifest{'s' * (len(names) > 1)} {', '.join(names)}"
    return Found(table, layout, tuple(dict.fromkeys(notes)))


def _read(files: Files, name: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return the table of one manifest, notes, and all problems of its lines."""
    shown = str(files.root / name)
    columns, lines = cells(files.content(name), shown)
    chosen, notes = meanings(columns, list(lines.values()), shown)
    own = [[line[place] for place in chosen.values()] for line in lines.values()]
    table = pd.DataFrame(own, index=list(lines), columns=list(chosen), dtype="string")
    table = table.replace("", pd.NA).dropna(how="all")
    names = FileNames(files, posixpath.dirname(name))
    written = table["file"]
    missing = _found_files(table, names)
    _normalise(table)
    problems = _by_line(missing, table, {meaning: columns[place] for meaning, place in chosen.items()})
    return table, [*notes, *_completed(written, table["file"], names)], [*problems]


def _found_files(table: pd.DataFrame, names: FileNames) -> dict[int, str]:
    """Replace the names in column file by the files that they mean; return line -> problem for the others."""
    problems = {}
    files: list[Any] = []
    for line, written in table["file"].items():
        try:
            files.append(pd.NA if pd.isna(written) else names.find(written))
        except BadInput as error:
            problems[line] = str(error)
            files.append(names.path(written))
    table["file"] = pd.array(files, dtype="string")
    return problems


def _normalise(table: pd.DataFrame) -> None:
    """Write the values of density, severity, laterality and part in the words of ALLOWED, where they have one."""
    if "density" in table:  # spreadsheets and pandas write 2 as 2.0 in a column with empty cells
        table["density"] = table["density"].str.replace(r"[.,]0$", "", regex=True)
    for column in table.columns.intersection(list(WORDS)):
        words = WORDS[column]
        table[column] = [value if pd.isna(value) else words.get(value.casefold(), value) for value in table[column]]
    if "part" in table:
        table["part"] = [value if pd.isna(value) else part_of(value) or value for value in table["part"]]


def _completed(written: pd.Series, found: pd.Series, names: FileNames) -> Iterator[str]:
    """Yield a note on names that lack folder or suffix, or come from another machine."""
    named = zip(written[written.notna()], found[written.notna()], strict=True)
    pairs = [(own, file) for own, file in named if names.path(own) != file]
    if pairs:
        own, file = pairs[0]
        yield f"{len(pairs)} of {len(found)} names in the manifest were completed from the files there ({own}: {file})."


def conflicts(table: pd.DataFrame) -> Iterator[str]:
    """Yield a message for each source whose files differ in a column of OF_A_SOURCE."""
    if "source" not in table:
        return
    for column in [column for column in OF_A_SOURCE if column in table]:
        counts = table.groupby("source")[column].nunique()
        for source, number in counts[counts > 1].items():
            yield f"source {source}: {number} values of {column}, expected one"


def boxes_of(text: Any) -> list[list[float]] | None:
    """Return the boxes [x, y, w, h] in a manifest's cell, None if the cell can't be read."""
    if pd.isna(text):
        return []
    try:
        boxes = [[float(number) for number in part.split()] for part in text.split(";")]
    except ValueError:
        return None
    good = all(len(box) == 4 and min(box) >= 0 and min(box[2:]) > 0 and np.isfinite(box).all() for box in boxes)
    return boxes if good else None


def _by_line(missing: dict[int, str], table: pd.DataFrame, headers: dict[str, str]) -> Iterator[str]:
    """Yield a message for each wrong cell; `missing` are the problems of files, `headers` the manifest's own words."""
    twice = table["file"].duplicated()
    never_empty = [column for column in NEVER_EMPTY if column in table]
    for number, row in table.iterrows():
        line = f"line {number}"
        yield from (f"{line}: {headers[column]} is empty" for column in never_empty if pd.isna(row[column]))
        if number in missing:
            yield f"{line}: {missing[number]}"
        if not pd.isna(row["file"]) and twice[number]:
            yield f"{line}: {row['file']} is listed twice"
        if "box" in table and boxes_of(row["box"]) is None:
            yield f'{line}: box {row["box"]!r} is not "x y w h" in pixels (several separated by ";")'
        for column, allowed in ALLOWED.items():
            if column in table and not pd.isna(row[column]) and row[column] not in allowed:
                yield f"{line}: {headers[column]} {row[column]!r} is not {', '.join(allowed[:-1])} or {allowed[-1]}"
