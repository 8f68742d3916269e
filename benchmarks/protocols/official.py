"""Protocol `official`: the training and test parts that the data set ships."""

import pandas as pd

from benchmarks.errors import BadInput
from benchmarks.protocols import Splitting
from benchmarks.protocols._grouped import VALIDATION_FOLDS, group_kfold, largest_class, one_fold, training_samples

HOW = "a CSV manifest names it in the column `part` (train or test)"


def split(samples: pd.DataFrame, study: Splitting) -> pd.DataFrame:
    """Test on the data set's test part; train on its training part, of which a fifth of the patients validates.

    Originals without a part are left out. One fold a repeat; every repeat tests the same images. Raises BadInput if a
    part is missing, if a patient is unknown, or if a patient is in both parts.
    """
    upright = samples[samples["upright"] & samples["official_part"].notna()]
    rest, test = (upright[upright["official_part"] == part] for part in ("train", "test"))
    _check(rest, test, study)
    n_folds = min(VALIDATION_FOLDS, rest["patient"].nunique(), largest_class(rest))
    folds = []
    for repeat in range(study.repeats):
        train, validation = group_kfold(rest, "patient", n_folds, study.seed + repeat)[0]
        parts = {
            "train": training_samples(samples, rest.iloc[train], study.training["images"]),
            "validation": rest["sample"].iloc[validation].tolist(),
            "test": test["sample"].tolist(),
        }
        folds.append(one_fold(parts, repeat, repeat))
    return pd.concat(folds, ignore_index=True)


def _check(rest: pd.DataFrame, test: pd.DataFrame, study: Splitting) -> None:
    """Raise BadInput unless both parts exist, and no patient is in both."""
    name = study.dataset["name"]
    correction = f"remove `official` from `protocols` in {study.path}"
    if rest.empty or test.empty:
        missing = "training" if rest.empty else "test"
        raise BadInput(f"protocol official: data set {name} ships no {missing} part; {HOW}; or {correction}")
    unknown = rest["patient"].isna().sum() + test["patient"].isna().sum()
    if unknown:
        raise BadInput(
            f"protocol official: data set {name} doesn't say which patient {unknown} of its {len(rest) + len(test)} "
            f"images come from, so the parts may share patients; give each image its patient, or {correction}"
        )
    if shared := sorted(set(rest["patient"]) & set(test["patient"])):
        raise BadInput(
            f"protocol official: the training and the test part that {name} ships share {len(shared)} of their "
            f"patients ({', '.join(shared[:3])}), so this split leaks; use by_patient, and {correction}"
        )
    new = sorted(set(test["label"]) - set(rest["label"]))
    if new or rest["label"].nunique() < 2 or rest["patient"].nunique() < 2:
        raise BadInput(
            f"protocol official: the training part of {name} has {rest['patient'].nunique()} patients with the classes "
            f"{', '.join(sorted(set(rest['label'])))}, the test part has {', '.join(sorted(set(test['label'])))}; two "
            f"patients, two classes and all tested classes are needed in training: merge classes by `labels`, or "
            f"{correction}"
        )
