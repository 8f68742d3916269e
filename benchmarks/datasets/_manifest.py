"""Reader of a CSV manifest of images, with a list of all errors by line."""

import csv
import io
import posixpath
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.datasets._files import Files
from benchmarks.errors import BadInput, refuse

REQUIRED = ("file", "label")
NEVER_EMPTY = (*REQUIRED, "source", "patient", "dataset", "part")
OF_A_FILE = ("density", "severity", "laterality", "view")  # each may be empty for some files
OPTIONAL = ("source", "patient", "box", *OF_A_FILE, "dataset", "part")
ALLOWED = {
    "density": ["1", "2", "3", "4"],
    "severity": ["benign", "malignant"],
    "laterality": ["L", "R"],
    "part": ["train", "validation", "test"],
}
OF_A_SOURCE = ("label", "patient", *OF_A_FILE, "dataset", "part")  # the same for all its files


def read_manifest(files: Files, name: str, shown: str, consistent: bool = True) -> pd.DataFrame:
    """Return the manifest `name` in `files` as a table of text, one row a file, null for empty cells.

    Column file becomes a path in `files`. Raises BadInput with every problem; `shown` is the manifest's name there.
    Sources whose files differ are no problem unless `consistent`.
    """
    table = _table(files.content(name), shown)
    table["file"] = [_path(file, posixpath.dirname(name)) for file in table["file"]]
    if "density" in table:  # spreadsheets and pandas write 2 as 2.0 in a column with empty cells
        table["density"] = table["density"].str.removesuffix(".0")
    if "severity" in table:
        table["severity"] = table["severity"].str.lower()
    if "laterality" in table:
        table["laterality"] = table["laterality"].str.upper()
    refuse(f"{shown}:", [*_row_problems(table, files), *(conflicts(table) if consistent else [])])
    return table.reset_index(drop=True)


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


def _table(content: bytes, shown: str) -> pd.DataFrame:
    """Return the manifest's cells, stripped, null if empty; the index is the line number, as in an editor."""
    columns, lines = _cells(content, shown)
    problems = [f"missing {column}" for column in REQUIRED if column not in columns]
    problems += [f"unknown {column or '(without a name)'}" for column in columns if column not in REQUIRED + OPTIONAL]
    problems += [f"{column} is there {times} times" for column, times in Counter(columns).items() if times > 1]
    if problems:
        raise BadInput(
            f"{shown}: columns {', '.join(columns)}; {'; '.join(problems)}; needed: {', '.join(REQUIRED)}; optional: "
            f"{', '.join(OPTIONAL)}"
        )
    long = (
        f"line {line}: {len(cells)} cells, but the header has {len(columns)}; put quotes around a cell with commas"
        for line, cells in lines.items()
        if len(cells) > len(columns)
    )
    refuse(f"{shown}:", long)
    filled = [[*cells, *[""] * (len(columns) - len(cells))] for cells in lines.values()]
    table = pd.DataFrame(filled, index=list(lines), columns=columns, dtype="string")
    return table.replace("", pd.NA).dropna(how="all")


def _cells(content: bytes, shown: str) -> tuple[list[str], dict[int, list[str]]]:
    """Return the cells of the header, and of each line below by line number."""
    try:
        text = content.decode("utf-8-sig")  # spreadsheets write a byte order mark
        if "\0" in text:
            raise BadInput(f"{shown}: not a CSV file: it holds zero bytes; save it as CSV, UTF-8, with commas")
        reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{shown}: not a readable CSV file; save it as UTF-8, with commas: {error}") from None
    return lines[0][1] if lines else [], dict(lines[1:])


def _path(file: Any, folder: str) -> Any:
    """Return the path among the files of a path in the manifest, which may have backslashes."""
    return file if pd.isna(file) else posixpath.normpath(posixpath.join(folder, file.replace("\\", "/")))


def _row_problems(table: pd.DataFrame, files: Files) -> Iterator[str]:
    twice = table["file"].duplicated()
    never_empty = [column for column in NEVER_EMPTY if column in table]
    for number, row in table.iterrows():
        line = f"line {number}"
        yield from (f"{line}: {column} is empty" for column in never_empty if pd.isna(row[column]))
        if not pd.isna(row["file"]):
            if row["file"] not in files:
                yield f"{line}: no file {row['file']}"
            if twice[number]:
                yield f"{line}: {row['file']} is listed twice"
        if "box" in table and boxes_of(row["box"]) is None:
            yield f'{line}: box {row["box"]!r} is not "x y w h" in pixels (several separated by ";")'
        for column, allowed in ALLOWED.items():
            if column in table and not pd.isna(row[column]) and row[column] not in allowed:
                yield f"{line}: {column} {row[column]!r} is not {', '.join(allowed[:-1])} or {allowed[-1]}"
