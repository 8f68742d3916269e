"""Replays of a study measured: accuracy and area under the ROC curve, with intervals and the range of the seeds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.accuracy import Accuracies, Accuracy
from analysis.bootstrap import interval
from analysis.survey.differences import UNITS, reduced
from analysis.tasks import AUC, severity_of
from benchmarks import stored
from benchmarks.protocols import PERMUTED, base
from benchmarks.publications import views
from benchmarks.study import replayed
from benchmarks.study.names import IMAGENET_LOGISTIC
from benchmarks.study.study import Study

OWN, CONTROL = "own", "permuted"  # roles of a publication's own split, as it is and with permuted labels
MAJORITY = "majority"
WHOLE = ["copies", *UNITS, *(f"{key}_published" for key in UNITS), "parameters"]  # whole numbers, empty in some rows


def role_of(study: Study, protocol: str) -> str:
    """Return what a protocol is to a replay: own, permuted, or the name of an honest protocol."""
    return protocol if protocol not in study.splits() else CONTROL if protocol.endswith(PERMUTED) else OWN


def copies_of(study: Study, protocol: str) -> int | None:
    """Return the number of copies before an own split, where several numbers are possible; else None."""
    own = protocol in study.splits() and base(protocol) not in study.publications
    return replayed.split_of(protocol)[1] if own else None


def pooled(study: Study, publication: str, variant: str, protocol: str) -> pd.DataFrame:
    """Read the predictions of all folds (seeds) of a replay, with a column fold. Raises BadInput if one is missing."""
    folders = {fold: study.replay_folder(publication, variant, protocol, fold) for fold in study.cells(protocol)}
    tables = [stored.table(folder / "predictions.parquet").assign(fold=fold) for fold, folder in folders.items()]
    return pd.concat(tables, ignore_index=True)


def runtimes(study: Study, publication: str, variant: str, protocol: str) -> list[dict]:
    """Read runtime.json of all folds (seeds) of a replay."""
    folders = [study.replay_folder(publication, variant, protocol, fold) for fold in study.cells(protocol)]
    return [stored.record(folder / "runtime.json") for folder in folders]


class Measured:
    """Accuracies of the replays and baselines of `study`, in common resamples of its independent units."""

    def __init__(self, study: Study):
        self.study, self.accuracies = study, Accuracies(study)
        self.units = self.accuracies.samples.set_index("sample")["unit"]
        self.own: dict[tuple[str, str], Accuracy] = {}  # (publication, variant) -> accuracy under the last own split

    def rows(self) -> pd.DataFrame:
        """Return the rows of replays.csv."""
        replays = [self._replay(*replay) for replay in self.study.replays()]
        return pd.DataFrame([*replays, *self._baselines()]).astype(dict.fromkeys(WHOLE, "Int64"))

    def _replay(self, publication: str, variant: str, protocol: str) -> dict:
        ran = runtimes(self.study, publication, variant, protocol)
        own = self.study.replay_settings(publication, variant)
        theirs = views.recipe(replayed.content_of(publication), variant)
        row: dict = {"publication": publication, "variant": variant}
        found, scores = self._scores(pooled(self.study, publication, variant, protocol), protocol)
        row |= scores
        if row["role"] == OWN:
            self.own[publication, variant] = found
        elif row["role"] != CONTROL:
            drop, limits = self.own[publication, variant].minus(found)
            row |= {"drop": drop, "drop_low": limits.low, "drop_high": limits.high}
        for key in UNITS:
            row |= {key: own[key], f"{key}_published": theirs[key]}
        row |= {key: ran[0][key] for key in ("parameters", "weights")}
        row["reduced"] = reduced(own, theirs)
        return row | {"training_accuracy": float(np.mean([one["training_accuracy"] for one in ran]))}

    def _baselines(self) -> Iterator[dict]:
        for protocol in dict.fromkeys(protocol for *_, protocol in self.study.replays()):
            if protocol in self.study.splits():
                continue
            for name in (MAJORITY, IMAGENET_LOGISTIC):
                table = self.accuracies.pooled(name, protocol).drop(columns=["repeat", "unit"])
                _, scores = self._scores(table, protocol)
                for publication in self.study.publications:
                    yield {"publication": publication, "variant": name} | scores

    def _scores(self, table: pd.DataFrame, protocol: str) -> tuple[Accuracy, dict]:
        """Return accuracy and scores of predictions with a column fold: all folds together, the mean over the seeds."""
        table = table.assign(unit=table["sample"].map(self.units))
        role = role_of(self.study, protocol)
        first = table[table["fold"] == table["fold"].min()] if role in (OWN, CONTROL) else table
        # A resample holds all seeds' answers of its units: its accuracy is the mean over the seeds.
        found = self.accuracies.of_table(table)
        limits = found.limits()
        each = [float((own["predicted"] == own["label"]).mean()) for _, own in table.groupby("fold")]
        seeds = each if role == OWN else [np.nan]
        scores = {
            **{"protocol": protocol, "role": role, "copies": copies_of(self.study, protocol)},
            **{"n_cells": table["fold"].nunique(), "n": first["sample"].nunique(), "unit": found.unit},
            "n_units": first["unit"].nunique(),
            **{"accuracy": found.estimate, "accuracy_low": limits.low, "accuracy_high": limits.high},
            **{"accuracy_minimum": min(seeds), "accuracy_maximum": max(seeds)},
            "majority_accuracy": float(first["label"].value_counts(normalize=True).iloc[0]),
            **dict.fromkeys(("severity_auc", "severity_auc_low", "severity_auc_high"), np.nan),
        }
        severity = severity_of(table, self.accuracies.samples)
        if severity is not None:
            everything = slice(None)
            drawn = severity.resampled(everything, self.accuracies.bootstrap.weights(table["unit"]))[AUC]
            own = interval(drawn, found.n_units, found.unit)
            scores |= {"severity_auc": severity.scores(everything)[AUC]} | own.columns("severity_auc")
        return found, scores
