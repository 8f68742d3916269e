"""Performance in groups of samples: by density, view, side, data set and patient.

Writes results/<study>/tables/groups.csv: architecture (baselines too), protocol, factor, group, metric, n_samples,
n_units, unit (of the group's samples that the metric counts), n_positive, n_negative (the group's malignant and benign
samples), value, rest (the same metric on all other groups together), difference (value minus rest), ci_low, ci_high
(95% bootstrap over patients, group and rest in the same resamples), p, note.

factor    density (1..4), view, laterality, dataset (if several); severity for accuracy, patient for accuracy_spread
metric    accuracy in the study's classes; for severity, malignant at a summed probability of at least 0.5:
          sensitivity, specificity, calibration_in_the_large (mean probability minus share of malignant samples), brier

accuracy_spread is the standard deviation over patients of a patient's accuracy. Its rest is the mean of the same after
right and wrong answers were shuffled among all samples; ci_low and ci_high are the value minus the 97.5% and
the 2.5% quantile of these. Patients also differ if their classes differ: compare with the majority baseline.

p is the two-sided p-value of no difference. A difference is the sum of the patients' shares in it, whose signs are
flipped at random (analysis/bias/sign_flips.py). A sample's share is its score minus the mean of all samples, divided by
the samples of its group, negative in the rest: scores as bootstraps of regressions use them (Kline & Santos, J. Econom.
Methods 1, 2012). p of accuracy_spread is twice the share of shuffles on the rarer side of the value.

A group is not evaluable unless group and rest have MINIMUM units with samples that the metric counts. Accuracy,
calibration and brier also differ if groups differ in their classes. By chance, one in twenty intervals excludes 0, more
for few patients or for samples that all score alike; the note then warns.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis import metrics
from analysis.accuracy import Accuracies
from analysis.bias.sign_flips import DRAWS, ROUNDING, blocks, p_largest, share_of_draws
from analysis.bias.thresholds import MINIMUM
from analysis.bootstrap import LEVEL, Bootstrap, interval
from analysis.tasks import severity_of
from analysis.tidy import table_stage
from benchmarks.errors import run_cli
from benchmarks.study.study import Study

COLUMNS = [
    *("architecture", "protocol", "factor", "group", "metric", "n_samples", "n_units", "unit", "n_positive"),
    *("n_negative", "value", "rest", "difference", "ci_low", "ci_high", "p", "note"),
]
FACTORS = ("density", "view", "laterality", "dataset", "severity")
OF_SEVERITY = ("sensitivity", "specificity", "calibration_in_the_large", "brier")  # metrics
PATIENT, SPREAD, ALL = "patient", "accuracy_spread", "all"


@dataclasses.dataclass(frozen=True)
class Measure:
    """A metric that is the mean of `values` (N,) over the samples `counted` (N,), called `kind` samples."""

    metric: str
    values: np.ndarray
    counted: np.ndarray
    kind: str = ""
    why_not: str = ""


def groups(study: Study) -> pd.DataFrame:
    """Return groups.csv. Raises BadInput if a cell is missing."""
    shared = Accuracies(study)
    rows = [
        {"architecture": architecture, "protocol": protocol} | row
        for protocol in study.protocols
        for architecture in study.compared()
        for row in Answers(shared.pooled(architecture, protocol), shared.samples, shared.bootstrap).rows(study.seed)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


class Answers:
    """Pooled predictions of one architecture or baseline, the factors of their samples, and the resamples."""

    def __init__(self, table: pd.DataFrame, samples: pd.DataFrame, bootstrap: Bootstrap):
        self.table, self.unit = table, samples.attrs["unit"]
        facts = samples.set_index("sample").reindex(columns=[*FACTORS, PATIENT])
        self.facts = facts.loc[table["sample"]].reset_index(drop=True)
        self.weights = bootstrap.weights(table["unit"]).astype(float)
        self.right = (table["predicted"] == table["label"]).to_numpy(float)
        self.everything = np.ones(len(table), bool)
        self.severity = severity_of(table, samples)

    def rows(self, seed: int) -> Iterator[dict]:
        """Yield the rows of groups.csv, without architecture and protocol."""
        measures = [Measure("accuracy", self.right, self.everything), *self._severity_measures()]
        for factor in FACTORS:
            if factor != "dataset" or self.facts["dataset"].nunique() > 1:
                for measure in measures[:1] if factor == "severity" else measures:
                    yield from self._compared(factor, measure, seed)
        yield self._patients(seed)

    def _severity_measures(self) -> list[Measure]:
        if not self.severity:
            why_not = "classes do not give severity"
            return [Measure(metric, self.right, self.everything, why_not=why_not) for metric in OF_SEVERITY]
        p, malignant = self.severity.probability, self.severity.truth
        why_not = "" if np.isfinite(p).all() else "a probability is not finite"
        # Samples without a finite probability count as wrong, as in scores.csv.
        return [
            Measure("sensitivity", (p >= 0.5).astype(float), malignant, "malignant "),
            Measure("specificity", (p < 0.5).astype(float), ~malignant, "benign "),
            Measure("calibration_in_the_large", p - malignant, self.everything, why_not=why_not),
            Measure("brier", (p - malignant) ** 2, self.everything, why_not=why_not),
        ]

    def _compared(self, factor: str, measure: Measure, seed: int) -> Iterator[dict]:
        known = self.facts[factor]
        if known.isna().any():
            yield self._row(factor, ALL, measure, self.everything, f"{factor} unknown for some samples")
            return
        values = known.astype(str).to_numpy()
        names = sorted(set(values))
        members = values[:, None] == names
        value, rest = (each[0] for each in mean_of_each(measure, members, np.ones((1, len(values)))))
        drawn, drawn_rest = mean_of_each(measure, members, self.weights)
        for place, name in enumerate(names):
            own = members[:, place]
            sides = {"group": own & measure.counted, "rest": ~own & measure.counted}
            few = [
                f"{self.unit}s with {measure.kind}samples in the {side}: {n}, fewer than {MINIMUM}"
                for side, rows in sides.items()
                if (n := self.table["unit"][rows].nunique()) < MINIMUM
            ]
            why_not = measure.why_not or ("one group only" if len(names) == 1 else "".join(few[:1]))
            row = self._row(factor, name, measure, own, why_not)
            if not why_not:
                limits = interval(drawn[:, place] - drawn_rest[:, place], row["n_units"], self.unit)
                row |= {"value": value[place], "rest": rest[place], "difference": value[place] - rest[place]}
                same = [side for side, rows in sides.items() if np.ptp(measure.values[rows]) == 0]
                alike = f"interval too short: all samples of the {' and of the '.join(same)} have the same value"
                p = p_largest(shares(measure, own)[:, None], self.table["unit"].to_numpy(str), seed)
                row |= limits.columns() | {"p": p, "note": limits.note or (alike if same else "")}
            yield row

    def _row(self, factor: str, group: str, measure: Measure, members: np.ndarray, why_not: str) -> dict:
        """Return a row of a group, the samples `members` (N,), without estimates."""
        counted = self.table[members & measure.counted]
        row = {"factor": factor, "group": group, "metric": measure.metric, "n_samples": counted["sample"].nunique()}
        row |= {"n_units": counted["unit"].nunique(), "unit": f"{self.unit}s"}
        if self.severity:
            row["n_positive"] = self.table["sample"][members & self.severity.truth].nunique()
            row["n_negative"] = self.table["sample"][members & ~self.severity.truth].nunique()
        return row | {"note": f"not evaluable: {why_not}" if why_not else ""}

    def _patients(self, seed: int) -> dict:
        # A sample that is tested in every repeat counts once, as right in a share of the repeats.
        own = self.facts.assign(sample=self.table["sample"], right=self.right).groupby("sample")
        right, patients = own["right"].mean().to_numpy(), own[PATIENT].first()
        counts = patients.value_counts()
        why_not = "" if (counts > 1).any() else "no patient has two samples"
        why_not = f"{len(counts)} patients, fewer than {MINIMUM}" if len(counts) < MINIMUM else why_not
        why_not = "patient unknown for some samples" if patients.isna().any() else why_not
        row = self._row(PATIENT, ALL, Measure(SPREAD, self.right, self.everything), self.everything, why_not)
        if why_not:
            return row
        value, null = spread(right, patients.to_numpy(str), seed)
        tail = (1 - LEVEL) / 2
        low, high = value - np.quantile(null, [1 - tail, tail])
        found = {"value": value, "rest": null.mean(), "difference": value - null.mean(), "ci_low": low, "ci_high": high}
        rarer = np.minimum(share_of_draws(null >= value - ROUNDING), share_of_draws(null <= value + ROUNDING))
        return row | found | {"p": min(1.0, 2 * rarer)}


def mean_of_each(measure: Measure, members: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute a metric in groups `members` (N, G) and in their rests by `weights` (B, N): (B, G) each, NaN if empty."""
    counted, values = measure.counted[:, None], measure.values[:, None]
    group, rest = (
        metrics.ratio(weights @ (own * values), weights @ own.astype(float))
        for own in (members & counted, ~members & counted)
    )
    return group, rest


def shares(measure: Measure, members: np.ndarray) -> np.ndarray:
    """Compute the share (N,) of each sample in the difference between the group `members` (N,) and the rest."""
    group, rest = (own / own.sum() for own in (members & measure.counted, ~members & measure.counted))
    return (measure.values - measure.values[measure.counted].mean()) * (group - rest)


def spread(right: np.ndarray, patients: np.ndarray, seed: int, draws: int = DRAWS) -> tuple[float, np.ndarray]:
    """Compute the standard deviation over patients of their accuracy, also with shuffled `right` (N,): (draws,)."""
    names, patient = np.unique(patients, return_inverse=True)
    own = np.eye(len(names))[patient]
    n = own.sum(axis=0)
    rng = np.random.default_rng(seed)
    shuffled = (rng.permuted(np.tile(right, (size, 1)), axis=1) for size in blocks(draws))
    null = np.concatenate([(some @ own / n).std(axis=1, ddof=1) for some in shuffled])
    return float((right @ own / n).std(ddof=1)), null


main = table_stage("Compare groups of samples of a study.", lambda study: {"groups": groups(study)})

if __name__ == "__main__":
    run_cli(main)
