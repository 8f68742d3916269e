"""Percentile bootstrap over independent units (patients), shared by all scores of a study so that they can be compared.

Efron & Tibshirani, An introduction to the bootstrap, 1993, chapter 13. One draw of units serves every architecture and
protocol, which pairs their differences.
"""

import dataclasses

import numpy as np
import pandas as pd

LEVEL = 0.95
UNDEFINED_SHARE = 0.05  # of the resamples: with more of them undefined an interval would describe the rest only


@dataclasses.dataclass(frozen=True)
class Interval:
    """A 95 % interval, or NaN with a note that says why there is none."""

    low: float
    high: float
    note: str = ""


class Bootstrap:
    """`n` resamples, with replacement, of the units in `units`."""

    def __init__(self, units: list[str], n: int, seed: int):
        self.units = sorted(set(units))
        share = np.full(len(self.units), 1 / len(self.units))
        self.counts = np.random.default_rng(seed).multinomial(len(self.units), share, size=n)

    def weights(self, unit: pd.Series) -> np.ndarray:
        """How often each resample holds the rows of units `unit` (N,): int (n, N)."""
        return self.counts[:, np.searchsorted(self.units, unit.to_numpy(dtype=str))]


def resampled_means(values: pd.Series, units: pd.Series, n: int, seed: int) -> np.ndarray:
    """The mean of `values` (N,) in each of `n` resamples of their own `units` (N,): float (n,)."""
    weights = Bootstrap(units.tolist(), n, seed).weights(units)
    return weights @ values.to_numpy() / weights.sum(axis=1)


def interval(values: np.ndarray, n_units: int, unit: str) -> Interval:
    """The percentile interval of a score's resampled values (n,), from `n_units` independent units."""
    if n_units < 2:
        return Interval(np.nan, np.nan, f"interval not evaluable: one {unit}")
    undefined = np.isnan(values).mean()
    if undefined > UNDEFINED_SHARE:
        return Interval(np.nan, np.nan, f"interval not evaluable: undefined in {undefined:.0%} of the resamples")
    tail = (1 - LEVEL) / 2
    return Interval(*np.nanquantile(values, [tail, 1 - tail]))
