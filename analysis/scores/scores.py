"""Scores of every architecture and baseline under every protocol, from the predictions of their cells.

Writes into results/<study>/tables/

    scores.csv              architecture, protocol, task, metric, estimate, n_samples, n_units, ci_low, ci_high,
                            fold_sd, seed_sd, collapsed_cells, note; also for control and learning curve
    per_class.csv           architecture, protocol, label, precision, recall, recall_low, recall_high, f1, support,
                            n_units
    confusion.csv           architecture, protocol, label (true), predicted, n: all confusion matrices
    confusion_<a>_<p>.csv   label (true) and one column for each predicted class, counts
    headline.csv            architecture, protocol, accuracy, ci_low, ci_high, n_samples, n_units, unit, severity_auc,
                            severity_auc_low, severity_auc_high, density_accuracy (_low, _high), density_kappa (_low,
                            _high), majority_label, majority_accuracy, difference, difference_low, difference_high,
                            verdict, skill, predicted_classes, collapsed_cells, cells
    inflation.csv           published minus honest accuracy
    roc.csv reliability.csv analysis/scores/curves.py

Severity has two areas under the ROC curve. roc_auc_within counts pairs of a malignant and a benign sample of one fold
(of one repeat): it is the one to quote. roc_auc also counts pairs across folds, whose models need not have the same
scale, and is then biased downwards (Forman & Scholz, SIGKDD Explorations 12, 2010; Airola et al., Comput. Stat. Data
Anal. 55, 2011). roc_auc_calibrated, brier_calibrated and ece_calibrated are those of probabilities that were put on a
common scale, fold by fold (analysis/scores/calibration.py); the note says which folds could not be.

task is class8 (the classes of the data set, however many), severity or density (analysis/tasks.py). Estimates are
scikit-learn's on the pooled test predictions of all folds, averaged over repeats. A sample without a finite probability
counts as wrong. Intervals (ci_low, ci_high) are 95% percentile bootstraps over patients, or over sources or samples if
patients are not known, with the same resamples for all tables.

fold_sd and seed_sd are standard deviations over the folds (of all repeats) and over the repeats, which differ in folds
and training seeds. They are empty for fewer than two; fold_sd also if a fold lacks a class that the metric needs.
headline.csv has the accuracy in all classes, and severity and density on their own: severity_auc is roc_auc_within,
density_kappa the quadratic kappa; empty where classes have no such factor. majority_accuracy is that of the majority
baseline; the verdict says whether the difference is significant. skill is yes, no or `not evaluable: why`, by
the same rule for architectures and baselines (analysis/scores/skill.py).

recall_low and recall_high are Wilson's 95% interval (J. Am. Stat. Assoc. 22, 1927), which treats images as independent.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from statsmodels.stats.proportion import proportion_confint

from analysis import metrics
from analysis.accuracy import Accuracies
from analysis.bootstrap import LEVEL, interval
from analysis.predictions import read_classes
from analysis.probability_metrics import NEEDS_BOTH
from analysis.scores import collapse, curves
from analysis.scores.calibration import calibrated
from analysis.scores.skill import factors, skill
from analysis.tasks import AUC, CALIBRATED, tasks
from analysis.tidy import table_stage
from benchmarks.errors import run_cli
from benchmarks.protocols import NOT_HONEST, PUBLISHED
from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study

BEATS, DOES_NOT_BEAT, IS_BASELINE = "beats majority", "does not beat majority", "baseline"
MAJORITY = BASELINES[0]
# metric -> why it is not evaluable; other metrics need finite probabilities
REASONS = {"sensitivity": "no malignant test sample", "specificity": "no benign test sample"}
REASONS |= dict.fromkeys(
    [*NEEDS_BOTH, f"roc_auc{CALIBRATED}"], "requires test samples of both severities, and finite probabilities"
)
REASONS[AUC] = "requires a fold with test samples of both severities, and finite probabilities"
REASONS["quadratic_kappa"] = "requires several densities, and finite probabilities"
INFLATION = ["architecture", "honest_protocol", "published_accuracy", "honest_accuracy", "inflation"]
INFLATION += ["ci_low", "ci_high", "n_published_units", "n_honest_units"]


class Scorer:
    """Pooled predictions of a study, by architecture and protocol, and the tables computed from them."""

    def __init__(self, study: Study):
        self.accuracies, self.classes = Accuracies(study), read_classes(study)
        self.samples, self.bootstrap = self.accuracies.samples, self.accuracies.bootstrap
        self.pooled = {pair: self._calibrated(*pair) for pair in study.pairs()}
        self.main = {pair: table for pair, table in self.pooled.items() if pair[1] in study.protocols}

    def _calibrated(self, architecture: str, protocol: str) -> pd.DataFrame:
        """Return pooled predictions with columns calibrated and not_calibrated (which folds, and why)."""
        table = self.accuracies.pooled(architecture, protocol)
        validation = self.accuracies.pooled(architecture, protocol, "validation_predictions")
        probability, missing = calibrated(table, validation, self.samples)
        return table.assign(calibrated=probability, not_calibrated=missing)

    def scores(self) -> pd.DataFrame:
        """Return scores.csv."""
        return pd.DataFrame([row for pair, table in self.pooled.items() for row in self._scores(*pair, table)])

    def _scores(self, architecture: str, protocol: str, table: pd.DataFrame) -> Iterator[dict]:
        weights = self.bootstrap.weights(table["unit"])
        n_units = table["unit"].nunique()
        counts = {"n_samples": table["sample"].nunique(), "n_units": n_units}
        n_collapsed = collapse.count(architecture, table)
        repeats = [(table["repeat"] == repeat).to_numpy() for repeat in table["repeat"].unique()]
        folds = [(table["fold"] == fold).to_numpy() for fold in table["fold"].unique()]
        for task in tasks(table, self.samples):
            each = [task.scores(rows) for rows in repeats]
            drawn = metrics.mean([task.resampled(rows, weights[:, rows]) for rows in repeats])
            by_fold = task.resampled(slice(None), np.array(folds, dtype=int))
            whole = all(set(task.truth[rows]) == set(task.truth) for rows in folds)
            spread = {name: _sd(values) for name, values in by_fold.items() if whole or name in task.ANY_CLASSES}
            for metric, estimate in metrics.mean(each).items():
                row = {"architecture": architecture, "protocol": protocol, "task": task.name, "metric": metric}
                row |= {"estimate": estimate, **counts, "ci_low": np.nan, "ci_high": np.nan}
                row |= {"fold_sd": spread.get(metric, np.nan), "seed_sd": _sd([scores[metric] for scores in each])}
                row |= {"collapsed_cells": n_collapsed}
                missing = table["not_calibrated"].iloc[0] if metric.endswith(CALIBRATED) else ""
                if np.isnan(estimate):
                    reasons = REASONS | dict.fromkeys(metrics.ADDED, "undefined for these predictions")
                    yield row | {
                        "note": f"not evaluable: {missing or reasons.get(metric, 'a probability is not finite')}"
                    }
                else:
                    limits = interval(drawn[metric], n_units, self.accuracies.unit)
                    yield row | limits.columns() | {"note": "; ".join(filter(None, [limits.note, missing]))}

    def per_class(self) -> pd.DataFrame:
        """Return per_class.csv; a class without a test sample has a support of 0 and no scores."""
        frames = []
        for (architecture, protocol), table in self.main.items():
            precision, recall, f1, support = precision_recall_fscore_support(
                table["label"], table["predicted"], labels=self.classes, zero_division=0
            )
            frame = pd.DataFrame({"architecture": architecture, "protocol": protocol, "label": self.classes})
            # An image that is tested in every repeat still counts once.
            images = support / table["repeat"].nunique()
            with np.errstate(divide="ignore", invalid="ignore"):  # NaN for a class without a test sample
                low, high = proportion_confint(recall * images, images, 1 - LEVEL, method="wilson")
            frame = frame.assign(precision=precision, recall=recall, recall_low=low, recall_high=high, f1=f1)
            frame.loc[support == 0, ["precision", "recall", "f1"]] = np.nan
            units = table.groupby("label")["unit"].nunique().reindex(self.classes, fill_value=0)
            frames.append(frame.assign(support=support, n_units=units.to_numpy()))
        return pd.concat(frames, ignore_index=True)

    def confusion(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return counts of true (rows) against predicted classes (columns), pooled over folds and repeats."""
        counts = confusion_matrix(table["label"], table["predicted"], labels=self.classes)
        return pd.DataFrame(counts, columns=self.classes).assign(label=self.classes)[["label", *self.classes]]

    def headline(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Return headline.csv; `scores` is scores.csv."""
        rows, scored = [], dict(list(scores.groupby(["architecture", "protocol"])))
        for (architecture, protocol), table in self.main.items():
            answers = self.main[MAJORITY, protocol]
            own, majority = self.accuracies.of_table(table), self.accuracies.of_table(answers)
            difference, limits = own.minus(majority)
            row = {"architecture": architecture, "protocol": protocol, "accuracy": own.estimate, **own.columns()}
            row |= factors(scored[architecture, protocol])
            beats = limits.verdict(BEATS, DOES_NOT_BEAT, DOES_NOT_BEAT)
            verdict = IS_BASELINE if architecture in BASELINES else beats
            row |= {"majority_label": " / ".join(sorted(answers["predicted"].unique()))}
            row |= {"majority_accuracy": majority.estimate, "difference": difference} | limits.columns("difference")
            row |= {"verdict": verdict, "skill": skill(scored[architecture, protocol], limits)}
            row |= {"predicted_classes": table["predicted"].nunique()}
            rows.append(
                row | {"collapsed_cells": collapse.count(architecture, table), "cells": table["fold"].nunique()}
            )
        return pd.DataFrame(rows)

    def inflation(self) -> pd.DataFrame:
        """Return inflation.csv; no rows unless the study has `published` and an honest protocol."""
        rows = []
        for (architecture, protocol), table in self.main.items():
            published = self.main.get((architecture, PUBLISHED))
            if protocol in NOT_HONEST or published is None:
                continue
            theirs, ours = self.accuracies.of_table(published), self.accuracies.of_table(table)
            limits = interval(theirs.drawn - ours.drawn, min(theirs.n_units, ours.n_units), self.accuracies.unit)
            found = [theirs.estimate, ours.estimate, theirs.estimate - ours.estimate, limits.low, limits.high]
            rows.append([architecture, protocol, *found, theirs.n_units, ours.n_units])
        return pd.DataFrame(rows, columns=INFLATION)


def score(study: Study) -> dict[str, pd.DataFrame]:
    """Return all tables by name. Raises BadInput if a cell's predictions are missing."""
    scorer = Scorer(study)
    shared = (scorer.main, scorer.samples, scorer.bootstrap)
    scores = scorer.scores()
    tables = {"scores": scores, "per_class": scorer.per_class(), "headline": scorer.headline(scores)}
    tables |= {"inflation": scorer.inflation(), "roc": curves.roc(*shared), "reliability": curves.reliability(*shared)}
    matrices = {pair: scorer.confusion(table) for pair, table in scorer.main.items()}
    tables["confusion"] = tidy_confusion(matrices)
    return tables | {f"confusion_{'_'.join(pair)}": matrix for pair, matrix in matrices.items()}


def tidy_confusion(matrices: dict[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Return confusion.csv from the matrices by (architecture, protocol)."""
    stacked = [
        matrix.melt("label", var_name="predicted", value_name="n").assign(architecture=architecture, protocol=protocol)
        for (architecture, protocol), matrix in matrices.items()
    ]
    return pd.concat(stacked, ignore_index=True)[["architecture", "protocol", "label", "predicted", "n"]]


def _sd(values: list[float] | np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


main = table_stage("Score all cells of a study.", score)

if __name__ == "__main__":
    run_cli(main)
