"""Folds: the published split with the same files, and honest parts without a shared patient or source."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_studies import plain_study

from benchmarks.datasets import mendeley_inbreast, phantom
from benchmarks.errors import BadInput
from benchmarks.protocols import by_patient, by_source, published
from benchmarks.samples.folds import make_folds


@pytest.fixture(scope="module")
def phantoms() -> pd.DataFrame:
    return phantom.load(phantom.OPTIONS, None, 1).samples


@pytest.fixture(scope="module")
def real(real_zip) -> pd.DataFrame:
    return mendeley_inbreast.load(mendeley_inbreast.OPTIONS, real_zip, 1).samples


def parts(folds: pd.DataFrame, samples: pd.DataFrame, fold: int) -> dict[str, pd.DataFrame]:
    joined = folds[folds["fold"] == fold].merge(samples, on="sample")
    return dict(iter(joined.groupby("part")))


def test_published_split_of_the_real_files_has_the_published_supports(real):
    folds = published.split(real, plain_study())
    joined = parts(folds, real, 0)
    assert joined["test"]["label"].value_counts().sort_index().tolist() == [2, 11, 1, 19, 3, 1, 4, 1]
    assert {name: len(part) for name, part in joined.items()} == {"train": 6106, "validation": 1526, "test": 42}
    assert set(joined["validation"]["source"]) <= set(joined["train"]["source"])
    assert set(joined["test"]["source"]) <= set(joined["train"]["source"])


@pytest.mark.parametrize("unit", ["source", "patient"])
def test_every_real_source_is_tested_once_and_never_seen_before(real, unit):
    folds = make_folds(f"by_{unit}", real, plain_study(folds=5))
    tested = folds[folds["part"] == "test"].merge(real, on="sample")
    assert sorted(tested["source"]) == sorted(real["source"].unique())
    assert tested["upright"].all()
    assert_nothing_shared(folds, real, unit)


def assert_nothing_shared(folds, samples, unit):
    for fold in folds["fold"].unique():
        units = {name: set(part[unit]) for name, part in parts(folds, samples, fold).items()}
        assert units.keys() == {"train", "validation", "test"}
        assert not units["train"] & units["test"]
        assert not units["train"] & units["validation"]
        assert not units["validation"] & units["test"]


@settings(max_examples=25, deadline=None)
@given(
    sources_of_patient=st.lists(st.tuples(st.integers(1, 3), st.sampled_from("aabbc")), min_size=25, max_size=50),
    seed=st.integers(0, 1000),
    unit=st.sampled_from(["source", "patient"]),
    images=st.sampled_from(["on_the_fly", "shipped"]),
)
def test_no_fold_shares_a_unit_between_parts(sources_of_patient, seed, unit, images):
    rows = [
        {"patient": f"p{p}", "source": f"p{p}s{s}", "label": label, "copy": c, "folder": "after" if c else "before"}
        for p, (count, label) in enumerate([*sources_of_patient, *([(1, "a")] * 6)])
        for s in range(count)
        for c in range(3)
    ]
    samples = pd.DataFrame(rows)
    samples["sample"] = samples["folder"] + "/" + samples["source"] + samples["copy"].astype(str)
    samples["upright"] = samples["copy"] == 0
    folds = make_folds(f"by_{unit}", samples, plain_study(seed=seed, training={"images": images}))
    assert_nothing_shared(folds, samples, unit)
    test = folds[folds["part"] == "test"].merge(samples, on="sample")
    assert sorted(test["source"]) == sorted(samples["source"].unique())


def test_shipped_copies_train_and_only_train(phantoms):
    folds = by_patient.split(phantoms, plain_study(training={"images": "shipped"}))
    for fold in range(3):
        joined = parts(folds, phantoms, fold)
        assert (joined["train"]["folder"] == "after").all()
        assert joined["train"].groupby("source").size().eq(24).all()
        assert joined["validation"]["upright"].all() and joined["test"]["upright"].all()


def test_repeats_run_on_and_differ(phantoms):
    folds = by_patient.split(phantoms, plain_study(repeats=2))
    assert sorted(folds["fold"].unique()) == [0, 1, 2, 3, 4, 5]
    assert folds.groupby("fold")["repeat"].first().tolist() == [0, 0, 0, 1, 1, 1]
    tests = [frozenset(folds[(folds["fold"] == f) & (folds["part"] == "test")]["sample"]) for f in (0, 3)]
    assert tests[0] != tests[1]


def test_the_folds_of_a_seed_are_the_same_for_every_row_order(phantoms):
    once = published.split(phantoms, plain_study())
    again = published.split(phantoms.sample(frac=1, random_state=0), plain_study())
    pd.testing.assert_frame_equal(once, again)
    pd.testing.assert_frame_equal(by_source.split(phantoms, plain_study()), by_source.split(phantoms, plain_study()))


def test_honest_protocols_refuse_data_without_patients_or_sources(phantoms):
    with pytest.raises(BadInput, match=r"doesn't say which patient .*file,label,patient, .* remove by_patient"):
        by_patient.split(phantoms.assign(patient=None), plain_study())
    with pytest.raises(BadInput, match=r"file,label,source, .* file name.*; or remove by_source"):
        by_source.split(phantoms.assign(source=None), plain_study())


def test_too_few_patients_for_the_folds(phantoms):
    few = phantoms[phantoms["patient"].isin(phantoms["patient"].unique()[:5])]
    with pytest.raises(BadInput, match="too few for 3 folds"):
        by_patient.split(few, plain_study())


def test_published_refuses_data_without_augmented_copies(phantoms):
    with pytest.raises(BadInput, match="no folder of augmented copies"):
        published.split(phantoms[phantoms["folder"] == "before"], plain_study())


def test_class_with_one_source_is_tested_once_and_then_not_trained_on(real):
    folds = by_patient.split(real, plain_study(folds=5))
    lonely = folds.merge(real[real["label"] == "Density4Malignant"], on="sample")
    assert (lonely["part"] == "test").sum() == 1
    fold = lonely.loc[lonely["part"] == "test", "fold"].item()
    assert (lonely["fold"] == fold).sum() == 1
    assert np.isin(lonely["part"], ["train", "validation", "test"]).all()
