"""Percentile bootstrap over independent units (patients), with the same resamples for all scores of a study.

Efron & Tibshirani, An introduction to the bootstrap, 1993, chapter 13.
"""

import dataclasses

import numpy as np
import pandas as pd

LEVEL = 0.95
UNDEFINED_SHARE = 0.05  # of the resamples; if more are undefined, an interval would describe only the others


@dataclasses.dataclass(frozen=True)
class Interval:
    """A 95% interval, or NaN with a note that says why there is none."""

    low: float
    high: float
    note: str = ""

    def columns(self, name: str = "ci") -> dict[str, float]:
        """Return the limits as columns `name`_low and `name`_high."""
        return {f"{name}_low": self.low, f"{name}_high": self.high}

    def verdict(self, above: str, below: str, between: str) -> str:
        """Return which of three verdicts applies: the interval lies above zero, below zero, or holds zero."""
        if self.note:
            return self.note.removeprefix("interval ")
        return above if self.low > 0 else below if self.high < 0 else between


class Bootstrap:
    """`n` resamples, with replacement, of the units in `units`."""

    def __init__(self, units: list[str], n: int, seed: int):
        self.units = sorted(set(units))
        share = np.full(len(self.units), 1 / len(self.units))
        self.counts = np.random.default_rng(seed).multinomial(len(self.units), share, size=n)

    def weights(self, unit: pd.Series) -> np.ndarray:
        """Return how often each resample holds each row, int (n, N), from the units of the rows (N,)."""
        return self.counts[:, np.searchsorted(self.units, unit.to_numpy(dtype=str))]


def resampled_means(values: pd.Series, units: pd.Series, n: int, seed: int) -> np.ndarray:
    """Return the mean of `values` (N,) in each of `n` resamples of their `units` (N,): float (n,)."""
    weights = Bootstrap(units.tolist(), n, seed).weights(units)
    return weights @ values.to_numpy() / weights.sum(axis=1)


def interval(values: np.ndarray, n_units: int, unit: str) -> Interval:
    """Return the percentile interval of a score from its values in the resamples (n,) of `n_units` units."""
    if n_units < 2:
        return Interval(np.nan, np.nan, f"interval not evaluable: one {unit}")
    undefined = np.isnan(values).mean()
    if undefined > UNDEFINED_SHARE:
        return Interval(np.nan, np.nan, f"interval not evaluable: undefined in {undefined:.0%} of the resamples")
    tail = (1 - LEVEL) / 2
    return Interval(*np.nanquantile(values, [tail, 1 - tail]))
