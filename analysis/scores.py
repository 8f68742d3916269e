"""Scores of every architecture under every protocol, from the predictions of its cells alone.

Writes into results/<study>/tables/

    scores.csv              architecture, protocol, task, metric, estimate, n_samples, n_units, ci_low, ci_high, note
    per_class.csv           architecture, protocol, label, precision, recall, f1, support, n_units
    confusion_<a>_<p>.csv   label (true) and one column a predicted class, counts
    headline.csv            accuracy beside the majority class's, and whether the difference is more than chance
    inflation.csv           published minus honest accuracy

Estimates are scikit-learn's on the pooled test predictions of all folds, averaged over repeats; the class is the most
probable one, density that of the summed class probabilities, malignancy a summed probability of at least 0.5. A sample
without a finite probability counts as wrong. Intervals are 95 % percentile bootstraps over patients (sources, samples,
where the data set knows no more), the same resamples for all.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from analysis import metrics
from analysis.bootstrap import Bootstrap, interval
from analysis.predictions import factor_of_label, most_probable, pooled, read_classes, read_samples, summed
from benchmarks import protocols
from benchmarks.errors import run_cli
from benchmarks.study import Study, load_study

BEATS, DOES_NOT_BEAT = "beats majority", "does not beat majority"
MALIGNANT = "malignant"
KEYS = ["architecture", "protocol"]


class Scorer:
    """What all tables of a study share: samples, classes, what labels stand for, and the resamples."""

    def __init__(self, study: Study):
        self.study = study
        self.samples = read_samples(study)
        self.classes = read_classes(study)
        self.unit = self.samples.attrs["unit"]
        self.density = factor_of_label(self.samples, "density")
        self.severity = factor_of_label(self.samples, "severity")
        self.bootstrap = Bootstrap(self.samples["unit"].tolist(), study.bootstrap, study.seed)
        self.tables = {
            (architecture, protocol): pooled(study, self.samples, architecture, protocol)
            for architecture in study.architectures
            for protocol in study.protocols
        }

    def scores(self) -> pd.DataFrame:
        """The rows of scores.csv."""
        rows = []
        for (architecture, protocol), table in self.tables.items():
            weights = self.bootstrap.weights(table["unit"])
            about = {"n_samples": table["sample"].nunique(), "n_units": table["unit"].nunique()}
            for task, metric, estimate, values in self._estimates(table, weights):
                row = {"architecture": architecture, "protocol": protocol, "task": task, "metric": metric}
                if np.isnan(estimate):
                    note = f"not evaluable: {_why(metric)}"
                    rows.append(row | {"estimate": np.nan, **about, "ci_low": np.nan, "ci_high": np.nan, "note": note})
                else:
                    limits = interval(values, about["n_units"], self.unit)
                    bounds = {"ci_low": limits.low, "ci_high": limits.high, "note": limits.note}
                    rows.append(row | {"estimate": estimate, **about, **bounds})
        return pd.DataFrame(rows)

    def _estimates(self, table: pd.DataFrame, weights: np.ndarray) -> Iterator[tuple[str, str, float, np.ndarray]]:
        repeats = [(table["repeat"] == repeat).to_numpy() for repeat in table["repeat"].unique()]
        tasks = {"class8": (table["label"].to_numpy(), table["predicted"].to_numpy())}
        if self.density:
            truth = table["label"].map(self.density).to_numpy()
            tasks["density"] = (truth, most_probable(summed(table, self.density)))
        for task, (truth, predicted) in tasks.items():
            parts = [(truth[r], predicted[r], weights[:, r]) for r in repeats]
            found = metrics.mean([metrics.class_metrics(t, p) for t, p, _ in parts])
            drawn = metrics.mean([metrics.resampled_class_metrics(*part) for part in parts])
            yield from ((task, name, found[name], drawn[name]) for name in found)
        if self.severity:
            positive = (table["label"].map(self.severity) == MALIGNANT).to_numpy()
            probability = summed(table, self.severity).get(MALIGNANT, pd.Series(np.nan, table.index)).to_numpy()
            parts = [(positive[r], probability[r], weights[:, r]) for r in repeats]
            found = metrics.mean([metrics.binary_metrics(t, p) for t, p, _ in parts])
            drawn = metrics.mean([metrics.resampled_binary_metrics(*part) for part in parts])
            yield from (("severity", name, found[name], drawn[name]) for name in found)

    def per_class(self) -> pd.DataFrame:
        """The rows of per_class.csv; classes without a test sample have a support of 0 and no scores."""
        frames = []
        for key, table in self.tables.items():
            precision, recall, f1, support = precision_recall_fscore_support(
                table["label"], table["predicted"], labels=self.classes, zero_division=0
            )
            units = table.groupby("label")["unit"].nunique().reindex(self.classes, fill_value=0)
            frame = pd.DataFrame({"label": self.classes, "precision": precision, "recall": recall, "f1": f1})
            frame.loc[support == 0, ["precision", "recall", "f1"]] = np.nan
            frame = frame.assign(support=support, n_units=units.to_numpy())
            frames.append(pd.DataFrame([key] * len(frame), columns=KEYS).join(frame))
        return pd.concat(frames, ignore_index=True)

    def confusion(self, architecture: str, protocol: str) -> pd.DataFrame:
        """Counts of true (rows) against predicted classes (columns), pooled over folds and repeats."""
        table = self.tables[architecture, protocol]
        counts = confusion_matrix(table["label"], table["predicted"], labels=self.classes)
        return pd.DataFrame(counts, columns=self.classes).assign(label=self.classes)[["label", *self.classes]]

    def headline(self) -> pd.DataFrame:
        """The rows of headline.csv."""
        return pd.DataFrame([self._headline_row(*key, table) for key, table in self.tables.items()])

    def _headline_row(self, architecture: str, protocol: str, table: pd.DataFrame) -> dict:
        accuracy, drawn = self._accuracy(table, "predicted")
        majority, drawn_majority = self._accuracy(table, "majority")
        n_units = table["unit"].nunique()
        limits, difference = interval(drawn, n_units, self.unit), interval(drawn - drawn_majority, n_units, self.unit)
        verdict = BEATS if difference.low > 0 else DOES_NOT_BEAT
        if difference.note:
            verdict = difference.note.replace("interval not evaluable", "not evaluable")
        answers = table.groupby("fold")["predicted"].nunique()
        return {
            "architecture": architecture,
            "protocol": protocol,
            "accuracy": accuracy,
            "ci_low": limits.low,
            "ci_high": limits.high,
            "n_samples": table["sample"].nunique(),
            "n_units": n_units,
            "unit": f"{self.unit}s",
            "majority_label": " / ".join(sorted(table["majority"].unique())),
            "majority_accuracy": majority,
            "difference": accuracy - majority,
            "difference_low": difference.low,
            "difference_high": difference.high,
            "verdict": verdict,
            "predicted_classes": table["predicted"].nunique(),
            "collapsed_cells": int((answers == 1).sum()),
            "cells": len(answers),
        }

    def inflation(self) -> pd.DataFrame:
        """The rows of inflation.csv; none unless the study has `published` beside an honest protocol."""
        columns = ["published_accuracy", "honest_accuracy", "inflation", "ci_low", "ci_high"]
        columns = ["architecture", "honest_protocol", *columns, "n_published_units", "n_honest_units"]
        rows = []
        for (architecture, protocol), table in self.tables.items():
            if protocol == protocols.PUBLISHED or (architecture, protocols.PUBLISHED) not in self.tables:
                continue
            published = self.tables[architecture, protocols.PUBLISHED]
            (theirs, drawn_theirs), (ours, drawn_ours) = (self._accuracy(t, "predicted") for t in (published, table))
            n_units = [t["unit"].nunique() for t in (published, table)]
            limits = interval(drawn_theirs - drawn_ours, min(n_units), self.unit)
            found = [theirs, ours, theirs - ours, limits.low, limits.high]
            rows.append([architecture, protocol, *found, *n_units])
        return pd.DataFrame(rows, columns=columns)

    def _accuracy(self, table: pd.DataFrame, column: str) -> tuple[float, np.ndarray]:
        """Share of right answers in `column`, and its resampled values."""
        right = (table[column] == table["label"]).to_numpy(float)
        weights = self.bootstrap.weights(table["unit"])
        total = weights.sum(axis=1)
        drawn = np.divide(weights @ right, total, out=np.full(len(weights), np.nan), where=total > 0)
        return float(right.mean()), drawn


def write_scores(study: Study) -> None:
    """Write all tables. Raises BadInput if a cell's predictions are missing."""
    scorer = Scorer(study)
    folder = study.results() / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("scores", "per_class", "headline", "inflation"):
        getattr(scorer, name)().to_csv(folder / f"{name}.csv", index=False)
    for architecture, protocol in scorer.tables:
        scorer.confusion(architecture, protocol).to_csv(
            folder / f"confusion_{architecture}_{protocol}.csv", index=False
        )


def _why(metric: str) -> str:
    reasons = {"sensitivity": "no malignant test sample", "specificity": "no benign test sample"}
    return reasons.get(metric, "it takes test samples of both severities, and finite probabilities")


def main() -> None:
    """Score a study."""
    parser = argparse.ArgumentParser(description="Score all cells of a study.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    write_scores(load_study(parser.parse_args().study))


if __name__ == "__main__":
    run_cli(main)
