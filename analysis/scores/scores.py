"""Scores of every architecture and baseline under every protocol, from the predictions of their cells alone.

Writes into results/<study>/tables/

    scores.csv              architecture, protocol, task, metric, estimate, n_samples, n_units, ci_low, ci_high,
                            fold_sd, seed_sd, collapsed_cells, note; derived protocols (control, learning curve) too
    per_class.csv           architecture, protocol, label, precision, recall, recall_low, recall_high, f1, support,
                            n_units
    confusion_<a>_<p>.csv   label (true) and one column a predicted class, counts
    headline.csv            accuracy beside the majority baseline's, and whether the difference is more than chance
    inflation.csv           published minus honest accuracy
    roc.csv reliability.csv curves of severity (analysis/scores/curves.py)

task is class8 (the classes of the data set, eight in the published study, however many they are), severity and
density, where every class stands for one. Estimates are scikit-learn's on the pooled test predictions of all folds,
averaged over repeats (those of metrics declared by decorator, their own); the class is the most probable one, density
that of the summed class probabilities, malignancy a summed probability of at least 0.5. A sample without a finite
probability counts as wrong. Intervals (ci_low, ci_high) are 95 % percentile bootstraps over patients (sources, samples,
where the data set knows no more), the same resamples for all.

fold_sd and seed_sd are standard deviations over the folds (of all repeats) and over the repeats, whose folds and
training seeds differ; empty with fewer than two, and fold_sd also where a fold lacks a class that the metric needs.
recall_low and recall_high are Wilson's 95 % interval (J. Am. Stat. Assoc. 22, 1927), which takes images for
independent.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from statsmodels.stats.proportion import proportion_confint

from analysis import metrics
from analysis.accuracy import Accuracy, accuracy, not_evaluable
from analysis.bootstrap import LEVEL, Bootstrap, interval
from analysis.predictions import pooled, read_classes, read_samples
from analysis.probability_metrics import NEEDS_BOTH
from analysis.scores import collapse, curves
from analysis.tasks import Task, tasks
from benchmarks import protocols
from benchmarks.errors import run_cli
from benchmarks.study.study import BASELINES, Study, load_study

BEATS, DOES_NOT_BEAT, IS_BASELINE = "beats majority", "does not beat majority", "baseline"
MAJORITY = BASELINES[0]
KEYS = ["architecture", "protocol"]


class Scorer:
    """What all tables of a study share: samples, classes, pooled predictions, and the resamples."""

    def __init__(self, study: Study):
        self.study = study
        self.samples = read_samples(study)
        self.classes = read_classes(study)
        self.unit = self.samples.attrs["unit"]
        self.bootstrap = Bootstrap(self.samples["unit"].tolist(), study.bootstrap, study.seed)
        self.tables = {pair: pooled(study, self.samples, *pair) for pair in study.pairs()}
        self.main = {pair: table for pair, table in self.tables.items() if pair[1] in study.protocols}

    def scores(self) -> pd.DataFrame:
        """The rows of scores.csv."""
        return pd.DataFrame([row for pair in self.tables for row in self._scores(*pair)])

    def _scores(self, architecture: str, protocol: str) -> Iterator[dict]:
        table = self.tables[architecture, protocol]
        weights = self.bootstrap.weights(table["unit"])
        n_units = table["unit"].nunique()
        counts = {"n_samples": table["sample"].nunique(), "n_units": n_units}
        n_collapsed = collapse.count(architecture, table)
        for task in tasks(table, self.samples):
            repeats = [(table["repeat"] == repeat).to_numpy() for repeat in table["repeat"].unique()]
            each = [task.scores(rows) for rows in repeats]
            found = metrics.mean(each)
            drawn = metrics.mean([task.resampled(rows, weights[:, rows]) for rows in repeats])
            spread = self._fold_spread(task, table)
            for metric, estimate in found.items():
                row = {"architecture": architecture, "protocol": protocol, "task": task.name, "metric": metric}
                row |= {"estimate": estimate, **counts, "ci_low": np.nan, "ci_high": np.nan}
                row |= {"fold_sd": spread.get(metric, np.nan), "seed_sd": _sd([scores[metric] for scores in each])}
                row |= {"collapsed_cells": n_collapsed}
                if np.isnan(estimate):
                    yield row | {"note": f"not evaluable: {_why(metric)}"}
                else:
                    limits = interval(drawn[metric], n_units, self.unit)
                    yield row | {"ci_low": limits.low, "ci_high": limits.high, "note": limits.note}

    @staticmethod
    def _fold_spread(task: Task, table: pd.DataFrame) -> dict[str, float]:
        """Standard deviation over the folds of each metric that all folds allow."""
        folds = [(table["fold"] == fold).to_numpy() for fold in table["fold"].unique()]
        each = task.resampled(slice(None), np.array(folds, dtype=int))
        whole = all(task.whole(rows) for rows in folds)
        return {name: _sd(scores) for name, scores in each.items() if whole or name in task.ANY_CLASSES}

    def per_class(self) -> pd.DataFrame:
        """The rows of per_class.csv; classes without a test sample have a support of 0 and no scores."""
        frames = []
        for key, table in self.main.items():
            precision, recall, f1, support = precision_recall_fscore_support(
                table["label"], table["predicted"], labels=self.classes, zero_division=0
            )
            units = table.groupby("label")["unit"].nunique().reindex(self.classes, fill_value=0)
            frame = pd.DataFrame({"label": self.classes, "precision": precision, "recall": recall})
            # An image that is tested once a repeat is still one image.
            images = support / table["repeat"].nunique()
            frame["recall_low"], frame["recall_high"] = np.transpose(
                [
                    proportion_confint(share * n, n, 1 - LEVEL, method="wilson") if n else (np.nan, np.nan)
                    for share, n in zip(recall, images, strict=True)
                ]
            )
            frame["f1"] = f1
            frame.loc[support == 0, ["precision", "recall", "f1"]] = np.nan
            frame = frame.assign(support=support, n_units=units.to_numpy())
            frames.append(pd.DataFrame([key] * len(frame), columns=KEYS).join(frame))
        return pd.concat(frames, ignore_index=True)

    def confusion(self, architecture: str, protocol: str) -> pd.DataFrame:
        """Counts of true (rows) against predicted classes (columns), pooled over folds and repeats."""
        table = self.main[architecture, protocol]
        counts = confusion_matrix(table["label"], table["predicted"], labels=self.classes)
        return pd.DataFrame(counts, columns=self.classes).assign(label=self.classes)[["label", *self.classes]]

    def headline(self) -> pd.DataFrame:
        """The rows of headline.csv."""
        return pd.DataFrame([self._headline_row(*key, table) for key, table in self.main.items()])

    def _headline_row(self, architecture: str, protocol: str, table: pd.DataFrame) -> dict:
        answers = self.main[MAJORITY, protocol]
        own, majority = self._accuracy(table), self._accuracy(answers)
        limits = own.limits()
        difference, around = own.minus(majority)
        verdict = BEATS if around.low > 0 else DOES_NOT_BEAT
        if around.note:
            verdict = not_evaluable(around)
        return {
            "architecture": architecture,
            "protocol": protocol,
            "accuracy": own.estimate,
            "ci_low": limits.low,
            "ci_high": limits.high,
            **own.about(),
            "majority_label": " / ".join(sorted(answers["predicted"].unique())),
            "majority_accuracy": majority.estimate,
            "difference": difference,
            "difference_low": around.low,
            "difference_high": around.high,
            "verdict": IS_BASELINE if architecture in BASELINES else verdict,
            "predicted_classes": table["predicted"].nunique(),
            "collapsed_cells": collapse.count(architecture, table),
            "cells": table["fold"].nunique(),
        }

    def inflation(self) -> pd.DataFrame:
        """The rows of inflation.csv; none unless the study has `published` beside an honest protocol."""
        columns = ["published_accuracy", "honest_accuracy", "inflation", "ci_low", "ci_high"]
        columns = ["architecture", "honest_protocol", *columns, "n_published_units", "n_honest_units"]
        rows = []
        for (architecture, protocol), table in self.main.items():
            if protocol == protocols.PUBLISHED or (architecture, protocols.PUBLISHED) not in self.main:
                continue
            published = self.main[architecture, protocols.PUBLISHED]
            theirs, ours = self._accuracy(published), self._accuracy(table)
            limits = interval(theirs.drawn - ours.drawn, min(theirs.n_units, ours.n_units), self.unit)
            found = [theirs.estimate, ours.estimate, theirs.estimate - ours.estimate, limits.low, limits.high]
            rows.append([architecture, protocol, *found, theirs.n_units, ours.n_units])
        return pd.DataFrame(rows, columns=columns)

    def _accuracy(self, table: pd.DataFrame) -> Accuracy:
        return accuracy(table, self.bootstrap, self.unit)


def write_scores(study: Study) -> None:
    """Write all tables. Raises BadInput if a cell's predictions are missing."""
    scorer = Scorer(study)
    folder = study.results() / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("scores", "per_class", "headline", "inflation"):
        getattr(scorer, name)().to_csv(folder / f"{name}.csv", index=False)
    for name, function in (("roc", curves.roc), ("reliability", curves.reliability)):
        function(scorer.main, scorer.samples, scorer.bootstrap).to_csv(folder / f"{name}.csv", index=False)
    for architecture, protocol in scorer.main:
        scorer.confusion(architecture, protocol).to_csv(
            folder / f"confusion_{architecture}_{protocol}.csv", index=False
        )


def _sd(values: list[float]) -> float:
    """Standard deviation of a sample of at least two."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def _why(metric: str) -> str:
    reasons = {"sensitivity": "no malignant test sample", "specificity": "no benign test sample"}
    reasons |= dict.fromkeys(NEEDS_BOTH, "it takes test samples of both severities, and finite probabilities")
    reasons["quadratic_kappa"] = "it takes several densities, and finite probabilities"
    reasons |= dict.fromkeys(metrics.ADDED, "it is undefined for these answers")
    return reasons.get(metric, "a probability is not finite")


def main() -> None:
    """Score a study."""
    parser = argparse.ArgumentParser(description="Score all cells of a study.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    write_scores(load_study(parser.parse_args().study))


if __name__ == "__main__":
    run_cli(main)
