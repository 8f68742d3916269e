"""Protocol `published`: the split of the first publication, alves, which leaks."""

import pandas as pd

from benchmarks.errors import BadInput
from benchmarks.protocols import PUBLISHED, Splitting
from benchmarks.protocols._grouped import one_fold
from benchmarks.publications import publication
from benchmarks.publications.splits import listed, parts


def split(samples: pd.DataFrame, study: Splitting) -> pd.DataFrame:
    """Split the augmented files 80 / 20 at random and test on a fifth of the un-augmented ones, as published.

    Every repeat has the same parts, since the published seed is part of the rule; repeats differ in the training seed.
    """
    if not {"after", "before"} <= set(samples["folder"]):
        raise BadInput(
            f"protocol published: data set {study.dataset['name']} has no folder of augmented copies; "
            f"remove `published` from `protocols` in {study.path}"
        )
    files = listed(samples)
    made = parts(publication.load(publication.find(PUBLISHED))["split"], files)
    ids = {part: files["sample"].iloc[made[part]].tolist() for part in ("train", "validation", "test")}
    return pd.concat([one_fold(ids, repeat, repeat) for repeat in range(study.repeats)], ignore_index=True)
