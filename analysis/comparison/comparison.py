"""Comparison of architectures with the baselines and with each other, on the same test images.

Writes into results/<study>/tables/

    comparison.csv  protocol, family, a, b, task, metric, test, effect, ci_low, ci_high, p, p_holm, p_a_better,
                    p_equivalent, p_b_better, n, unit, detectable, verdict
    ranks.csv       protocol, architecture (baselines too), mean_rank (1 the best), n_blocks, critical_distance,
                    friedman_p, verdict

family is `baseline` (each architecture, a, against each baseline, b), `architectures` (each pair of architectures) or
`all` (Friedman's test alone). effect is a minus b. analysis/comparison/significance.py describes the tests:

    paired_bootstrap  accuracy in all classes and of density, roc_auc_within of severity; averaged over repeats
    corrected_t       accuracy in each fold of each repeat
    bayesian          accuracy in each fold of each repeat; equivalent within ± 0.05
    mcnemar           right and wrong answers to each image in the first repeat; an image counts once
    friedman nemenyi  ranks by accuracy in each fold of the first repeat; nemenyi's effect is b's mean rank minus a's

Folds share training images: ranks over folds describe how consistent a lead is within these data, not for new patients.
Under `published`, `official` and `as_shipped`, all repeats have the same test images, so tests over folds are not
evaluable.

p_holm is corrected by Holm's method within protocol, family, test and task. nemenyi already corrects for all pairs; its
p_holm is at least Friedman's p, which must be significant first. A verdict for a or b needs p_holm below 0.05 and an
interval without zero, in the bayesian test a posterior above 0.95. Bootstrap p-values use at least 200 resamples for
each comparison of a family, intervals the resamples of all other tables. detectable is the smallest true difference
that a single test finds with 80% power for these patients.
"""

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis import metrics
from analysis.accuracy import Accuracies
from analysis.bootstrap import LEVEL
from analysis.comparison import significance
from analysis.comparison.significance import ALPHA, Outcome
from analysis.tasks import AUC, Classes, tasks
from analysis.tidy import table_stage
from benchmarks.errors import run_cli
from benchmarks.protocols import ONE_FOLD
from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study

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
METRIC = {CLASS8: ACCURACY, "density": ACCURACY, "severity": AUC}
RESAMPLES = 200  # for each comparison of a family: the smallest p-value is then 0.01 after correction
SAME_TEST = "every fold has the same test images"


@dataclasses.dataclass(frozen=True)
class Scored:
    """Score in one task, its values in the resamples (B,), and the right answers (N,) of the first repeat."""

    estimate: float
    drawn: np.ndarray
    right: np.ndarray | None
    note: str


class Comparison:
    """All comparisons under one protocol, on the same images and resamples."""

    def __init__(self, study: Study, protocol: str):
        self.study, self.protocol = study, protocol
        largest = max(Counter(family for family, *_ in self.pairs()).values())
        self.shared = Accuracies(study, max(study.bootstrap, RESAMPLES * largest))
        tables = {name: self.shared.pooled(name, protocol) for name in study.compared()}
        # All tables have the same images and folds in the same order.
        first = tables[study.compared()[0]]
        self.units, self.folds, self.repeat = (first[column].to_numpy() for column in ("unit", "fold", "repeat"))
        self.once = self.repeat == self.repeat[0]
        self.scored = {name: dict(self._scored(name, table)) for name, table in tables.items()}
        self.right = {name: (table["predicted"] == table["label"]).to_numpy() for name, table in tables.items()}
        self.per_fold = pd.DataFrame(self.right).groupby(self.folds).mean()
        scores = self.per_fold.loc[np.unique(self.folds[self.once])].to_numpy()
        untested = significance.unranked(len(scores), scores.shape[1], SAME_TEST)
        self.ranking = untested if protocol in ONE_FOLD else significance.rank(scores)

    def _scored(self, name: str, table: pd.DataFrame) -> Iterator[tuple[str, Scored]]:
        weights = self.shared.bootstrap.weights(table["unit"])
        repeats = [self.repeat == repeat for repeat in np.unique(self.repeat)]
        for task in tasks(table, self.shared.samples):
            metric = METRIC[task.name]
            estimate = metrics.mean([task.scores(rows) for rows in repeats])[metric]
            drawn = metrics.mean([task.resampled(rows, weights[:, rows]) for rows in repeats])[metric]
            note = ""
            if np.isnan(estimate):
                note = f"{name} has no {metric}, which requires a fold with both severities and finite probabilities"
            right = (task.truth == task.predicted)[self.once] if isinstance(task, Classes) else None
            yield task.name, Scored(estimate, drawn, right, note)

    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """Yield family, a and b of every comparison."""
        yield from ((BASELINE, a, b) for a in sorted(self.study.architectures) for b in BASELINES)
        yield from ((ARCHITECTURES, *pair) for pair in itertools.combinations(sorted(self.study.architectures), 2))

    def rows(self) -> pd.DataFrame:
        """Return the protocol's rows of comparison.csv."""
        rows = [
            {"family": family, "a": a, "b": b, "task": task, "test": test, "unit": unit, "detectable": detectable}
            | dataclasses.asdict(outcome)
            for family, a, b in self.pairs()
            for task, test, unit, detectable, outcome in [*self._resampled(a, b), *self._tests(a, b)]
        ]
        overall = Outcome(self.ranking.n, p=self.ranking.p, note=self.ranking.note)
        rows.append({"family": ALL, "task": CLASS8, "test": FRIEDMAN, "unit": "folds"} | dataclasses.asdict(overall))
        table = pd.DataFrame(rows).assign(protocol=self.protocol)
        table["metric"] = table["task"].map(METRIC)
        table["p_holm"] = table.groupby(["family", "test", "task"])["p"].transform(significance.holm)
        # Nemenyi's p-values are already corrected, and valid only if Friedman's test has found a difference.
        nemenyi = table["test"] == NEMENYI
        table.loc[nemenyi, "p_holm"] = table.loc[nemenyi, "p"].clip(lower=self.ranking.p)
        table["verdict"] = [verdict(row) for row in table.to_dict("records")]
        return table[COLUMNS]

    def _resampled(self, a: str, b: str) -> Iterator[tuple[str, str, str, float, Outcome]]:
        """Yield task, test, unit, detectable and outcome of the bootstrap for every task."""
        n_units, unit = len(np.unique(self.units)), self.shared.unit
        for task, ours in self.scored[a].items():
            theirs = self.scored[b][task]
            if note := ours.note or theirs.note:
                outcome = Outcome(n_units, note=note)
            else:
                effect, drawn = ours.estimate - theirs.estimate, ours.drawn - theirs.drawn
                outcome = significance.paired_bootstrap(effect, drawn, n_units, unit, self.study.bootstrap)
            detectable = np.nan
            if ours.right is not None and theirs.right is not None:
                right = ours.right.astype(int) - theirs.right
                detectable = significance.smallest_detectable(right, self.units[self.once], self.study.seed)
            yield task, BOOTSTRAP, f"{unit}s", detectable, outcome

    def _tests(self, a: str, b: str) -> Iterator[tuple[str, str, str, float, Outcome]]:
        """Yield task, test, unit, detectable (NaN) and outcome of the other tests, on the answers in all classes."""
        mcnemar = significance.mcnemar_exact(self.right[a][self.once], self.right[b][self.once])
        yield CLASS8, MCNEMAR, "images", np.nan, mcnemar
        ours, theirs = self.per_fold[a].to_numpy(), self.per_fold[b].to_numpy()
        if self.protocol in ONE_FOLD:
            t = bayes = Outcome(len(ours), note=SAME_TEST)
        else:
            # Nadeau and Bengio's ratio for K folds; the validation part counts as training, since it chooses the model.
            t = significance.corrected_resampled_t(ours - theirs, ratio=1 / (self.study.folds - 1))
            bayes = significance.correlated_bayes(ours, theirs, self.study.repeats)
        i, j = (self.per_fold.columns.get_loc(name) for name in (a, b))
        ranks = self.ranking.ranks
        nemenyi = Outcome(self.ranking.n, ranks[j] - ranks[i], p=self.ranking.pairs[i, j], note=self.ranking.note)
        for test, outcome in ((T, t), (BAYES, bayes), (NEMENYI, nemenyi)):
            yield CLASS8, test, "folds", np.nan, outcome

    def ranks(self) -> pd.DataFrame:
        """Return the protocol's rows of ranks.csv."""
        ranking = self.ranking
        columns = {"protocol": self.protocol, "architecture": self.per_fold.columns, "mean_rank": ranking.ranks}
        columns |= {"n_blocks": ranking.n, "critical_distance": ranking.critical_distance, "friedman_p": ranking.p}
        found = verdict({"test": FRIEDMAN, "note": ranking.note, "p_holm": ranking.p})
        return pd.DataFrame(columns | {"verdict": found})[RANK_COLUMNS]


def verdict(row: dict) -> str:
    """Return the verdict of one row from its note, corrected p or posterior, and the sign of its effect."""
    if row["note"]:
        return f"{NONE}: {row['note']}"
    if row["test"] == BAYES:
        shares = {A_BETTER: row["p_a_better"], EQUIVALENT: row["p_equivalent"], B_BETTER: row["p_b_better"]}
        return next((name for name, share in shares.items() if share > LEVEL), NO_DIFFERENCE)
    if row["test"] == FRIEDMAN:
        return RANKS_DIFFER if row["p_holm"] < ALPHA else NO_DIFFERENCE
    # A bootstrap interval may hold zero although p, which uses more resamples, is below 0.05.
    if row["p_holm"] >= ALPHA or row["ci_low"] <= 0 <= row["ci_high"]:
        return NO_DIFFERENCE
    return A_BETTER if row["effect"] > 0 else B_BETTER


def compare(study: Study) -> dict[str, pd.DataFrame]:
    """Return comparison.csv and ranks.csv by name. Raises BadInput if a cell's predictions are missing."""
    each = [Comparison(study, protocol) for protocol in study.protocols]
    tables = {"comparison": [own.rows() for own in each], "ranks": [own.ranks() for own in each]}
    return {name: pd.concat(own, ignore_index=True) for name, own in tables.items()}


def beats(table: pd.DataFrame, protocol: str) -> dict[str, list[str]]:
    """Return from comparison.csv the baselines that each architecture beats in all classes by the paired bootstrap."""
    rows = table[(table["protocol"] == protocol) & (table["family"] == BASELINE)]
    rows = rows[(rows["test"] == BOOTSTRAP) & (rows["task"] == CLASS8) & ~rows["verdict"].str.startswith(NONE)]
    return {a: own.loc[own["verdict"] == A_BETTER, "b"].tolist() for a, own in rows.groupby("a")}


main = table_stage("Compare a study's architectures with baselines and each other.", compare)

if __name__ == "__main__":
    run_cli(main)
