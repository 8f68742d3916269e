"""Derived protocols: the control with permuted labels, fewer patients, and planted lesions."""

import numpy as np
import pandas as pd

from benchmarks.errors import BadInput
from benchmarks.protocols import Splitting, unit_of


def permuted_labels(samples: pd.DataFrame, seed: int) -> dict[str, str]:
    """Return sample -> label in the control: labels of another patient, drawn at random; the same for all copies.

    If patients (sources) are unknown, labels are shuffled among sources (files).
    """
    unit = unit_of(samples)
    source = "sample" if samples["source"].isna().any() else "source"
    sources = samples.drop_duplicates(source).sort_values(source)
    labels = sources.groupby(unit)["label"].agg(list)
    givers = np.random.default_rng(seed).permutation(len(labels))
    place = sources.groupby(unit).cumcount()
    given = dict(zip(labels.index, labels.iloc[givers], strict=True))
    # Patients differ in their number of sources: longer lists are cut, shorter ones repeated.
    of_source = {s: given[u][p % len(given[u])] for u, s, p in zip(sources[unit], sources[source], place, strict=True)}
    return {sample: of_source[s] for sample, s in zip(samples["sample"], samples[source], strict=True)}


def shuffled(folds: pd.DataFrame, samples: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return `folds` with the labels of the control in a column label."""
    return folds.assign(label=folds["sample"].map(permuted_labels(samples, seed)))


def lesion_labels(samples: pd.DataFrame) -> list[str]:
    """Return the labels whose images get a planted lesion: those whose samples are all malignant, sorted.

    If a label has no severity or several, the second half of the sorted labels; of an odd number, the smaller half.
    """
    severities = samples.groupby("label")["severity"]
    known = samples["severity"].notna().all() and (severities.nunique() == 1).all()
    labels = sorted(samples["label"].unique())
    malignant = [label for label in labels if known and severities.first()[label] == "malignant"]
    return malignant if 0 < len(malignant) < len(labels) else labels[(len(labels) + 1) // 2 :]


def with_lesions(folds: pd.DataFrame, samples: pd.DataFrame, contrast: int, seed: int) -> pd.DataFrame:
    """Return `folds` with the labels of the control and a column `lesion`: its contrast in percent, 0 without one."""
    labels = folds["sample"].map(permuted_labels(samples, seed))
    return folds.assign(label=labels, lesion=labels.isin(lesion_labels(samples)) * contrast)


def fewer_patients(folds: pd.DataFrame, samples: pd.DataFrame, n: int, study: Splitting) -> pd.DataFrame:
    """Keep `n` training patients of every fold, drawn by the study's seed. Raises BadInput if a fold has no more."""
    patients = folds["sample"].map(samples.set_index("sample")["patient"])
    training = folds["part"] == "train"
    kept = ~training
    for fold, rows in folds[training].groupby("fold"):
        known = sorted(patients[rows.index].unique())
        if len(known) <= n:
            raise BadInput(
                f"learning_curve.patients: {n}, but fold {fold} trains on {len(known)} patients; "
                f"use smaller numbers in {study.path}"
            )
        chosen = np.random.default_rng(study.seed + fold).permutation(known)[:n]
        kept |= training & (folds["fold"] == fold) & patients.isin(chosen)
    return folds[kept].reset_index(drop=True)
