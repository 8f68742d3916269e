"""A made-up results folder: every file that figures, provenance and report read, with numbers known in advance."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from synthetic_audit import write_audit
from synthetic_bias import write_bias
from synthetic_comparison import write_comparison
from synthetic_tuning import write_tuning

from analysis.scores.external import COLUMNS as EXTERNAL_COLUMNS
from benchmarks.study.names import BASELINES

EIGHT = [f"Density{d}{s}" for d in range(1, 5) for s in ("Benign", "Malignant")]
SIX = ["alexnet", "densenet", "efficientnet", "shufflenet", "simple", "vgg16"]
SOURCES = {"Density1Benign": 12, "Density1Malignant": 30, "Density2Benign": 4, "Density2Malignant": 32}
SOURCES |= {"Density3Benign": 13, "Density3Malignant": 8, "Density4Benign": 6, "Density4Malignant": 1}
PUBLISHED_ACCURACY = {"alexnet": 0.452, "densenet": 0.810, "efficientnet": 0.452}
PUBLISHED_ACCURACY |= {"shufflenet": 0.952, "simple": 0.976, "vgg16": 0.452}
SIDE = 80  # the published AlexNet needs 67
SPREAD = {"fold_sd": 0.05, "seed_sd": "", "collapsed_cells": 0}
VERDICTS = {True: "beats majority", False: "does not beat majority"}
NOT_CALIBRATED = "1 of 3 folds not calibrated: one severity in the validation part"  # the first network, by_patient
UNSKILLED = "densenet"  # by patient
METRICS = [
    *("accuracy", "balanced_accuracy", "mcc", "macro_precision", "macro_recall", "macro_f1"),
    *("weighted_precision", "weighted_recall", "weighted_f1", "brier", "log_loss"),
]


def write_results(
    root: Path,
    *,
    name: str = "synthetic",
    protocols: tuple[str, ...] = ("published", "by_source", "by_patient"),
    architectures: tuple[str, ...] = tuple(SIX),
    classes: tuple[str, ...] = tuple(EIGHT),
    dataset: str = "phantom",
    n_folds: int = 3,
    factors: bool = True,
    boxes: bool = True,
    patients: bool = True,
    honest: dict[str, float] | None = None,
    judged: bool = True,
) -> Path:
    """Write `root`/<name>.yaml and `root`/results/<name>; return the path of the YAML.

    `honest` sets honest accuracies. An architecture beats the majority class (0.30) if its accuracy is above 0.40.
    """
    rng = np.random.default_rng(7)
    study = root / f"{name}.yaml"
    content = {
        "description": "What is left of a published accuracy when no patient stands on both sides of the split?",
        "seed": 1,
        "dataset": {"name": dataset},
        "image_size": SIDE,
        "protocols": list(protocols),
        "folds": n_folds,
        "architectures": {architecture: {} for architecture in architectures},
        "search": {"trials": 3},
        "claims": "published" if judged else None,
    }
    study.write_text(yaml.safe_dump(content, sort_keys=False))
    results = root / "results" / name
    (results / "tables").mkdir(parents=True)
    (results / "cams").mkdir()
    world = World(rng, results, list(protocols), list(architectures), sorted(classes), n_folds, patients)
    world.factors, world.boxes, world.honest = factors, boxes, honest or {}
    world.judged = judged and "published" in protocols
    world.write(dataset)
    return study


class World:
    """The pieces that the tables share."""

    def __init__(self, rng, results, protocols, architectures, classes, n_folds, patients):
        self.rng, self.results, self.protocols, self.architectures = rng, results, protocols, architectures
        self.classes, self.n_folds, self.patients = classes, n_folds, patients
        self.sources = {label: SOURCES.get(label, 10) for label in classes}
        self.n = sum(self.sources.values())
        self.unit = "patients" if patients else "sources"
        self.n_units = 50 if patients else self.n
        self.side = SIDE

    def write(self, dataset: str) -> None:
        self.samples(dataset)
        self.data_and_folds()
        self.scores()
        self.curves()
        self.cells()
        write_bias(self)
        write_audit(self)
        write_comparison(self)
        write_tuning(self)

    def table(self, name: str, rows: list[dict], columns: list[str] | None = None) -> None:
        pd.DataFrame(rows, columns=columns).to_csv(self.results / "tables" / f"{name}.csv", index=False)

    def pairs(self):
        return [(a, p) for a in self.architectures for p in self.protocols]

    def samples(self, dataset: str) -> None:
        yy, xx = np.mgrid[:SIDE, :SIDE] / SIDE
        masks = np.repeat((((xx / 0.7) ** 2 + ((yy - 0.5) / 0.45) ** 2) < 1)[None], self.n, axis=0)
        noise = self.rng.normal(120, 25, (self.n, SIDE, SIDE))
        np.save(self.results / f"images_{SIDE}.npy", np.clip(noise * masks, 0, 255).astype(np.uint8))
        np.save(self.results / f"masks_{SIDE}.npy", masks.astype(np.uint8))
        labels = [label for label, n in self.sources.items() for _ in range(n)]
        rows = [
            {
                "row": row,
                "sample": f"after/{label}/{20586000 + row}.png",
                "label": label,
                "source": str(20586000 + row),
                "patient": f"p{row // 2:02d}" if self.patients else None,
                "view": "MLO" if row % 2 else "CC",
                "boxes": [[0.2, 0.4, 0.15, 0.1]] if self.boxes else [],
            }
            for row, label in enumerate(labels)
        ]
        self.sample_table = pd.DataFrame(rows)
        self.sample_table.to_parquet(self.results / "samples.parquet", index=False)
        about = {
            "name": dataset,
            "title": "Made-up images & <numbers>",
            "classes": self.classes,
            "citation": "Nobody A. Nothing_in_particular, 100 % made up. Journal of Tests (2020).",
            "licence": "CC0",
            "doi": "10.1000/made_up" if dataset == "mendeley_inbreast" else None,
            "generated": dataset == "phantom",
            "digest": "ab" * 32,
            "data": None,
        }
        (self.results / "dataset.json").write_text(json.dumps(about))

    def data_and_folds(self) -> None:
        rows = [
            {
                "label": label,
                "sources": n,
                "patients": max(1, n // 2) if self.patients else "",
                "before_files": 2 * n,
                "after_files": 72 * n,
            }
            for label, n in self.sources.items()
        ]
        total = {"label": "all", "sources": self.n, "patients": self.n_units if self.patients else ""}
        rows.append(total | {"before_files": 2 * self.n, "after_files": 72 * self.n})
        self.table("data", rows)
        self.table("external", [], EXTERNAL_COLUMNS)
        self.table("datasets", [{"dataset": "made-up"} | row for row in rows])
        rows, notes = [], []
        for protocol in self.protocols:
            published = protocol == "published"
            for fold in range(1 if published else self.n_folds):
                for part, n in (("train", 6106), ("validation", 1526), ("test", 42)) if published else (
                    ("train", 56), ("validation", 15), ("test", 35)
                ):  # fmt: skip
                    seen = n if part == "train" or published else 0
                    seen_patient = n if part == "train" or published else (n - 4 if protocol == "by_source" else 0)
                    seen_patient = seen_patient if self.patients else ""
                    row = {"protocol": protocol, "repeat": 0, "fold": fold, "part": part, "n_samples": n}
                    row |= {"n_sources": min(n, self.n), "n_patients": min(n, 50) if self.patients else ""}
                    rows.append(row | {"seen_source": seen, "seen_patient": seen_patient, "classes": len(self.classes)})
            if not published:
                note = "1 source for 3 folds: tested once, never in training while tested"
                notes.append({"protocol": protocol, "label": self.classes[-1], "note": note})
        self.table("folds", rows)
        self.table("fold_notes", notes, ["protocol", "label", "note"])

    def accuracy(self, architecture: str, protocol: str) -> float:
        if architecture in BASELINES:
            return 0.4524 if protocol == "published" else 0.3019
        if protocol == "published":
            return PUBLISHED_ACCURACY.get(architecture, 0.9)
        default = 0.2 + 0.03 * self.architectures.index(architecture)
        return self.honest.get(architecture, default + (0.08 if protocol == "by_source" else 0))

    def area(self, architecture: str, protocol: str) -> float | str:
        """Severity AUC: empty under published, which tests no benign image, near chance for UNSKILLED by patient."""
        if protocol == "published" or not self.factors:
            return ""
        return 0.5 if architecture in BASELINES or self.skill(architecture, protocol) == "no" else 0.71

    def skill(self, architecture: str, protocol: str) -> str:
        """What headline.csv says: collapsed networks, and UNSKILLED by patient, have no skill."""
        if architecture in BASELINES:
            return "baseline"
        if protocol == "published":
            return "yes" if self.accuracy(architecture, protocol) > 0.5 else "no"
        return "no" if (architecture, protocol) == (UNSKILLED, "by_patient") else "yes"

    def scores(self) -> None:
        scores, per_class, headline = [], [], []
        for architecture, protocol in [*self.pairs(), *((b, p) for b in BASELINES for p in self.protocols)]:
            accuracy = self.accuracy(architecture, protocol)
            n, units = (42, 35) if protocol == "published" else (self.n, self.n_units)
            cell = {"architecture": architecture, "protocol": protocol}
            counts = {"n_samples": n, "n_units": units}
            low, high = max(0.0, accuracy - 0.09), min(1.0, accuracy + 0.09)
            for task in ["class8", *(["density"] if self.factors else [])]:
                for metric in METRICS:
                    interval = {"ci_low": round(low, 4), "ci_high": round(high, 4), "note": ""} | SPREAD
                    row = {"task": task, "metric": metric, "estimate": round(accuracy, 4)}
                    scores.append({**cell, **row, **counts, **interval})
            if self.factors:
                area = self.area(architecture, protocol)
                areas = dict.fromkeys(("roc_auc_within", "roc_auc", "roc_auc_calibrated"), area)
                others = {"sensitivity": 0.8, "specificity": 0.25, "brier_calibrated": 0.24, "ece_calibrated": 0.11}
                for metric, value in (areas | others).items():
                    note = "not evaluable: a test part without benign images" if value == "" else ""
                    interval = {"ci_low": "", "ci_high": ""} if value == "" else {"ci_low": 0.2, "ci_high": 0.9}
                    if metric in areas and value != "":
                        interval = {"ci_low": round(value - 0.09, 4), "ci_high": round(value + 0.09, 4)}
                    row = {"task": "severity", "metric": metric, "estimate": value}
                    scores.append({**cell, **row, **counts, **interval, **SPREAD, "note": note})
            collapsed = 1 if protocol == "published" and accuracy < 0.5 else 0
            majority = 0.4524 if protocol == "published" else 0.3019
            beats = accuracy > (majority + 0.1)
            headline.append(
                {
                    **cell,
                    "accuracy": round(accuracy, 4),
                    "ci_low": round(low, 4),
                    "ci_high": round(high, 4),
                    **counts,
                    "unit": self.unit,
                    **self.factor_columns(architecture, protocol),
                    "majority_label": self.classes[min(3, len(self.classes) - 1)],
                    "majority_accuracy": majority,
                    "difference": round(accuracy - majority, 4),
                    "difference_low": round(accuracy - majority - 0.09, 4),
                    "difference_high": round(accuracy - majority + 0.09, 4),
                    "verdict": "baseline" if architecture in BASELINES else VERDICTS[beats],
                    "skill": self.skill(architecture, protocol),
                    "predicted_classes": 1 if collapsed else min(6, len(self.classes)),
                    "collapsed_cells": collapsed,
                    "cells": 1 if protocol == "published" else self.n_folds,
                }
            )
            confusion = pd.DataFrame({"label": self.classes})
            for label in self.classes:
                confusion[label] = [
                    round(self.sources[true] * (accuracy if true == label else (1 - accuracy) / len(self.classes)))
                    for true in self.classes
                ]
            confusion.to_csv(self.results / f"tables/confusion_{architecture}_{protocol}.csv", index=False)
            for label, support in self.sources.items():
                row = {"precision": round(accuracy, 3), "recall": round(accuracy, 3), "f1": round(accuracy, 3)}
                row |= {"recall_low": round(low, 3), "recall_high": round(high, 3)}
                per_class.append({**cell, "label": label, **row, "support": support, "n_units": max(1, support // 2)})
        self.table("scores", scores)
        self.table("per_class", per_class)
        self.table("headline", headline)
        rows = []
        for protocol in self.protocols:
            for architecture in self.architectures if "published" in self.protocols else []:
                if protocol != "published":
                    before, after = self.accuracy(architecture, "published"), self.accuracy(architecture, protocol)
                    row = {"architecture": architecture, "honest_protocol": protocol}
                    row |= {"published_accuracy": round(before, 4), "honest_accuracy": round(after, 4)}
                    row |= {"inflation": round(before - after, 4), "ci_low": round(before - after - 0.1, 4)}
                    row |= {"ci_high": round(before - after + 0.1, 4)}
                    rows.append(row | {"n_published_units": 35, "n_honest_units": self.n_units})
        columns = ["architecture", "honest_protocol", "published_accuracy", "honest_accuracy", "inflation", "ci_low"]
        columns += ["ci_high", "n_published_units", "n_honest_units"]
        self.table("inflation", rows, columns)

    def factor_columns(self, architecture: str, protocol: str) -> dict:
        """Columns of headline.csv on severity and density, as in scores.csv."""
        known = self.accuracy(architecture, protocol) if self.factors else ""
        columns = {"severity_auc": self.area(architecture, protocol), "density_accuracy": known, "density_kappa": known}
        return {
            f"{name}{end}": "" if value == "" else min(1.0, round(value + change, 4))
            for name, value in columns.items()
            for end, change in (("", 0), ("_low", -0.09), ("_high", 0.09))
        }

    def cells(self) -> None:
        cells, trials, history = [], [], []
        self.collapse = []
        for architecture, protocol in self.pairs():
            published = protocol == "published"
            for fold in range(1 if published else self.n_folds):
                cell = {"architecture": architecture, "protocol": protocol, "fold": fold}
                epochs = 12 + fold
                curve = np.exp(-np.arange(epochs) / 6)
                for epoch in range(epochs):
                    row = {"epoch": epoch + 1, "loss": 2 * curve[epoch], "accuracy": 1 - curve[epoch]}
                    row |= {"val_loss": 2 + 0.02 * (epoch - 5) ** 2, "val_accuracy": 0.3 + 0.01 * epoch}
                    history.append(cell | row)
                for trial in range(1 if published else 3):
                    row = {"trial": "published" if published else str(trial), "status": "COMPLETED"}
                    row |= {"best": trial == 0 if published else trial == 1, "score": 2.1 - 0.1 * (trial == 1)}
                    row |= {"val_accuracy": 0.3, "epochs": epochs, "seconds": 3.2, "learning_rate": 1e-3}
                    trials.append(cell | row | {"batch_size": 16})
                row = {"repeat": 0, "variant": "published" if published else "corrected", "image_size": SIDE}
                row |= {"parameters": 123456, "batch_size": 16, "learning_rate": 0.001, "epochs": epochs}
                row |= {"trials": 1 if published else 3, "n_train": 56, "n_validation": 15, "n_test": 35}
                row |= {"accuracy": 0.3, "predicted_classes": 4, "precision": "float32", "seconds": 61.25}
                row |= {"peak_memory_mb": 900, "finished": f"2026-01-{fold % 28 + 1:02}T10:00:00+00:00"}
                cells.append(cell | row)
                self.runtime(architecture, protocol, fold, row)
                self.collapse.append(cell | self.health(architecture, published))
        for baseline in BASELINES:
            for protocol in self.protocols:
                for fold in range(1 if protocol == "published" else self.n_folds):
                    row = {"repeat": 0, "variant": "baseline", "image_size": SIDE, "precision": "float64"}
                    cell = {"architecture": baseline, "protocol": protocol, "fold": fold}
                    cells.append(cell | row | {"seconds": 1.0, "finished": "2026-01-02T09:00:00+00:00"})
                    self.runtime(baseline, protocol, fold, cells[-1] | {"peak_memory_mb": 100})
        self.table("collapse", self.collapse)
        self.table("cells", cells)
        self.table("trials", trials)
        self.table("history", history)

    def health(self, architecture: str, published: bool) -> dict:
        collapsed = published and self.accuracy(architecture, "published") < 0.5
        row = {"n_test": 42, "predicted_classes": 1 if collapsed else 6, "output_range": 0.4, "epochs": 12}
        row |= {"epochs_not_finite": 0, "dead_features": 0.1, "training_loss": 1.7, "frequency_loss": 1.75}
        cause = "only the frequencies of the classes were learnt" if collapsed else ""
        return row | {"verdict": "collapsed" if collapsed else "sound", "cause": cause}

    def curves(self) -> None:
        """A ROC curve and a reliability diagram of every pair, of which severity is not evaluable without factors."""
        roc, reliability = [], []
        for architecture, protocol in self.pairs() if self.factors else []:
            cell = {"architecture": architecture, "protocol": protocol}
            if architecture == self.architectures[0] and protocol == "by_patient":
                cell["not_calibrated"] = NOT_CALIBRATED
            for x in np.linspace(0, 1, 11):
                band = {"sensitivity": x**0.5, "ci_low": x, "ci_high": min(1, x**0.5 + 0.1)}
                roc.append(cell | {"false_positive_rate": x} | band)
            for low in np.arange(10) / 10:
                row = {"bin_low": low, "bin_high": low + 0.1, "n": 10, "n_units": 8, "probability": low + 0.05}
                band = {"share": 0.3 + low / 2, "ci_low": 0.1, "ci_high": 0.9, "note": ""}
                reliability.append(cell | row | band)
        columns = ["architecture", "protocol", "false_positive_rate", "sensitivity", "ci_low", "ci_high"]
        self.table("roc", roc, [*columns, "not_calibrated"])
        columns = ["architecture", "protocol", "bin_low", "bin_high", "n", "n_units", "probability", "share"]
        self.table("reliability", reliability, [*columns, "ci_low", "ci_high", "note", "not_calibrated"])

    def runtime(self, architecture: str, protocol: str, fold: int, row: dict) -> None:
        folder = self.results / "cells" / architecture / protocol / str(fold)
        folder.mkdir(parents=True)
        command = f"python -m benchmarks.training --study synthetic --architecture {architecture}"
        runtime = {
            "architecture": architecture,
            "protocol": protocol,
            "fold": fold,
            **row,
            "seed": 1 + fold,
            "threads": 1,
            "backend": "tensorflow",
            "seconds": {"training": 60.0, "prediction": 1.25, "process": 59.5},
            "versions": {"python": "3.11.2", "keras": "3.15.0", "tensorflow": "2.21.0"},
            "hardware": {"cpu": "A CPU", "cores": 2, "memory_gb": 16.0, "system": "Linux"},
            "command": f"{command} --protocol {protocol} --fold {fold} --threads 1",
        }
        (folder / "runtime.json").write_text(json.dumps(runtime))
        (folder / "predictions.parquet").touch()  # the report only leads to it
