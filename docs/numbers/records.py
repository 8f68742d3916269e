"""What is measured, its record, and whether the code that measured it is still the same."""

import contextlib
import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.errors import BadInput
from benchmarks.run.code import Code
from benchmarks.yaml_file import read_yaml

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = Path(__file__).parent / "registry.yaml"
CONSTANTS = {"": None, "True": True, "False": False}
DIGESTS = ROOT / "docs/measured/digests.json"


@dataclass(frozen=True)
class Measured:
    """One entry of registry.yaml, which explains the keys."""

    name: str
    about: str
    command: str | None
    record: Path
    minutes: float
    code: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    study: str = ""
    idle: bool = False
    prints: bool = True

    def data(self) -> list[Path]:
        """Return the data files of the project that the measurement depends on."""
        return [ROOT / file for file in self.files]


def registry() -> dict[str, Measured]:
    """Return the entries of registry.yaml by name."""
    found = {}
    for name, entry in read_yaml(REGISTRY)["measured"].items():
        lists = {key: tuple(_flat(value)) for key, value in entry.items() if isinstance(value, list)}
        found[name] = Measured(name=name, **{**entry, **lists, "record": ROOT / entry["record"]})
    return found


def read(path: Path) -> Any:
    """Return a record: the object of a JSON file, or a CSV file's rows as dictionaries; empty cells are None."""
    if path.suffix == ".json":
        return json.loads(path.read_text())
    with path.open(newline="") as file:
        return [{key: _value(text) for key, text in row.items()} for row in csv.DictReader(file)]


def digests() -> dict[str, dict]:
    """Return what is known of the code of each record, by name: modules, digest of their code, digest of the record."""
    return json.loads(DIGESTS.read_text()) if DIGESTS.is_file() else {}


def keep(one: Measured, modules: list[str], code: str) -> None:
    """Write down which code has just made the record of `one`."""
    known = digests() | {one.name: {"modules": modules, "code": code, "record": _hash(one.record)}}
    lines = [f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(known.items())]
    DIGESTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def stale(one: Measured, known: dict | None, code: Code) -> str:
    """Return why the record of `one` is stale; empty if the code that made it is still the same.

    `known` is the entry of `digests`, None if there is none.
    """
    if not one.record.is_file():
        return "not measured yet"
    if one.command is None:
        return "typed: no command writes its record"
    if known is None:
        return "measured before digests of code were kept"
    if known["record"] != _hash(one.record):
        return f"{one.record.name} was changed by hand"
    try:
        now = code.digest(known["modules"], one.data())
    except BadInput:
        return "a module that it ran is no longer there"
    return "" if now == known["code"] else "its code has changed"


def _flat(entries: list) -> list[str]:
    """Return a list of names, in which an anchor of YAML may be a list of its own."""
    return [name for entry in entries for name in (entry if isinstance(entry, list) else [entry])]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _value(text: str) -> object:
    """Return what a cell holds: None, a truth value, a whole number, a number, or text."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text
