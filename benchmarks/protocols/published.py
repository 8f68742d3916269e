"""Protocol `published`: the split of the published study, which leaks."""

import pandas as pd

from benchmarks.errors import BadInput
from benchmarks.protocols import Splitting
from benchmarks.protocols._grouped import one_fold
from benchmarks.publications.splits import keras_validation_split, ordered

# The published notebooks: image_dataset_from_directory(validation_split=0.2, seed=123).
SEED = 123
SHARE = 0.2


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
    train, validation = _split(after)
    _, test = _split(before)
    parts = {"train": train, "validation": validation, "test": test}
    return pd.concat([one_fold(parts, repeat, repeat) for repeat in range(study.repeats)], ignore_index=True)


def _split(files: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the sample ids of the two subsets of one folder, in Keras' order; `files` are rows of samples.parquet."""
    named = files.assign(name=files["sample"].str.rsplit("/", n=1).str[-1])
    ids = ordered(named)["sample"].to_numpy()
    rest, held = keras_validation_split(len(ids), SHARE, SEED)
    return ids[rest].tolist(), ids[held].tolist()
