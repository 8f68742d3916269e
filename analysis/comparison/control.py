"""Permuted-label control: what is still scored when labels say nothing of the images.

Labels are shuffled among patients, copies of an image alike (benchmarks/protocols.py). With patients kept apart answers
can then have nothing to do with labels; what is scored above chance comes from images of the same patient or source in
training (Yagis et al., Scientific Reports 11, 22544, 2021).

Writes results/<study>/tables/control.csv: architecture (baselines too), protocol (whose labels were shuffled),
permuted (accuracy with shuffled labels), ci_low, ci_high, chance, excess (permuted minus chance), excess_low,
excess_high, real (accuracy with the real labels), n_samples, n_units, unit, verdict. Intervals are 95 % bootstraps over
patients for the one shuffle that was run, those of the excess paired. Without a control the table is empty.

chance is what the same answers would score if they were independent of the labels: the sum over the classes of how
often each is answered times how often it is true (the expected agreement of Cohen's kappa). The majority baseline is no
chance level here: grouped folds make a class rarer in training where it is frequent in the test part, so that answers
which follow the frequencies of training fall below chance.
"""

import argparse

import numpy as np
import pandas as pd

from analysis import metrics
from analysis.accuracy import Accuracies, accuracy, not_evaluable
from analysis.bootstrap import Interval, interval
from analysis.predictions import pooled
from benchmarks.errors import run_cli
from benchmarks.protocols import PERMUTED, PUBLISHED
from benchmarks.study.study import BASELINES, Study, load_study

COLUMNS = [
    *("architecture", "protocol", "permuted", "ci_low", "ci_high", "chance", "excess", "excess_low", "excess_high"),
    *("real", "n_samples", "n_units", "unit", "verdict"),
]
AT_CHANCE, BELOW = "at chance", "below chance"
LEAKAGE, LOOK = "above chance: leakage", "above chance: look for a leak"


def control(study: Study) -> pd.DataFrame:
    """The rows of control.csv. Raises BadInput if a cell is missing."""
    accuracies = Accuracies(study)
    rows = [
        _row(accuracies, architecture, protocol)
        for protocol in study.control["protocols"]
        for architecture in [*study.derived()[f"{protocol}{PERMUTED}"], *BASELINES]
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(accuracies: Accuracies, architecture: str, protocol: str) -> dict:
    table = pooled(accuracies.study, accuracies.samples, architecture, f"{protocol}{PERMUTED}")
    permuted = accuracy(table, accuracies.bootstrap, accuracies.samples.attrs["unit"])
    chance = expected_agreement(table, np.ones((1, len(table)))).item()
    drawn = expected_agreement(table, accuracies.bootstrap.weights(table["unit"]))
    limits, around = permuted.limits(), interval(permuted.drawn - drawn, permuted.n_units, permuted.unit)
    return {
        "architecture": architecture,
        "protocol": protocol,
        "permuted": permuted.estimate,
        "ci_low": limits.low,
        "ci_high": limits.high,
        "chance": chance,
        "excess": permuted.estimate - chance,
        "excess_low": around.low,
        "excess_high": around.high,
        "real": accuracies.of(architecture, protocol).estimate,
        **permuted.about(),
        "verdict": _verdict(around, protocol),
    }


def expected_agreement(table: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    """Accuracy (B,) that the answers of `table` would have if they were independent of its labels, in each resample."""
    total = weights.sum(axis=1)
    return sum(
        metrics.ratio(weights @ (table["label"] == label).to_numpy(float), total)
        * metrics.ratio(weights @ (table["predicted"] == label).to_numpy(float), total)
        for label in table["label"].unique()
    )


def _verdict(excess: Interval, protocol: str) -> str:
    if excess.note:
        return not_evaluable(excess)
    if excess.low > 0:
        return LEAKAGE if protocol == PUBLISHED else LOOK
    return BELOW if excess.high < 0 else AT_CHANCE


def main() -> None:
    """Score a study's permuted-label control."""
    parser = argparse.ArgumentParser(description="Score a study's permuted-label control.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study = load_study(parser.parse_args().study)
    control(study).to_csv(study.results() / "tables" / "control.csv", index=False)


if __name__ == "__main__":
    run_cli(main)
