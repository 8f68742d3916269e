"""Groups: does a model serve every density, view, side and patient equally?

Writes results/<study>/tables/groups.csv: architecture (baselines too), protocol, factor, group, metric, n_samples,
n_units, unit (both of the group's samples that the metric counts), n_positive, n_negative (the group's malignant and
benign samples), value, rest (the same metric on all other groups together), difference (value minus rest), ci_low,
ci_high (95 % bootstrap over patients, group and rest in the same resamples), note.

factor    density (1..4), view, laterality, dataset (of several); severity for accuracy alone; patient, for
          accuracy_spread alone
metric    accuracy in the study's classes; of severity, by a summed probability of malignant classes of at least 0.5:
          sensitivity, specificity, calibration_in_the_large (mean probability minus share of malignant samples) and
          brier

accuracy_spread is the standard deviation, over patients, of each one's own accuracy. Its rest is the mean of the same
with the answers, right and wrong, shuffled among all samples 1000 times; ci_low and ci_high are the value minus the
97.5 and the 2.5 % quantile of these. Images of a patient often share their class, so that a class that is recognised
better than others makes patients differ, too: see the majority baseline's.

A group is not evaluable without MINIMUM units in it and in the rest that have a sample which the metric counts. Other
metrics than sensitivity and specificity compare groups that may differ in their classes: always giving the same answer
has an accuracy that differs by density if the classes do. Of so many intervals one in twenty excludes 0 by chance, and
more of those from few patients or of samples that all score alike, which the note then says.
"""

import argparse
import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis import metrics
from analysis.bias.thresholds import MINIMUM
from analysis.bootstrap import LEVEL, Bootstrap, interval
from analysis.predictions import pooled, read_samples
from analysis.tasks import tasks
from benchmarks.errors import run_cli
from benchmarks.study.study import Study, load_study

COLUMNS = [
    *("architecture", "protocol", "factor", "group", "metric", "n_samples", "n_units", "unit", "n_positive"),
    *("n_negative", "value", "rest", "difference", "ci_low", "ci_high", "note"),
]
FACTORS = ("density", "view", "laterality", "dataset", "severity")
PATIENT, SPREAD, ALL = "patient", "accuracy_spread", "all"
PERMUTATIONS = 1000


@dataclasses.dataclass(frozen=True)
class Measure:
    """A metric that is the mean of `values` (N,) over the samples `counted` (N,), which are `kind` ones."""

    metric: str
    values: np.ndarray
    counted: np.ndarray
    kind: str = ""
    why_not: str = ""


def groups(study: Study) -> pd.DataFrame:
    """The rows of groups.csv. Raises BadInput if a cell is missing."""
    samples = read_samples(study)
    bootstrap = Bootstrap(samples["unit"].tolist(), study.bootstrap, study.seed)
    rows = [
        {"architecture": architecture, "protocol": protocol} | row
        for protocol in study.protocols
        for architecture in study.compared()
        for row in Answers(pooled(study, samples, architecture, protocol), samples, bootstrap).rows(study.seed)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


class Answers:
    """Pooled predictions of one architecture or baseline, what is known of their samples, and the resamples."""

    def __init__(self, table: pd.DataFrame, samples: pd.DataFrame, bootstrap: Bootstrap):
        self.table, self.unit = table, samples.attrs["unit"]
        facts = samples.set_index("sample").reindex(columns=[*FACTORS, PATIENT])
        self.facts = facts.loc[table["sample"]].reset_index(drop=True)
        self.weights = bootstrap.weights(table["unit"]).astype(float)
        self.right = (table["predicted"] == table["label"]).to_numpy(float)
        severity = next((task for task in tasks(table, samples) if task.name == "severity"), None)
        self.positive = severity.positive if severity else None
        self.probability = severity.probability if severity else None

    def rows(self, seed: int) -> Iterator[dict]:
        """The rows of groups.csv, without architecture and protocol."""
        measures = list(self._measures())
        for factor in FACTORS if self.facts["dataset"].nunique() > 1 else [f for f in FACTORS if f != "dataset"]:
            for measure in measures[:1] if factor == "severity" else measures:
                yield from self._compared(factor, measure)
        yield self._patients(seed)

    def _measures(self) -> Iterator[Measure]:
        everything = np.ones(len(self.right), bool)
        yield Measure("accuracy", self.right, everything)
        p, malignant = self.probability, self.positive
        if malignant is None:
            for metric in ("sensitivity", "specificity", "calibration_in_the_large", "brier"):
                yield Measure(metric, self.right, everything, why_not="classes do not give severity")
            return
        # Samples without a finite probability count as wrong, as in scores.csv.
        yield Measure("sensitivity", (p >= 0.5).astype(float), malignant, "malignant ")
        yield Measure("specificity", (p < 0.5).astype(float), ~malignant, "benign ")
        why_not = "" if np.isfinite(p).all() else "a probability is not finite"
        yield Measure("calibration_in_the_large", p - malignant, everything, why_not=why_not)
        yield Measure("brier", (p - malignant) ** 2, everything, why_not=why_not)

    def _compared(self, factor: str, measure: Measure) -> Iterator[dict]:
        known = self.facts[factor]
        if known.isna().any():
            why_not = f"{factor} unknown for some samples"
            yield self._row(factor, ALL, dataclasses.replace(measure, why_not=why_not), np.ones(len(known), bool))
            return
        values = known.astype(str).to_numpy()
        names = sorted(set(values))
        members = values[:, None] == names
        why_not = measure.why_not or ("one group only" if len(names) == 1 else "")
        found = [mean_of_each(measure, members, weights) for weights in (np.ones((1, len(values))), self.weights)]
        for place, name in enumerate(names):
            own = dataclasses.replace(measure, why_not=why_not or self._too_few(measure, members[:, place]))
            row = self._row(factor, name, own, members[:, place])
            if not own.why_not:
                (value, rest), drawn = ([each[:, place] for each in one] for one in found)
                limits = interval(drawn[0] - drawn[1], row["n_units"], self.unit)
                row |= {"value": value.item(), "rest": rest.item(), "difference": (value - rest).item()}
                row |= {"ci_low": limits.low, "ci_high": limits.high}
                row |= {"note": limits.note or _alike(measure, members[:, place])}
            yield row

    def _too_few(self, measure: Measure, members: np.ndarray) -> str:
        """Why a group, the samples `members` (N,), or the rest is too small for a metric; empty if neither is."""
        for where, rows in _group_and_rest(measure, members):
            n = self.table["unit"][rows].nunique()
            if n < MINIMUM:
                return f"{self.unit}s with {measure.kind}samples in the {where}: {n}, fewer than {MINIMUM}"
        return ""

    def _row(self, factor: str, group: str, measure: Measure, members: np.ndarray) -> dict:
        """A row without estimates of a group, the samples `members` (N,)."""
        row = {"factor": factor, "group": group, "metric": measure.metric}
        counted = self.table[members & measure.counted]
        row |= {"n_samples": counted["sample"].nunique(), "n_units": counted["unit"].nunique()}
        row |= {"unit": f"{self.unit}s"}
        if self.positive is not None:
            row["n_positive"] = self.table["sample"][members & self.positive].nunique()
            row["n_negative"] = self.table["sample"][members & ~self.positive].nunique()
        return row | {"note": f"not evaluable: {measure.why_not}" if measure.why_not else ""}

    def _patients(self, seed: int) -> dict:
        # What is tested once a repeat is one sample, right in a share of the repeats.
        own = self.facts.assign(sample=self.table["sample"], right=self.right).groupby("sample")
        right, patients = own["right"].mean().to_numpy(), own[PATIENT].first()
        measure = Measure(SPREAD, self.right, np.ones(len(self.right), bool), why_not=_no_spread(patients))
        row = self._row(PATIENT, ALL, measure, measure.counted)
        if measure.why_not:
            return row
        value, null = spread(right, patients.to_numpy(str), seed)
        tail = (1 - LEVEL) / 2
        low, high = value - np.quantile(null, [1 - tail, tail])
        row |= {"value": value, "rest": null.mean(), "difference": value - null.mean()}
        return row | {"ci_low": low, "ci_high": high}


def mean_of_each(measure: Measure, members: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A metric in each group, and in each one's rest, (B, G) each; NaN where nothing is counted.

    `members` is bool (N, G), the samples of each group; `weights` (B, N) how often a resample holds each sample.
    """
    counted, values = measure.counted[:, None], measure.values[:, None]
    return tuple(
        metrics.ratio(weights @ (own * values), weights @ own.astype(float))
        for own in (members & counted, ~members & counted)
    )


def _group_and_rest(measure: Measure, members: np.ndarray) -> tuple[tuple[str, np.ndarray], tuple[str, np.ndarray]]:
    """The samples (N,) of a group, and of its rest, that a metric counts, each with its name."""
    return ("group", members & measure.counted), ("rest", ~members & measure.counted)


def _alike(measure: Measure, members: np.ndarray) -> str:
    """A warning where a group or its rest scores the same in every resample; empty if neither does."""
    same = [where for where, rows in _group_and_rest(measure, members) if np.ptp(measure.values[rows]) == 0]
    return f"interval too short: all samples of the {' and of the '.join(same)} score alike" if same else ""


def spread(right: np.ndarray, patients: np.ndarray, seed: int) -> tuple[float, np.ndarray]:
    """Standard deviation over patients of their accuracy, and that (1000,) with `right` (N,) shuffled among samples."""
    names, patient = np.unique(patients, return_inverse=True)
    own = np.eye(len(names))[patient]
    n = own.sum(axis=0)
    shuffled = np.random.default_rng(seed).permuted(np.tile(right, (PERMUTATIONS, 1)), axis=1)
    return float((right @ own / n).std(ddof=1)), (shuffled @ own / n).std(axis=1, ddof=1)


def _no_spread(patients: pd.Series) -> str:
    """Why the accuracies of patients, one of each sample, can't be compared; empty if they can."""
    if patients.isna().any():
        return "patient unknown for some samples"
    counts = patients.value_counts()
    if len(counts) < MINIMUM:
        return f"{len(counts)} patients, fewer than {MINIMUM}"
    return "no patient has two samples" if counts.max() < 2 else ""


def main() -> None:
    """Compare how a study's models serve groups of samples."""
    parser = argparse.ArgumentParser(description="Compare how a study's models serve groups of samples.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study = load_study(parser.parse_args().study)
    groups(study).to_csv(study.results() / "tables" / "groups.csv", index=False)


if __name__ == "__main__":
    run_cli(main)
