"""Curves of severity: receiver operating characteristic (ROC) with confidence bands, and reliability diagram.

    roc.csv            architecture, protocol, false_positive_rate, sensitivity, ci_low, ci_high, not_calibrated
    reliability.csv    architecture, protocol, bin_low, bin_high, n (images, counted in every repeat), n_units,
                       probability (mean of the bin), share (malignant of the bin's images), ci_low, ci_high, note,
                       not_calibrated

Bands and intervals are pointwise 95% percentile bootstraps over patients. Sensitivities are interpolated linearly
between thresholds. Curves pool all folds and repeats. Probabilities are calibrated fold by fold, on validation parts
(analysis/scores/calibration.py); not_calibrated says which folds were not, and why. Both tables are empty if a class
has no single severity.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.bootstrap import Bootstrap, interval
from analysis.metrics import ratio
from analysis.probability_metrics import BINS, bins, cumulated
from analysis.tasks import Severity, severity_of

GRID = np.linspace(0, 1, 41)  # false positive rates
KEYS = ["architecture", "protocol"]
ROC = [*KEYS, "false_positive_rate", "sensitivity", "ci_low", "ci_high", "not_calibrated"]
RELIABILITY = [*KEYS, "bin_low", "bin_high", "n", "n_units", "probability", "share", "ci_low", "ci_high", "note"]
RELIABILITY += ["not_calibrated"]

Tables = dict[tuple[str, str], pd.DataFrame]


def roc(tables: Tables, samples: pd.DataFrame, bootstrap: Bootstrap) -> pd.DataFrame:
    """Return roc.csv; no rows where all images have one severity or a probability is not finite."""
    rows = []
    for key, unit, task in _severities(tables, samples):
        if task.truth.all() or not task.truth.any():
            continue
        found = _sensitivities(task, np.ones((1, len(unit))))[0]
        drawn = _sensitivities(task, bootstrap.weights(unit))
        for rate, sensitivity, values in zip(GRID, found, drawn.T, strict=True):
            row = {"false_positive_rate": rate, "sensitivity": sensitivity}
            rows.append(key | row | interval(values, unit.nunique(), "unit").columns())
    return pd.DataFrame(rows, columns=ROC)


def reliability(tables: Tables, samples: pd.DataFrame, bootstrap: Bootstrap) -> pd.DataFrame:
    """Return reliability.csv, with a row for each bin that has images; no rows if a probability is not finite."""
    rows = []
    for key, unit, task in _severities(tables, samples):
        place, weights = bins(task.on_common_scale()), bootstrap.weights(unit)
        for number in np.unique(place):
            held = place == number
            n_units = unit[held].nunique()
            share = ratio(weights[:, held] @ task.truth[held], weights[:, held].sum(axis=1))
            # Resamples without an image in the bin do not count.
            limits = interval(share[~np.isnan(share)], n_units, samples.attrs["unit"])
            row = {"bin_low": number / BINS, "bin_high": (number + 1) / BINS, "n": int(held.sum()), "n_units": n_units}
            row |= {"probability": task.on_common_scale()[held].mean(), "share": task.truth[held].mean()}
            rows.append(key | row | limits.columns() | {"note": limits.note})
    return pd.DataFrame(rows, columns=RELIABILITY)


def _severities(tables: Tables, samples: pd.DataFrame) -> Iterator[tuple[dict, pd.Series, Severity]]:
    """Yield key columns, unit of each row and severity of the tables whose probabilities are all finite."""
    for pair, table in tables.items():
        task = severity_of(table, samples)
        if task and np.isfinite(task.probability).all():
            about = dict(zip(KEYS, pair, strict=True)) | {"not_calibrated": table["not_calibrated"].iloc[0]}
            yield about, table["unit"], task


def _sensitivities(task: Severity, weights: np.ndarray) -> np.ndarray:
    """Compute the sensitivity (B, G) of each resample at the false positive rates of GRID; NaN if undefined."""
    found, alarms = (
        np.pad(ratio(counts, counts[:, -1:]), ((0, 0), (1, 0)))
        for counts in cumulated(task.truth, task.on_common_scale(), weights)
    )
    return np.array([np.interp(GRID, x, y) for x, y in zip(alarms, found, strict=True)])
