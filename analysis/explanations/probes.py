"""Choice of the probes: fixed test images for explanations, the same for every architecture.

Rule: of every fold's test part (of the first repeat), samples in the order of their ids, shuffled by the study's seed,
no two of one source. Of fold 0, up to `probes.per_class` a class are shown in pictures; these and others, up to
`probes.measured` in all, are measured. A probe is explained by the cell of its own fold, which has neither trained nor
validated on it. Writes results/<study>/tables/probes.csv with the columns protocol, probe (from 0), fold, shown,
sample, row (in the image arrays), label, source, patient.
"""

import numpy as np
import pandas as pd

from analysis.predictions import read_folds, read_samples
from analysis.tidy import table_stage
from benchmarks.errors import run_cli
from benchmarks.study.study import Study

COLUMNS = ["protocol", "probe", "fold", "shown", "sample", "row", "label", "source", "patient"]


def choose_probes(folds: pd.DataFrame, samples: pd.DataFrame, per_class: int, measured: int, seed: int) -> pd.DataFrame:
    """Return the probes of one protocol: the columns above without protocol; those shown come first.

    Under `published` a test part shares no sample with training, but sources, as everything does there.
    """
    test = folds[(folds["part"] == "test") & (folds["repeat"] == 0)]
    candidates = test[["sample", "fold"]].merge(samples, "left", "sample", validate="1:1").sort_values("sample")
    shuffled = candidates.iloc[np.random.default_rng(seed).permutation(len(candidates))]
    shuffled = shuffled[~(shuffled["source"].notna() & shuffled["source"].duplicated())]
    first = shuffled[shuffled["fold"] == 0].groupby("label").head(per_class).index
    shuffled = shuffled.assign(shown=shuffled.index.isin(first)).sort_values("shown", ascending=False, kind="stable")
    chosen = shuffled.head(max(measured, len(first))).sort_values(
        ["shown", "fold", "label", "sample"], ascending=[False, True, True, True]
    )
    return chosen.assign(probe=range(len(chosen)))[COLUMNS[1:]]


def probes(study: Study) -> dict[str, pd.DataFrame]:
    """Return probes.csv of a study, by its name."""
    samples = read_samples(study)
    chosen = [
        choose_probes(read_folds(study, protocol), samples, **study.probes, seed=study.seed).assign(protocol=protocol)
        for protocol in study.protocols
    ]
    return {"probes": pd.concat(chosen)[COLUMNS]}


main = table_stage("Choose the images that explain the models.", probes)

if __name__ == "__main__":
    run_cli(main)
