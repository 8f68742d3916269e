"""Skeleton of a publication: a folder with the schema's descriptions as comments.

    python -m benchmarks.publications.skeleton NAME        (make publication NAME=...)

Writes benchmarks/publications/NAME/publication.yaml, README.md and variants.py. Keys with `# fill in` have to be
filled in; a key in a comment is added where the publication has it; variants.py holds examples of each kind of
function. `make check PUBLICATION=NAME` then says what is missing.
"""

import argparse
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.errors import BadInput, run_cli
from benchmarks.publications import code
from benchmarks.publications.publication import ALIASES, FILE, FOLDER, SCHEMA

TEMPLATE = Path(__file__).with_name("_template.py")  # of variants.py
NAME = re.compile(r"[a-z][a-z0-9_]*")
WIDTH = 120
EMPTY = {"object": "{}", "array": "[]"}  # of what needs no entry
ENTRY = "name"  # key of the one entry of a mapping with free keys
HEAD = "# Quoted from the publication, not measured here. A key in a comment is added where the publication has it.\n"
MARK = "  # fill in"
OPEN = ("identifiers:", "sizes:", "values: {}", "into: []")  # need an entry, for which the schema has no single key
EXAMPLE = "cnn"  # a network of TEMPLATE
NEXT = """{place}: next,
  1. fill in publication.yaml where it says `# fill in`, and write the networks in variants.py
  2. make check PUBLICATION={name}              (DATA=PATH compares the split with the data)
  3. snakemake --cores 2 --config study=survey_{name} data=PATH    (the check prints this study's file)
docs/publications.md explains each step."""
PAGE = """# TITLE

Where it is found, its licence, and on which data it was measured.

**What they did.** In our words and without blame: split, training, what was printed.

**What is reproduced.** And by which command:

    make check PUBLICATION={name}

**What is not known.** What `unknown` of publication.yaml lists.
"""


def write(name: str, folder: Path = FOLDER) -> Path:
    """Write the skeleton of publication `name` and return its folder. Raises BadInput if the name can't be used."""
    if not NAME.fullmatch(name) or name in ALIASES:
        raise BadInput(f"NAME={name}: not usable; take small letters, digits and _, like alves_2024")
    place = folder / name
    if place.exists():
        raise BadInput(f"{place} exists; take another name, or edit its {FILE}")
    place.mkdir()
    lines = [_marked(line) for line in _mapping(SCHEMA, 0)]
    (place / FILE).write_text(HEAD + "\n".join(lines) + "\n")
    (place / "README.md").write_text(PAGE.format(name=name))
    (place / code.FILE).write_text(TEMPLATE.read_text().replace("NAME", name))
    return place


def _marked(line: str) -> str:
    """Return a line with MARK where a value is missing, and with the example as function of the variant."""
    if line.startswith("    # function: Name of a function in variants.py"):
        return f"    function: {EXAMPLE}"
    missing = line.strip() in OPEN or (line.endswith(": null") and not line.lstrip().startswith("#"))
    return line + MARK if missing else line


def _mapping(schema: dict, depth: int) -> Iterator[str]:
    """Yield the lines of a mapping, the keys that are not required as comments."""
    for key, rule in schema["properties"].items():
        if key in schema.get("required", ()):
            yield from _entry(key, _resolved(rule), depth)
        else:
            yield from _comment(f"{key}: ", rule, depth)


def _entry(key: str, rule: dict, depth: int) -> Iterator[str]:
    """Yield a required key: what belongs there as a comment, then the key with null or what lies below it."""
    space, inner = " " * depth, _below(rule)
    yield from _wrapped(_told(rule), depth)
    if rule.get("properties"):
        yield f"{space}{key}:"
        yield from _mapping(rule, depth + 2)
    elif inner and rule.get("minItems"):
        lines = list(_mapping(inner, depth + 4))
        start = next(number for number, line in enumerate(lines) if not line.lstrip().startswith("#"))
        lines[start] = f"{space}  - {lines[start].lstrip()}"
        yield f"{space}{key}:"
        yield from lines
    elif inner and rule.get("minProperties"):
        yield f"{space}{key}:"
        yield f"{space}  {ENTRY}:"
        yield from _mapping(inner, depth + 4)
    elif inner:
        for name, one in inner["properties"].items():
            yield from _comment(f"  {name}: ", one, depth)
        yield f"{space}{key}: {EMPTY.get(str(rule['type']), 'null')}"
    else:
        yield f"{space}{key}: {EMPTY.get(str(rule.get('type')), 'null')}"


def _comment(head: str, rule: dict, depth: int) -> Iterator[str]:
    """Yield a key and what lies below it as comments."""
    yield from _wrapped(head + _told(rule), depth)
    inner = rule if rule.get("properties") else _below(rule)
    indent = " " * (len(head) - len(head.lstrip()) + 2)
    for name, one in inner.get("properties", {}).items():
        yield from _comment(f"{indent}{name}: ", one, depth)


def _below(rule: dict) -> dict[str, Any]:
    """Return the rule of the entries of a list or mapping, if they are mappings with known keys; else an empty one."""
    inner = rule.get("items") or rule.get("additionalProperties") or {}
    resolved = _resolved(inner) if isinstance(inner, dict) else {}
    return resolved if "properties" in resolved else {}


def _wrapped(text: str, depth: int) -> list[str]:
    head = f"{' ' * depth}# "
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text.strip(), WIDTH, initial_indent=head + indent, subsequent_indent=f"{head}{indent}  ")


def _told(rule: dict) -> str:
    return f"{rule.get('description', '')} {_allowed(rule)}".strip()


def _allowed(rule: dict) -> str:
    values = [one for one in (rule | rule.get("propertyNames", {})).get("enum", ()) if one is not None]
    return f"One of: {', '.join(map(str, values))}." if values else ""


def _resolved(rule: dict) -> dict[str, Any]:
    """Return a rule with what it refers to in the schema's definitions."""
    if "$ref" not in rule:
        return rule
    return SCHEMA["$defs"][rule["$ref"].rpartition("/")[2]] | rule


def main() -> None:
    """Write the skeleton of a publication."""
    parser = argparse.ArgumentParser(description="Write the folder of a new publication, with each key explained.")
    parser.add_argument("name", help="of the folder: small letters, digits and _, like alves_2024")
    place = write(parser.parse_args().name)
    print(NEXT.format(place=place, name=place.name))


if __name__ == "__main__":
    run_cli(main)
