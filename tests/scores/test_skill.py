"""Skill, and the scores of severity and density beside the accuracy in headline.csv."""

import numpy as np
import pandas as pd
import pytest
from small_results import samples_table, write_results

from analysis.bootstrap import Interval
from analysis.scores.scores import score
from analysis.scores.skill import FACTORS, factors, skill


def rows(estimate: float, low: float, high: float, note: str = "") -> pd.DataFrame:
    """A model's rows of scores.csv, of severity alone."""
    row = {"task": "severity", "metric": "roc_auc_within", "estimate": estimate, "ci_low": low, "ci_high": high}
    return pd.DataFrame([row | {"note": note}])


NO_SEVERITY = rows(0.5, 0.5, 0.5).assign(task="class8", metric="accuracy")
UNKNOWN = rows(np.nan, np.nan, np.nan, "not evaluable: one severity")
ABOVE, AROUND, NOWHERE = Interval(0.01, 0.2), Interval(-0.1, 0.1), Interval(np.nan, np.nan, "interval not evaluable: x")


@pytest.mark.parametrize(
    ("scores", "difference", "expected"),
    [
        (rows(0.6, 0.51, 0.7), AROUND, "yes"),  # by severity alone
        (rows(0.5, 0.4, 0.6), ABOVE, "yes"),  # by accuracy alone
        (rows(0.6, 0.5, 0.7), AROUND, "no"),  # the limit must lie above chance
        (rows(0.3, 0.2, 0.4), Interval(-0.3, 0.0), "no"),
        (NO_SEVERITY, ABOVE, "yes"),
        (NO_SEVERITY, AROUND, "no"),
        (UNKNOWN, ABOVE, "yes"),
        (UNKNOWN, AROUND, "not evaluable: one severity"),
        (rows(0.5, 0.4, 0.6), NOWHERE, "not evaluable: x"),
        (rows(0.6, 0.51, 0.7), NOWHERE, "yes"),
    ],
)
def test_skill_takes_one_interval_above_chance(scores, difference, expected):
    assert skill(scores, difference) == expected


def test_factors_are_empty_where_classes_have_none():
    found = factors(NO_SEVERITY)
    assert len(found) == 3 * len(FACTORS) and np.isnan(list(found.values())).all()
    assert factors(rows(0.6, 0.51, 0.7))["severity_auc_low"] == 0.51


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_results(tmp_path)


def test_the_headline_has_both_factors_as_scored(study):
    tables = score(study)
    headline, scores = tables["headline"], tables["scores"].set_index(["architecture", "protocol", "task", "metric"])
    honest = headline.set_index(["architecture", "protocol"]).loc[("simple", "by_patient")]
    # Within folds 2.5 of 3 and half of 1 pairs; densities four of six right, kappa 1/3 as in test_scores.py.
    assert honest["severity_auc"] == 3 / 4 and honest["density_accuracy"] == pytest.approx(4 / 6)
    assert honest["density_kappa"] == pytest.approx(1 / 3)
    for row in headline.to_dict("records"):
        for name, pair in FACTORS.items():
            own = scores.loc[(row["architecture"], row["protocol"], *pair), ["estimate", "ci_low", "ci_high"]]
            found = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
            np.testing.assert_array_equal(own.to_numpy(float), found)
    # Baselines are judged by the same rule: the majority class is never better than itself.
    majority = headline[headline["architecture"] == "majority"]
    assert majority["verdict"].eq("baseline").all() and not majority["skill"].isin(["yes", "baseline"]).any()
    # Too few pairs for an interval of the area, and no better than the majority: nobody can tell.
    assert honest["skill"].startswith("not evaluable: undefined in")


def test_the_headline_of_plain_classes_has_empty_factors(study):
    samples_table().assign(density=pd.NA, severity=pd.NA).to_parquet(study.results() / "samples.parquet")
    headline = score(study)["headline"]
    assert headline[[f"{name}{end}" for name in FACTORS for end in ("", "_low", "_high")]].isna().all(axis=None)
    assert headline.set_index(["architecture", "protocol"]).loc[("simple", "by_patient"), "skill"] == "no"
