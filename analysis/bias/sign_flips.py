"""P-values of mean differences from zero, by random changes of the signs of whole patients.

Without an effect, a patient's differences are as likely positive as negative. The randomisation test compares the
observed sum with sums after the signs of a random half of the patients were changed (Fisher, The design of experiments,
1935, section 21). All rows of a patient change together. A share of equal or larger sums has one added to both counts
(Phipson & Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010, article 39), so no p-value is zero: of n patients, the smallest
is about 2 ** -n. A bootstrap has no such bound: if all of five patients agree, so do all resamples.
"""

from collections.abc import Iterator

import numpy as np

DRAWS = 19_999  # the smallest p-value is 1/20000, below 5% of a family of 1000 tests
BLOCK = 1000  # draws held in memory together
ROUNDING = 1e-9  # sums that differ less are equal


def blocks(n: int) -> Iterator[int]:
    """Yield sizes up to BLOCK that add up to `n`."""
    for start in range(0, n, BLOCK):
        yield min(BLOCK, n - start)


def flipped_sums(values: np.ndarray, units: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of `values` (N, K), observed (K,) and with flipped signs of the `units` (N,): (DRAWS, K)."""
    names, unit = np.unique(units, return_inverse=True)
    sums = np.zeros((len(names), values.shape[1]))
    np.add.at(sums, unit, values)
    rng = np.random.default_rng(seed)
    kept = np.concatenate([_bits(rng, size, len(names)) @ sums for size in blocks(DRAWS)])
    # Units that keep their sign minus the others
    return sums.sum(axis=0), 2 * kept - sums.sum(axis=0)


def _bits(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Return random bits, float (rows, columns)."""
    drawn = np.frombuffer(rng.bytes(rows * (columns // 8 + 1)), np.uint8).reshape(rows, -1)
    return np.unpackbits(drawn, axis=1)[:, :columns].astype(float)


def p_above(values: np.ndarray, units: np.ndarray, seed: int) -> float:
    """Compute the one-sided p-value of a mean of `values` (N,) above zero."""
    observed, drawn = flipped_sums(values[:, None], units, seed)
    return share_of_draws(drawn[:, 0] >= observed - ROUNDING)


def p_largest(values: np.ndarray, units: np.ndarray, seed: int) -> float:
    """Compute the two-sided p-value of the largest of the means of `values` (N, K), of one mean if K is 1.

    The largest absolute sum is compared with the largest one of each draw, which allows for its choice among K
    (Westfall & Young, Resampling-based multiple testing, 1993).
    """
    observed, drawn = flipped_sums(values, units, seed)
    return share_of_draws(np.abs(drawn).max(axis=1) >= np.abs(observed).max() - ROUNDING)


def share_of_draws(reached: np.ndarray) -> float:
    """Compute a p-value from which draws `reached`, bool (B,), the observed value."""
    return float((1 + reached.sum()) / (1 + len(reached)))
