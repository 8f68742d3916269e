"""Reader of a publication: its publication.yaml, found by name or path, and checked."""

import os
from pathlib import Path
from typing import Any

import yaml
from jsonschema import ValidationError

from benchmarks.errors import BadInput, refuse
from benchmarks.publications.problems import problems
from benchmarks.yaml_file import VALIDATOR, explain, read_yaml

FOLDER = Path(__file__).parent
FILE = "publication.yaml"
SCHEMA = yaml.safe_load((FOLDER / "schema.yaml").read_text())
ALIASES = {"published": "alves"}  # a study's word for the first publication, and that of its protocol


def names() -> list[str]:
    """Return the names of all publications."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{FILE}"))


def find(name_or_path: str) -> Path:
    """Return the file of a publication: <name>/publication.yaml in this folder, or a path. Raises BadInput."""
    name = ALIASES.get(name_or_path, name_or_path)
    for path in (FOLDER / name / FILE, Path(name)):
        if os.path.isfile(path):  # unlike Path.is_file, False for what can't be a name
            return path
    raise BadInput(
        f"{name_or_path!r} is neither a publication ({', '.join(names())}) nor the path of a {FILE}; "
        "correct the name or the path"
    )


def load(path: Path) -> dict[str, Any]:
    """Return the checked content of a publication.yaml. Raises BadInput with every problem, each with its key."""
    content = read_yaml(path)
    refuse(f"{path}:", [*map(_explained, VALIDATOR(SCHEMA).iter_errors(content))] or problems(content, path.parent))
    return content


def shown(path: Path) -> str:
    """Return the path of a publication's file as reports name it: relative to the clone if it lies there."""
    clone = FOLDER.parents[1]
    return str(path.relative_to(clone)) if path.is_relative_to(clone) else f"{path.parent.name}/{path.name}"


def _explained(error: ValidationError) -> str:
    """Return the message for a violation of the schema, and what the schema says that belongs there."""
    schema: Any = error.schema
    wanted: Any = error.validator_value
    if error.validator == "required":
        name = next(one for one in wanted if f"'{one}'" in error.message)
        told = schema.get("properties", {}).get(name, {}).get("description")
        return f"{explain(error)}; add it{f': {told}' if told else ''}"
    if error.validator in ("additionalProperties", "enum") or "description" not in schema:
        return explain(error)
    return f"{explain(error)}; write: {schema['description']}"
