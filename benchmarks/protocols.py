"""Protocols: the rules that turn samples into folds of train / validation / test parts.

`published` is the published study's own leaking split. `by_source` and `by_patient` are the honest ones: no source
(patient) stands in two parts of a fold, and every model is validated and tested on upright originals alone. `external`
trains and validates on some data sets and tests on another.

Two more are derived from any of them, with the same folds:

    <protocol>_permuted    the control: labels shuffled among patients, so that whatever is scored is no medical signal
                           (Yagis et al., Scientific Reports 11, 2021)
    <protocol>_n<N>        the learning curve: only N of the fold's training patients, each N holding the smaller ones

Reads results/<study>/samples.parquet, writes results/<study>/folds/<protocol>.parquet with the columns
sample (str), fold (int, running on over the repeats), part (train, validation or test) and repeat (int); in the control
label too, which stands in for the sample's own.
"""

import argparse
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks import stored
from benchmarks.errors import BadInput, run_cli

if TYPE_CHECKING:
    from benchmarks.study import Study

PUBLISHED = "published"
BY_PATIENT, EXTERNAL = "by_patient", "external"
PERMUTED, FEWER = "_permuted", "_n"  # what the name of a derived protocol ends with
PROTOCOLS: dict[str, Callable[[pd.DataFrame, "Study"], pd.DataFrame]] = {}

# The published notebooks: image_dataset_from_directory(validation_split=0.2, seed=123).
PUBLISHED_SEED = 123
PUBLISHED_SPLIT = 0.2
MEND = {  # what a manifest has to say of each file
    "patient": "give each file the id of its patient",
    "source": "give a file and all that was made from it one source, the un-augmented file first (where no file was "
    "made from another, its own name will do)",
}
VALIDATION_FOLDS = 5  # a fifth of the sources (patients) outside the test part validate


def protocol(function: Callable[[pd.DataFrame, "Study"], pd.DataFrame]) -> Callable:
    """Register `function(samples, study) -> folds` as the protocol of its name."""
    PROTOCOLS[function.__name__] = function
    return function


def base(name: str) -> str:
    """The protocol whose folds protocol `name` has: itself, unless it is derived."""
    return re.sub(rf"({PERMUTED}|{FEWER}\d+)$", "", name)


def variant(name: str) -> str:
    """Which form of every architecture that has both protocol `name` trains: `published` or `corrected`."""
    return PUBLISHED if base(name) == PUBLISHED else "corrected"


def make_folds(name: str, samples: pd.DataFrame, study: "Study") -> pd.DataFrame:
    """The folds of protocol `name`, derived or not; BadInput if `samples` don't allow it."""
    folds = PROTOCOLS[base(name)](samples, study)
    derived = name.removeprefix(base(name))
    if derived == PERMUTED:
        return folds.assign(label=folds["sample"].map(permuted_labels(samples, study.seed)))
    if derived:
        return _fewer_patients(folds, samples, int(derived.removeprefix(FEWER)), study)
    return folds


def labelled(folds: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """`folds` with all that is known of its samples, in its order, labelled as its protocol wants."""
    # A left merge keeps the order of the folds file, which the training seed's shuffling starts from.
    return folds.merge(samples.drop(columns=folds.columns.intersection(["label"])), "left", "sample", validate="m:1")


def permuted_labels(samples: pd.DataFrame, seed: int) -> dict[str, str]:
    """Each sample's label in the control: every patient gets those of a patient drawn at random, copies alike.

    Where patients (sources) are unknown, sources (files) are shuffled.
    """
    unit = next(unit for unit in ("patient", "source", "sample") if samples[unit].notna().all())
    source = "sample" if samples["source"].isna().any() else "source"
    sources = samples.drop_duplicates(source).sort_values(source)
    labels = sources.groupby(unit)["label"].agg(list)
    givers = np.random.default_rng(seed).permutation(len(labels))
    place = sources.groupby(unit).cumcount()
    given = dict(zip(labels.index, labels.iloc[givers], strict=True))
    # Patients differ in how many sources they have: a longer list is cut, a shorter one starts over.
    of_source = {s: given[u][p % len(given[u])] for u, s, p in zip(sources[unit], sources[source], place, strict=True)}
    return {sample: of_source[s] for sample, s in zip(samples["sample"], samples[source], strict=True)}


def _fewer_patients(folds: pd.DataFrame, samples: pd.DataFrame, n: int, study: "Study") -> pd.DataFrame:
    patients = folds["sample"].map(samples.set_index("sample")["patient"])
    training = folds["part"] == "train"
    kept = ~training
    for fold, rows in folds[training].groupby("fold"):
        known = sorted(patients[rows.index].unique())
        if len(known) <= n:
            raise BadInput(
                f"learning_curve.patients: {n}, but fold {fold} trains on {len(known)} patients; "
                f"take fewer in {study.path}"
            )
        chosen = np.random.default_rng(study.seed + fold).permutation(known)[:n]
        kept |= training & (folds["fold"] == fold) & patients.isin(chosen)
    return folds[kept].reset_index(drop=True)


def keras_split(samples: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Split one folder as Keras' `image_dataset_from_directory(validation_split=0.2, seed=123)` does.

    `samples` has columns sample (whose last path component is the file name) and label. Returns the sample ids of
    subset `training` and of subset `validation`, in Keras' order: files sorted by class, then name, shuffled by
    `numpy.random.RandomState(seed)`, the last fifth being the validation subset.
    """
    names = samples["sample"].str.rsplit("/", n=1).str[-1]
    ordered = samples.assign(name=names).sort_values(["label", "name"])["sample"].tolist()
    np.random.RandomState(PUBLISHED_SEED).shuffle(ordered)
    n_validation = int(PUBLISHED_SPLIT * len(ordered))
    if n_validation == 0:
        raise BadInput(f"protocol published: a fifth of {len(ordered)} files is none; the data set is too small")
    return ordered[:-n_validation], ordered[-n_validation:]


@protocol
def published(samples: pd.DataFrame, study: "Study") -> pd.DataFrame:
    """Split the augmented files 80 / 20 at random and test on a fifth of the un-augmented ones, as published.

    Every repeat has the same parts: the published seed is part of the rule, and repeats differ in the training seed.
    """
    after, before = (samples[samples["folder"] == folder] for folder in ("after", "before"))
    if after.empty or before.empty:
        raise BadInput(
            f"protocol published: data set {study.dataset['name']} has no folder of augmented copies; "
            f"take `published` out of `protocols` in {study.path}"
        )
    train, validation = keras_split(after)
    _, test = keras_split(before)
    parts = {"train": train, "validation": validation, "test": test}
    return pd.concat([_fold(parts, repeat, repeat) for repeat in range(study.repeats)], ignore_index=True)


@protocol
def by_source(samples: pd.DataFrame, study: "Study") -> pd.DataFrame:
    """Keep all files of a source in one part; a patient's other sources may stand in another."""
    return _grouped(samples, study, "source")


@protocol
def by_patient(samples: pd.DataFrame, study: "Study") -> pd.DataFrame:
    """Keep all files of all sources of a patient in one part."""
    return _grouped(samples, study, "patient")


@protocol
def external(samples: pd.DataFrame, study: "Study") -> pd.DataFrame:
    """Test on one data set of `external.test` a fold, and train on all others, less the patients who are in both.

    The validation part is of training data sets: a fifth of their patients, or of sources or files where a data set
    knows no more. One repeat tests the same images as another.
    """
    upright = samples[samples["upright"]]
    folds = []
    for repeat in range(study.repeats):
        for number, name in enumerate(study.external["test"]):
            test, rest = _apart(upright, name, study)
            unit = rest["patient"].fillna("source " + rest["source"]).fillna("file " + rest["sample"])
            rest = rest.assign(unit=unit)
            n_folds = min(VALIDATION_FOLDS, rest["unit"].nunique(), _largest_class(rest))
            train, validation = _group_kfold(rest, "unit", n_folds, study.seed + repeat)[0]
            parts = {
                "train": _training_samples(samples, rest.iloc[train], study.training["images"]),
                "validation": rest["sample"].iloc[validation].tolist(),
                "test": test["sample"].tolist(),
            }
            folds.append(_fold(parts, repeat * len(study.external["test"]) + number, repeat))
    return pd.concat(folds, ignore_index=True)


def _apart(upright: pd.DataFrame, name: str, study: "Study") -> tuple[pd.DataFrame, pd.DataFrame]:
    """The originals of data set `name`, and those of all others whose patients and sources are not in it."""
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


def _grouped(samples: pd.DataFrame, study: "Study", unit: str) -> pd.DataFrame:
    """Fold over the upright originals by scikit-learn's StratifiedGroupKFold, validation part included."""
    if samples[unit].isna().any():
        raise BadInput(
            f"protocol by_{unit}: data set {study.dataset['name']} doesn't say which {unit} "
            f"{samples[unit].isna().sum()} of its {len(samples)} files come from, so nothing can keep a {unit} out of "
            f"training; in a CSV manifest (manifest.csv in the folder, or data=PATH.csv) with the columns "
            f"file,label,{unit}, {MEND[unit]}; or take by_{unit} out of `protocols` in {study.path}"
        )
    upright = samples[samples["upright"]]
    largest = _largest_class(upright)
    n_units = upright[unit].nunique()
    if min(n_units, largest) < 2 * study.folds:
        raise BadInput(
            f"protocol by_{unit}: {n_units} {unit}s with {largest} sources in the largest class are too few for "
            f"{study.folds} folds with a validation part; lower `folds` in {study.path}"
        )
    folds = []
    for repeat in range(study.repeats):
        outer = _group_kfold(upright, unit, study.folds, study.seed + repeat)
        for number, (rest, test) in enumerate(outer):
            inner = upright.iloc[rest]
            n_validation_folds = min(VALIDATION_FOLDS, inner[unit].nunique(), _largest_class(inner))
            train, validation = _group_kfold(inner, unit, n_validation_folds, study.seed + repeat)[0]
            parts = {
                "train": _training_samples(samples, inner.iloc[train], study.training["images"]),
                "validation": inner["sample"].iloc[validation].tolist(),
                "test": upright["sample"].iloc[test].tolist(),
            }
            folds.append(_fold(parts, repeat * study.folds + number, repeat))
    return pd.concat(folds, ignore_index=True)


def _largest_class(samples: pd.DataFrame) -> int:
    return int(samples["label"].value_counts().max())


def _group_kfold(samples: pd.DataFrame, unit: str, n_splits: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    # Imported late: Snakemake reads this module at every start, and never splits.
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class with fewer members than folds is reported in tables/fold_notes.csv.
        warnings.filterwarnings("ignore", message="The least populated class in y")
        return list(splitter.split(samples, samples["label"], samples[unit]))


def _training_samples(samples: pd.DataFrame, train: pd.DataFrame, images: str) -> list[str]:
    if images == "on_the_fly":
        return train["sample"].tolist()
    copies = samples[(samples["folder"] == "after") & samples["source"].isin(train["source"])]
    if copies.empty:
        raise BadInput("training.images: shipped, but the data set ships no augmented copies; use on_the_fly")
    return copies["sample"].tolist()


def _fold(parts: dict[str, list[str]], fold: int, repeat: int) -> pd.DataFrame:
    frames = [pd.DataFrame({"sample": ids, "fold": fold, "part": part}) for part, ids in parts.items()]
    return pd.concat(frames, ignore_index=True).assign(repeat=repeat)


def main() -> None:
    """Write the folds of one protocol."""
    from benchmarks.study import load_study

    parser = argparse.ArgumentParser(description="Turn the samples of a study into the folds of one protocol.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    parser.add_argument("--protocol", required=True, help="one of the study's, derived or not")
    arguments = parser.parse_args()
    study = load_study(arguments.study)
    if arguments.protocol not in study.all_protocols():
        raise BadInput(f"{study.path} has no protocol {arguments.protocol}; it has {', '.join(study.all_protocols())}")
    samples = stored.table(study.results() / "samples.parquet")
    target = study.results() / "folds" / f"{arguments.protocol}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    make_folds(arguments.protocol, samples, study).to_parquet(target, index=False)


if __name__ == "__main__":
    run_cli(main)
