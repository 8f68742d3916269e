"""Curves of severity: receiver operating characteristic with bands, and reliability.

    roc.csv            architecture, protocol, false_positive_rate, sensitivity, ci_low, ci_high
    reliability.csv    architecture, protocol, bin_low, bin_high, n (images, each once a repeat), n_units, probability
                       (mean of the bin), share (malignant of the bin's images), ci_low, ci_high, note

Bands and intervals are pointwise 95 % percentile bootstraps over patients; sensitivities are interpolated linearly
between the thresholds. Curves pool all folds and repeats. Empty tables if the classes don't stand for a severity.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.bootstrap import Bootstrap, interval
from analysis.metrics import ratio
from analysis.probability_metrics import BINS, bins, cumulated
from analysis.tasks import Severity, tasks

GRID = np.linspace(0, 1, 41)  # false positive rates
ROC = ["architecture", "protocol", "false_positive_rate", "sensitivity", "ci_low", "ci_high"]
RELIABILITY = ["architecture", "protocol", "bin_low", "bin_high", "n", "n_units", "probability", "share"]
RELIABILITY += ["ci_low", "ci_high", "note"]

Tables = dict[tuple[str, str], pd.DataFrame]


def roc(tables: Tables, samples: pd.DataFrame, bootstrap: Bootstrap) -> pd.DataFrame:
    """The rows of roc.csv; none where severity has one value or a probability is not finite."""
    frames = []
    for (architecture, protocol), table, task in _severities(tables, samples):
        if task.positive.all() or not task.positive.any() or not np.isfinite(task.probability).all():
            continue
        found = _sensitivities(task, np.ones((1, len(table))))[0]
        drawn = _sensitivities(task, bootstrap.weights(table["unit"]))
        limits = [interval(values, table["unit"].nunique(), "unit") for values in drawn.T]
        frame = pd.DataFrame({"architecture": architecture, "protocol": protocol, "false_positive_rate": GRID})
        frame = frame.assign(sensitivity=found, ci_low=[one.low for one in limits])
        frames.append(frame.assign(ci_high=[one.high for one in limits]))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=ROC)


def reliability(tables: Tables, samples: pd.DataFrame, bootstrap: Bootstrap) -> pd.DataFrame:
    """The rows of reliability.csv: the bins that hold an image."""
    rows = []
    for (architecture, protocol), table, task in _severities(tables, samples):
        if not np.isfinite(task.probability).all():
            continue
        place, weights = bins(task.probability), bootstrap.weights(table["unit"])
        for number in np.unique(place):
            held = place == number
            n_units = table.loc[held, "unit"].nunique()
            share = ratio(weights[:, held] @ task.positive[held], weights[:, held].sum(axis=1))
            # A resample may miss the bin: the interval is that of the resamples that don't.
            limits = interval(share[~np.isnan(share)], n_units, samples.attrs["unit"])
            row = {"architecture": architecture, "protocol": protocol, "bin_low": number / BINS}
            row |= {"bin_high": (number + 1) / BINS, "n": int(held.sum()), "n_units": n_units}
            row |= {"probability": task.probability[held].mean(), "share": task.positive[held].mean()}
            rows.append(row | {"ci_low": limits.low, "ci_high": limits.high, "note": limits.note})
    return pd.DataFrame(rows, columns=RELIABILITY)


def _severities(tables: Tables, samples: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame, Severity]]:
    for pair, table in tables.items():
        for task in tasks(table, samples):
            if isinstance(task, Severity):
                yield pair, table, task


def _sensitivities(task: Severity, weights: np.ndarray) -> np.ndarray:
    """Sensitivity (B, G) of each resample at the false positive rates of GRID; NaN where a severity is missing."""
    found, alarms = (
        np.pad(ratio(counts, counts[:, -1:]), ((0, 0), (1, 0)))
        for counts in cumulated(task.positive, task.probability, weights)
    )
    return np.array([np.interp(GRID, x, y) for x, y in zip(alarms, found, strict=True)])
