"""Scores against hand-computed numbers and scikit-learn, and notes on scores that can't be computed."""

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics
from small_results import CLASSES, PREDICTED, predictions, samples_table, write_results
from statsmodels.stats.proportion import proportion_confint

from analysis import metrics, probability_metrics
from analysis.bootstrap import Bootstrap, interval
from analysis.scores.scores import score
from analysis.tidy import write_tables
from benchmarks.errors import BadInput


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_results(tmp_path)


def of_simple(table, protocol=None):
    own = table[table["architecture"] == "simple"]
    return own[own["protocol"] == protocol] if protocol else own


def tables(study, *names):
    write_tables(study, score(study))
    return [pd.read_csv(study.results() / "tables" / f"{name}.csv") for name in names]


def test_scores_of_a_case_worked_by_hand(study):
    (scores,) = tables(study, "scores")
    assert scores.columns.tolist()[:7] == [
        *("architecture", "protocol", "task", "metric", "estimate", "n_samples", "n_units")
    ]
    scores = of_simple(scores)
    honest = scores[scores["protocol"] == "by_patient"].set_index(["task", "metric"])
    assert (honest["n_samples"] == 6).all() and (honest["n_units"] == 4).all()
    # Right: s1, s3, s5. Recalls 1/2, 0/1, 2/3; precisions 1/2, 0/1, 2/3.
    expected = {
        ("class8", "accuracy"): 3 / 6,
        ("class8", "balanced_accuracy"): (1 / 2 + 0 + 2 / 3) / 3,
        ("class8", "macro_precision"): (1 / 2 + 0 + 2 / 3) / 3,
        ("class8", "macro_recall"): (1 / 2 + 0 + 2 / 3) / 3,
        ("class8", "macro_f1"): (1 / 2 + 0 + 2 / 3) / 3,
        ("class8", "weighted_precision"): (2 * 1 / 2 + 0 + 3 * 2 / 3) / 6,
        ("class8", "weighted_recall"): 3 / 6,
        # Density 1 or 2 by summed probabilities: s1, s2, s3, s5 right, s4 taken for 1, s6 for 2.
        ("density", "accuracy"): 4 / 6,
        # Malignant at 0.5: s3, s4, s5 right and s2 (0.2) missed; of the benign s1 right, s6 (0.9) missed.
        ("severity", "sensitivity"): 3 / 4,
        ("severity", "specificity"): 1 / 2,
        # Malignant probabilities .2 .9 .9 .9 against benign .2 .9: wins 0 + 3, ties .5 + 1.5, of 8 pairs.
        ("severity", "roc_auc"): 5 / 8,
        # In fold 0, .2 .9 .9 against .2: 2.5 of 3 pairs; in fold 1, a tie of .9 and .9: half of one.
        ("severity", "roc_auc_within"): (2.5 + 0.5) / (3 + 1),
        # The two benign at .2 and .9, so a specificity of 90 % takes a threshold above .9: nothing is found.
        ("severity", "sensitivity_at_90_specificity"): 0,
        # Of the malignant .2 .9 .9 .9, precision is 3/4 at .9 and 4/6 at .2.
        ("severity", "average_precision"): 3 / 4 * 3 / 4 + 1 / 4 * 4 / 6,
        ("severity", "brier"): (0.8**2 + 3 * 0.1**2 + 0.2**2 + 0.9**2) / 6,
        ("severity", "log_loss"): -(np.log(0.2) + 3 * np.log(0.9) + np.log(0.8) + np.log(0.1)) / 6,
        # Bin .2 holds one malignant of two, bin .9 three of four.
        ("severity", "ece"): (2 * abs(0.2 - 1 / 2) + 4 * abs(0.9 - 3 / 4)) / 6,
        # True 2 1 3, answered 2 1 3, three right: (3 * 6 - 14) / (36 - 14).
        ("class8", "mcc"): (3 * 6 - 14) / (36 - 14),
        # Right: 1 - .8 and .1 twice, squared; wrong: 1 - .1, .8, .1.
        ("class8", "brier"): (3 * 0.06 + 3 * (0.81 + 0.64 + 0.01)) / 6,
        ("class8", "log_loss"): -(3 * np.log(0.8) + 3 * np.log(0.1)) / 6,
        # Two densities: the same as Cohen's kappa. Density 1 and 2 thrice each, answered thrice each, four right.
        ("density", "quadratic_kappa"): (4 / 6 - 1 / 2) / (1 - 1 / 2),
    }
    for key, value in expected.items():
        assert honest.loc[key, "estimate"] == pytest.approx(value), key
    published = scores[scores["protocol"] == "published"].set_index(["task", "metric"])
    assert published.loc[("class8", "accuracy"), "estimate"] == 1
    assert published["n_units"].eq(2).all() and published["n_samples"].eq(2).all()


def test_intervals_contain_their_estimate_and_are_reproducible(study):
    (first,) = tables(study, "scores")
    (again,) = tables(study, "scores")
    pd.testing.assert_frame_equal(first, again)
    known = first.dropna(subset=["ci_low"])
    assert len(known) and (known["ci_low"] <= known["estimate"]).all() and (known["estimate"] <= known["ci_high"]).all()


def test_per_class_and_confusion(study):
    per_class, confusion = tables(study, "per_class", "confusion_simple_by_patient")
    per_class = of_simple(per_class)
    honest = per_class[per_class["protocol"] == "by_patient"].set_index("label")
    assert honest["support"].tolist() == [2, 1, 3] and honest["n_units"].tolist() == [2, 1, 2]
    assert honest["recall"].tolist() == pytest.approx([1 / 2, 0, 2 / 3])
    absent = per_class[(per_class["protocol"] == "published") & (per_class["label"] == "Density1Malignant")]
    assert absent["support"].item() == 0 and absent["recall"].isna().all()
    assert confusion.columns.tolist() == ["label", *CLASSES]
    assert confusion[CLASSES].to_numpy().tolist() == [[1, 0, 1], [1, 0, 0], [0, 1, 2]]


def test_spread_is_given_where_all_folds_have_the_classes(study):
    (scores,) = tables(study, "scores")
    honest = of_simple(scores, "by_patient").set_index(["task", "metric"])
    # Two of four right in fold 0, one of two in fold 1.
    assert honest.loc[("class8", "accuracy"), "fold_sd"] == 0
    # Fold 1 lacks a class.
    assert np.isnan(honest.loc[("class8", "macro_f1"), "fold_sd"])
    # Malignant at 0.5: 2 of 3 (s2 missed), then 1 of 1.
    assert honest.loc[("severity", "sensitivity"), "fold_sd"] == pytest.approx(np.std([2 / 3, 1], ddof=1))
    assert scores["seed_sd"].isna().all()
    assert of_simple(scores, "published")["fold_sd"].isna().all()


def test_repeats_are_averaged_and_spread(study):
    folds = pd.read_parquet(study.results() / "folds/published.parquet")
    again = folds.assign(fold=1, repeat=1)
    pd.concat([folds, again]).to_parquet(study.results() / "folds/published.parquet")
    twice = dataclasses.replace(study, protocols=["published"], repeats=2)
    for name in study.compared():
        first = study.results() / "cells" / name / "published/0"
        shutil.copytree(first, first.with_name("1"))
    path = study.results() / "cells/simple/published/1/predictions.parquet"
    predictions(pd.read_parquet(path), dict.fromkeys(["s1", "s3"], CLASSES[0])).to_parquet(path)
    scores, per_class = tables(twice, "scores", "per_class")
    row = of_simple(scores).set_index(["task", "metric"]).loc[("class8", "accuracy")]
    # All right in one repeat, one of two in the other; the images are still two.
    assert row["estimate"] == 0.75 and row["seed_sd"] == pytest.approx(np.std([1, 0.5], ddof=1))
    assert row["n_samples"] == 2
    own = of_simple(per_class).set_index("label").loc["Density2Malignant"]
    assert own["support"] == 2 and own["recall"] == 0.5
    assert [own["recall_low"], own["recall_high"]] == pytest.approx(proportion_confint(0.5, 1, method="wilson"))


def test_recall_has_wilsons_interval(study):
    (per_class,) = tables(study, "per_class")
    honest = of_simple(per_class, "by_patient").set_index("label")
    # Wilson by hand for two of three: centre (p + z2/2n) / (1 + z2/n), z = 1.96.
    z2, n, p = 1.959964**2, 3, 2 / 3
    centre, half = (p + z2 / (2 * n)) / (1 + z2 / n), np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    found = honest.loc["Density2Malignant", ["recall_low", "recall_high"]].tolist()
    assert found == pytest.approx([centre - half, centre + half], abs=1e-6)


def test_curves_of_a_case_worked_by_hand(study):
    roc, reliability = tables(study, "roc", "reliability")
    curve = of_simple(roc, "by_patient").set_index("false_positive_rate")["sensitivity"]
    # Thresholds .9 and .2: (1/2, 3/4), (1, 1).
    assert curve[0.0] == 0 and curve[0.25] == pytest.approx(3 / 8) and curve[0.5] == 0.75 and curve[1.0] == 1
    assert (of_simple(roc, "published")["sensitivity"] == 1).all()
    bins = of_simple(reliability, "by_patient")
    assert bins[["bin_low", "n", "n_units"]].to_numpy().tolist() == [[0.2, 2, 1], [0.9, 4, 3]]
    assert bins["share"].tolist() == [0.5, 0.75]
    assert bins["note"].iloc[0] == "interval not evaluable: one patient"
    # Nobody validates, so the curves show the probabilities as they are, and say so.
    missing = "2 of 2 folds not calibrated: fewer than 5 patients in the validation part"
    assert set(bins["not_calibrated"]) == {missing} == set(of_simple(roc, "by_patient")["not_calibrated"])
    (scores,) = tables(study, "scores")
    own = of_simple(scores, "by_patient").set_index("metric").loc[["roc_auc_calibrated", "ece_calibrated"]]
    assert own["estimate"].isna().all() and set(own["note"]) == {f"not evaluable: {missing}"}


def test_headline_and_inflation(study):
    headline, inflation = tables(study, "headline", "inflation")
    honest = of_simple(headline, "by_patient").iloc[0]
    # Fold 0 trains on s5 (D2M) and s6 (D1B): a tie, the alphabet's first; fold 1 on two D2M of four.
    assert honest["majority_label"] == "Density1Benign / Density2Malignant"
    assert honest["majority_accuracy"] == pytest.approx(2 / 6)
    assert honest["difference"] == pytest.approx(1 / 6)
    assert honest["verdict"] == "does not beat majority" and honest["unit"] == "patients"
    assert honest["cells"] == 2 and honest["collapsed_cells"] == 1 and honest["predicted_classes"] == 3
    row = inflation.iloc[0]
    assert (row["published_accuracy"], row["honest_accuracy"], row["inflation"]) == (1, 0.5, 0.5)
    assert (row["n_published_units"], row["n_honest_units"]) == (2, 4)


def test_a_clear_winner_beats_the_majority(study):
    right = {row.source: row.label for row in samples_table().itertuples()}
    for fold in (0, 1):
        path = study.results() / f"cells/simple/by_patient/{fold}/predictions.parquet"
        predictions(pd.read_parquet(path), right).to_parquet(path)
    (headline,) = tables(study, "headline")
    verdicts = of_simple(headline).set_index("protocol")["verdict"]
    assert verdicts["by_patient"] == "beats majority"
    # Two patients, one of them in the majority class: no proof.
    assert verdicts["published"] != "beats majority"


def test_a_prediction_that_is_not_finite_counts_as_wrong_and_leaves_no_auc(study):
    path = study.results() / "cells/simple/by_patient/1/predictions.parquet"
    table = predictions(pd.read_parquet(path), PREDICTED)
    table.loc[table["source"] == "s5", [f"p_{label}" for label in CLASSES]] = np.nan
    table.loc[table["source"] == "s5", "predicted"] = ""
    table.to_parquet(path)
    (scores,) = tables(study, "scores")
    honest = of_simple(scores, "by_patient").set_index(["task", "metric"])
    assert honest.loc[("class8", "accuracy"), "estimate"] == pytest.approx(2 / 6)
    assert honest.loc[("density", "accuracy"), "estimate"] == pytest.approx(3 / 6)
    assert honest.loc[("severity", "sensitivity"), "estimate"] == pytest.approx(2 / 4)
    auc = honest.loc[("severity", "roc_auc")]
    assert np.isnan(auc["estimate"]) and auc["note"].startswith("not evaluable:")


def test_without_densities_there_is_no_density_task(study):
    path = study.results() / "samples.parquet"
    samples_table().assign(density=pd.NA, severity=pd.NA).to_parquet(path)
    (scores,) = tables(study, "scores")
    assert scores["task"].unique().tolist() == ["class8"]


def test_without_patients_sources_are_the_units(study):
    samples_table().assign(patient=None).to_parquet(study.results() / "samples.parquet")
    (headline,) = tables(study, "headline")
    assert headline["unit"].eq("sources").all() and of_simple(headline)["n_units"].tolist() == [2, 6]


def test_a_missing_cell_is_named(study):
    (study.results() / "cells/simple/by_patient/1/predictions.parquet").unlink()
    with pytest.raises(BadInput, match=r"by_patient/1/predictions\.parquet is missing"):
        score(study)


def test_one_unit_has_no_interval():
    limits = interval(np.ones(100), 1, "patient")
    assert np.isnan(limits.low) and limits.note == "interval not evaluable: one patient"


def test_a_score_that_is_mostly_undefined_has_no_interval():
    values = np.r_[np.full(90, 0.5), np.full(10, np.nan)]
    assert "undefined in 10% of the resamples" in interval(values, 5, "patient").note


labels = st.lists(st.tuples(*[st.sampled_from(["a", "b", "c", ""])] * 2), min_size=2, max_size=30)


@given(pairs=labels, seed=st.integers(0, 99))
def test_resampled_class_metrics_equal_scikit_learn(pairs, seed):
    truth = np.array([t or "a" for t, _ in pairs])
    predicted = np.array([p for _, p in pairs])
    weights = np.random.default_rng(seed).integers(0, 3, (3, len(pairs)))
    weights[:, 0] += 1
    drawn = metrics.resampled_class_metrics(truth, predicted, weights)
    kappas = metrics.resampled_quadratic_kappa(truth, predicted, ["a", "b", "c"], weights)
    for resample, counts in enumerate(weights):
        repeated = np.repeat(truth, counts), np.repeat(predicted, counts)
        if set(predicted) <= set("abc"):
            expected = metrics.quadratic_kappa(*repeated, ["a", "b", "c"])
            assert kappas[resample] == pytest.approx(expected, nan_ok=True)
        else:
            assert np.isnan(kappas[resample])
    for resample, counts in enumerate(weights):
        expected = metrics.class_metrics(np.repeat(truth, counts), np.repeat(predicted, counts))
        for name, value in expected.items():
            assert drawn[name][resample] == pytest.approx(value), name


@given(
    pairs=st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.4, 0.5, 0.9])), min_size=2, max_size=30),
    seed=st.integers(0, 99),
)
def test_resampled_binary_metrics_equal_scikit_learn(pairs, seed):
    positive, probability = (np.array(column) for column in zip(*pairs, strict=True))
    weights = np.random.default_rng(seed).integers(0, 3, (3, len(pairs)))
    drawn = probability_metrics.resampled_binary_metrics(positive, probability, weights)
    for resample, counts in enumerate(weights):
        if not counts.any():
            continue
        expected = probability_metrics.binary_metrics(np.repeat(positive, counts), np.repeat(probability, counts))
        for name, value in expected.items():
            assert drawn[name][resample] == pytest.approx(value, nan_ok=True), name


@given(n=st.integers(1, 9), seed=st.integers(0, 99))
def test_a_resample_keeps_whole_patients_and_their_number(n, seed):
    units = [f"p{i % n}" for i in range(3 * n)]
    weights = Bootstrap(units, 5, seed).weights(pd.Series(units))
    assert (weights[:, :n].sum(axis=1) == n).all()
    assert (weights[:, :n] == weights[:, n : 2 * n]).all()


@given(n=st.integers(2, 20), seed=st.integers(0, 99))
def test_proper_scores_equal_scikit_learn(n, seed):
    rng = np.random.default_rng(seed)
    classes = ["a", "b", "c"]
    probabilities = rng.dirichlet([1, 1, 1], n).astype("float32")
    truth = rng.choice(classes, n)
    losses = probability_metrics.class_losses(truth, probabilities, classes)
    expected = sklearn_metrics.log_loss(truth, probabilities, labels=classes)
    assert losses["log_loss"].mean() == pytest.approx(expected, rel=1e-4)
    expected = sklearn_metrics.brier_score_loss(truth, probabilities, labels=classes, scale_by_half=False)
    assert losses["brier"].mean() == pytest.approx(expected, rel=1e-4)


def test_all_confusion_matrices_in_one_table(study):
    own = of_simple(*tables(study, "confusion"), protocol="by_patient").set_index(["label", "predicted"])["n"]
    # s1, s2, s3 and s5 of PREDICTED, and s4 and s6, which are wrong.
    expected = {
        (CLASSES[0], CLASSES[0]): 1, (CLASSES[1], CLASSES[0]): 1, (CLASSES[2], CLASSES[2]): 2,
        (CLASSES[2], CLASSES[1]): 1, (CLASSES[0], CLASSES[2]): 1,
    }  # fmt: skip
    assert len(own) == 9 and own[own > 0].to_dict() == expected
