"""Figure of the leaks: contact sheet of the most similar images that stand in two parts."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.audit.contact_sheet import contact_sheet, strongest
from analysis.audit.partners import NEAR_DUPLICATE
from benchmarks import stored
from benchmarks.study.study import Study

ON_SHEET = 8  # pairs, which make a page of the PDF


def leakage(study: Study, pairs: pd.DataFrame) -> Figure | None:
    """Draw the strongest of `pairs` (tables/leakage_pairs.csv); None if there is no near duplicate."""
    near = pairs[pairs["kind"] == NEAR_DUPLICATE]
    if near.empty:
        return None
    results = study.results()
    rows = stored.table(results / "samples.parquet", columns=["sample", "row"]).set_index("sample")["row"]
    images = stored.array(results / f"images_{max(study.sizes())}.npy")
    # What stands in the test part matters most.
    tested = near[near["part_b"] == "test"]
    chosen = strongest(tested if len(tested) else near, ON_SHEET)
    return contact_sheet(chosen, lambda sample: np.asarray(images[rows[sample]]))
