"""Folds by the parts that a data set ships, for the protocols `official` and `as_shipped`."""

import pandas as pd

from benchmarks.errors import BadInput
from benchmarks.protocols import Splitting
from benchmarks.protocols._grouped import held_out, largest_class, one_fold, training_samples

HOW = (
    "a CSV manifest names it in the column `part` (train, validation or test), or the images lie in folders of these "
    "names"
)


def shipped_parts(protocol: str, samples: pd.DataFrame, study: Splitting) -> dict[str, pd.DataFrame]:
    """Return the originals of the shipped parts train, validation (maybe without rows) and test.

    Originals without a part are left out. Raises BadInput if the training or the test part is missing, or if training
    lacks a class that is tested.
    """
    upright = samples[samples["upright"]]
    parts = {part: upright[upright["official_part"] == part] for part in ("train", "validation", "test")}
    train, test = parts["train"], parts["test"]
    name, correction = study.dataset["name"], f"remove `{protocol}` from `protocols` in {study.path}"
    if train.empty or test.empty:
        missing = "training" if train.empty else "test"
        raise BadInput(f"protocol {protocol}: data set {name} ships no {missing} part; {HOW}; or {correction}")
    if sorted(set(test["label"]) - set(train["label"])) or train["label"].nunique() < 2:
        raise BadInput(
            f"protocol {protocol}: the training part of {name} has the classes "
            f"{', '.join(sorted(set(train['label'])))}, the test part has {', '.join(sorted(set(test['label'])))}; two "
            f"classes and all tested classes are needed in training: merge classes by `labels`, or {correction}"
        )
    return parts


def shipped_folds(
    protocol: str, parts: dict[str, pd.DataFrame], unit: str, samples: pd.DataFrame, study: Splitting
) -> pd.DataFrame:
    """Return one fold a repeat. Every repeat tests the same images.

    Without a shipped validation part, a fifth of the units (column `unit`) of the training part validates. Raises
    BadInput if the training part has too few units for that.
    """
    train, validation = parts["train"], parts["validation"]
    if validation.empty and min(train[unit].nunique(), largest_class(train)) < 2:
        raise BadInput(
            f"protocol {protocol}: the training part of {study.dataset['name']} has {train[unit].nunique()} {unit}s "
            f"with at most {largest_class(train)} images in a class; two {unit}s and two images in a class are needed, "
            f"as a part of them validates; add images, or remove `{protocol}` from `protocols` in {study.path}"
        )
    folds = []
    for repeat in range(study.repeats):
        fitted, validated = (train, validation) if len(validation) else held_out(train, unit, study.seed + repeat)
        ids = {
            "train": training_samples(samples, fitted, study.training["images"]),
            "validation": validated["sample"].tolist(),
            "test": parts["test"]["sample"].tolist(),
        }
        folds.append(one_fold(ids, repeat, repeat))
    return pd.concat(folds, ignore_index=True)
