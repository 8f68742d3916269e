"""Measured values for a published figure: its replay, and the value when no patient is shared."""

import dataclasses

import numpy as np
import pandas as pd

from analysis.accuracy import Accuracies, Accuracy
from analysis.bootstrap import Bootstrap, Interval, interval
from analysis.tidy import read_table
from benchmarks import reference
from benchmarks.protocols import BY_PATIENT, PUBLISHED
from benchmarks.publications import views
from benchmarks.reference import NONE, RUN
from benchmarks.study.study import Study

VALIDATION = "validation_accuracy"
ON_TEST = {"test_accuracy": "accuracy"}  # published metric -> metric of scores.csv, where the names differ
PARTS = {"test_accuracy": "test", VALIDATION: "validation"}  # published metrics that the reference replay measures
SCORES = "tables/scores.csv"
OWN = "this study"  # start of `Value.on` where a study's own network gave the value


@dataclasses.dataclass(frozen=True)
class Value:
    """A measured value with its 95% interval; `full` if networks of the published size and epochs gave it."""

    value: float
    low: float
    high: float
    on: str = ""
    full: bool = True
    evidence: str = SCORES


def lead(named: list[Accuracy], others: list[Accuracy]) -> tuple[float, Interval]:
    """Return the lowest accuracy of the `named` minus the highest of the `others`, and its paired 95% interval.

    The lead is above zero only if each of the named is better than each of the others. A difference of means would not
    show that: two good networks can make up for a third that is worse than one of the others.
    """
    estimate = min(one.estimate for one in named) - max(one.estimate for one in others)
    drawn = np.min([one.drawn for one in named], axis=0) - np.max([one.drawn for one in others], axis=0)
    return float(estimate), interval(drawn, min(one.n_units for one in [*named, *others]), named[0].unit)


class Measured:
    """Values of one study, or of the reference replay where its networks are reduced; `published` is a publication.

    A variant of the publication is measured by the architecture of its name.
    """

    def __init__(self, study: Study, published: dict):
        self.study = study
        self.variants = views.by_variant(published)
        told = {name: own.get("test_accuracy") for name, own in self.variants.items()}
        self.accuracy = {name: value for name, value in told.items() if value is not None}  # printed test accuracy
        self.accuracies = Accuracies(study)
        self.tables = {name: read_table(study.results(), name) for name in ("scores", "headline", "cells")}
        self.same_data = study.dataset["name"] in views.datasets(published)

    def replay(self, architecture: str, metric: str) -> Value | None:
        """Return the value under `published`, or the reference's if the study's network is reduced; None if not run."""
        if architecture not in self.study.architectures or PUBLISHED not in self.study.protocols:
            return None
        own = self._score(architecture, PUBLISHED, metric)
        if metric == VALIDATION:
            found = self.accuracies.of(architecture, PUBLISHED, "validation_predictions")
            evidence = f"cells/{architecture}/published/0/validation_predictions.parquet"
            own = self._value(found.estimate, found.limits(), architecture, PUBLISHED, evidence)
        if own is None or own.full or not self.same_data:
            return own
        return self._reference(architecture, metric) or own

    def honest(self, architecture: str, metric: str) -> Value | None:
        """Return the value on test images under `by_patient`; None if not run."""
        return self._score(architecture, BY_PATIENT, "accuracy" if metric == VALIDATION else metric)

    def majority(self, architecture: str) -> float:
        """Return the majority baseline's accuracy on the published test part."""
        return float(self._rows("headline", architecture, PUBLISHED)["majority_accuracy"].iloc[0])

    def lead(self, named: list[str], protocol: str) -> Value | None:
        """Return the lowest accuracy of the `named` minus the highest of the other published architectures.

        None if the protocol or one of them was not run, or there are no others.
        """
        others = [name for name in self.accuracy if name not in named]
        if protocol not in self.study.protocols or not {*named, *others} <= set(self.study.architectures) or not others:
            return None
        own, rest = ([self.accuracies.of(name, protocol) for name in names] for names in (named, others))
        value = self._value(*lead(own, rest), named[0], protocol, "tables/headline.csv")
        full = protocol != PUBLISHED or all(self._full(name) for name in self.accuracy)
        return dataclasses.replace(value, full=full)

    def _score(self, architecture: str, protocol: str, metric: str) -> Value | None:
        rows = self._rows("scores", architecture, protocol)
        rows = rows[(rows["task"] == "class8") & (rows["metric"] == ON_TEST.get(metric, metric))]
        if rows.empty or pd.isna(rows["ci_low"].iloc[0]):
            return None
        row = rows.iloc[0]
        return self._value(row["estimate"], Interval(row["ci_low"], row["ci_high"]), architecture, protocol, SCORES)

    def _value(self, value: float, limits: Interval, architecture: str, protocol: str, evidence: str) -> Value:
        on, full = OWN, True
        if protocol == PUBLISHED:
            full = self._full(architecture)
            cell = self._rows("cells", architecture, protocol).iloc[0]
            size = "as published" if full else "reduced"
            on = f"{OWN}, {size}: {cell['image_size']} px, {cell['epochs']:.0f} epochs"
        return Value(value, limits.low, limits.high, on, full, evidence)

    def _full(self, architecture: str) -> bool:
        return self._as_published(architecture, self._rows("cells", architecture, PUBLISHED).iloc[0])

    def _as_published(self, architecture: str, run: pd.Series) -> bool:
        stated = self.variants.get(architecture)
        if stated is None or stated["epochs"] is None:
            return False
        sized = all(run[key] == stated[key] for key in ("image_size", "batch_size", "parameters"))
        return bool(sized and run["epochs"] >= stated["epochs"])

    def _reference(self, architecture: str, metric: str) -> Value | None:
        runs = reference.read("replay")
        runs = runs[(runs["architecture"] == architecture) & (runs["change"] == NONE)]
        runs = runs[[self._as_published(architecture, run) for _, run in runs.iterrows()]]
        if runs.empty or metric not in PARTS:
            return None
        counts = reference.read("replay_patients").merge(runs[RUN], on=RUN)
        counts = counts[counts["part"] == PARTS[metric]].groupby("patient")[["n", "n_correct"]].sum().reset_index()
        patients = counts["patient"]
        weights = Bootstrap(patients.tolist(), self.study.bootstrap, self.study.seed).weights(patients)
        limits = interval(weights @ counts["n_correct"] / (weights @ counts["n"]), len(counts), "patient")
        seeds = ", ".join(map(str, runs["seed"]))
        on = f"reference replay as published: {runs['image_size'].iloc[0]} px, {runs['epochs'].iloc[0]} epochs"
        value = counts["n_correct"].sum() / counts["n"].sum()
        return Value(value, limits.low, limits.high, f"{on}, seed {seeds}", True, "benchmarks/reference/replay.csv")

    def _rows(self, table: str, architecture: str, protocol: str) -> pd.DataFrame:
        rows = self.tables[table]
        return rows[(rows["architecture"] == architecture) & (rows["protocol"] == protocol)]
