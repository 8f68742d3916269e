"""Honest ceilings: the best accuracy and AUC by patient that any model reached in any finished study on the same data.

The AUC is that of benign against malignant within folds, whatever the classes of the study.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from analysis.survey.studied import finished
from analysis.tidy import read_table
from benchmarks.protocols import BY_PATIENT
from benchmarks.publications import publication

ENDS = ("", "_low", "_high")
MEASURES = {"ceiling": "accuracy", "ceiling_auc": "severity_auc"}  # column of survey.csv -> of the models
COLUMNS = ["adapter", "classes", "study", "model", *(f"{name}{end}" for name in MEASURES.values() for end in ENDS)]
LIMITS = {"headline": ("architecture", "ci"), "replays": ("variant", "accuracy")}  # table -> model, interval


def honest(results: Path) -> pd.DataFrame:
    """Return accuracy and AUC by patient of every model in every study; `classes` are sorted, joined by commas."""
    found = []
    for table, (model, limits) in LIMITS.items():
        for folder, dataset in finished(results, table):
            rows = read_table(folder, table)
            for row in rows[(rows["protocol"] == BY_PATIENT) & rows[f"{limits}_low"].notna()].to_dict("records"):
                about = {"adapter": dataset["name"], "classes": ",".join(sorted(dataset["classes"]))}
                about |= {"study": folder.name, "model": row[model], "accuracy": row["accuracy"]}
                about |= {f"accuracy{end}": row[f"{limits}{end}"] for end in ENDS[1:]}
                found.append(about | {f"severity_auc{end}": row.get(f"severity_auc{end}") for end in ENDS})
    return pd.DataFrame(found, columns=COLUMNS)


def ceiling(models: pd.DataFrame, content: dict, data: str) -> dict[str, Any]:
    """Return the columns ceiling and ceiling_auc, each with _low, _high, _model, _classes and _study.

    `models` is what `honest` returns, `data` the key of the publication's data. An accuracy is one of the publication's
    classes, or the best of all classes if they are not known. If the publication's files are not known, other
    publications say which adapter reads data of that name. Empty if there is no such model.
    """
    own = content["data"][data]
    adapters = {own["dataset"]} if own["dataset"] else same_name(data)
    rows = models[models["adapter"].isin(adapters)]
    found: dict[str, Any] = {}
    for name, measure in MEASURES.items():
        some = rows[rows[measure].notna()]
        if own["classes"] and measure == "accuracy":
            some = some[some["classes"] == ",".join(sorted(own["classes"]))]
        if len(some):
            best = some.sort_values(measure, kind="stable").iloc[-1]
            found |= {f"{name}{end}": best[f"{measure}{end}"] for end in ENDS}
            found |= {f"{name}_model": best["model"], f"{name}_study": best["study"]}
            found |= {f"{name}_classes": best["classes"].count(",") + 1}
    return found


def same_name(data: str) -> set[str]:
    """Return the adapters that publications name for data of this name."""
    contents = [publication.load(publication.find(name)) for name in publication.names()]
    found = {content["data"][data]["dataset"] for content in contents if data in content["data"]}
    return found - {None}
