"""What was measured of a published figure: its replay, and the value when no patient is shared."""

import dataclasses

import numpy as np
import pandas as pd

from analysis.accuracy import Accuracies
from analysis.bootstrap import Bootstrap, interval
from analysis.tidy import read_table
from benchmarks import reference
from benchmarks.protocols import PUBLISHED
from benchmarks.reference import NONE, RUN
from benchmarks.study.study import Study

BY_PATIENT = "by_patient"
VALIDATION = "validation_accuracy"
ON_TEST = {"test_accuracy": "accuracy"}  # published metric -> metric of scores.csv, where the names differ
SCORES, REPLAY = "tables/scores.csv", "benchmarks/reference/replay.csv"


@dataclasses.dataclass(frozen=True)
class Value:
    """A measured value with its 95 % interval; `full` if networks of the published size and length gave it."""

    value: float
    low: float
    high: float
    on: str = ""
    full: bool = True
    evidence: str = SCORES


class Measured:
    """The values of one study, beside the reference replay where the study's own networks are reduced.

    `published` is a file of claims, as benchmarks/publications/claims.py reads it.
    """

    def __init__(self, study: Study, published: dict):
        self.study, self.published = study, published
        self.accuracies = Accuracies(study)
        self.scores = read_table(study.results(), "scores")
        self.headline = read_table(study.results(), "headline")
        self.cells = read_table(study.results(), "cells")
        self.same_data = study.dataset["name"] == published["dataset"]

    def replay(self, architecture: str, metric: str) -> Value | None:
        """The value under protocol `published`, or the reference's if the study's network is reduced; None: not run."""
        own = self._own(architecture, metric)
        if own is None or own.full or not self.same_data:
            return own
        return self._reference(architecture, metric) or own

    def honest(self, architecture: str, metric: str) -> Value | None:
        """The value on test images under `by_patient`; None: not run."""
        return self._score(architecture, BY_PATIENT, "accuracy" if metric == VALIDATION else metric)

    def majority(self, architecture: str) -> float:
        """What always answering the most frequent training class scores on the published test part."""
        return float(self._rows(self.headline, architecture, PUBLISHED)["majority_accuracy"].iloc[0])

    def lead(self, named: list[str], protocol: str) -> Value | None:
        """Mean accuracy of the `named` architectures less that of the others published; None if one has not run."""
        others = [name for name in self.published["figures"] if name not in named]
        if protocol not in self.study.protocols or not {*named, *others} <= set(self.study.architectures) or not others:
            return None
        groups = [[self.accuracies.of(name, protocol) for name in names] for names in (named, others)]
        first, second = (np.mean([one.estimate for one in group]) for group in groups)
        drawn, theirs = (np.mean([one.drawn for one in group], axis=0) for group in groups)
        n_units = min(one.n_units for group in groups for one in group)
        limits = interval(drawn - theirs, n_units, self.accuracies.samples.attrs["unit"])
        full = protocol != PUBLISHED or all(self._full(name) for name in self.published["figures"])
        return Value(
            float(first - second), limits.low, limits.high, self._on(named[0], protocol), full, "tables/headline.csv"
        )

    def _own(self, architecture: str, metric: str) -> Value | None:
        if architecture not in self.study.architectures or PUBLISHED not in self.study.protocols:
            return None
        if metric != VALIDATION:
            return self._score(architecture, PUBLISHED, metric)
        found = self.accuracies.of(architecture, PUBLISHED, "validation_predictions")
        limits = found.limits()
        evidence = f"cells/{architecture}/published/0/validation_predictions.parquet"
        on = self._on(architecture, PUBLISHED)
        return Value(found.estimate, limits.low, limits.high, on, self._full(architecture), evidence)

    def _score(self, architecture: str, protocol: str, metric: str) -> Value | None:
        rows = self._rows(self.scores, architecture, protocol)
        rows = rows[(rows["task"] == "class8") & (rows["metric"] == ON_TEST.get(metric, metric))]
        if rows.empty or pd.isna(rows["ci_low"].iloc[0]):
            return None
        row = rows.iloc[0]
        full = protocol != PUBLISHED or self._full(architecture)
        return Value(row["estimate"], row["ci_low"], row["ci_high"], self._on(architecture, protocol), full)

    def _full(self, architecture: str) -> bool:
        cell = self._rows(self.cells, architecture, PUBLISHED).iloc[0]
        return self._as_published(architecture, cell)

    def _as_published(self, architecture: str, run: pd.Series) -> bool:
        figures = self.published["figures"].get(architecture)
        if figures is None:
            return False
        sized = all(run[key] == figures[key] for key in ("image_size", "batch_size", "parameters"))
        return bool(sized and run["epochs"] >= self.published["epochs"])

    def _on(self, architecture: str, protocol: str) -> str:
        cell = self._rows(self.cells, architecture, protocol).iloc[0]
        if protocol != PUBLISHED:
            return "this study"
        size = "as published" if self._full(architecture) else "reduced"
        return f"this study, {size}: {cell['image_size']} px, {cell['epochs']:.0f} epochs"

    def _reference(self, architecture: str, metric: str) -> Value | None:
        part = {"test_accuracy": "test", VALIDATION: "validation"}.get(metric)
        if part is None:
            return None
        runs = reference.read("replay")
        runs = runs[(runs["architecture"] == architecture) & (runs["change"] == NONE)]
        runs = runs[[self._as_published(architecture, run) for _, run in runs.iterrows()]]
        if runs.empty:
            return None
        counts = reference.read("replay_patients").merge(runs[RUN], on=RUN)
        counts = counts[counts["part"] == part].groupby("patient")[["n", "n_correct"]].sum().reset_index()
        weights = Bootstrap(counts["patient"].tolist(), self.study.bootstrap, self.study.seed).weights(
            counts["patient"]
        )
        limits = interval(weights @ counts["n_correct"] / (weights @ counts["n"]), len(counts), "patient")
        seeds = ", ".join(map(str, runs["seed"]))
        size = f"{runs['image_size'].iloc[0]} px, {runs['epochs'].iloc[0]} epochs, seed {seeds}"
        value = counts["n_correct"].sum() / counts["n"].sum()
        return Value(value, limits.low, limits.high, f"reference replay as published: {size}", True, REPLAY)

    @staticmethod
    def _rows(table: pd.DataFrame, architecture: str, protocol: str) -> pd.DataFrame:
        return table[(table["architecture"] == architecture) & (table["protocol"] == protocol)]
