"""Derived protocols: shuffled labels for the controls, planted lesions, fewer patients for the learning curve."""

import pandas as pd
import pytest
from plain_studies import plain_study

from benchmarks import protocols
from benchmarks.datasets import phantom
from benchmarks.errors import BadInput
from benchmarks.protocols import _derived
from benchmarks.samples.folds import make_folds

SEEDS = range(5)


@pytest.fixture(scope="module")
def phantoms() -> pd.DataFrame:
    return phantom.load(phantom.OPTIONS, None, 1).samples


def shuffled(samples: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    return samples.assign(given=samples["sample"].map(_derived.permuted_labels(samples, seed)))


@pytest.mark.parametrize(("name", "base", "variant"), [
    ("by_patient", "by_patient", "corrected"),
    ("by_patient_permuted", "by_patient", "corrected"),
    ("published_permuted", "published", "published"),
    ("by_patient_n16", "by_patient", "corrected"),
    ("by_source_planted5", "by_source", "corrected"),
])  # fmt: skip
def test_a_derived_protocol_is_named_after_its_base(name, base, variant):
    assert protocols.base(name) == base and protocols.variant(name) == variant


@pytest.mark.parametrize("seed", SEEDS)
def test_copies_of_a_source_have_one_shuffled_label(phantoms, seed):
    table = shuffled(phantoms, seed)
    assert table["given"].notna().all()
    assert table.groupby("source")["given"].nunique().eq(1).all()
    assert (table["given"] != table["label"]).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_patient_gets_the_labels_of_one_other_patient(phantoms, seed):
    def labels(column):
        return shuffled(phantoms, seed).drop_duplicates("source").groupby("patient")[column].agg(set)

    givers = labels("label").tolist()
    assert all(any(got <= giver for giver in givers) for got in labels("given"))


@pytest.mark.parametrize("seed", SEEDS)
def test_classes_keep_about_their_share(phantoms, seed):
    sources = shuffled(phantoms, seed).drop_duplicates("source")
    before, after = (sources[column].value_counts(normalize=True) for column in ("label", "given"))
    assert set(after.index) <= set(before.index)
    # Patients have one to three sources, so shares move with who gives to whom.
    assert after.sub(before, fill_value=0).abs().max() < 0.2


def test_patients_with_one_source_each_keep_the_counts_of_all_classes(phantoms):
    sources = shuffled(phantoms.drop_duplicates("patient"))
    assert sources["given"].value_counts().to_dict() == sources["label"].value_counts().to_dict()


def test_the_shuffle_of_a_seed_is_the_same_for_every_row_order(phantoms):
    once = _derived.permuted_labels(phantoms, 1)
    assert once == _derived.permuted_labels(phantoms.sample(frac=1, random_state=0), 1)
    assert once != _derived.permuted_labels(phantoms, 2)


def test_without_patients_sources_are_shuffled_and_without_sources_files(phantoms):
    table = shuffled(phantoms.assign(patient=None))
    sources = table.drop_duplicates("source")
    assert table.groupby("source")["given"].nunique().eq(1).all()
    assert sorted(sources["given"]) == sorted(sources["label"]) and (sources["given"] != sources["label"]).any()
    files = shuffled(phantoms.assign(patient=None, source=None))
    assert sorted(files["given"]) == sorted(files["label"]) and (files["given"] != files["label"]).any()


@pytest.mark.parametrize("name", ["by_patient", "published"])
def test_the_control_has_the_parts_of_its_base(phantoms, name):
    base = make_folds(name, phantoms, plain_study())
    permuted = make_folds(f"{name}_permuted", phantoms, plain_study())
    pd.testing.assert_frame_equal(permuted[base.columns], base)
    given = _derived.permuted_labels(phantoms, 1)
    assert permuted["label"].tolist() == [given[sample] for sample in base["sample"]]


def test_the_shuffled_label_replaces_that_of_the_sample(phantoms):
    permuted = make_folds("by_patient_permuted", phantoms, plain_study())
    joined = protocols.labelled(permuted, phantoms)
    assert joined["label"].tolist() == permuted["label"].tolist() and joined["sample"].tolist() == [*permuted["sample"]]
    base = make_folds("by_patient", phantoms, plain_study())
    own = phantoms.set_index("sample")["label"]
    assert protocols.labelled(base, phantoms)["label"].tolist() == own[base["sample"]].tolist()


def test_fewer_patients_are_nested_and_leave_validation_and_test_alone(phantoms):
    owner = phantoms.set_index("sample")["patient"]
    whole = make_folds("by_patient", phantoms, plain_study(repeats=2))
    tables = [make_folds(f"by_patient_n{n}", phantoms, plain_study(repeats=2)) for n in (4, 9)]
    for fold in range(6):
        samples = [table[(table["fold"] == fold) & (table["part"] == "train")]["sample"] for table in (*tables, whole)]
        few, more, most = (set(own.map(owner)) for own in samples)
        assert (len(few), len(more)) == (4, 9) and few < more < most
        # All training images of a patient that stays.
        assert set(samples[1]) == {sample for sample in samples[2] if owner[sample] in more}
    for table in tables:
        for part in ("validation", "test"):
            pd.testing.assert_frame_equal(
                *(rows[rows["part"] == part].reset_index(drop=True) for rows in (table, whole)),
            )


def test_more_patients_than_there_are_is_refused(phantoms):
    with pytest.raises(BadInput, match=r"learning_curve.patients: 99, but fold 0 trains on \d+ .* in test\.yaml"):
        make_folds("by_patient_n99", phantoms, plain_study())


def test_lesions_follow_the_shuffled_label_in_all_parts_alike(phantoms):
    control = make_folds("by_patient_permuted", phantoms, plain_study())
    planted = make_folds("by_patient_planted20", phantoms, plain_study())
    pd.testing.assert_frame_equal(planted[control.columns], control)
    assert (planted["lesion"] == planted["label"].str.endswith("Malignant") * 20).all()
    assert planted.groupby("part")["lesion"].nunique().eq(2).all()


@pytest.mark.parametrize(("severities", "expected"), [
    ({"a": "malignant", "b": "benign", "c": "benign"}, ["a"]),
    ({"a": "malignant", "b": "benign", "c": None}, ["c"]),  # no severity factor: the last of the sorted labels
    ({"a": "malignant", "b": "malignant", "c": "malignant"}, ["c"]),
    ({"a": None, "b": None, "c": None, "d": None}, ["c", "d"]),
])  # fmt: skip
def test_lesions_are_given_to_malignant_labels_or_else_to_the_last_half(severities, expected):
    samples = pd.DataFrame({"label": list(severities), "severity": pd.Series(severities.values(), dtype="string")})
    assert _derived.lesion_labels(samples) == expected
    mixed = pd.concat([samples, samples.assign(severity="benign")])
    if severities["a"] == "malignant":
        assert _derived.lesion_labels(mixed) == ["c"]
