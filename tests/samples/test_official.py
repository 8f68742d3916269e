"""Protocols official and as_shipped: the parts that a data set ships, and what each refuses."""

import re

import pandas as pd
import pytest
from plain_studies import plain_study

from benchmarks.errors import BadInput
from benchmarks.samples.folds import make_folds


def shipped(training: int = 10, test: int = 3) -> pd.DataFrame:
    """Return two films, benign and malignant, of each of `training` + `test` patients and of one without a part."""
    patients = [f"p{number}" for number in range(training + test + 1)]
    parts = ["train"] * training + ["test"] * test + [None]
    rows = [
        {"patient": patient, "label": label, "official_part": part}
        for patient, part in zip(patients, parts, strict=True)
        for label in ("benign", "malignant")
    ]
    table = pd.DataFrame(rows).astype("string")
    names = table["patient"] + table["label"]
    return table.assign(sample=names, source=names, upright=True, folder="before")


def of(protocol: str, samples: pd.DataFrame, **options) -> pd.DataFrame:
    """Return the folds of a protocol, with the columns of `samples`."""
    return make_folds(protocol, samples, plain_study(**options)).merge(samples, on="sample")


def official(samples: pd.DataFrame, **options) -> pd.DataFrame:
    return of("official", samples, **options)


def test_the_shipped_test_part_is_tested_and_a_fifth_of_the_training_patients_validates():
    found = official(shipped(), repeats=2)
    assert found[["fold", "repeat"]].drop_duplicates().values.tolist() == [[0, 0], [1, 1]]
    learnt = []
    for _, fold in found.groupby("fold"):
        patients = {part: set(rows["patient"]) for part, rows in fold.groupby("part")}
        assert patients["test"] == {"p10", "p11", "p12"} and len(fold[fold["part"] == "test"]) == 6
        assert len(patients["validation"]) == 2 and not patients["train"] & patients["validation"]
        assert patients["train"] | patients["validation"] == {f"p{number}" for number in range(10)}
        learnt.append(patients["validation"])
    assert learnt[0] != learnt[1]
    study = plain_study(repeats=2, external={"test": []})
    assert study.cells("official") == study.cells("official_permuted") == [0, 1]


def test_only_originals_are_tested():
    copies = shipped().assign(upright=False, folder="after")
    copies["sample"] += " (2)"
    found = official(pd.concat([shipped(), copies], ignore_index=True))
    assert len(found) == 26 and found["upright"].all()


def with_validation(samples: pd.DataFrame, patients: tuple[str, ...] = ("p0", "p1", "p2")) -> pd.DataFrame:
    """Return `samples` with `patients` in a shipped validation part."""
    own = samples["patient"].isin(patients)
    return samples.assign(official_part=samples["official_part"].mask(own, "validation"))


@pytest.mark.parametrize("protocol", ["official", "as_shipped"])
def test_a_shipped_validation_part_validates(protocol):
    found = of(protocol, with_validation(shipped()), repeats=2)
    for _, fold in found.groupby("fold"):
        patients = {part: sorted(set(rows["patient"])) for part, rows in fold.groupby("part")}
        assert patients == {
            "train": [f"p{number}" for number in range(3, 10)],
            "validation": ["p0", "p1", "p2"],
            "test": ["p10", "p11", "p12"],
        }


def test_as_shipped_takes_parts_that_share_patients_or_do_not_know_them():
    leaking = renamed("patient", "p12", "p3")
    for samples in (leaking, leaking.assign(patient=pd.NA, source=pd.NA)):
        found = of("as_shipped", samples)
        assert {part: set(rows["official_part"]) for part, rows in found.groupby("part")} == {
            "train": {"train"},
            "validation": {"train"},
            "test": {"test"},
        }
        assert found["part"].value_counts().to_dict() == {"train": 16, "validation": 4, "test": 6}


def test_as_shipped_validates_on_patients_of_the_training_part():
    found = of("as_shipped", shipped())
    patients = {part: set(rows["patient"]) for part, rows in found.groupby("part")}
    assert len(patients["validation"]) == 2 and not patients["train"] & patients["validation"]
    study = plain_study(repeats=2, external={"test": []})
    assert study.cells("as_shipped") == study.cells("as_shipped_permuted") == [0, 1]


def renamed(column: str, old: str, new: object) -> pd.DataFrame:
    return shipped().replace({column: {old: new}})


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (shipped(training=0), "data set phantom ships no training part; a CSV manifest names it in the column `part`"),
        (shipped(test=0), "data set phantom ships no test part; a CSV manifest names it in the column `part`"),
        (
            renamed("patient", "p12", "p3"),
            "the train and the test part that phantom ships share 1 of their patients (p3)",
        ),
        (
            with_validation(shipped()).replace({"patient": {"p12": "p0"}}),
            "the validation and the test part that phantom ships share 1 of their patients (p0)",
        ),
        (renamed("patient", "p12", pd.NA), "doesn't say which patient 2 of its 26 images come from, so the parts may"),
        (
            renamed("label", "benign", "malignant"),
            "the training part of phantom has the classes malignant, the test part has malignant",
        ),
    ],
)
def test_a_split_that_is_not_honest_or_not_there_is_refused(samples, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        official(samples)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (shipped(training=0), "protocol as_shipped: data set phantom ships no training part; a CSV manifest names it"),
        (shipped(test=0), "protocol as_shipped: data set phantom ships no test part"),
        (renamed("label", "benign", "malignant"), "two classes and all tested classes are needed in training"),
        (shipped(training=1), "the training part of phantom has 1 units with at most 1 images in a class"),
    ],
)
def test_as_shipped_refuses_what_cannot_be_trained(samples, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        of("as_shipped", samples)
