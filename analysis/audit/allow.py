"""Allow list: findings that somebody has looked at and accepts, each with a reason.

A YAML file holds a list of entries with the keys code, files (names or patterns such as "train/*") and reason; a CSV
file has these columns, with files separated by ";". An entry accepts each finding of its code whose files all match.
"""

import csv
import dataclasses
import fnmatch
from pathlib import Path
from typing import Any

from analysis.audit.codes import CODES
from analysis.audit.findings import Audit, Finding
from benchmarks.errors import BadInput, refuse
from benchmarks.yaml_file import read_yaml, violations

DEFAULT = "audit-allow.yaml"  # beside the data
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["code", "files", "reason"],
        "additionalProperties": False,
        "properties": {
            "code": {"enum": list(CODES)},
            "files": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            "reason": {"type": "string", "pattern": r"\S"},
        },
    },
}


@dataclasses.dataclass(frozen=True)
class AllowList:
    """Entries of the file `path`, each a mapping by SCHEMA."""

    path: Path
    entries: list[dict[str, Any]]


def read_allow_list(given: Path | None, base: Path) -> AllowList | None:
    """Return the allow list `given`, or audit-allow.yaml in the folder `base`; None if there is none.

    Raises BadInput that names each entry with an unknown code, without files or without a reason.
    """
    if given is not None and not given.is_file():
        raise BadInput(f"{given}: no such allow list; correct --allow")
    path = given or base / DEFAULT
    if not path.is_file():
        return None
    content: Any = _from_csv(path) if path.suffix.lower() == ".csv" else (read_yaml(path) or [])
    problems = map(_numbered, violations(content, SCHEMA))
    refuse(f"{path}: correct these entries; each needs a code, files and a reason:", problems)
    return AllowList(path, content)


def accepted(audit: Audit, allowed: AllowList) -> Audit:
    """Return `audit` with the reasons of the allow list, and a finding ALLOW001 for each entry that matches nothing."""
    used: set[int] = set()
    findings = []
    for finding in audit.findings:
        matches = [place for place, entry in enumerate(allowed.entries) if _matches(entry, finding)]
        used.update(matches)
        reason = allowed.entries[matches[0]]["reason"] if matches else None
        findings.append(dataclasses.replace(finding, reason=reason))
    for place, entry in enumerate(allowed.entries):
        if place not in used:
            named = f"{entry['code']} of {', '.join(entry['files'])}"
            message = f"{allowed.path}: entry {place + 1} accepts {named}, but there is no such finding"
            findings.append(Finding("ALLOW001", (), message, {"entry": place + 1}))
    return dataclasses.replace(audit, findings=findings)


def _numbered(problem: str) -> str:
    """Return a violation with the entry counted from 1."""
    place, colon, rest = problem.partition(":")
    number, dot, key = place.partition(".")
    return f"entry {int(number) + 1}{dot and f', {key}'}{colon}{rest}" if number.isdigit() else problem


def _from_csv(path: Path) -> list[dict[str, Any]]:
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: not a readable CSV file: {error}") from None
    entries = []
    for row in rows:
        cells: dict[Any, Any] = {key: value for key, value in row.items() if value is not None}
        if "files" in cells:
            cells["files"] = [name.strip() for name in cells["files"].split(";") if name.strip()]
        entries.append(cells)
    return entries


def _matches(entry: dict[str, Any], finding: Finding) -> bool:
    def named(file: str) -> bool:
        return any(file == name or fnmatch.fnmatchcase(file, name) for name in entry["files"])

    return finding.code == entry["code"] and bool(finding.files) and all(map(named, finding.files))
