"""Tests of one classifier against another on the same test images, as functions of arrays.

Each answers a question of its own, and gives an Outcome: numbers, or a note that says why there are none.

    paired_bootstrap         would the difference hold for other patients? (Efron & Tibshirani 1993, chapters 13 and 15)
    corrected_resampled_t    would it hold for other training and test parts? (Nadeau & Bengio, Mach. Learn. 52, 2003)
    correlated_bayes         how probable is it to matter, or not to? (Benavoli et al., JMLR 18, 2017; baycomp)
    mcnemar_exact            do the two err on different images? It takes images for independent (McNemar 1947)
    rank                     do some rank before others in all folds? (Friedman; Nemenyi; Demsar, JMLR 7, 2006)

and smallest_detectable: what difference could these patients have shown at all?
"""

import dataclasses

import baycomp
import numpy as np
import scikit_posthocs
from scipy import stats
from statsmodels.stats import contingency_tables
from statsmodels.stats.multitest import multipletests

from analysis.bootstrap import LEVEL, interval

ALPHA = 0.05
ROPE = 0.05  # accuracy; five of 106 images, a gain that no choice of an architecture should hang on
POWER = 0.8
SIMULATIONS = 2000
STEP = 0.002  # of the smallest detectable difference; simulation itself is no finer
SAME = 1e-12  # differences of shares closer than this differ by rounding only


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
    """Mean ranks (k,), 1 the best, over `n` blocks; Friedman's statistic and p, Nemenyi's p (k, k) of all pairs."""

    n: int
    ranks: np.ndarray
    statistic: float
    p: float
    pairs: np.ndarray
    critical_distance: float
    note: str = ""


def paired_bootstrap(
    effect: float, drawn: np.ndarray, n_units: int, unit: str, n_interval: int | None = None
) -> Outcome:
    """A difference and its values (B,) in the same resamples of both.

    The interval is the percentile one, of the first `n_interval` resamples if given. p is the achieved significance
    level: twice the share of resamples on the other side of zero, or on it, each counted with one more.
    """
    limits = interval(drawn[:n_interval], n_units, unit)
    if limits.note:
        return Outcome(n_units, effect, note=limits.note.removeprefix("interval not evaluable: "))
    known = drawn[np.isfinite(drawn)]
    tail = min((known <= 0).sum(), (known >= 0).sum())
    return Outcome(n_units, effect, limits.low, limits.high, min(1.0, 2 * (tail + 1) / (len(known) + 1)))


def corrected_resampled_t(differences: np.ndarray, ratio: float) -> Outcome:
    """Differences (J,) of two scores on J test parts; `ratio` is the size of a test part over that of what it left.

    Training parts overlap, so the variance of the mean is s² (1 / J + ratio) instead of s² / J; J - 1 degrees.
    """
    n = len(differences)
    if why := _no_spread(differences):
        return Outcome(n, _mean(differences), note=why)
    mean, error = differences.mean(), np.sqrt(differences.var(ddof=1) * (1 / n + ratio))
    low, high = stats.t.interval(LEVEL, n - 1, mean, error)
    return Outcome(n, mean, low, high, 2 * stats.t.sf(abs(mean) / error, n - 1))


def correlated_bayes(a: np.ndarray, b: np.ndarray, repeats: int = 1, rope: float = ROPE) -> Outcome:
    """Posterior of the difference of scores a and b (J,) of `repeats` K-fold cross-validations, J = repeats K.

    p_equivalent is the probability of a difference within ± `rope`; the interval holds 95 % of the posterior.
    """
    n = len(a)
    if why := _no_spread(a - b):
        return Outcome(n, _mean(a - b), note=why)
    # baycomp subtracts its first argument from its second.
    posterior = baycomp.CorrelatedTTest(b, a, rope, repeats)
    b_better, equivalent, a_better = posterior.probs()
    low, high = stats.t.interval(LEVEL, posterior.df, posterior.mean, np.sqrt(posterior.var))
    shares = {"p_a_better": a_better, "p_equivalent": equivalent, "p_b_better": b_better}
    return Outcome(n, posterior.mean, low, high, **shares)


def mcnemar_exact(a_right: np.ndarray, b_right: np.ndarray) -> Outcome:
    """Whether two classifiers were right, bool (N,) each: the binomial test on the images that one alone got right."""
    n = len(a_right)
    if np.array_equal(a_right, b_right):
        return Outcome(n, 0.0, note="both are right on the same images")
    table = np.histogram2d(a_right, b_right, bins=2, range=[[0, 1], [0, 1]])[0]
    p = contingency_tables.mcnemar(table, exact=True).pvalue
    return Outcome(n, float(a_right.mean() - b_right.mean()), p=float(p))


def rank(scores: np.ndarray) -> Ranking:
    """Friedman's test and Nemenyi's of scores (n blocks, k compared), of which the highest is the best."""
    n, k = scores.shape
    ranks = stats.rankdata(-scores, axis=1)
    why = ""
    if k < 3:
        why = "fewer than three to rank"
    elif n < 2:
        why = "one fold"
    elif np.ptp(ranks) == 0:
        why = "all score the same in every fold"
    if why:
        return unranked(n, k, why)
    statistic, p = stats.friedmanchisquare(*scores.T)
    pairs = scikit_posthocs.posthoc_nemenyi_friedman(scores).to_numpy()
    critical = stats.studentized_range.ppf(LEVEL, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n))
    return Ranking(n, ranks.mean(axis=0), float(statistic), float(p), pairs, float(critical))


def unranked(n: int, k: int, why: str) -> Ranking:
    """No ranking of `k` over `n` blocks."""
    return Ranking(n, np.full(k, np.nan), np.nan, np.nan, np.full((k, k), np.nan), np.nan, why)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's adjusted p-values (m,); NaN stays, and counts as no test."""
    known = np.isfinite(p)
    adjusted = np.full(len(p), np.nan)
    if known.any():
        adjusted[known] = multipletests(p[known], method="holm")[1]
    return adjusted


def smallest_detectable(differences: np.ndarray, units: np.ndarray, seed: int) -> float:
    """The smallest true difference that a test on these images finds in 80 of 100 such studies, at the 5 % level.

    `differences` (N,) are -1, 0 or 1: whether a was right minus whether b was; `units` (N,) name the patients. Each
    simulated study draws patients with replacement and flips the sign of each one's differences at random, which makes
    a and b equally good; then every image becomes one that a alone got right with probability delta, which makes the
    true difference delta. It is tested by a t-test that is robust to clusters of images. NaN for one patient.
    """
    names, unit = np.unique(units, return_inverse=True)
    if len(names) < 2:
        return np.nan
    n_images = np.bincount(unit)
    place = np.arange(len(unit)) - np.repeat(np.cumsum(n_images) - n_images, n_images)
    order = np.argsort(unit, kind="stable")
    padded = np.zeros((len(names), n_images.max()), np.int8)
    padded[unit[order], place] = differences[order]
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(names), size=(SIMULATIONS, len(names)))
    null = padded[drawn] * rng.choice(np.array([-1, 1], np.int8), size=(*drawn.shape, 1))
    sizes = n_images[drawn]
    # The same uniform numbers for every delta: power then grows with it. Padding is never below 1.
    uniform = np.where(np.arange(padded.shape[1]) < sizes[..., None], rng.random(null.shape, np.float32), 2)
    low, high = 0.0, 1.0
    while high - low > STEP:
        delta = (low + high) / 2
        sums = np.where(uniform < delta, 1, null).sum(axis=2)
        low, high = (
            (low, delta) if (clustered_t(sums, sizes) > _critical_t(len(names))).mean() >= POWER else (delta, high)
        )
    return high


def clustered_t(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """t of the mean over images, robust to clusters, of S studies: `sums` and `sizes` (S, G) are its clusters'."""
    n_clusters, n = sums.shape[1], sizes.sum(axis=1)
    mean = sums.sum(axis=1) / n
    residuals = sums - mean[:, None] * sizes
    error = np.sqrt(n_clusters / (n_clusters - 1) * (residuals**2).sum(axis=1)) / n
    # Without any spread, a mean other than zero is infinitely many errors away.
    return np.divide(mean, error, out=np.where(mean > 0, np.inf, 0), where=error > 0)


def _critical_t(n_clusters: int) -> float:
    return float(stats.t.ppf(1 - ALPHA / 2, n_clusters - 1))


def _no_spread(differences: np.ndarray) -> str:
    """Why these differences have no variance; empty if they have."""
    if len(differences) < 2:
        return "one fold"
    return "the difference is the same in every fold" if np.ptp(differences) < SAME else ""


def _mean(differences: np.ndarray) -> float:
    return float(differences.mean()) if len(differences) else np.nan
