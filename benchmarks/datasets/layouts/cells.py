"""Cells of a manifest as text: CSV with commas, semicolons or tabs, and JSON lines."""

import csv
import io
import json
from typing import Any

from benchmarks.datasets.layouts.headers import meaning_of
from benchmarks.errors import BadInput, refuse

DELIMITERS = ",;\t"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks, as spreadsheets write "Unicode text"
LINES = ".jsonl"
SUFFIXES = (".csv", ".tsv", LINES)  # of a manifest


def cells(content: bytes, shown: str) -> tuple[list[str], dict[int, list[str]]]:
    """Return the header, and the cells of each line below by line number, as many as the header has, stripped.

    `shown` is the manifest's name in messages. Raises BadInput if the text can't be read, or a line is too long.
    """
    text = _text(content, shown)
    if shown.lower().endswith(LINES):
        return _of_json(text, shown)
    columns, lines = _of_csv(text, shown)
    long = (
        f"line {line}: {len(own)} cells, but the header has {len(columns)}; put quotes around a cell with commas"
        for line, own in lines.items()
        if len(own) > len(columns)
    )
    refuse(f"{shown}:", long)
    return columns, {line: [*own, *[""] * (len(columns) - len(own))] for line, own in lines.items()}


def _text(content: bytes, shown: str) -> str:
    try:
        text = content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{shown}: not a readable CSV file; save it as UTF-8, with commas: {error}") from None
    if "\0" in text:
        raise BadInput(f"{shown}: not a CSV file: it holds zero bytes; save it as CSV, UTF-8, with commas")
    return text


def _of_csv(text: str, shown: str) -> tuple[list[str], dict[int, list[str]]]:
    """Return header and lines, split at the delimiter whose header has the most known columns, then most columns."""
    try:
        headers = {delimiter: _header(text, delimiter) for delimiter in DELIMITERS}
        delimiter = max(DELIMITERS, key=lambda one: (sum(map(bool, map(meaning_of, headers[one]))), len(headers[one])))
        reader = _reader(text, delimiter)
        lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader]
    except csv.Error as error:
        raise BadInput(f"{shown}: not a readable CSV file; save it as UTF-8, with commas: {error}") from None
    return lines[0][1] if lines else [], dict(lines[1:])


def _reader(text: str, delimiter: str) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)


def _header(text: str, delimiter: str) -> list[str]:
    try:
        return next(_reader(text, delimiter), [])
    except csv.Error:  # a quoted cell ends before another delimiter
        return []


def _of_json(text: str, shown: str) -> tuple[list[str], dict[int, list[str]]]:
    """Return all keys, and the values of each line as text; lists and mappings count as no text."""
    objects: dict[int, dict] = {}
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                objects[number] = json.loads(line)
            except (ValueError, RecursionError) as error:
                problems.append(f"line {number}: not JSON: {error}")
                continue
            if not isinstance(objects[number], dict):
                problems.append(f"line {number}: not a JSON object; write {{...}} with a key for each column")
    refuse(f"{shown}:", problems)
    columns = list(dict.fromkeys(key for own in objects.values() for key in own))
    return columns, {line: [_as_text(own.get(key)) for key in columns] for line, own in objects.items()}


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, list | dict):
        return ""
    return (value if isinstance(value, str) else json.dumps(value)).strip()
