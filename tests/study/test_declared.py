"""Metrics, bias checks and protocols added by one function: included in tables and report."""

import numpy as np
import pandas as pd
import pytest
import small_results
from sklearn.metrics import cohen_kappa_score
from test_bias import tables
from test_cards import produce, tables_of

from analysis import metrics, probability_metrics
from analysis.bias import bias, bias_checks, thresholds
from analysis.metrics import metric, ratio
from analysis.probability_metrics import binary_metric
from analysis.scores import scores
from benchmarks import protocols
from benchmarks.samples.folds import make_folds
from benchmarks.study.study import load_study
from reports.document import Table
from reports.results import Results
from reports.supplement import supplement

BY_CHANCE = '''
import numpy as np
import pandas as pd


def split(samples, study):
    """Split files at random, whatever their patients."""
    upright = samples[samples["upright"]]
    parts = np.random.default_rng(study.seed).choice(["train", "validation", "test"], len(upright))
    folds = pd.DataFrame({"sample": upright["sample"], "part": parts, "repeat": 0})
    return pd.concat([folds.assign(fold=fold) for fold in range(study.folds)])
'''


@pytest.fixture(autouse=True)
def forgotten():
    """Remove a test's declarations after the test."""
    places = (metrics.ADDED, metrics.TITLES, probability_metrics.ADDED, bias_checks.CHECKS, bias_checks.TITLES)
    before = [dict(place) for place in places]
    yield
    for place, content in zip(places, before, strict=True):
        place.clear()
        place.update(content)


def declare_metrics() -> None:
    @metric("Cohen's kappa")
    def cohen_kappa(matrices):
        """Agreement beyond chance."""
        total = matrices.sum(axis=(1, 2))
        observed = ratio(np.einsum("bkk->b", matrices), total)
        expected = ratio((matrices.sum(axis=1) * matrices.sum(axis=2)).sum(axis=1), total**2)
        return ratio(observed - expected, 1 - expected)

    @binary_metric("called malignant")
    def called_malignant(positive, probability, weights):
        """Share of all images that are called malignant."""
        return ratio(weights @ (probability >= 0.5), weights.sum(axis=1))


def declare_check() -> None:
    @bias_checks.check("heat on labels", kind=bias_checks.MISPLACED, rule=thresholds.HEAT, evidence="maps")
    def labels_hot(verdicts, own):
        """Whether Grad-CAM lies on film labels at all."""
        rows = own["heat"]
        rows = rows[(rows["map"] == "gradcam") & (rows["region"] == "labels")]
        yield {"region_or_group": "labels"} | verdicts.row(rows["share"], verdicts.units(rows), 0.0, thresholds.HEAT)


def shown(results, table: str, rows: pd.DataFrame) -> dict[str, Table]:
    """Return the tables of the report after adding `rows` to one results table."""
    path = results.folder / f"tables/{table}.csv"
    pd.concat([pd.read_csv(path), rows]).to_csv(path, index=False)
    return tables_of(supplement(Results(results.study)).sections)


def test_a_metric_has_an_estimate_an_interval_and_a_column(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = small_results.write_results(tmp_path)
    before = scores.Scorer(study).scores()
    declare_metrics()
    table = scores.Scorer(study).scores()
    new = table["metric"].isin(["cohen_kappa", "called_malignant"])
    pd.testing.assert_frame_equal(table[~new].reset_index(drop=True), before)
    own = table[(table["architecture"] == "simple") & (table["protocol"] == "by_patient")].set_index("metric")
    truth = [label for _, _, label in small_results.SOURCES]
    answers = [small_results.PREDICTED[source] for source, _, _ in small_results.SOURCES]
    kappa = own.loc[["cohen_kappa"]].set_index("task").loc["class8"]
    assert kappa["estimate"] == pytest.approx(cohen_kappa_score(truth, answers))
    assert kappa["ci_low"] <= kappa["estimate"] <= kappa["ci_high"]
    # Summed malignant probabilities: 0.2 where benign is answered, 0.9 where not.
    assert own.loc["called_malignant", "estimate"] == pytest.approx(4 / 6)


def test_an_added_metric_is_in_the_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = produce("whole")
    declare_metrics()
    table = results.table("scores")
    kappa = table[table["metric"] == "accuracy"].assign(metric="cohen_kappa", estimate=0.123)
    own = shown(results, "scores", kappa)["table-class8-by_patient"]
    place = [column.title for column in own.columns].index("Cohen's kappa")
    assert {row[place].text for row in own.rows} == {"0.12"}
    assert "Cohen's kappa: Agreement beyond chance." in own.caption


@pytest.mark.slow
def test_an_added_bias_check_is_judged_and_in_the_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = small_results.write_results(tmp_path)
    tables(study)
    before = bias.judge(study)
    declare_check()
    found = bias.judge(study)
    own = found["check"] == "labels_hot"
    # Only q of its family knows of the added check.
    q = found["family"] == bias_checks.MISPLACED
    same = found.assign(q=found["q"].mask(q))[~own].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, before.assign(q=before["q"].mask(before["family"] == bias_checks.MISPLACED)))
    assert own.sum() == len(study.protocols) and (found.loc[own, "evidence"] == "figures/bias_maps_simple.svg").all()
    # The share of heat there is 0.02 to 0.08 by construction, and 0.05 too much is what matters.
    assert (
        found.loc[own, "effect"].between(0.02, 0.05).all() and (found.loc[own, "verdict"] != thresholds.FLAGGED).all()
    )

    results = produce("whole")
    first = results.table("bias").iloc[:1]
    flagged = first.assign(check="labels_hot", region_or_group="labels", verdict=thresholds.FLAGGED)
    own = shown(results, "bias", flagged)
    matrix = {row[0].text: row for row in own[f"table-bias-{first['protocol'].iloc[0]}"].rows}
    assert thresholds.FLAGGED in [cell.text for cell in matrix["heat on labels"]]
    assert [row for row in own["table-bias-rules"].rows if "heat on labels" in row[0].text]


def test_a_protocol_gives_folds_like_the_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    (tmp_path / "by_chance.py").write_text(BY_CHANCE)
    monkeypatch.setattr(protocols, "__path__", [*protocols.__path__, str(tmp_path)])
    text = "{description: x, seed: 1, dataset: {name: phantom}, image_size: 32, folds: 2, architectures: {simple: {}}"
    (tmp_path / "mine.yaml").write_text(f"{text}, protocols: [by_chance], control: {{protocols: [by_chance]}}}}")
    study = load_study("mine.yaml")
    assert study.all_protocols() == ["by_chance", "by_chance_permuted"] and study.cells("by_chance") == [0, 1]
    samples = small_results.samples_table()
    assert set(make_folds("by_chance_permuted", samples, study)["fold"]) == {0, 1}
