"""Honest ceilings: the best accuracy by patient that any model reached in any finished study on the same data."""

from pathlib import Path
from typing import Any

import pandas as pd

from analysis.survey.studied import finished
from analysis.tidy import read_table
from benchmarks.protocols import BY_PATIENT
from benchmarks.publications import publication

COLUMNS = ["adapter", "classes", "study", "model", "accuracy", "accuracy_low", "accuracy_high"]
LIMITS = {"headline": ("architecture", "ci"), "replays": ("variant", "accuracy")}  # table -> model, interval


def honest(results: Path) -> pd.DataFrame:
    """Return the accuracy by patient of every model in every study; `classes` are sorted and joined by commas."""
    found = []
    for table, (model, limits) in LIMITS.items():
        for folder, dataset in finished(results, table):
            rows = read_table(folder, table)
            rows = rows[(rows["protocol"] == BY_PATIENT) & rows[f"{limits}_low"].notna()]
            found += [
                {
                    "adapter": dataset["name"],
                    "classes": ",".join(sorted(dataset["classes"])),
                    "study": folder.name,
                    "model": row[model],
                    "accuracy": row["accuracy"],
                    "accuracy_low": row[f"{limits}_low"],
                    "accuracy_high": row[f"{limits}_high"],
                }
                for row in rows.to_dict("records")
            ]
    return pd.DataFrame(found, columns=COLUMNS)


def ceiling(models: pd.DataFrame, content: dict, data: str) -> dict[str, Any]:
    """Return the columns ceiling, ceiling_low, ceiling_high, ceiling_model, ceiling_classes and ceiling_study.

    `models` is what `honest` returns, `data` the key of the publication's data. If the publication's classes are not
    known, the best of all classes counts. If its files are not known, other publications say which adapter reads data
    of that name. Empty if there is no such model.
    """
    own = content["data"][data]
    adapters = {own["dataset"]} if own["dataset"] else same_name(data)
    rows = models[models["adapter"].isin(adapters)]
    if own["classes"]:
        rows = rows[rows["classes"] == ",".join(sorted(own["classes"]))]
    if rows.empty:
        return {}
    best = rows.sort_values("accuracy", kind="stable").iloc[-1]
    limits = {f"ceiling{end}": best[f"accuracy{end}"] for end in ("", "_low", "_high")}
    about = {f"ceiling_{key}": best[key] for key in ("model", "study")}
    return limits | about | {"ceiling_classes": best["classes"].count(",") + 1}


def same_name(data: str) -> set[str]:
    """Return the adapters that publications name for data of this name."""
    contents = [publication.load(publication.find(name)) for name in publication.names()]
    found = {content["data"][data]["dataset"] for content in contents if data in content["data"]}
    return found - {None}
