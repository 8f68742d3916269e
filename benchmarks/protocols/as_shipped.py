"""Protocol `as_shipped`: the parts that the data set ships, whatever they share; not an honest protocol.

It replays what the publisher of a split evaluates, so that the audit can measure what the parts share. `official` is
the same split where all patients are known and none is in two parts.
"""

import pandas as pd

from benchmarks.protocols import Splitting
from benchmarks.protocols._grouped import known_unit
from benchmarks.protocols._shipped import shipped_folds, shipped_parts


def split(samples: pd.DataFrame, study: Splitting) -> pd.DataFrame:
    """Train, validate and test on the shipped parts as they are.

    Without a validation part, a fifth of the training patients validates, of sources or files where patients are
    unknown. One fold a repeat; every repeat tests the same images. Originals without a part are left out.
    """
    parts = shipped_parts("as_shipped", samples, study)
    parts["train"] = parts["train"].assign(unit=known_unit(parts["train"]))
    return shipped_folds("as_shipped", parts, "unit", samples, study)
