"""Protocol `external`: train on some data sets, test on another."""

import pandas as pd

from benchmarks.errors import BadInput
from benchmarks.protocols import Splitting
from benchmarks.protocols._grouped import held_out, known_unit, one_fold, training_samples


def split(samples: pd.DataFrame, study: Splitting) -> pd.DataFrame:
    """Test on one data set of `external.test` a fold; train on all others, without patients of the test part.

    The validation part is a fifth of the patients of the training data sets (of sources or files if patients are
    unknown). Every repeat tests the same images.
    """
    upright = samples[samples["upright"]]
    folds = []
    for repeat in range(study.repeats):
        for number, name in enumerate(study.external["test"]):
            test, rest = _apart(upright, name, study)
            train, validation = held_out(rest.assign(unit=known_unit(rest)), "unit", study.seed + repeat)
            parts = {
                "train": training_samples(samples, train, study.training["images"]),
                "validation": validation["sample"].tolist(),
                "test": test["sample"].tolist(),
            }
            folds.append(one_fold(parts, repeat * len(study.external["test"]) + number, repeat))
    return pd.concat(folds, ignore_index=True)


def _apart(upright: pd.DataFrame, name: str, study: Splitting) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the originals of data set `name`, and those of all others without its patients and sources."""
    known = sorted(upright["dataset"].unique())
    if name not in known or len(known) < 2:
        raise BadInput(
            f"external.test: {name}, but the data sets are {', '.join(known)}; name one of several in {study.path} "
            "(`dataset: {name: several}`, or a column `dataset` in a CSV manifest)"
        )
    own = upright["dataset"] == name
    test, rest = upright[own], upright[~own]
    for unit in ("patient", "source"):
        rest = rest[rest[unit].isna() | ~rest[unit].isin(test[unit])]
    new = sorted(set(test["label"]) - set(rest["label"]))
    if new or rest["label"].nunique() < 2:
        raise BadInput(
            f"protocol external: {name} is tested on classes that no other data set trains "
            f"({', '.join(new) or 'all'}); give all sets the same classes by `label` and `labels` in {study.path}"
        )
    return test, rest
