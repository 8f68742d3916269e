"""Protocols: the rules that turn samples into folds of train / validation / test parts. One file each.

A file `benchmarks/protocols/<name>.py` holds one function,

    def split(samples: pd.DataFrame, study: Splitting) -> pd.DataFrame: ...

from the rows of samples.parquet to the columns sample (str), fold (int, numbered across the repeats), part (train,
validation or test) and repeat (int). `split` raises BadInput if the samples do not allow this protocol. A study can
name every protocol that has a file. Files that start with "_" are shared helpers.

`published` is the split of the published study, which leaks. `by_source` and `by_patient` are honest: no source
(patient) is in two parts of a fold, and every model is validated and tested only on upright originals. `external`
trains and validates on some data sets and tests on another. `official` is the split that a data set ships, refused if
a patient is in two of its parts. `as_shipped` is the same split whatever its parts share: like `published`, it is not
honest.

Protocols derived from these have the same folds:

    <protocol>_permuted    the control: labels shuffled among patients, which removes any medical signal
                           (Yagis et al., Scientific Reports 11, 2021)
    <protocol>_n<N>        the learning curve: only N of the fold's training patients; each N includes the smaller ones
    <protocol>_planted<C>  the positive control: labels shuffled as in the control, and a synthetic lesion of contrast C
                           percent drawn into the images of one half of the labels (benchmarks/samples/lesion.py)
"""

import dataclasses
import re
import typing
from pathlib import Path

if typing.TYPE_CHECKING:
    import pandas as pd

PUBLISHED, AS_SHIPPED = "published", "as_shipped"
BY_PATIENT, EXTERNAL, OFFICIAL = "by_patient", "external", "official"
NOT_HONEST = (PUBLISHED, AS_SHIPPED)  # patients and copies of test images may be in training
ONE_FOLD = (PUBLISHED, OFFICIAL, AS_SHIPPED)  # one fold a repeat, and the same test images in all repeats
UNITS = ("patient", "source", "sample")  # the independent unit is the first of these known for every sample
PERMUTED, FEWER, PLANTED = "_permuted", "_n", "_planted"  # suffixes of derived protocols


@dataclasses.dataclass(frozen=True, kw_only=True)
class Splitting:
    """Settings of a study that a protocol reads."""

    path: Path
    seed: int
    dataset: dict
    folds: int
    repeats: int
    training: dict
    external: dict


def names() -> list[str]:
    """Return the names of the protocols that have a file."""
    return sorted(path.stem for folder in __path__ for path in Path(folder).glob("[!_]*.py"))


def base(name: str) -> str:
    """Return the protocol from which `name` is derived, or `name` itself if not derived."""
    return re.sub(rf"({PERMUTED}|{FEWER}\d+|{PLANTED}\d+)$", "", name)


def variant(name: str) -> str:
    """Return which form of an architecture protocol `name` trains: `published` or `corrected`."""
    return PUBLISHED if base(name) == PUBLISHED else "corrected"


def unit_of(table: "pd.DataFrame") -> str:
    """Return the independent unit of `table`: the first of its columns UNITS without a missing value."""
    return next(unit for unit in UNITS if table[unit].notna().all())


def labelled(folds: "pd.DataFrame", samples: "pd.DataFrame") -> "pd.DataFrame":
    """Return `folds`, in their order, joined with the columns of `samples`; a label in `folds` wins."""
    # A left merge keeps the order of the folds file, on which the shuffling of training batches depends.
    return folds.merge(samples.drop(columns=folds.columns.intersection(["label"])), "left", "sample", validate="m:1")
