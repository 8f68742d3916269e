"""Tables of data, folds, cells and trials, and the probes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_results import CLASSES, folds_tables, samples_table, write_results

from analysis.explanations import probes
from analysis.scores import tables
from analysis.tidy import write_tables
from benchmarks.errors import BadInput


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = write_results(tmp_path)
    samples = samples_table()
    chosen = [
        probes.choose_probes(folds, samples, **study.probes, seed=study.seed).assign(protocol=protocol)
        for protocol, folds in folds_tables().items()
    ]
    pd.concat(chosen).to_csv(study.results() / "tables/probes.csv", index=False)
    return study


def written(study, name):
    write_tables(study, tables.tables(study))
    return pd.read_csv(study.results() / "tables" / f"{name}.csv", dtype={"trial": str})


def test_data_counts(study):
    data = written(study, "data").set_index("label")
    assert data.loc["Density2Malignant"].tolist() == [3, 2, 3, 3]
    assert data.loc["all"].tolist() == [6, 4, 6, 6]


def test_folds_count_samples_seen_in_training(study):
    folds = written(study, "folds").set_index(["protocol", "fold", "part"])
    published = folds.loc[("published", 0, "test")]
    assert published[["n_samples", "seen_source", "seen_patient"]].tolist() == [2, 2, 2]
    for fold, counts in {0: [4, 4, 2, 0, 0], 1: [2, 2, 2, 0, 0]}.items():
        test = folds.loc[("by_patient", fold, "test")]
        assert test[["n_samples", "n_sources", "n_patients", "seen_source", "seen_patient"]].tolist() == counts


def test_folds_without_patients_leave_the_counts_empty():
    samples = samples_table().assign(patient=None, source=None)
    table = tables.folds_table("published", folds_tables()["published"], samples)
    assert table[["n_patients", "seen_patient", "n_sources", "seen_source"]].isna().all(axis=None)


def test_notes_name_classes_missing_from_folds(study):
    notes = written(study, "fold_notes").set_index(["protocol", "label"])["note"]
    assert "one source" in notes[("by_patient", "Density1Malignant")]
    assert "missing from 2 of 2 validation parts" in notes[("by_patient", "Density1Benign")]
    assert "no probe" in notes.loc[[("published", "Density1Malignant")]].iloc[-1]


def test_cells_trials_and_history(study):
    cells = written(study, "cells")
    majority = cells[cells["architecture"] == "majority"]
    assert len(majority) == 3 and majority["parameters"].isna().all()
    assert majority["accuracy"].tolist() == [0.5, 0.25, 0.5]
    cells = cells[cells["architecture"] == "simple"]
    assert cells[["protocol", "fold", "accuracy", "seconds"]].to_numpy().tolist() == [
        ["published", 0, 1.0, 3.0],
        ["by_patient", 0, 0.5, 3.0],
        ["by_patient", 1, 0.5, 3.0],
    ]
    trials = written(study, "trials")
    assert trials["trial"].tolist() == ["00"] * 3 and trials["fold"].tolist() == [0, 0, 1]
    assert len(written(study, "history")) == 6


def test_a_missing_cell_file_is_named(study):
    (study.results() / "cells/simple/published/0/trials.csv").unlink()
    with pytest.raises(BadInput, match=r"published/0/trials\.csv is missing"):
        tables.tables(study)


@given(seed=st.integers(0, 50), shuffle=st.integers(0, 5), per_class=st.integers(1, 3), measured=st.integers(1, 9))
def test_probes_are_held_out_fixed_by_the_seed_and_of_different_sources(seed, shuffle, per_class, measured):
    samples, folds = samples_table(), folds_tables()["by_patient"]
    chosen = probes.choose_probes(folds, samples, per_class, measured, seed)
    for fold, own in chosen.groupby("fold"):
        trained = folds[(folds["fold"] == fold) & (folds["part"] != "test")]["sample"]
        assert not set(own["sample"]) & set(trained)
    shown = chosen[chosen["shown"]]
    assert shown["fold"].eq(0).all() and sorted(shown["label"].unique()) == CLASSES
    assert shown["label"].value_counts().max() <= per_class and chosen["shown"].is_monotonic_decreasing
    # Six sources, each tested once.
    assert chosen["source"].is_unique and len(chosen) == min(6, max(measured, len(shown)))
    again = probes.choose_probes(folds, samples.sample(frac=1, random_state=shuffle), per_class, measured, seed)
    np.testing.assert_array_equal(chosen["sample"], again["sample"])
