"""Shortcut audit: what predicts the label without a look at the breast, before any network is trained.

Each probe is a handful of numbers of a file (shortcut_features.py) and a simple classifier: a forest of trees,
for the small pictures thumbnail and outside a logistic regression. It learns the classes, of which severity and density
follow, and whether a file is contrast-enhanced. Writes results/<study>/tables/shortcuts.csv: probe, task, protocol,
metric, estimate, ci_low, ci_high, chance, verdict, n_samples, n_units, unit.

protocol
    published     fitted on the published train part, scored on its validation part
    by_patient    five grouped folds, out-of-fold, over all augmented files (all files unless every source has some)

Severity and variant are scored by the area under the ROC curve, classes and density by accuracy, whose chance level is
the share of the most frequent one. Intervals are 95 % bootstraps over patients. A probe is a shortcut if its interval
lies above chance.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from analysis import metrics
from analysis.audit.shortcut_features import NONE, features
from analysis.bootstrap import Bootstrap, interval
from analysis.predictions import factor_of_label, most_probable, read_folds, read_samples, summed
from analysis.probability_metrics import binary_metrics, resampled_binary_metrics
from benchmarks import datasets, stored
from benchmarks.cells.baselines import thumbnail_classifier
from benchmarks.errors import run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.study.study import Study, load_study

COLUMNS = [
    *("probe", "task", "protocol", "metric", "estimate", "ci_low", "ci_high", "chance", "verdict"),
    *("n_samples", "n_units", "unit"),
]
BY_PATIENT = "by_patient"
SHORTCUT, CHANCE = "shortcut", "no better than chance"
FOLDS = 5
TREES, LEAF = 50, 5
ENHANCED = "clahe"
PICTURES = ("outside", "thumbnail")  # probes


class Audit:
    """The files that are looked at, what is known of them, and how they are split."""

    def __init__(self, study: Study, threads: int):
        self.study, self.threads = study, threads
        samples = read_samples(study)
        self.unit = samples.attrs["unit"]
        after = samples[samples["folder"] == "after"]
        self.samples = (after if set(after["source"]) == set(samples["source"]) else samples).reset_index(drop=True)
        self.bootstrap = Bootstrap(samples["unit"].tolist(), study.bootstrap, study.seed)
        self.splits = dict(self._splits())

    def _splits(self) -> Iterator[tuple[str, list[tuple[np.ndarray, np.ndarray]]]]:
        if PUBLISHED in self.study.protocols:
            folds = read_folds(self.study, PUBLISHED)
            first = folds[folds["fold"] == 0].set_index("sample")["part"]
            part = self.samples["sample"].map(first).to_numpy(dtype=str)
            yield PUBLISHED, [(np.flatnonzero(part == "train"), np.flatnonzero(part == "validation"))]
        if self.unit == "patient" and self.samples["patient"].nunique() >= FOLDS:
            folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=self.study.seed)
            yield BY_PATIENT, list(folds.split(self.samples, self.samples["label"], self.samples["patient"]))

    def rows(self, probe: str, numbers: np.ndarray | str) -> Iterator[dict]:
        """The rows of one probe; `numbers` (N, k), or why there are none."""
        for protocol in (PUBLISHED, BY_PATIENT):
            about = {"probe": probe, "protocol": protocol}
            if isinstance(numbers, str):
                yield about | {"task": "all", "verdict": numbers}
            elif protocol not in self.splits:
                why = "patients unknown, or too few" if protocol == BY_PATIENT else "the study has no such protocol"
                yield about | {"task": "all", "verdict": f"{NONE}: {why}"}
            else:
                yield from (about | row for row in self._scored(probe, numbers, self.splits[protocol]))

    def _scored(self, probe: str, numbers: np.ndarray, splits: list) -> Iterator[dict]:
        tested = np.concatenate([test for _, test in splits])
        samples = self.samples.iloc[tested].reset_index(drop=True)
        weights = self.bootstrap.weights(samples["unit"])
        n_units = samples["unit"].nunique()
        classes = self._predicted(probe, numbers, self.samples["label"], splits)
        for task, metric, truth, answer in self._tasks(samples, classes, probe, numbers, splits):
            if metric == "accuracy":
                estimate = metrics.class_metrics(truth, answer)[metric]
                drawn = metrics.resampled_class_metrics(truth, answer, weights)[metric]
                chance = pd.Series(truth).value_counts(normalize=True).iloc[0]
            else:
                estimate = binary_metrics(truth, answer)[metric]
                drawn = resampled_binary_metrics(truth, answer, weights)[metric]
                chance = 0.5
            limits = interval(drawn, n_units, self.unit)
            verdict = limits.note or (SHORTCUT if limits.low > chance else CHANCE)
            row = {"task": task, "metric": metric, "estimate": estimate, "ci_low": limits.low, "ci_high": limits.high}
            row |= {"chance": chance, "verdict": verdict, "n_samples": len(samples), "n_units": n_units}
            yield row | {"unit": f"{self.unit}s"}

    def _tasks(
        self, samples: pd.DataFrame, classes: pd.DataFrame, probe: str, numbers: np.ndarray, splits: list
    ) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
        """Task, metric, truth and answer (or probability) of the tested samples."""
        yield "class8", "accuracy", samples["label"].to_numpy(dtype=str), _names(classes)
        density, severity = (factor_of_label(self.samples, factor) for factor in ("density", "severity"))
        if density:
            answer = _names(summed(classes, density).add_prefix("p_"))
            yield "density", "accuracy", samples["label"].map(density).to_numpy(dtype=str), answer
        if severity and len(set(severity.values())) == 2:
            truth = (samples["label"].map(severity) == "malignant").to_numpy()
            yield "severity", "roc_auc", truth, summed(classes, severity)["malignant"].to_numpy()
        if self.samples["variant"].nunique() == 2:
            variant = self._predicted(probe, numbers, self.samples["variant"], splits)
            yield "variant", "roc_auc", (samples["variant"] == ENHANCED).to_numpy(), variant[f"p_{ENHANCED}"].to_numpy()

    def _predicted(self, probe: str, numbers: np.ndarray, labels: pd.Series, splits: list) -> pd.DataFrame:
        """Out-of-fold probabilities, columns p_<label>, in the order of the test parts."""
        known = sorted(labels.unique())
        parts = []
        for train, test in splits:
            # Threads of a regression this small wait for one another, for minutes where the cores are shared. And to
            # check every tree's settings anew takes as long as to grow it.
            with threadpool_limits(1, "blas"), sklearn.config_context(skip_parameter_validation=True):
                model = self._classifier(probe).fit(numbers[train], labels.iloc[train].to_numpy(dtype=str))
            part = pd.DataFrame(model.predict_proba(numbers[test]), columns=model.classes_)
            parts.append(part.reindex(columns=known, fill_value=0.0))
        return pd.concat(parts, ignore_index=True).add_prefix("p_")

    def _classifier(self, probe: str):
        if probe in PICTURES:
            return thumbnail_classifier()
        return ExtraTreesClassifier(TREES, min_samples_leaf=LEAF, random_state=self.study.seed, n_jobs=self.threads)


def _names(probabilities: pd.DataFrame) -> np.ndarray:
    return most_probable(probabilities.rename(columns=lambda name: name.removeprefix("p_"))).astype(str)


def audit(study: Study, threads: int) -> pd.DataFrame:
    """The rows of shortcuts.csv. Raises BadInput if samples, folds or data are missing."""
    own = Audit(study, threads)
    dataset = datasets.load(study.dataset, study.data, study.seed)
    masks = stored.array(study.results() / f"masks_{max(study.sizes())}.npy")
    found = features(own.samples, dataset, masks)
    return pd.DataFrame([row for probe, numbers in found.items() for row in own.rows(probe, numbers)], columns=COLUMNS)


def main() -> None:
    """Audit a study's data."""
    parser = argparse.ArgumentParser(description="Find what predicts the label without a look at the breast.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    parser.add_argument("--data", help="folder or zip of the study's data, if they are not generated")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads (default: all)")
    arguments = parser.parse_args()
    study = load_study(arguments.study, arguments.data)
    study.check_data()
    target: Path = study.results() / "tables" / "shortcuts.csv"
    target.parent.mkdir(exist_ok=True)
    audit(study, arguments.threads).to_csv(target, index=False, float_format="%.4g")


if __name__ == "__main__":
    run_cli(main)
