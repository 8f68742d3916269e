"""Positive control: the lesion contrast from which on an architecture is better than chance.

Labels are permuted among patients, so that nothing of the real images tells them, and a lesion of known contrast is
planted into the images of the malignant labels (benchmarks/samples/lesion.py). An architecture that does not find a
contrast shows no skill on fainter evidence either. Its "no skill" on the real labels reads: none above this contrast.

Writes results/<study>/tables/positive_control.csv: architecture (baselines too), protocol (whose folds are used),
contrast (of the lesion, percent of 0..255; 0 is the permuted-label control, where the study has it), roc_auc_within
(images with a lesion against those without, in pairs of one fold), ci_low, ci_high, n_samples, n_units, unit,
above_chance (yes: the interval lies above 0.5; no; or why it is not evaluable), sees_from (lowest contrast from which
on all contrasts are above chance; empty if the highest one is not). Intervals are 95% bootstraps over patients. The
table is empty if the study has no positive control.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.accuracy import Accuracies
from analysis.bootstrap import interval
from analysis.predictions import read_folds
from analysis.probability_metrics import roc_auc_within
from analysis.tasks import AUC
from analysis.tidy import table_stage
from benchmarks.errors import run_cli
from benchmarks.protocols import PERMUTED, PLANTED
from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study

COLUMNS = [
    *("architecture", "protocol", "contrast", AUC, "ci_low", "ci_high", "n_samples", "n_units", "unit"),
    *("above_chance", "sees_from"),
]
YES, NO = "yes", "no"
CHANCE = 0.5


def positive_control(study: Study) -> pd.DataFrame:
    """Return positive_control.csv. Raises BadInput if a cell is missing."""
    rows: list[dict] = []
    contrasts = sorted(study.positive_control["contrasts"])
    if contrasts:
        accuracies = Accuracies(study)
        for protocol in study.positive_control["protocols"]:
            for name in [*study.derived()[f"{protocol}{PLANTED}{contrasts[0]}"], *BASELINES]:
                about = {"architecture": name, "protocol": protocol}
                own = list(_contrasts(accuracies, name, protocol, contrasts))
                rows += [about | row | {"sees_from": sees_from(own)} for row in own]
    return pd.DataFrame(rows, columns=COLUMNS)


def sees_from(rows: list[dict]) -> float:
    """Return the lowest contrast, not 0, from which on all of `rows` are above chance; NaN without one."""
    lowest = np.nan
    for row in sorted(rows, key=lambda row: -row["contrast"]):
        if not row["contrast"] or row["above_chance"] != YES:
            break
        lowest = row["contrast"]
    return lowest


def _contrasts(accuracies: Accuracies, name: str, protocol: str, contrasts: list[int]) -> Iterator[dict]:
    study = accuracies.study
    folds = read_folds(study, f"{protocol}{PLANTED}{contrasts[0]}")
    positive = sorted(folds.loc[folds["lesion"] > 0, "label"].unique())
    runs = {contrast: f"{protocol}{PLANTED}{contrast}" for contrast in contrasts}
    permuted = study.derived().get(f"{protocol}{PERMUTED}")
    if permuted is not None and name in [*permuted, *BASELINES]:
        runs = {0: f"{protocol}{PERMUTED}"} | runs
    for contrast, run in runs.items():
        table = accuracies.pooled(name, run)
        truth, folds_of = table["label"].isin(positive).to_numpy(), table["fold"].to_numpy()
        probability = table[[f"p_{label}" for label in positive]].sum(axis=1, skipna=False).to_numpy(float)
        weights, n_units = accuracies.bootstrap.weights(table["unit"]), table["unit"].nunique()
        estimate = roc_auc_within(truth, probability, folds_of, np.ones((1, len(table)))).item()
        limits = interval(roc_auc_within(truth, probability, folds_of, weights), n_units, accuracies.unit)
        row = {"contrast": contrast, AUC: estimate, "n_samples": table["sample"].nunique(), "n_units": n_units}
        above = limits.note.removeprefix("interval ") or (YES if limits.low > CHANCE else NO)
        yield row | limits.columns() | {"unit": f"{accuracies.unit}s", "above_chance": above}


main = table_stage("Score a study's positive control.", lambda study: {"positive_control": positive_control(study)})

if __name__ == "__main__":
    run_cli(main)
