"""Folder with the audit's result: a page in one HTML file, and tables.

audit.html          verdict, label conflicts, leaks, groups of copies, notes, accepted findings
findings.csv        code, level, accepted, reason, file, partner, n_files, message; a row for each finding
conflicts.csv       code, file, value, partner, partner_value, similarity, transform, group: copies under different
                    labels, patients or sources
leakage_pairs.csv   code, file_b, part_b, file_a, part_a, similarity, transform, mirrored, rotation,
                    scale, shift, overlap, grey_difference, label_b, label_a: images of a part with a copy in an
                    earlier part
groups.csv          group, weakest, link, sample, path, label, patient, source, part: images with copies; weakest is
                    the similarity of the pair `link`, without which the group falls apart
"""

import base64
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from PIL import Image

from analysis.audit.codes import CODES
from analysis.audit.contact_sheet import brought, is_warped, signature
from analysis.audit.findings import Audit, Finding
from analysis.audit.outputs import by_code, exit_status, verdict
from analysis.audit.partners import IDENTICAL

SIDE = 150  # pixels of a small picture
MOST_PAIRS = 12  # pictured in a section
MOST_GROUPS, MOST_OF_GROUP = 20, 8  # pictured
GROUP = ["group", "weakest", "link"]
MOST_ROWS = 1000  # of a table on the page; the CSV has all
PAIR_FACTS = (
    *("similarity", "transform", "mirrored", "rotation", "scale", "shift", "overlap", "grey_difference"),
    *("label_b", "label_a"),
)


def write_folder(audit: Audit, out: Path) -> None:
    """Write the page and the tables into the folder `out`, which is made if need be."""
    out.mkdir(parents=True, exist_ok=True)
    for name, table in _tables(audit).items():
        table.to_csv(out / f"{name}.csv", index=False, float_format="%.4g")
    (out / "audit.html").write_text(page(audit), encoding="utf-8")


def _tables(audit: Audit) -> dict[str, pd.DataFrame]:
    findings, conflicts, pairs = [], [], []
    for finding in audit.findings:
        file, partner = (*finding.files[:2], None, None)[:2]
        row = {"code": finding.code, "level": finding.about.level, "accepted": finding.reason is not None}
        row |= {"reason": finding.reason, "file": file, "partner": partner}
        findings.append(row | {"n_files": len(finding.files), "message": finding.message})
        facts = finding.facts
        if finding.code.startswith("LABEL"):
            row = {"code": finding.code, "file": file, "value": facts["values"][file]}
            row |= {"partner": partner, "partner_value": facts["values"][partner]}
            conflicts.append(row | {name: facts.get(name) for name in ("similarity", "transform", "group")})
        if "part_b" in facts:
            row = {"code": finding.code, "file_b": file, "part_b": facts["part_b"]}
            row |= {"file_a": partner, "part_a": facts["part_a"]}
            pairs.append(row | {name: facts.get(name) for name in PAIR_FACTS})
    columns = {
        "findings": ["code", "level", "accepted", "reason", "file", "partner", "n_files", "message"],
        "conflicts": ["code", "file", "value", "partner", "partner_value", "similarity", "transform", "group"],
        "leakage_pairs": ["code", "file_b", "part_b", "file_a", "part_a", *PAIR_FACTS],
    }
    rows = {"findings": findings, "conflicts": conflicts, "leakage_pairs": pairs}
    tables = {name: pd.DataFrame(rows[name], columns=columns[name]) for name in columns}
    groups = audit.groups[[*GROUP, *audit.groups.columns.drop(GROUP)]]
    return tables | {"groups": groups}


def page(audit: Audit) -> str:
    """Return the page, HTML without other files."""
    open_ = [finding for finding in audit.findings if finding.reason is None]
    conflicts = [finding for finding in open_ if finding.code.startswith("LABEL")]
    leaks = [finding for finding in open_ if finding.code.startswith("LEAK")]
    pictured = _pictured(audit)
    return rendered(
        "audit.html.j2",
        audit=audit,
        paths=" and ".join(map(str, audit.collection.paths)),
        verdict=verdict(audit),
        failed=exit_status(audit),
        codes=[(CODES[code], findings) for code, findings in by_code(audit).items()],
        conflicts=conflicts,
        conflict_cards=_cards(audit, conflicts[:MOST_PAIRS]),
        leaks=leaks,
        leak_cards=_cards(audit, _chosen(leaks)),
        groups=pictured,
        copies=[finding for finding in open_ if finding.code.startswith(("COPY", "SCAN"))],
        n_groups=int(audit.groups["group"].nunique()),
        notes=[finding for finding in open_ if finding.code.startswith(("DATA", "ALLOW"))],
        accepted=[finding for finding in audit.findings if finding.reason is not None],
        most_rows=MOST_ROWS,
    )


def rendered(template: str, **content: Any) -> str:
    """Return a template of this room, filled with `content`: HTML."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(**content)


def _chosen(leaks: list[Finding]) -> list[Finding]:
    """Return up to MOST_PAIRS leaks of copies: the most similar ones, each kind of transform in turn."""
    turns: dict[str, int] = {}
    ranked: list[tuple[int, int, Finding]] = []
    pairs = [leak for leak in leaks if "similarity" in leak.facts]
    for leak in sorted(pairs, key=lambda leak: -leak.facts["similarity"]):
        kind = signature(leak.facts["transform"])
        turns[kind] = turns.get(kind, 0) + 1
        ranked.append((turns[kind], len(ranked), leak))
    return [leak for _, _, leak in sorted(ranked)[:MOST_PAIRS]]


def _cards(audit: Audit, findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return for each finding of a pair what the page shows: pictures with captions."""
    samples = audit.collection.samples.set_index("sample")
    cards = []
    for finding in findings:
        second, first = finding.files[:2]
        a, b = audit.pictures.read(first), audit.pictures.read(second)
        pictures = [_picture(a, first, samples.loc[first])]
        if "rotation" in finding.facts and finding.facts["transform"] != IDENTICAL:
            facts = finding.facts
            like = brought(a, b, facts["mirrored"], facts["rotation"], is_warped(facts))
            pictures.append({"image": _encoded(like), "name": "the first, transformed like the second", "tags": []})
        pictures.append(_picture(b, second, samples.loc[second]))
        cards.append({"finding": finding, "pictures": pictures})
    return cards


def _pictured(audit: Audit) -> list[dict[str, Any]]:
    """Return the largest groups of copies with small pictures of their first images."""
    shown: list[dict[str, Any]] = []
    for number, members in audit.groups.groupby("group"):
        if len(shown) == MOST_GROUPS:
            break
        first = members.head(MOST_OF_GROUP)
        pictures = [_picture(audit.pictures.read(row["sample"]), row["sample"], row) for _, row in first.iterrows()]
        facts = {"weakest": members["weakest"].iloc[0], "link": members["link"].iloc[0]}
        shown.append({"number": number, "size": len(members), "pictures": pictures} | facts)
    return shown


def _picture(image: np.ndarray, name: str, facts: pd.Series) -> dict[str, Any]:
    tags = [(fact, facts[fact]) for fact in ("label", "part", "patient") if facts[fact] is not None]
    return {"image": _encoded(image), "name": name, "tags": tags}


def _encoded(image: np.ndarray) -> str:
    """Return a small picture of `image`, uint8 (H, W), as JPEG in base64."""
    picture = Image.fromarray(image)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=80)
    return base64.b64encode(content.getvalue()).decode()
