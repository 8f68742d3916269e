"""Protocol `official`: the parts that the data set ships, refused if they share patients."""

import itertools

import pandas as pd

from benchmarks.errors import BadInput
from benchmarks.protocols import Splitting
from benchmarks.protocols._shipped import shipped_folds, shipped_parts


def split(samples: pd.DataFrame, study: Splitting) -> pd.DataFrame:
    """Train, validate and test on the shipped parts.

    Without a validation part, a fifth of the training patients validates. Originals without a part are left out. One
    fold a repeat; every repeat tests the same images. Raises BadInput if the training or the test part is missing, if a
    patient is unknown, or if a patient is in two parts.
    """
    parts = shipped_parts("official", samples, study)
    _check(parts, study)
    return shipped_folds("official", parts, "patient", samples, study)


def _check(parts: dict[str, pd.DataFrame], study: Splitting) -> None:
    """Raise BadInput unless all patients are known, and none is in two parts."""
    name = study.dataset["name"]
    correction = f"remove `official` from `protocols` in {study.path}"
    patients = pd.concat(parts.values())["patient"]
    if unknown := patients.isna().sum():
        raise BadInput(
            f"protocol official: data set {name} doesn't say which patient {unknown} of its {len(patients)} images "
            "come from, so the parts may share patients; give each image its patient, use as_shipped (not honest), or "
            f"{correction}"
        )
    for one, other in itertools.combinations(parts, 2):
        if shared := sorted(set(parts[one]["patient"]) & set(parts[other]["patient"])):
            raise BadInput(
                f"protocol official: the {one} and the {other} part that {name} ships share {len(shared)} of their "
                f"patients ({', '.join(shared[:3])}), so this split leaks; use by_patient, and {correction}"
            )
