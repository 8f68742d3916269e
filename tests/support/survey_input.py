"""Tables of made-up studies, as the survey over publications reads them."""

import json
from pathlib import Path

import pandas as pd

CLASSES = [f"Density{d}{s}" for d in range(1, 5) for s in ("Benign", "Malignant")]
REPLAY = {"n": 1145, "image_size": 64, "image_size_published": 224, "epochs": 10, "epochs_published": 10}
REPLAY |= {"copies": None, "reduced": "64 of 224 px", "unit": "source", "n_units": 106, "majority_accuracy": 0.29}


def write_study(
    results: Path,
    name: str,
    tables: dict[str, pd.DataFrame],
    adapter: str = "mendeley_inbreast",
    classes: list[str] | None = None,
) -> None:
    """Write dataset.json and tables/<table>.csv of a study."""
    folder = results / name / "tables"
    folder.mkdir(parents=True)
    dataset = {"name": adapter, "classes": classes or CLASSES}
    (results / name / "dataset.json").write_text(json.dumps(dataset))
    for table, rows in tables.items():
        rows.to_csv(folder / f"{table}.csv", index=False)


def replay(publication: str, variant: str, protocol: str, role: str, accuracy: float, half: float, **more) -> dict:
    """Row of replays.csv with an interval of `half` on both sides; a replay of an own split has a range of seeds."""
    row = REPLAY | {"publication": publication, "variant": variant, "protocol": protocol, "role": role}
    row |= {"accuracy": accuracy, "accuracy_low": accuracy - half, "accuracy_high": accuracy + half}
    row |= {"severity_auc": None, "severity_auc_low": 0.5, "severity_auc_high": 0.74}
    if role in ("by_source", "by_patient"):
        row |= {"drop": 0.5, "drop_low": 0.4, "drop_high": 0.6}
    if role == "own":
        row |= {"accuracy_minimum": accuracy - 0.01, "accuracy_maximum": accuracy + 0.01}
    return row | more


def leak(publication: str, protocol: str, **more) -> dict:
    """Row of replay_leaks.csv: all 1,145 test files have a copy of their source in training, 320 an identical one."""
    row = {"publication": publication, "protocol": protocol, "copies": None, "n_train": 4579, "n_validation": 1145}
    row |= {"n_test": 1145, "same_source": 1145, "identical": 320, "sizes_printed": "4579, 1145", "sizes_fit": True}
    return row | more


def figure(publication: str, variant: str, verdict: str, **more) -> dict:
    """Row of replay_figures.csv: the printed accuracy."""
    row = {"publication": publication, "variant": variant, "part": "test", "where": "notebook", "metric": "accuracy"}
    row |= {"class": None, "printed": "0.8812", "value": 0.8812, "copies": None, "minimum": 0.75, "maximum": 0.78}
    return row | {"n_seeds": 3, "verdict": verdict, "reason": "the replay is reduced"} | more


def mammoflow(results: Path, name: str = "survey_inbreast", size: int = 64, own: float = 0.77) -> None:
    """Write a study of MammoFlow: 0.77 under its own split with 54 copies, 0.21 by source, 0.24 by patient."""
    one, splits = "mammoflow_2025", [f"mammoflow_2025_copies{n}" for n in (14, 27, 54)]
    rows = [replay(one, "vgg16", split, "own", own - 0.1 * (2 - i), 0.02) for i, split in enumerate(splits)]
    rows += [
        replay(one, "vgg16", f"{splits[-1]}_permuted", "permuted", 0.65, 0.05),
        replay(one, "vgg16", "by_source", "by_source", 0.21, 0.06, n=106, unit="patient", n_units=50),
        replay(
            one, "vgg16", "by_patient", "by_patient", 0.24, 0.08, n=106, unit="patient", n_units=50, severity_auc=0.62
        ),
    ]
    for role in ("by_source", "by_patient"):
        rows += [replay(one, "majority", role, role, 0.30 + 0.01 * (role == "by_patient"), 0.08)]
        rows += [replay(one, "imagenet_logistic", role, role, 0.27 + 0.01 * (role == "by_patient"), 0.08)]
    leaks = [leak(one, split, copies=n, sizes_fit=n != 14) for split, n in zip(splits, (14, 27, 54), strict=True)]
    figures = [figure(one, "vgg16", "not evaluable", copies=n) for n in (14, 27, 54)]
    figures += [figure(one, "vgg16", "reproduced", metric="macro_f1", copies=54)]
    figures += [figure(one, "vgg16", "not reproduced", metric="macro_recall", copies=54)]
    tables = {"replays": rows, "replay_leaks": leaks, "replay_figures": figures}
    frames = {table: pd.DataFrame(some) for table, some in tables.items()}
    frames["replays"]["image_size"] = size
    write_study(results, name, frames)


def ordinary(results: Path, name: str = "laptop", adapter: str = "mendeley_inbreast") -> None:
    """Write a study of the first publication: `simple` 0.88 as published, 0.22 by patient, 0.69 permuted."""
    columns = ["architecture", "protocol", "accuracy", "ci_low", "ci_high", "n_samples", "n_units", "unit"]
    auc = dict.fromkeys(("severity_auc", "severity_auc_low", "severity_auc_high"), None)
    headline = pd.DataFrame(
        [
            ("simple", "published", 0.88, 0.76, 0.97, 42, 30, "patients"),
            ("majority", "published", 0.45, 0.3, 0.6, 42, 30, "patients"),
            ("simple", "by_patient", 0.22, 0.13, 0.32, 106, 50, "patients"),
            ("majority", "by_patient", 0.3, 0.2, 0.4, 106, 50, "patients"),
            ("imagenet_logistic", "by_patient", 0.29, 0.2, 0.38, 106, 50, "patients"),
        ],
        columns=columns,
    ).assign(**auc, majority_accuracy=0.45)
    cells = pd.DataFrame({"architecture": ["simple", "simple"], "protocol": ["published", "by_patient"]})
    cells = cells.assign(variant=["published", "searched"], image_size=64, epochs=15, parameters=5977640, accuracy=0.88)
    control = {"architecture": "simple", "protocol": ["published", "by_patient"], "permuted": [0.69, 0.2]}
    control |= {"ci_low": [0.55, 0.1], "ci_high": [0.83, 0.3], "n_samples": 42, "n_units": 30, "unit": "patients"}
    drops = {"architecture": ["simple"], "honest_protocol": ["by_patient"], "inflation": [0.66]}
    drops |= {"ci_low": [0.5], "ci_high": [0.8]}
    kinds = {"shared_source": 42, "pixel_identical": 30, "near_duplicate": 42}
    leakage = pd.DataFrame({"kind": kinds.keys(), "n_flagged": kinds.values()}).assign(
        protocol="published", fold=0, part_a="train", part_b="test", n_b=42
    )
    claims = pd.DataFrame(
        {
            "kind": ["claim", "figure", "figure"],
            "statement": ["Accuracy of up to 98 %.", "simple: test accuracy", "simple: macro F1"],
            "stated": "notebook",
            "metric": ["test_accuracy", "test_accuracy", "macro_f1"],
            "published_value": [0.98, 0.98, 0.99],
            "replayed_value": [0.88, 0.88, 0.78],
            "verdict": ["not evaluable", "reproduced only with leakage", "not evaluable"],
            "reason": "reduced",
        }
    )
    tables = {"headline": headline, "cells": cells, "control": pd.DataFrame(control), "leakage": leakage}
    write_study(results, name, tables | {"claims": claims, "inflation": pd.DataFrame(drops)}, adapter)
