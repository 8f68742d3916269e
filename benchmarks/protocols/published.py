"""Protocol `published`: the split of the published study, which leaks."""

import numpy as np
import pandas as pd

from benchmarks.errors import BadInput
from benchmarks.protocols import Splitting
from benchmarks.protocols._grouped import one_fold

# The published notebooks: image_dataset_from_directory(validation_split=0.2, seed=123).
SEED = 123
SPLIT = 0.2


def split(samples: pd.DataFrame, study: Splitting) -> pd.DataFrame:
    """Split the augmented files 80 / 20 at random and test on a fifth of the un-augmented ones, as published.

    Every repeat has the same parts, since the published seed is part of the rule; repeats differ in the training seed.
    """
    after, before = (samples[samples["folder"] == folder] for folder in ("after", "before"))
    if after.empty or before.empty:
        raise BadInput(
            f"protocol published: data set {study.dataset['name']} has no folder of augmented copies; "
            f"remove `published` from `protocols` in {study.path}"
        )
    train, validation = keras_split(after)
    _, test = keras_split(before)
    parts = {"train": train, "validation": validation, "test": test}
    return pd.concat([one_fold(parts, repeat, repeat) for repeat in range(study.repeats)], ignore_index=True)


def keras_split(samples: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Split one folder as Keras' `image_dataset_from_directory(validation_split=0.2, seed=123)` does.

    `samples` has columns sample (whose last path component is the file name) and label. Return the sample ids of
    subset `training` and of subset `validation`, in Keras' order: files sorted by class, then name, shuffled by
    `numpy.random.RandomState(seed)`; the last fifth is the validation subset.
    """
    names = samples["sample"].str.rsplit("/", n=1).str[-1]
    ordered = samples.assign(name=names).sort_values(["label", "name"])["sample"].tolist()
    np.random.RandomState(SEED).shuffle(ordered)
    n_validation = int(SPLIT * len(ordered))
    if n_validation == 0:
        raise BadInput(f"protocol published: a fifth of {len(ordered)} files is none; the data set is too small")
    return ordered[:-n_validation], ordered[-n_validation:]
