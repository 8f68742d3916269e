"""Choice of the probes: fixed test images for explanations, the same for every architecture.

Candidates are the test images of every fold (first repeat), in the order of their ids, shuffled by the study's seed, at
most one of each source. Up to `probes.per_class` of each class in fold 0 are shown in pictures. These and others, up to
`probes.measured` in all, are measured. A probe is explained by the cell of its own fold, which held the probe out.
Writes results/<study>/tables/probes.csv: protocol, probe (from 0), fold, shown, sample, row (in the image arrays),
label, source, patient.
"""

import numpy as np
import pandas as pd

from analysis.predictions import read_folds, read_samples
from analysis.tidy import table_stage
from benchmarks.errors import run_cli
from benchmarks.study.study import Study

COLUMNS = ["protocol", "probe", "fold", "shown", "sample", "row", "label", "source", "patient"]


def choose_probes(folds: pd.DataFrame, samples: pd.DataFrame, per_class: int, measured: int, seed: int) -> pd.DataFrame:
    """Return the probes of one protocol: the columns above without protocol, probes in pictures first.

    Under `published`, test and training parts share no sample, but they do share sources.
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
    """Return the table probes of a study: the probes of every protocol."""
    samples, seed = read_samples(study), study.seed
    chosen = {
        name: choose_probes(read_folds(study, name), samples, **study.probes, seed=seed) for name in study.protocols
    }
    return {"probes": pd.concat([table.assign(protocol=name) for name, table in chosen.items()])[COLUMNS]}


main = table_stage("Choose the images that explain the models.", probes)

if __name__ == "__main__":
    run_cli(main)
