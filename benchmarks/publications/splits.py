"""Split rules: from a list of files in a publication's order to the positions of each part.

The rules are those of Keras and scikit-learn, so that a stated seed gives the same files. A list is in the order in
which the publication read its files, which `ordered` makes for folders of classes.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.errors import BadInput, told
from benchmarks.publications.code import function

Two = tuple[np.ndarray, np.ndarray]  # positions (int64) of the larger and of the smaller part
UNUSED = "unused"
FOLDERS = ("before", "after")


def ordered(files: pd.DataFrame, classes: list[str] | None = None) -> pd.DataFrame:
    """Return `files` (columns name and label) in the order of `classes`, sorted by default, and of the names."""
    order = {label: number for number, label in enumerate(classes or sorted(files["label"].unique()))}
    return files.assign(order=files["label"].map(order)).sort_values(["order", "name"]).drop(columns="order")


def listed(samples: pd.DataFrame, classes: list[str] | None = None) -> pd.DataFrame:
    """Return rows of samples.parquet with their file names (column name), `ordered`."""
    return ordered(samples.assign(name=samples["sample"].str.rsplit("/", n=1).str[-1]), classes)


def keras_validation_split(n: int, share: float, seed: int) -> Two:
    """Return the subsets `training` and `validation` of `keras.utils.image_dataset_from_directory`, in its order.

    `n` files, sorted by class and name, are shuffled by `numpy.random.RandomState(seed)`; the last int(share * n) are
    the validation subset. Raises BadInput if that is no file.
    """
    order = np.arange(n)
    np.random.RandomState(seed).shuffle(order)
    held = int(share * n)
    if held == 0:
        raise BadInput(f"validation_split={share:g} of {n} files is no file; give more files or a larger share")
    return order[:-held], order[-held:]


def train_test_split(labels: np.ndarray, share: float, seed: int, *, stratify: bool, shuffle: bool = True) -> Two:
    """Return train and test part of `sklearn.model_selection.train_test_split`, in its order.

    Raises BadInput if scikit-learn refuses, for example a stratified class with one file.
    """
    from sklearn import model_selection

    with told(f"train_test_split of {len(labels)} files"):
        train, test = model_selection.train_test_split(
            np.arange(len(labels)),
            test_size=share,
            random_state=seed if shuffle else None,
            shuffle=shuffle,
            stratify=labels if stratify else None,
        )
    return train, test


def k_fold(labels: np.ndarray, folds: int, seed: int, *, stratify: bool, shuffle: bool = True) -> list[Two]:
    """Return train and test part of each fold of scikit-learn's KFold or StratifiedKFold over files.

    Raises BadInput if scikit-learn refuses, for example more folds than files.
    """
    from sklearn import model_selection

    splitter = model_selection.StratifiedKFold if stratify else model_selection.KFold
    with told(f"k_fold of {len(labels)} files"):
        made = splitter(folds, shuffle=shuffle, random_state=seed if shuffle else None)
        return list(made.split(np.zeros(len(labels)), labels))


def augmented(files: pd.DataFrame, copies: int) -> pd.DataFrame:
    """Return each row of `files` `copies` times in a row, with columns file (its position) and copy (from 0)."""
    position = np.repeat(np.arange(len(files)), copies)
    return files.iloc[position].assign(file=position, copy=np.tile(np.arange(copies), len(files)))


def parts(split: dict, files: pd.DataFrame, *, seed: int = 0, fold: int = 0, folder: Path | None = None) -> dict:
    """Return the positions in `files` of each part that a publication's `split` makes.

    `files` have columns name and label, and `folder` (before, after) or `official_part` where a step needs it, in the
    publication's order; where it made copies before the split, they are `augmented(files, copies)`. `seed` replaces a
    seed that is not stated, `fold` selects one of k_fold, `folder` holds publication.yaml. Raises BadInput if the files
    allow no such split.
    """
    made: dict[str, np.ndarray] = {}
    for number, step in enumerate(split["steps"]):
        key = f"split.steps.{number}"
        among = _among(files, step["files"], made, key)
        if len(among) == 0:
            raise BadInput(f"{key}: the data have no files of `{step['files']}`; correct files, or give other data")
        own = _own(step, files.iloc[among], seed, fold, folder, key)
        made.pop(step["files"], None)
        made |= {part: among[positions] for part, positions in own.items() if part != UNUSED}
    return made


def _among(listed: pd.DataFrame, files: str, made: dict[str, np.ndarray], key: str) -> np.ndarray:
    """Return the positions in `listed` of the files that a step divides."""
    if files == "all":
        return np.arange(len(listed))
    if files not in FOLDERS:
        return made[files]
    if "folder" not in listed:
        raise BadInput(f"{key}: the data have no folder `{files}`; give data with files before and after augmentation")
    return np.flatnonzero(listed["folder"] == files)


def _own(step: dict, files: pd.DataFrame, seed: int, fold: int, folder: Path | None, key: str) -> dict:
    """Return the positions in `files` of the parts of one step."""
    labels, own = files["label"].to_numpy(), seed if step.get("seed") is None else step["seed"]
    options = {name: step[name] for name in ("stratify", "shuffle") if name in step}
    rules: dict[str, Callable[[], dict]] = {
        "keras_validation_split": lambda: _named(step, keras_validation_split(len(files), step["share"], own)),
        "train_test_split": lambda: _named(step, train_test_split(labels, step["share"], own, **options)),
        "k_fold": lambda: _named(step, k_fold(labels, step["folds"], own, **options)[fold]),
        "shipped_parts": lambda: _shipped(step, files, key),
        "file_lists": lambda: _lists(step, files, folder or Path(), key),
        "function": lambda: function(folder or Path(), step["function"])(files["name"].tolist(), labels.tolist()),
    }
    return rules[step["rule"]]()


def _named(step: dict, two: Two) -> dict[str, np.ndarray]:
    return dict(zip(step["into"], two, strict=True))


def _shipped(step: dict, files: pd.DataFrame, key: str) -> dict[str, np.ndarray]:
    if "official_part" not in files:
        raise BadInput(f"{key}: the data ship no parts; give data with a column `part`, or folders of train and test")
    return {part: np.flatnonzero(files["official_part"] == part) for part in step["into"]}


def _lists(step: dict, files: pd.DataFrame, folder: Path, key: str) -> dict[str, np.ndarray]:
    position = {name: number for number, name in enumerate(files["name"])}
    made = {}
    for part, name in step["lists"].items():
        wanted = (folder / name).read_text(encoding="utf-8").split("\n")
        wanted = [line.strip() for line in wanted if line.strip()]
        if missing := [one for one in wanted if one not in position]:
            raise BadInput(
                f"{folder / name}: {len(missing)} of {len(wanted)} files are not in the data, first {missing[0]}; "
                f"correct {key}.lists.{part}, or give the publication's data"
            )
        made[part] = np.array([position[one] for one in wanted], int)
    return made
