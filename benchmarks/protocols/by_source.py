"""Protocol `by_source`: no source is in two parts of a fold."""

import pandas as pd

from benchmarks.protocols import Splitting
from benchmarks.protocols._grouped import grouped


def split(samples: pd.DataFrame, study: Splitting) -> pd.DataFrame:
    """Keep all files of a source in one part; a patient's other sources may be in another part."""
    return grouped(samples, study, "source")
