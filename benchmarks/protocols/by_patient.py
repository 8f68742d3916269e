"""Protocol `by_patient`: no patient is in two parts of a fold."""

import pandas as pd

from benchmarks.protocols import Splitting
from benchmarks.protocols._grouped import grouped


def split(samples: pd.DataFrame, study: Splitting) -> pd.DataFrame:
    """Keep all files of all sources of a patient in one part."""
    return grouped(samples, study, "patient")
