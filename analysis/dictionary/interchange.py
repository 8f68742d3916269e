"""The main tables of a study in one file, results/<study>/results.json.

Keys: study, description, dataset (name, title, classes, digest), and a list of rows for each table of TABLES, which has
the columns of the data dictionary; null where a value is missing. docs/results.schema.json is the JSON schema.
"""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.dictionary.dictionary import Column, Table, named
from analysis.dictionary.page import DOCS
from analysis.tidy import read_table
from benchmarks import stored
from benchmarks.errors import BadInput, run_cli
from benchmarks.study.command import stage
from benchmarks.study.study import Study

TABLES = (
    *("scores", "per_class", "headline", "inflation", "confusion", "external", "collapse"),
    *("comparison", "control", "positive_control", "learning_gain", "tuning"),
    *("leakage", "shortcuts", "claims", "groups", "bias"),
)
ABOUT = ("name", "title", "classes", "digest")  # keys of dataset.json
SCHEMA = DOCS / "results.schema.json"


def results(folder: Path, study: str, description: str) -> dict[str, Any]:
    """Return the content of results.json from a study's results folder. Raises BadInput if a table is missing."""
    dataset = stored.record(folder / "dataset.json")
    content = {"study": study, "description": description, "dataset": {key: dataset[key] for key in ABOUT}}
    return content | {name: rows(read_table(folder, name), named(name)) for name in TABLES}


def rows(table: pd.DataFrame, description: Table) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values of the described types, None where a value is missing.

    Raises BadInput that names a column without a description.
    """
    columns = {column.name: column for column in description.columns}
    if unknown := sorted(set(table.columns) - set(columns)):
        raise BadInput(
            f"{description.files[0]}: no description of {', '.join(unknown)}; add it to analysis/dictionary/tables"
        )
    return [{name: _plain(value, columns[name]) for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any, column: Column) -> Any:
    """Return a value for JSON: None for an infinite number; rounded, since a share of 1 may exceed 1 by 1e-16."""
    if pd.isna(value):
        return None
    if column.json_type == "number":
        return round(float(value), 12) if math.isfinite(value) else None
    return {"string": str, "integer": int, "boolean": bool}[column.json_type](value)


def schema() -> dict[str, Any]:
    """Return the JSON schema of results.json, made from the dictionary."""
    texts: dict[str, Any] = {"type": "string"}
    dataset = {key: texts for key in ABOUT} | {"classes": {"type": "array", "items": texts}}
    properties = {"study": texts, "description": texts, "dataset": _object(dataset)}
    for name in TABLES:
        table = named(name)
        row = _object({column.name: _column(column) for column in table.columns})
        properties[name] = {"description": table.about, "type": "array", "items": row}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "results.json of a mammobench study"}
    return head | _object(properties)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    closed = {"required": list(properties), "additionalProperties": False}
    return {"type": "object", "properties": properties} | closed


def _column(column: Column) -> dict[str, Any]:
    own: dict[str, Any] = {"description": column.about}
    own["type"] = [column.json_type, "null"] if column.empty else column.json_type
    limits = dict(zip(("minimum", "maximum"), column.limits, strict=True))
    own |= {key: limit for key, limit in limits.items() if limit is not None}
    if column.values and not any(value.endswith("*") for value in column.values):
        own["enum"] = [*column.values, *([None] if column.empty else [])]
    return own


def as_json(content: dict[str, Any]) -> str:
    """Return `content` as JSON text."""
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def write_results(study: Study) -> None:
    """Write results.json of `study`. Raises BadInput if a table is missing."""
    content = results(study.results(), study.name, study.description)
    with stored.replacing(study.results() / "results.json") as path:
        path.write_text(as_json(content), encoding="utf-8")


main = stage("Write the main tables of a study as one JSON file.", write_results)

if __name__ == "__main__":
    run_cli(main)
