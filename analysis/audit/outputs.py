"""Formats of the audit's result: text for a terminal, Markdown for a pull request, JSON, SARIF 2.1.0 and JUnit XML."""

import json
import re
import tomllib
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from analysis.audit.codes import CODES, COUNTED
from analysis.audit.findings import Audit, Finding

SHOWN = 10  # findings of a code in text and Markdown
FORMAT_VERSION = 1  # of the JSON: raised if a key changes its meaning or goes
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_LOCATIONS = 100  # of a SARIF result
NEEDS = {  # facts without which a code can't be found
    "LABEL001": ("label",),
    "LABEL002": ("patient",),
    "LABEL003": ("source",),
    "LEAK001": ("part",),
    "LEAK002": ("part",),
    "LEAK003": ("part", "patient"),
    "LEAK004": ("part", "source"),
    "LEAK005": ("part",),
}
WORDS = {"label": "labels", "patient": "patients", "source": "sources", "part": "parts"}


def text(audit: Audit) -> str:
    """Return the result for a terminal: what was read, the findings by code, and why the exit status is what it is."""
    lines = [f"Audited: {_read(audit)}"]
    lines += [f"Read as: {layout}" for layout in audit.collection.layouts if layout]
    for code, findings in by_code(audit).items():
        lines += ["", f"{code} {CODES[code].title} ({_numbers(findings)})"]
        lines += [f"  {_shown(finding)}" for finding in findings[:SHOWN]]
        if len(findings) > SHOWN:
            lines.append(f"  and {len(findings) - SHOWN:,} more")
        lines.append(f"  To do: {CODES[code].remedy} See {CODES[code].page}.")
    return "\n".join([*lines, "", verdict(audit)]) + "\n"


def markdown(audit: Audit) -> str:
    """Return the result as Markdown: a table of codes, then the files of each code in a fold-out."""
    lines = ["## Audit of the data", "", f"**{verdict(audit)}**", "", f"Audited: {_escaped(_read(audit))}.", ""]
    groups = by_code(audit)
    if groups:
        lines += ["| code | level | finding | number | what to do |", "|---|---|---|---:|---|"]
    for code, findings in groups.items():
        about = CODES[code]
        lines.append(f"| {code} | {about.level} | {about.title} | {_numbers(findings)} | {about.remedy} |")
    for code, findings in groups.items():
        lines += ["", f"<details><summary>{code}: {CODES[code].title} ({_numbers(findings)})</summary>", ""]
        lines += [f"- {_escaped(_shown(finding))}" for finding in findings[:SHOWN]]
        if len(findings) > SHOWN:
            lines.append(f"- and {len(findings) - SHOWN:,} more")
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def as_json(audit: Audit) -> str:
    """Return the result as JSON; docs/audit.md describes the keys."""
    samples = audit.collection.samples
    counts = {fact: _counts(samples[fact].tolist()) for fact in ("label", "part")}
    unique = {fact: int(samples[fact].nunique()) or None for fact in ("patient", "source")}
    content = {
        "tool": "mammobench audit",
        "version": version(),
        "format_version": FORMAT_VERSION,
        "paths": [str(path) for path in audit.collection.paths],
        "images": len(samples),
        "labels": counts["label"],
        "parts": counts["part"],
        "patients": unique["patient"],
        "sources": unique["source"],
        "summary": {
            "counted": len(audit.counted),
            "accepted": sum(finding.reason is not None for finding in audit.findings),
            "notes": sum(finding.about.level not in COUNTED for finding in audit.findings),
            "by_code": {code: len(findings) for code, findings in by_code(audit).items()},
        },
        "exit_status": exit_status(audit),
        "findings": [
            {
                "code": finding.code,
                "level": finding.about.level,
                "title": finding.about.title,
                "message": finding.message,
                "files": list(finding.files),
                "accepted": finding.reason is not None,
                "reason": finding.reason,
                "facts": finding.facts,
            }
            for finding in audit.findings
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def sarif(audit: Audit) -> str:
    """Return the result as SARIF 2.1.0 (OASIS standard, 2020); accepted findings are suppressed results."""
    used = list(by_code(audit))
    paths = audit.collection.samples.set_index("sample")["path"].to_dict()

    def location(path: str) -> dict[str, Any]:
        # GitHub requires a line, which images don't have.
        return {"physicalLocation": {"artifactLocation": {"uri": _uri(path)}, "region": {"startLine": 1}}}

    def result(finding: Finding) -> dict[str, Any]:
        named = [paths[file] for file in finding.files[:MOST_LOCATIONS]] or [str(audit.collection.paths[0])]
        files = [location(path) for path in named]
        content: dict[str, Any] = {
            "ruleId": finding.code,
            "ruleIndex": used.index(finding.code),
            "level": finding.about.level,
            "message": {"text": finding.message},
            "locations": files[:1],
            "partialFingerprints": {"codeAndFiles/v1": "|".join((finding.code, *finding.files))},
            "properties": finding.facts,
        }
        if len(files) > 1:
            content["relatedLocations"] = [{"id": place, **file} for place, file in enumerate(files[1:])]
        if finding.reason is not None:
            content["suppressions"] = [{"kind": "external", "justification": finding.reason}]
        return content

    rules = [
        {
            "id": code,
            "name": "".join(word.capitalize() for word in re.findall(r"\w+", CODES[code].title)),
            "shortDescription": {"text": CODES[code].title},
            "help": {"text": f"{CODES[code].remedy} See {CODES[code].page}."},
            "defaultConfiguration": {"level": CODES[code].level},
        }
        for code in used
    ]
    driver = {"name": "mammobench audit", "version": version(), "rules": rules}
    run = {"tool": {"driver": driver}, "results": [result(finding) for finding in audit.findings]}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def junit(audit: Audit) -> str:
    """Return the result as JUnit XML: a test case for each finding, and one for each code without findings.

    A finding that counts is a failure, an accepted one and a code that can't be checked are skipped, a note passes.
    """
    cases = []
    groups = by_code(audit)
    for code, about in CODES.items():
        for finding in groups.get(code, []):
            case = _case(code, ", ".join(finding.files[:2]) or finding.message)
            if finding.counts:
                failure = xml.SubElement(case, "failure", message=_printable(finding.message), type=code)
                failure.text = _printable("\n".join((*finding.files, about.remedy, about.page)))
            elif finding.reason is not None:
                xml.SubElement(case, "skipped", message=_printable(f"accepted: {finding.reason}"))
            else:
                xml.SubElement(case, "system-out").text = _printable(finding.message)
            cases.append(case)
        if code not in groups:
            case = _case(code, about.title)
            unknown = [WORDS[fact] for fact in NEEDS.get(code, ()) if not audit.collection.known(fact)]
            if unknown:
                xml.SubElement(case, "skipped", message=f"not checked: {' and '.join(unknown)} unknown")
            cases.append(case)
    numbers = {
        "tests": str(len(cases)),
        "failures": str(len(audit.counted)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    suite = xml.Element("testsuite", {"name": "mammobench audit", **numbers})
    suite.extend(cases)
    whole = xml.Element("testsuites", {"name": "mammobench audit", **numbers})
    whole.append(suite)
    xml.indent(whole)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(whole, encoding="unicode") + "\n"


FORMATS = {"text": text, "json": as_json, "markdown": markdown, "sarif": sarif, "junit": junit}


def by_code(audit: Audit) -> dict[str, list[Finding]]:
    """Return the findings of each code that has any, in the order of codes.yaml."""
    groups: dict[str, list[Finding]] = {}
    for code in CODES:
        if found := [finding for finding in audit.findings if finding.code == code]:
            groups[code] = found
    return groups


def exit_status(audit: Audit) -> int:
    """Return 1 if a finding counts, 0 if none does."""
    return int(bool(audit.counted))


def verdict(audit: Audit) -> str:
    """Return one line: number of findings that count, by code, of accepted ones and of notes, and the exit status."""
    counted = Counter(finding.code for finding in audit.counted)
    accepted = sum(finding.reason is not None for finding in audit.findings)
    notes = len(audit.findings) - len(audit.counted) - accepted
    found = ", ".join(f"{code} {number:,}" for code, number in counted.items())
    start = f"{_plural(len(audit.counted), 'finding')} ({found})" if counted else "No finding that counts"
    more = [f"{accepted:,} accepted"] * bool(accepted) + [_plural(notes, "note")] * bool(notes)
    return f"{', '.join([start, *more])}: exit status {exit_status(audit)}"


def version() -> str:
    """Return the version of mammobench in pyproject.toml."""
    return tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]


def _read(audit: Audit) -> str:
    samples = audit.collection.samples
    paths = " and ".join(str(path) for path in audit.collection.paths)
    facts = [_plural(len(samples), "image")]
    for fact, one in (("label", "label"), ("patient", "patient"), ("source", "source")):
        if number := int(samples[fact].nunique()):
            facts.append(_plural(number, one))
    facts += [f"{(samples['part'] == part).sum():,} in {part}" for part in audit.collection.parts]
    return f"{paths}: {', '.join(facts)}"


def _counts(values: list[str | None]) -> dict[str, int] | None:
    """Return the number of each value, None if all are unknown."""
    return dict(sorted(Counter(value for value in values if value is not None).items())) or None


def _numbers(findings: list[Finding]) -> str:
    accepted = sum(finding.reason is not None for finding in findings)
    return f"{len(findings):,}" + (f", {accepted:,} accepted" if accepted else "")


def _shown(finding: Finding) -> str:
    return finding.message + (f" (accepted: {finding.reason})" if finding.reason is not None else "")


def _plural(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _escaped(words: str) -> str:
    """Escape what Markdown and HTML would not show as it is."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", words).replace("\n", " ")


def _uri(path: str) -> str:
    """Return a relative path as URI reference, an absolute one as file URI."""
    return Path(path).as_uri() if Path(path).is_absolute() else quote(Path(path).as_posix())


def _case(code: str, name: str) -> xml.Element:
    return xml.Element("testcase", classname=code, name=_printable(name))


def _printable(words: str) -> str:
    """Remove characters that XML 1.0 does not allow."""
    return re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", words)
