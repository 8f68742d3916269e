"""All pairs of copies among images, whichever search finds them."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.copies import rigid


def find_pairs(read: Callable[[int], np.ndarray], n: int, n_first: int | None = None) -> pd.DataFrame:
    """Return every pair of copies among the images 0..n-1; `read(number)` returns uint8 (H, W).

    With `n_first`, only pairs of one of the first `n_first` images and one of the others. Columns a, b (numbers,
    a < b), similarity (0..1) and mirrored (bool).
    """
    spectra = rigid.describe(map(read, range(n)))
    if n_first is None:
        return rigid.search(spectra)
    return rigid.search(spectra[:n_first], spectra[n_first:]).assign(b=lambda table: table["b"] + n_first)
