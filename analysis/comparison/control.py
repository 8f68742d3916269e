"""Permuted-label control: accuracy with permuted labels, which shows data leakage.

Labels are permuted among patients, and all copies of an image get the same label (benchmarks/protocols/_derived.py).
If patients are kept apart, answers are then independent of labels. An accuracy above chance comes from training images
of the same patient or source (Yagis et al., Scientific Reports 11, 22544, 2021).

Writes results/<study>/tables/control.csv: architecture (baselines too), protocol (whose labels were permuted),
permuted (accuracy with permuted labels), ci_low, ci_high, chance, excess (permuted minus chance), excess_low,
excess_high, real (accuracy with the real labels), n_samples, n_units, unit, verdict. Intervals are 95% bootstraps over
patients for one permutation, paired for the excess. The table is empty if the study has no control.

chance is the accuracy of the same answers if they were independent of the labels (the expected agreement of Cohen's
kappa). The majority baseline can be below chance: a class that is frequent in the test part is rarer in training.
"""

import numpy as np
import pandas as pd

from analysis import metrics
from analysis.accuracy import Accuracies
from analysis.bootstrap import interval
from analysis.tidy import table_stage
from benchmarks.errors import run_cli
from benchmarks.protocols import NOT_HONEST, PERMUTED
from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study

COLUMNS = [
    *("architecture", "protocol", "permuted", "ci_low", "ci_high", "chance", "excess", "excess_low", "excess_high"),
    *("real", "n_samples", "n_units", "unit", "verdict"),
]
AT_CHANCE, BELOW = "at chance", "below chance"
LEAKAGE, LOOK = "above chance: leakage", "above chance: look for a leak"


def control(study: Study) -> pd.DataFrame:
    """Return control.csv. Raises BadInput if a cell is missing."""
    accuracies = Accuracies(study)
    rows = []
    for protocol in study.control["protocols"]:
        for architecture in [*study.derived()[f"{protocol}{PERMUTED}"], *BASELINES]:
            table = accuracies.pooled(architecture, f"{protocol}{PERMUTED}")
            permuted = accuracies.of_table(table)
            chance = expected_agreement(table, np.ones((1, len(table)))).item()
            drawn = permuted.drawn - expected_agreement(table, accuracies.bootstrap.weights(table["unit"]))
            excess = interval(drawn, permuted.n_units, permuted.unit)
            row = {"architecture": architecture, "protocol": protocol, "permuted": permuted.estimate}
            row |= permuted.columns() | {"chance": chance, "excess": permuted.estimate - chance}
            row |= excess.columns("excess") | {"real": accuracies.of(architecture, protocol).estimate}
            above = LEAKAGE if protocol in NOT_HONEST else LOOK
            rows.append(row | {"verdict": excess.verdict(above, BELOW, AT_CHANCE)})
    return pd.DataFrame(rows, columns=COLUMNS)


def expected_agreement(table: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    """Compute the accuracy (B,) in resamples (B, N) if the answers in `table` were independent of its labels."""
    total = weights.sum(axis=1)
    return sum(
        metrics.ratio(weights @ (table["label"] == label).to_numpy(float), total)
        * metrics.ratio(weights @ (table["predicted"] == label).to_numpy(float), total)
        for label in table["label"].unique()
    )


main = table_stage("Score a study's permuted-label control.", lambda study: {"control": control(study)})

if __name__ == "__main__":
    run_cli(main)
