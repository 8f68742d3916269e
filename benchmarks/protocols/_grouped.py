"""Stratified folds over groups, for the honest protocols."""

import warnings

import numpy as np
import pandas as pd

from benchmarks.errors import BadInput
from benchmarks.protocols import Splitting

CORRECTION = {  # contents of the manifest that allow the protocol
    "patient": "give each file the id of its patient",
    "source": "give a file and its augmented copies the same source, the un-augmented file first (without copies, the "
    "file name)",
}
VALIDATION_FOLDS = 5  # a fifth of the sources (patients) outside the test part validate


def grouped(samples: pd.DataFrame, study: Splitting, unit: str) -> pd.DataFrame:
    """Split the upright originals by scikit-learn's StratifiedGroupKFold, the validation part included."""
    if samples[unit].isna().any():
        raise BadInput(
            f"protocol by_{unit}: data set {study.dataset['name']} doesn't say which {unit} "
            f"{samples[unit].isna().sum()} of its {len(samples)} files come from; in a CSV manifest (manifest.csv in "
            f"the folder, or data=PATH.csv) with the columns file,label,{unit}, {CORRECTION[unit]}; or remove "
            f"by_{unit} from `protocols` in {study.path}"
        )
    upright = samples[samples["upright"]]
    largest = largest_class(upright)
    n_units = upright[unit].nunique()
    possible = min(n_units, largest) // 2
    if possible < study.folds:
        raise BadInput(
            f"protocol by_{unit}: {n_units} {unit}s with {largest} sources in the largest class are too few for "
            f"{study.folds} folds with a validation part; {_correction(unit, possible, study)}"
        )
    folds = []
    for repeat in range(study.repeats):
        outer = group_kfold(upright, unit, study.folds, study.seed + repeat)
        for number, (rest, test) in enumerate(outer):
            train, validation = held_out(upright.iloc[rest], unit, study.seed + repeat)
            parts = {
                "train": training_samples(samples, train, study.training["images"]),
                "validation": validation["sample"].tolist(),
                "test": upright["sample"].iloc[test].tolist(),
            }
            folds.append(one_fold(parts, repeat * study.folds + number, repeat))
    return pd.concat(folds, ignore_index=True)


def _correction(unit: str, possible: int, study: Splitting) -> str:
    if possible >= 2:
        return f"lower `folds` to {possible} or fewer in {study.path}"
    return (
        f"no number of folds works: remove by_{unit} from `protocols` in {study.path}, merge small classes by "
        "`dataset: {labels: ...}`, or add images"
    )


def largest_class(samples: pd.DataFrame) -> int:
    """Return the number of samples in the most frequent class."""
    return int(samples["label"].value_counts().max())


def group_kfold(samples: pd.DataFrame, unit: str, n_splits: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (rest, part) positions in `samples` for each split; no `unit` is in both."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class with fewer members than folds is reported in tables/fold_notes.csv.
        warnings.filterwarnings("ignore", message="The least populated class in y")
        return list(splitter.split(samples, samples["label"], samples[unit]))


def held_out(samples: pd.DataFrame, unit: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows to train and those to validate on: a fifth of the units, stratified by label."""
    n_folds = min(VALIDATION_FOLDS, samples[unit].nunique(), largest_class(samples))
    train, validation = group_kfold(samples, unit, n_folds, seed)[0]
    return samples.iloc[train], samples.iloc[validation]


def known_unit(samples: pd.DataFrame) -> pd.Series:
    """Return the patient of each row, its source if the patient is unknown, and the file if both are."""
    return samples["patient"].fillna("source " + samples["source"]).fillna("file " + samples["sample"])


def training_samples(samples: pd.DataFrame, train: pd.DataFrame, images: str) -> list[str]:
    """Return the sample ids to train on: the originals `train`, or their shipped copies if `images` is `shipped`."""
    if images == "on_the_fly":
        return train["sample"].tolist()
    copies = samples[(samples["folder"] == "after") & samples["source"].isin(train["source"])]
    if copies.empty:
        raise BadInput("training.images: shipped, but the data set ships no augmented copies; use on_the_fly")
    return copies["sample"].tolist()


def one_fold(parts: dict[str, list[str]], fold: int, repeat: int) -> pd.DataFrame:
    """Return the rows of one fold; `parts` maps train, validation and test to sample ids."""
    frames = [pd.DataFrame({"sample": ids, "fold": fold, "part": part}) for part, ids in parts.items()]
    return pd.concat(frames, ignore_index=True).assign(repeat=repeat)
