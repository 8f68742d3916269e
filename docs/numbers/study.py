"""Record of a finished study: the numbers of its tables that the pages need, in one JSON file."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import yaml

from analysis.scores.skill import NO
from analysis.tidy import read_table
from benchmarks import stored
from benchmarks.errors import BadInput
from benchmarks.run.code import recorded_digest
from benchmarks.study.names import BASELINES
from docs.numbers.records import Measured, keep

LESION, SIDE = "lesion", "side of the breast"  # of region_or_group in bias.csv
BETTER, NOT_EVALUABLE = "a better", "not evaluable"
LIMITS = {"ci_low": "low", "ci_high": "high", "n_samples": "n", "n_units": "patients"}
WORDS = ("reports.", "analysis.figures")  # stages that change no table
DIGITS = 6  # enough that pages round but once
EXTENDED = re.compile(r"^# \S+, which it extends:$", re.MULTILINE)


def record(one: Measured, results: Path) -> None:
    """Write the record of study `one.study` from its finished `results`, and keep the digest of the code that ran.

    Raises BadInput if the study has not finished, or is not the project's study of this name.
    """
    provenance = stored.record(results / "provenance.json")
    if _contents(provenance["study"]["text"]) != [_content(path.read_text()) for path in one.data()]:
        raise BadInput(f"{results}: its study differs from {', '.join(one.files)}; run the project's study")
    found = {**_about(provenance), "minutes": _minutes(results), **facts(results)}
    one.record.write_text(written(found))
    stages = json.loads((results / "code.json").read_text())["stages"]
    modules = sorted(module for module in stages if not module.startswith(WORDS))
    keep(one, modules, recorded_digest(results / "code.json", modules, one.data()))


def _contents(quoted: str) -> list[dict]:
    """Return the study's files as provenance.json quotes them: what a file extends comes after it."""
    return [_content(text) for text in EXTENDED.split(quoted)]


def _content(text: str) -> dict:
    """Return a study file without its description, which changes no result."""
    return {key: value for key, value in yaml.safe_load(text).items() if key != "description"}


def written(found: dict[str, object]) -> str:
    """Return the JSON of a record, one row of a table a line."""
    parts = []
    for key, value in found.items():
        rows = value if isinstance(value, list) and value and isinstance(value[0], dict) else None
        text = "[\n  " + ",\n  ".join(map(json.dumps, rows)) + "\n ]" if rows else json.dumps(value)
        parts.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _about(provenance: dict) -> dict[str, object]:
    machine = provenance["hardware"]["report"]
    versions = ", ".join(f"{name} {version}" for name, version in provenance["cell_versions"][0].items())
    return {
        "command": re.sub(r"\bdata=\S+", "data=PATH", provenance["commands"][0]),
        "hardware": f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:.0f} GiB, {machine['system']}",
        "cores": machine["cores"],
        "versions": versions,
        "finished": provenance["finished"],
    }


def _minutes(results: Path) -> float | None:
    """Return how long the run took; None if it was continued, so that its files do not tell."""
    began = (results / "code.json").stat().st_mtime
    ended = (results / "report" / "report.html").stat().st_mtime
    first_cell = min(path.stat().st_mtime for path in (results / "cells").rglob("runtime.json"))
    return round((ended - began) / 60, 1) if began < first_cell < ended else None


def facts(results: Path) -> dict[str, object]:
    """Return what the pages may print of a study's tables. Raises BadInput if a table is missing."""
    tables = {
        name: read_table(results, name)
        for name in ("headline", "scores", "control", "leakage", "shortcuts", "comparison", "claims", "bias")
    }
    headline = tables["headline"]
    task = _first(tables["comparison"].query("metric == 'accuracy'")["task"])
    return {
        "networks": sorted(set(headline["architecture"]) - set(BASELINES)),
        "accuracies": _rows(headline, ["architecture", "protocol", "accuracy", *LIMITS, "skill", "verdict"]),
        "severity": list(_severity(tables["scores"])),
        "control": _rows(tables["control"], ["architecture", "protocol", "permuted", *LIMITS, "chance", "verdict"]),
        "leakage": list(_leakage(tables["leakage"])),
        "shortcuts": _rows(
            tables["shortcuts"].dropna(subset=["estimate"]),
            ["probe", "task", "protocol", "estimate", *LIMITS, "chance"],
        ),
        **_comparison(tables["comparison"], task),
        "claims": tables["claims"].query("kind == 'claim'")["verdict"].value_counts().to_dict(),
        "bias": {
            protocol: _bias(rows, headline[headline["protocol"] == protocol])
            for protocol, rows in tables["bias"].groupby("protocol", sort=False)
        },
    }


def _severity(scores: pd.DataFrame) -> Iterator[dict]:
    """Yield the areas under the ROC curve of severity, within folds and pooled."""
    own = scores[scores["task"] == "severity"]
    pooled = own[own["metric"] == "roc_auc"].set_index(["architecture", "protocol"])["estimate"]
    for row in _rows(own[own["metric"] == "roc_auc_within"], ["architecture", "protocol", "estimate", *LIMITS]):
        yield row | {"pooled": _number(pooled.get((row["architecture"], row["protocol"])))}


def _leakage(leakage: pd.DataFrame) -> Iterator[dict]:
    """Yield how many images of a part have a copy, and an identical one, in training."""
    own = leakage[leakage["part_a"] == "train"]
    for (protocol, part), rows in own.groupby(["protocol", "part_b"], sort=False):
        flagged = rows.groupby("kind")["n_flagged"].sum()
        n = rows[rows["kind"] == "near_duplicate"]["n_b"].sum()
        counts = {"copies": flagged["near_duplicate"], "identical": flagged["pixel_identical"], "n": n}
        yield {"protocol": protocol, "part": part, **{key: int(value) for key, value in counts.items()}}


def _comparison(comparison: pd.DataFrame, task: str) -> dict[str, object]:
    """Return which networks are better than which baselines, and the smallest to largest difference with 80% power."""
    own = comparison.query("task == @task and metric == 'accuracy' and test == 'paired_bootstrap'")
    better = own[(own["family"] == "baseline") & (own["verdict"] == BETTER)]
    known = own.dropna(subset=["detectable"]).groupby("protocol", sort=False)["detectable"]
    power = {protocol: [_number(values.min()), _number(values.max())] for protocol, values in known}
    return {"better": _rows(better, ["protocol", "a", "b"]), "power": power}


def _bias(bias: pd.DataFrame, headline: pd.DataFrame) -> dict[str, object]:
    """Return how many networks are judged under a protocol, and what the checks on the lesion and the side flag.

    `example` is the flagged network of highest accuracy.
    """
    ranked = headline.sort_values("accuracy", ascending=False)["architecture"]
    judged = bias[bias["verdict"] != NOT_EVALUABLE]
    skill = headline[~headline["architecture"].isin(BASELINES)]["skill"]
    checks = {}
    for region, check in ((LESION, "heat"), (LESION, "erase"), (SIDE, "orientation")):
        own = judged[(judged["region_or_group"] == region) & (judged["check"] == check)].set_index("architecture")
        flagged = own[own["verdict"] == "flagged"]
        first = next((name for name in ranked if name in flagged.index), None)
        checks[check] = {
            "judged": len(own),
            "flagged": len(flagged),
            "effects": [_number(flagged["effect"].min()), _number(flagged["effect"].max())],
            "example": _rows(flagged.loc[[first]].reset_index(), ["architecture", "effect", "ci_low", "ci_high", "n"])[
                0
            ]
            if first
            else None,
        }
    return {"judged": judged["architecture"].nunique(), "without_skill": int((skill == NO).sum()), "checks": checks}


def _rows(table: pd.DataFrame, columns: list[str]) -> list[dict]:
    kept = table[columns].rename(columns=LIMITS).to_dict("records")
    return [{key: _number(value) for key, value in row.items()} for row in kept]


def _number(value: object) -> object:
    """Return a number without the digits that no page prints; None if it is missing."""
    if value is None or pd.isna(value):
        return None
    return round(float(value), DIGITS) if isinstance(value, float) else value


def _first(values: pd.Series) -> str:
    return str(values.iloc[0])
