"""Which architectures differ, from the baselines and from each other, on the same test images.

Writes into results/<study>/tables/

    comparison.csv  protocol, family, a, b, task, metric, test, effect, ci_low, ci_high, p, p_holm, p_a_better,
                    p_equivalent, p_b_better, n, unit, detectable, verdict
    ranks.csv       protocol, architecture (baselines too), mean_rank (1 the best), n_blocks, critical_distance,
                    friedman_p, verdict

family is `baseline` (each architecture, a, against each baseline, b), `architectures` (each pair of these) or, for
Friedman's test alone, `all`. effect is a minus b. analysis/comparison/significance.py says what each test computes:

    paired_bootstrap  accuracy in all classes and of density, roc_auc of severity; averaged over repeats
    corrected_t       accuracy in each fold of each repeat
    bayesian          the same; equivalent within ± 0.05
    mcnemar           right and wrong answers to each image in the first repeat; an image counts once
    friedman nemenyi  ranks by accuracy in each fold of the first repeat; nemenyi's effect is b's mean rank minus a's

Folds share training images. Ranks over folds so describe how consistent a lead is within these data, and are no proof
for one data set; whether a difference would hold for new patients is what corrected_t and paired_bootstrap ask. Under
`published` all repeats have the same test images, so nothing that counts folds is evaluable there.

p_holm is corrected by Holm's method within protocol, family, test and task; nemenyi corrects for all pairs itself, and
its p_holm is never below Friedman's p, without which no pair may be told apart. A verdict for a or b takes p_holm below
0.05 and an interval without zero, in the bayesian test a posterior above 0.95. Intervals of the bootstrap come from the
resamples of all other tables, its p-values from these and more, at least 200 for each comparison of a family.
detectable is the smallest true difference that these patients would show in 80 % of studies, tested alone.
"""

import argparse
import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis import metrics
from analysis.bootstrap import LEVEL, Bootstrap
from analysis.comparison import significance
from analysis.comparison.significance import ALPHA, Outcome, Ranking
from analysis.predictions import pooled, read_samples
from analysis.tasks import Classes, Severity, Task, tasks
from benchmarks.errors import run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.study.study import BASELINES, Study, load_study

COLUMNS = [
    *("protocol", "family", "a", "b", "task", "metric", "test", "effect", "ci_low", "ci_high", "p", "p_holm"),
    *("p_a_better", "p_equivalent", "p_b_better", "n", "unit", "detectable", "verdict"),
]
RANK_COLUMNS = ["protocol", "architecture", "mean_rank", "n_blocks", "critical_distance", "friedman_p", "verdict"]
BASELINE, ARCHITECTURES, ALL = "baseline", "architectures", "all"  # families
BOOTSTRAP, T, MCNEMAR = "paired_bootstrap", "corrected_t", "mcnemar"
BAYES, FRIEDMAN, NEMENYI = "bayesian", "friedman", "nemenyi"
A_BETTER, B_BETTER, EQUIVALENT = "a better", "b better", "practically equivalent"
NO_DIFFERENCE, RANKS_DIFFER, NONE = "no difference shown", "ranks differ", "not evaluable"
CLASS8, ACCURACY = "class8", "accuracy"
METRIC = {CLASS8: ACCURACY, "density": ACCURACY, "severity": "roc_auc"}
RESAMPLES = 200  # for each comparison of a family: the smallest p-value is then 0.01 after correction
SAME_TEST = "every fold has the same test images"


@dataclasses.dataclass(frozen=True)
class Scored:
    """One task of one that is compared: its score, resampled (B,), and whether each image was answered right (N,)."""

    estimate: float
    drawn: np.ndarray
    right: np.ndarray | None
    note: str


class Comparison:
    """All that is compared under one protocol, on the same images and resamples."""

    def __init__(self, study: Study, protocol: str):
        self.study, self.protocol = study, protocol
        self.samples = read_samples(study)
        self.unit = self.samples.attrs["unit"]
        n_resamples = max(study.bootstrap, RESAMPLES * max(Counter(family for family, *_ in self.pairs()).values()))
        self.bootstrap = Bootstrap(self.samples["unit"].tolist(), n_resamples, study.seed)
        tables = {name: pooled(study, self.samples, name, protocol) for name in study.compared()}
        # What is said of images and folds is the same in the tables of all.
        first = tables[study.compared()[0]]
        self.units, self.folds = first["unit"].to_numpy(), first["fold"].to_numpy()
        self.repeat = first["repeat"].to_numpy()
        self.once = self.repeat == self.repeat[0]
        self.scored = {name: dict(self._scored(name, table)) for name, table in tables.items()}
        self.per_fold = pd.DataFrame(
            {name: (t["predicted"] == t["label"]).groupby(t["fold"]).mean() for name, t in tables.items()}
        )
        self.ranking = self._ranking()

    def _scored(self, name: str, table: pd.DataFrame) -> Iterator[tuple[str, Scored]]:
        weights = self.bootstrap.weights(table["unit"])
        repeats = [self.repeat == repeat for repeat in np.unique(self.repeat)]
        for task in tasks(table, self.samples):
            metric = METRIC[task.name]
            estimate = metrics.mean([task.scores(rows) for rows in repeats])[metric]
            drawn = metrics.mean([task.resampled(rows, weights[:, rows]) for rows in repeats])[metric]
            right = task.truth == task.predicted if isinstance(task, Classes) else None
            yield task.name, Scored(estimate, drawn, right, self._no_score(name, task, estimate))

    def _no_score(self, name: str, task: Task, estimate: float) -> str:
        """Why a task's score says nothing; empty if it does."""
        if np.isnan(estimate):
            return f"{name} has no {METRIC[task.name]}: it takes both severities, and finite probabilities"
        if isinstance(task, Severity) and pd.Series(task.probability).groupby(self.folds).nunique().max() == 1:
            # Pooled over folds it would still rank folds by the share of malignant images that was left for training.
            return f"{name} gives all images of a fold the same probability"
        return ""

    def _ranking(self) -> Ranking:
        scores = self.per_fold.loc[np.unique(self.folds[self.once])].to_numpy()
        if self.protocol == PUBLISHED:
            return significance.unranked(*scores.shape, SAME_TEST)
        return significance.rank(scores)

    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """Family, a and b of every comparison."""
        yield from ((BASELINE, a, b) for a in sorted(self.study.architectures) for b in BASELINES)
        yield from ((ARCHITECTURES, *pair) for pair in itertools.combinations(sorted(self.study.architectures), 2))

    def rows(self) -> pd.DataFrame:
        """The protocol's rows of comparison.csv."""
        rows = [row for pair in self.pairs() for row in self._pair(*pair)]
        overall = Outcome(self.ranking.n, p=self.ranking.p, note=self.ranking.note)
        rows.append({"family": ALL, "test": FRIEDMAN, "unit": "folds"} | dataclasses.asdict(overall))
        table = pd.DataFrame(rows).assign(protocol=self.protocol)
        table["task"] = table["task"].fillna(CLASS8)
        table["metric"] = table["task"].map(METRIC)
        table["p_holm"] = table.groupby(["family", "test", "task"])["p"].transform(significance.holm)
        # Nemenyi's p-values are corrected already, and mean nothing before Friedman's test has found a difference.
        nemenyi = table["test"] == NEMENYI
        table.loc[nemenyi, "p_holm"] = table.loc[nemenyi, "p"].clip(lower=self.ranking.p)
        table["verdict"] = [verdict(row) for row in table.to_dict("records")]
        return table[COLUMNS]

    def _pair(self, family: str, a: str, b: str) -> Iterator[dict]:
        about = {"family": family, "a": a, "b": b}
        for task in self.scored[a]:
            row = about | {"task": task, "test": BOOTSTRAP, "unit": f"{self.unit}s"}
            yield row | {"detectable": self._detectable(a, b, task)} | dataclasses.asdict(self._resampled(a, b, task))
        for test, (unit, outcome) in self._tests(a, b).items():
            yield about | {"test": test, "unit": unit} | dataclasses.asdict(outcome)

    def _resampled(self, a: str, b: str, task: str) -> Outcome:
        ours, theirs = self.scored[a][task], self.scored[b][task]
        n_units = len(np.unique(self.units))
        if note := ours.note or theirs.note:
            return Outcome(n_units, note=note)
        effect = ours.estimate - theirs.estimate
        drawn = ours.drawn - theirs.drawn
        return significance.paired_bootstrap(effect, drawn, n_units, self.unit, self.study.bootstrap)

    def _detectable(self, a: str, b: str, task: str) -> float:
        right = [self.scored[name][task].right for name in (a, b)]
        if right[0] is None:
            return np.nan
        differences = right[0][self.once].astype(int) - right[1][self.once]
        return significance.smallest_detectable(differences, self.units[self.once], self.study.seed)

    def _tests(self, a: str, b: str) -> dict[str, tuple[str, Outcome]]:
        """Unit and outcome of every other test, on the answers in all classes."""
        mcnemar = significance.mcnemar_exact(*(self.scored[name][CLASS8].right[self.once] for name in (a, b)))
        ours, theirs = self.per_fold[a].to_numpy(), self.per_fold[b].to_numpy()
        if self.protocol == PUBLISHED:
            by_fold = dict.fromkeys((T, BAYES), Outcome(len(ours), note=SAME_TEST))
        else:
            # Nadeau and Bengio's ratio for K folds; a validation part belongs to what the model is chosen by.
            ratio = 1 / (self.study.folds - 1)
            by_fold = {T: significance.corrected_resampled_t(ours - theirs, ratio)}
            by_fold[BAYES] = significance.correlated_bayes(ours, theirs, self.study.repeats)
        by_fold[NEMENYI] = self._nemenyi(a, b)
        return {MCNEMAR: ("images", mcnemar)} | {test: ("folds", outcome) for test, outcome in by_fold.items()}

    def _nemenyi(self, a: str, b: str) -> Outcome:
        if self.ranking.note:
            return Outcome(self.ranking.n, note=self.ranking.note)
        i, j = (self.per_fold.columns.get_loc(name) for name in (a, b))
        ranks = self.ranking.ranks
        return Outcome(self.ranking.n, ranks[j] - ranks[i], p=self.ranking.pairs[i, j])

    def ranks(self) -> pd.DataFrame:
        """The protocol's rows of ranks.csv."""
        ranking = self.ranking
        about = {"protocol": self.protocol, "architecture": self.per_fold.columns, "mean_rank": ranking.ranks}
        about |= {"n_blocks": ranking.n, "critical_distance": ranking.critical_distance, "friedman_p": ranking.p}
        found = verdict({"test": FRIEDMAN, "note": ranking.note, "p_holm": ranking.p})
        return pd.DataFrame(about | {"verdict": found})[RANK_COLUMNS]


def verdict(row: dict) -> str:
    """What one row says, from its note, corrected p or posterior, and the sign of its effect."""
    if row["note"]:
        return f"{NONE}: {row['note']}"
    if row["test"] == BAYES:
        shares = {A_BETTER: row["p_a_better"], EQUIVALENT: row["p_equivalent"], B_BETTER: row["p_b_better"]}
        return next((name for name, share in shares.items() if share > LEVEL), NO_DIFFERENCE)
    if row["test"] == FRIEDMAN:
        return RANKS_DIFFER if row["p_holm"] < ALPHA else NO_DIFFERENCE
    # A resampled interval may just hold zero though its p-value, which more resamples give, is below 0.05.
    if row["p_holm"] >= ALPHA or row["ci_low"] <= 0 <= row["ci_high"]:
        return NO_DIFFERENCE
    return A_BETTER if row["effect"] > 0 else B_BETTER


def compare(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of comparison.csv and of ranks.csv. Raises BadInput if a cell's predictions are missing."""
    each = [Comparison(study, protocol) for protocol in study.protocols]
    comparison = pd.concat([own.rows() for own in each], ignore_index=True)
    return comparison, pd.concat([own.ranks() for own in each], ignore_index=True)


def beats(table: pd.DataFrame, protocol: str) -> dict[str, list[str]]:
    """The baselines that each architecture beats in all classes by the paired bootstrap; those not evaluable left out.

    `table` is comparison.csv.
    """
    rows = table[(table["protocol"] == protocol) & (table["family"] == BASELINE)]
    rows = rows[(rows["test"] == BOOTSTRAP) & (rows["task"] == CLASS8) & ~rows["verdict"].str.startswith(NONE)]
    return {a: own.loc[own["verdict"] == A_BETTER, "b"].tolist() for a, own in rows.groupby("a")}


def main() -> None:
    """Compare the architectures of one study."""
    parser = argparse.ArgumentParser(description="Compare a study's architectures with baselines and each other.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study = load_study(parser.parse_args().study)
    for name, table in zip(("comparison", "ranks"), compare(study), strict=True):
        table.to_csv(study.results() / "tables" / f"{name}.csv", index=False)


if __name__ == "__main__":
    run_cli(main)
