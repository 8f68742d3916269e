"""Check of a results folder against the dictionary."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis.dictionary.dictionary import Column, Table, described, stands_for, tables
from benchmarks import stored

SURVEY = "results/survey/"  # start of the survey's files in the dictionary
SLACK = 1e-6  # of a limit: probabilities are float32
SHOWN = 3  # wrong values in a message
TABLES = (".csv", ".parquet")
PYTHON = {"list": list, "mapping": dict}


def problems(folder: Path, start: str = "") -> list[str]:
    """Return a message for each difference between the files in `folder` and the dictionary.

    `folder` is results/<study>, or with `start` SURVEY the folder of the survey. Files that are no tables are ignored,
    JSON files that the dictionary does not name, too.
    """
    found = [path for path in sorted(folder.rglob("*")) if path.suffix in (*TABLES, ".json")]
    names = {f"{start}{path.relative_to(folder).as_posix()}": path for path in found}
    messages = []
    for name, path in names.items():
        table = described(name)
        if table:
            messages += [f"{name}: {problem}" for problem in wrong(read(path), table)]
        elif path.suffix in TABLES:
            messages.append(f"{name} is not described; add it to analysis/dictionary/tables")
    for table in tables():
        expected = start in table.files[0] if start else not table.files[0].startswith(SURVEY)
        if expected and not table.absent and not any(stands_for(table.files[0], name) for name in names):
            messages.append(f"{table.files[0]} is described, and missing")
    return messages


def read(path: Path) -> pd.DataFrame:
    """Return a table with missing values as None; values of a CSV file are text, those of a JSON file one row."""
    if path.suffix == ".json":
        return pd.DataFrame([json.loads(path.read_text())], dtype=object)
    if path.suffix == ".csv":
        return stored.table(path, dtype=str, keep_default_na=False, na_values=[""])
    return stored.table(path)


def wrong(found: pd.DataFrame, table: Table) -> Iterator[str]:
    """Yield a message for each column of `found` that differs from its description, and for each missing column."""
    for name in found.columns:
        column = table.column(name)
        if column is None:
            yield f"column {name} is not described; add it to {table.name} in analysis/dictionary/tables"
        else:
            yield from _wrong_values(found[name], column)
    for column in table.columns:
        if not column.absent and not any(stands_for(column.name, name) for name in found.columns):
            yield f"column {column.name} is described, and missing"


def _wrong_values(values: pd.Series, column: Column) -> Iterator[str]:
    missing = values.isna() | (values.astype(str) == "")
    if missing.any() and not column.empty:
        yield f"column {values.name}: {missing.sum()} of {len(values)} values are empty; the dictionary allows none"
    known = values[~missing]
    off = known[~_of_type(known, column)]
    if len(off):
        yield f"column {values.name}: not of type {column.type}: {_some(off)}"
    elif len(off := known[~_allowed(known, column)]):
        yield f"column {values.name}: out of range, or not an allowed value: {_some(off)}"


def _of_type(values: pd.Series, column: Column) -> pd.Series:
    if column.type in PYTHON:
        return values.map(lambda value: isinstance(value, PYTHON[column.type]) or hasattr(value, "tolist"))
    if column.json_type in ("integer", "number"):
        numbers = pd.to_numeric(values, errors="coerce")
        return numbers.notna() & ((numbers % 1 == 0) | (column.json_type == "number"))
    if column.type == "boolean":
        return values.astype(str).isin(["True", "False"])
    if column.type == "time":
        return pd.to_datetime(values, errors="coerce", utc=True, format="ISO8601").notna()
    return values.map(lambda value: column.type == "any" or isinstance(value, str))


def _allowed(values: pd.Series, column: Column) -> pd.Series:
    if column.values:
        return values.map(lambda value: any(_is(value, allowed) for allowed in column.values))
    inside = pd.Series(True, values.index)
    low, high = column.limits
    if low is not None:
        inside &= pd.to_numeric(values) >= low - SLACK
    if high is not None:
        inside &= pd.to_numeric(values) <= high + SLACK
    return inside


def _is(value: str, allowed: str) -> bool:
    return value == allowed or (allowed.endswith("*") and value.startswith(allowed[:-1]))


def _some(values: pd.Series) -> str:
    distinct = values.astype(str).unique()
    return ", ".join(distinct[:SHOWN]) + (f" and {len(distinct) - SHOWN} more" if len(distinct) > SHOWN else "")
