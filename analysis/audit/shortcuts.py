"""Shortcut audit: predict the label from features that do not show the breast, before any network is trained.

Each probe is a few features of a file (shortcut_features.py) and a simple classifier: extremely randomised trees, or
logistic regression for the small images `thumbnail` and `outside`. The classifier learns the classes, whose
probabilities also give severity and density, and whether a file is contrast-enhanced. Writes
results/<study>/tables/shortcuts.csv: probe, task, protocol, metric, estimate, ci_low, ci_high, chance, verdict,
n_samples, n_units, unit.

protocol
    published     fitted on the published train part, scored on its validation part
    by_patient    five grouped folds, out-of-fold, over all augmented files (all files unless every source has some)

Severity and variant are scored by the area under the ROC curve within folds (roc_auc_within, as in scores.csv),
classes and density by accuracy, with the majority-class baseline as chance. The 95% intervals are bootstraps over
patients. A probe is a shortcut if its interval lies above chance.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from analysis import metrics
from analysis.audit.shortcut_features import NONE, features
from analysis.bootstrap import Bootstrap, interval
from analysis.predictions import most_probable, read_folds, read_samples, summed
from analysis.probability_metrics import roc_auc_within
from analysis.tasks import AUC
from analysis.tidy import write_tables
from benchmarks import datasets, stored
from benchmarks.baselines.baselines import thumbnail_classifier
from benchmarks.cells.heads import factor_of_label
from benchmarks.errors import run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.study.command import THREADS, stage
from benchmarks.study.study import Study

COLUMNS = [
    *("probe", "task", "protocol", "metric", "estimate", "ci_low", "ci_high", "chance", "verdict"),
    *("n_samples", "n_units", "unit"),
]
BY_PATIENT = "by_patient"
SHORTCUT, CHANCE = "shortcut", "no better than chance"
FOLDS = 5
TREES, LEAF = 50, 5
ENHANCED = "clahe"
PICTURES = ("outside", "thumbnail")  # probes with logistic regression

Splits = list[tuple[np.ndarray, np.ndarray]]  # row numbers of the train and test samples of each fold


class Audit:
    """Samples of a study, and the splits that the probes are scored on."""

    def __init__(self, study: Study, threads: int):
        self.study, self.threads = study, threads
        samples = read_samples(study)
        self.unit = samples.attrs["unit"]
        after = samples[samples["folder"] == "after"]
        self.samples = (after if set(after["source"]) == set(samples["source"]) else samples).reset_index(drop=True)
        self.bootstrap = Bootstrap(samples["unit"].tolist(), study.bootstrap, study.seed)
        self.splits: dict[str, Splits] = {}
        if PUBLISHED in study.protocols:
            folds = read_folds(study, PUBLISHED)
            first = folds[folds["fold"] == 0].set_index("sample")["part"]
            part = self.samples["sample"].map(first).to_numpy(dtype=str)
            self.splits[PUBLISHED] = [(np.flatnonzero(part == "train"), np.flatnonzero(part == "validation"))]
        if self.unit == "patient" and self.samples["patient"].nunique() >= FOLDS:
            grouped = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=study.seed)
            split = grouped.split(self.samples, self.samples["label"], self.samples["patient"])
            self.splits[BY_PATIENT] = list(split)

    def rows(self, probe: str, numbers: np.ndarray | str) -> Iterator[dict[str, Any]]:
        """Yield the rows of one probe; `numbers` are the features (N, k), or the reason why there are none."""
        for protocol in (PUBLISHED, BY_PATIENT):
            about = {"probe": probe, "protocol": protocol}
            if isinstance(numbers, str):
                yield about | {"task": "all", "verdict": numbers}
            elif protocol not in self.splits:
                why = "patients unknown, or too few" if protocol == BY_PATIENT else "the study has no such protocol"
                yield about | {"task": "all", "verdict": f"{NONE}: {why}"}
            else:
                yield from (about | row for row in self._scored(probe, numbers, self.splits[protocol]))

    def _scored(self, probe: str, numbers: np.ndarray, splits: Splits) -> Iterator[dict[str, Any]]:
        samples = self.samples.iloc[np.concatenate([test for _, test in splits])].reset_index(drop=True)
        folds = np.repeat(np.arange(len(splits)), [len(test) for _, test in splits])
        weights = self.bootstrap.weights(samples["unit"])
        n_units = samples["unit"].nunique()
        for task, truth, answer in self._tasks(samples, probe, numbers, splits):
            if truth.dtype == bool:
                metric, chance = AUC, 0.5
                estimate = roc_auc_within(truth, answer, folds, np.ones((1, len(truth)))).item()
                drawn = roc_auc_within(truth, answer, folds, weights)
            else:
                metric, chance = "accuracy", pd.Series(truth).value_counts(normalize=True).iloc[0]
                estimate = metrics.class_metrics(truth, answer)[metric]
                drawn = metrics.resampled_class_metrics(truth, answer, weights)[metric]
            limits = interval(drawn, n_units, self.unit)
            verdict = limits.note or (SHORTCUT if limits.low > chance else CHANCE)
            row = {"task": task, "metric": metric, "estimate": estimate} | limits.columns()
            row |= {"chance": chance, "verdict": verdict, "n_samples": len(samples), "n_units": n_units}
            yield row | {"unit": f"{self.unit}s"}

    def _tasks(
        self, samples: pd.DataFrame, probe: str, numbers: np.ndarray, splits: Splits
    ) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Yield task, truth (bool or str) and answer (probability or str) of the tested samples."""
        classes = self._predicted(probe, numbers, self.samples["label"], splits)
        yield "class8", samples["label"].to_numpy(dtype=str), _answers(classes)
        density, severity = (factor_of_label(self.samples, factor) for factor in ("density", "severity"))
        if density:
            answer = _answers(summed(classes, density).add_prefix("p_"))
            yield "density", samples["label"].map(density).to_numpy(dtype=str), answer
        if severity and len(set(severity.values())) == 2:
            malignant = (samples["label"].map(severity) == "malignant").to_numpy(dtype=bool)
            yield "severity", malignant, summed(classes, severity)["malignant"].to_numpy()
        if self.samples["variant"].nunique() == 2:
            variant = self._predicted(probe, numbers, self.samples["variant"], splits)
            enhanced = (samples["variant"] == ENHANCED).to_numpy(dtype=bool)
            yield "variant", enhanced, variant[f"p_{ENHANCED}"].to_numpy()

    def _predicted(self, probe: str, numbers: np.ndarray, labels: pd.Series, splits: Splits) -> pd.DataFrame:
        """Return out-of-fold probabilities, columns p_<label>, in the order of the test parts."""
        known = sorted(labels.unique())
        parts = []
        for train, test in splits:
            if probe in PICTURES:
                model = thumbnail_classifier()
            else:
                settings = {"min_samples_leaf": LEAF, "random_state": self.study.seed, "n_jobs": self.threads}
                model = ExtraTreesClassifier(TREES, **settings)
            # Threads slow down a regression this small where cores are shared, and checking the parameters of every
            # tree takes as long as growing the tree.
            with threadpool_limits(1, "blas"), sklearn.config_context(skip_parameter_validation=True):
                model.fit(numbers[train], labels.iloc[train].to_numpy(dtype=str))
            part = pd.DataFrame(model.predict_proba(numbers[test]), columns=model.classes_)
            parts.append(part.reindex(columns=known, fill_value=0.0))
        return pd.concat(parts, ignore_index=True).add_prefix("p_")


def _answers(probabilities: pd.DataFrame) -> np.ndarray:
    return most_probable(probabilities.rename(columns=lambda name: name.removeprefix("p_"))).astype(str)


def audit(study: Study, threads: int) -> pd.DataFrame:
    """Return the rows of shortcuts.csv. Raises BadInput if samples, folds or data are missing."""
    study.check_data()
    own = Audit(study, threads)
    dataset = datasets.load(study.dataset, study.data, study.seed)
    masks = stored.array(study.results() / f"masks_{max(study.sizes())}.npy")
    found = features(own.samples, dataset, masks)
    return pd.DataFrame([row for probe, numbers in found.items() for row in own.rows(probe, numbers)], columns=COLUMNS)


main = stage(
    "Predict the labels of a study from features that do not show the breast.",
    lambda study, threads: write_tables(study, {"shortcuts": audit(study, threads)}, float_format="%.4g"),
    data=True,
    threads=THREADS,
)

if __name__ == "__main__":
    run_cli(main)
