"""Statistical tests of one classifier against another on the same test images, as functions of arrays.

paired_bootstrap         difference for other patients (Efron & Tibshirani 1993, chapters 13 and 15)
corrected_resampled_t    difference for other training and test parts (Nadeau & Bengio, Mach. Learn. 52, 2003)
correlated_bayes         probability of a relevant difference (Benavoli et al., JMLR 18, 2017; baycomp)
mcnemar_exact            errors on different images, which count as independent (McNemar 1947)
rank                     consistent ranks over the folds (Friedman; Nemenyi; Demsar, JMLR 7, 2006)
smallest_detectable      power: the smallest difference that these patients can show
"""

import dataclasses

import baycomp
import numpy as np
import pandas as pd
import scikit_posthocs
from scipy import stats
from statsmodels.stats import contingency_tables
from statsmodels.stats.multitest import multipletests

from analysis.bootstrap import LEVEL, interval

ALPHA = 0.05
ROPE = 0.05  # accuracy; five of 106 images, too few to choose an architecture by
POWER, SIMULATIONS = 0.8, 2000
STEP = 0.002  # of the smallest detectable difference; simulation itself is no finer
SAME = 1e-12  # smaller differences between shares are rounding errors


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One test of a minus b on `n` independent units; `note` says why its numbers are NaN."""

    n: int
    effect: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    p: float = np.nan
    p_a_better: float = np.nan
    p_equivalent: float = np.nan
    p_b_better: float = np.nan
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Ranking:
    """Mean ranks (k,), 1 the best, over `n` blocks; Friedman's p, and Nemenyi's p (k, k) of all pairs."""

    n: int
    ranks: np.ndarray
    p: float
    pairs: np.ndarray
    critical_distance: float
    note: str = ""


def paired_bootstrap(effect: float, drawn: np.ndarray, n_units: int, unit: str, first: int | None = None) -> Outcome:
    """Test a difference by its values (B,) in the same resamples of both classifiers.

    The percentile interval uses the `first` resamples, all by default. p is the achieved significance level:
    twice the share of resamples at zero or on the other side of it, with one added to both counts.
    """
    limits = interval(drawn[:first], n_units, unit)
    if limits.note:
        return Outcome(n_units, effect, note=limits.note.removeprefix("interval not evaluable: "))
    known = drawn[np.isfinite(drawn)]
    tail = min((known <= 0).sum(), (known >= 0).sum())
    return Outcome(n_units, effect, limits.low, limits.high, min(1.0, 2 * (tail + 1) / (len(known) + 1)))


def corrected_resampled_t(differences: np.ndarray, ratio: float) -> Outcome:
    """Test the differences (J,) of two scores on J test parts by Nadeau and Bengio's t-test.

    `ratio` is the size of a test part divided by that of its training part. Training parts overlap, so the variance of
    the mean is s² (1 / J + ratio) instead of s² / J, with J - 1 degrees of freedom.
    """
    n = len(differences)
    mean = float(differences.mean())
    if why := _no_spread(differences):
        return Outcome(n, mean, note=why)
    error = np.sqrt(differences.var(ddof=1) * (1 / n + ratio))
    low, high = stats.t.interval(LEVEL, n - 1, mean, error)
    return Outcome(n, mean, low, high, 2 * stats.t.sf(abs(mean) / error, n - 1))


def correlated_bayes(a: np.ndarray, b: np.ndarray, repeats: int = 1, rope: float = ROPE) -> Outcome:
    """Compute the posterior of the difference of scores a and b (J,) from `repeats` K-fold cross-validations.

    p_equivalent is the probability of a difference within ± `rope`; the interval holds 95% of the posterior.
    """
    n = len(a)
    if why := _no_spread(a - b):
        return Outcome(n, float((a - b).mean()), note=why)
    # baycomp subtracts its first argument from its second.
    posterior = baycomp.CorrelatedTTest(b, a, rope, repeats)
    b_better, equivalent, a_better = posterior.probs()
    low, high = stats.t.interval(LEVEL, posterior.df, posterior.mean, np.sqrt(posterior.var))
    return Outcome(n, posterior.mean, low, high, np.nan, a_better, equivalent, b_better)


def mcnemar_exact(a_right: np.ndarray, b_right: np.ndarray) -> Outcome:
    """Test by the binomial test on images that only one of two classifiers got right; arguments are bool (N,)."""
    n = len(a_right)
    if np.array_equal(a_right, b_right):
        return Outcome(n, 0.0, note="both are right on the same images")
    table = np.histogram2d(a_right, b_right, bins=2, range=[[0, 1], [0, 1]])[0]
    p = contingency_tables.mcnemar(table, exact=True).pvalue
    return Outcome(n, float(a_right.mean() - b_right.mean()), p=float(p))


def rank(scores: np.ndarray) -> Ranking:
    """Compute Friedman's and Nemenyi's tests of scores (n blocks, k classifiers); the highest score is the best."""
    n, k = scores.shape
    ranks = stats.rankdata(-scores, axis=1)
    if k < 3:
        return unranked(n, k, "fewer than three to rank")
    if n < 2:
        return unranked(n, k, "one fold")
    if np.ptp(ranks) == 0:
        return unranked(n, k, "all score the same in every fold")
    p = stats.friedmanchisquare(*scores.T).pvalue
    pairs = scikit_posthocs.posthoc_nemenyi_friedman(scores).to_numpy()
    critical = stats.studentized_range.ppf(LEVEL, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n))
    return Ranking(n, ranks.mean(axis=0), float(p), pairs, float(critical))


def unranked(n: int, k: int, why: str) -> Ranking:
    """Return the ranking of `k` classifiers over `n` blocks that can't be tested, with the reason."""
    return Ranking(n, np.full(k, np.nan), np.nan, np.full((k, k), np.nan), np.nan, why)


def holm(p: np.ndarray) -> np.ndarray:
    """Compute Holm's adjusted p-values (m,); NaN stays NaN and does not count as a test."""
    known = np.isfinite(p)
    adjusted = np.full(len(p), np.nan)
    if known.any():
        adjusted[known] = multipletests(p[known], method="holm")[1]
    return adjusted


def smallest_detectable(differences: np.ndarray, units: np.ndarray, seed: int) -> float:
    """Compute the smallest true difference that a test on these images finds with 80% power at the 5% level.

    `differences` (N,) are -1, 0 or 1: whether a was right minus whether b was right; `units` (N,) name the patients.
    Each simulated study draws patients with replacement and flips the signs of a patient's differences at random, which
    makes a and b equally good. Then every image becomes, with probability delta, an image that only a got right: the
    true difference is delta. The test is a t-test robust to clusters of images. NaN for one patient.
    """
    names, unit = np.unique(units, return_inverse=True)
    if len(names) < 2:
        return np.nan
    n_images = np.bincount(unit)
    padded = np.zeros((len(names), n_images.max()), np.int8)
    padded[unit, pd.Series(unit).groupby(unit).cumcount()] = differences
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(names), size=(SIMULATIONS, len(names)))
    null = padded[drawn] * rng.choice(np.array([-1, 1], np.int8), size=(*drawn.shape, 1))
    sizes = n_images[drawn]
    # The same uniform numbers for every delta make power grow with delta. Padding is never below 1.
    uniform = np.where(np.arange(padded.shape[1]) < sizes[..., None], rng.random(null.shape, np.float32), 2)
    critical_t = stats.t.ppf(1 - ALPHA / 2, len(names) - 1)
    low, high = 0.0, 1.0
    while high - low > STEP:
        delta = (low + high) / 2
        sums = np.where(uniform < delta, 1, null).sum(axis=2)
        found = (clustered_t(sums, sizes) > critical_t).mean() >= POWER
        low, high = (low, delta) if found else (delta, high)
    return high


def clustered_t(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Compute the cluster-robust t of the mean over images of S studies from sums and sizes (S, G) of the clusters."""
    n_clusters, n = sums.shape[1], sizes.sum(axis=1)
    mean = sums.sum(axis=1) / n
    residuals = sums - mean[:, None] * sizes
    error = np.sqrt(n_clusters / (n_clusters - 1) * (residuals**2).sum(axis=1)) / n
    # Without any spread, a mean above zero is infinitely many standard errors away.
    return np.divide(mean, error, out=np.where(mean > 0, np.inf, 0), where=error > 0)


def _no_spread(differences: np.ndarray) -> str:
    """Return why these differences have no variance; empty if they have one."""
    if len(differences) < 2:
        return "one fold"
    return "the difference is the same in every fold" if np.ptp(differences) < SAME else ""
