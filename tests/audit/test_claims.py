"""Verdicts on claims: each rule worked by hand, and the published study's claims on synthetic results."""

import numpy as np
import pandas as pd
import pytest
import yaml
from small_results import CLASSES, SOURCES, predictions, samples_table, write_results

from analysis.accuracy import Accuracy
from analysis.claims import claims
from analysis.claims.claims import judge_code, judge_figure, judge_heat_map, judge_lead
from analysis.claims.measured import Value, lead
from analysis.scores.scores import score
from analysis.scores.tables import cells_table
from analysis.tidy import write_tables
from benchmarks import reference
from benchmarks.publications import publication

HONEST = Value(0.3, 0.2, 0.4)
HIGH, REDUCED = Value(0.95, 0.9, 1.0), Value(0.8, 0.7, 0.9, full=False)


@pytest.mark.parametrize(
    ("published", "replay", "honest", "leaking", "verdict"),
    [
        (0.98, HIGH, HONEST, True, claims.ONLY_WITH_LEAKAGE),
        (0.98, HIGH, HONEST, False, claims.REPRODUCED),
        (0.98, HIGH, Value(0.9, 0.85, 0.98), True, claims.REPRODUCED),
        (0.895, HIGH, HONEST, True, claims.ONLY_WITH_LEAKAGE),  # printed with two digits, 0.90 is inside
        (0.89, HIGH, HONEST, True, claims.NOT_REPRODUCED),
        (0.98, Value(0.8, 0.7, 0.9), HONEST, True, claims.NOT_REPRODUCED),
        (0.98, REDUCED, HONEST, True, claims.NOT_EVALUABLE),
        (0.85, REDUCED, HONEST, True, claims.ONLY_WITH_LEAKAGE),
        (0.45, Value(0.45, 0.3, 0.6), HONEST, True, claims.REPRODUCED),
        (0.45, Value(0.45, 0.3, 0.6, full=False), HONEST, True, claims.NOT_EVALUABLE),
        (0.98, None, HONEST, True, claims.NOT_EVALUABLE),
        (0.98, HIGH, None, True, claims.NOT_EVALUABLE),
    ],
)
def test_a_figure_is_judged_by_rule(published, replay, honest, leaking, verdict):
    found, reason = judge_figure(published, replay, honest, majority=0.45, leaking=leaking)
    assert found == verdict and reason


@pytest.mark.parametrize(
    ("replay", "honest", "verdict"),
    [
        (Value(0.4, 0.2, 0.6), Value(0.2, 0.1, 0.3), claims.REPRODUCED),
        (Value(0.4, 0.2, 0.6), Value(0.0, -0.1, 0.1), claims.ONLY_WITH_LEAKAGE),
        (Value(0.1, -0.1, 0.3), Value(0.0, -0.1, 0.1), claims.NOT_REPRODUCED),
        (Value(0.1, -0.1, 0.3, full=False), Value(0.0, -0.1, 0.1), claims.NOT_EVALUABLE),
    ],
)
def test_a_lead_is_judged_by_its_interval(replay, honest, verdict):
    assert judge_lead(replay, honest, leaking=True)[0] == verdict


def accuracy(estimate: float, spread: float) -> Accuracy:
    """An accuracy whose resamples run evenly from `spread` below to `spread` above the estimate: paired by place."""
    return Accuracy(estimate, estimate + np.linspace(-spread, spread, 401), 100, 50, "patient")


def test_a_claimed_order_needs_every_named_network_above_every_other():
    # Means: 0.70 against 0.40. But the second of the named is worse than the first of the others.
    carried = [accuracy(0.9, 0.1), accuracy(0.5, 0.1)], [accuracy(0.6, 0.1), accuracy(0.2, 0.1)]
    value, limits = lead(*carried)
    assert value == pytest.approx(-0.1) and (limits.low, limits.high) == pytest.approx((-0.1, -0.1))
    judged = judge_lead(Value(value, limits.low, limits.high), Value(0.0, -0.1, 0.1), leaking=True)
    assert judged[0] == claims.NOT_REPRODUCED


def test_the_order_is_judged_and_the_size_of_the_lead_is_not():
    # The others do not vary; the middle 95% of 0.3 +- 0.2 runs from 0.11 to 0.49. The printed lead may be 0.9.
    value, limits = lead([accuracy(0.9, 0.0), accuracy(0.8, 0.2)], [accuracy(0.5, 0.0)])
    assert value == pytest.approx(0.3) and limits.high == pytest.approx(0.4)  # at most 0.9 - 0.5
    assert limits.low == pytest.approx(0.11)
    replay = Value(value, limits.low, limits.high)
    assert judge_lead(replay, Value(0.05, -0.1, 0.2), leaking=True)[0] == claims.ONLY_WITH_LEAKAGE
    assert judge_lead(replay, Value(0.2, 0.1, 0.3), leaking=True)[0] == claims.REPRODUCED


def test_claims_on_code_and_heat_map():
    fact = {"found": "none", "stated": "weights=None"}
    assert judge_code("pretrained", fact)[0] == claims.CONTRADICTED
    assert judge_code("none", fact)[0] == claims.REPRODUCED
    rows = {"method": ["published", "published", "gradcam"], "n_probes": 8, "unchanged": [8, 8, 0]}
    assert judge_heat_map(pd.DataFrame(rows))[0] == claims.CONTRADICTED
    assert judge_heat_map(pd.DataFrame(rows | {"unchanged": [8, 7, 0]}))[0] == claims.NOT_EVALUABLE
    assert judge_heat_map(pd.DataFrame(rows)[2:])[0] == claims.NOT_EVALUABLE


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """Judge the small results: 3 of 3 right as published, 3 of 6 by patient; networks of 10 parameters, 2 epochs."""
    monkeypatch.chdir(tmp_path)
    study = write_results(tmp_path)
    # A third patient in the published test part, for an interval.
    path = study.results() / "folds/published.parquet"
    third = {"sample": f"before/{CLASSES[2]}/s5.png", "fold": 0, "part": "test", "repeat": 0}
    folds = pd.concat([pd.read_parquet(path), pd.DataFrame([third])])
    folds.to_parquet(path)
    samples = samples_table()
    tested = samples[samples["sample"].isin(folds.loc[folds["part"] == "test", "sample"])]
    right = {source: label for source, _, label in SOURCES}
    predictions(tested, right).to_parquet(study.results() / "cells/simple/published/0/predictions.parquet")
    write_tables(study, score(study))
    tables = study.results() / "tables"
    cells_table(study).to_csv(tables / "cells.csv", index=False)
    leak = {"protocol": "published", "part_a": "train", "part_b": "test", "kind": "near_duplicate", "n_flagged": 2}
    pd.DataFrame([leak]).to_csv(tables / "leakage.csv", index=False)
    pd.DataFrame(columns=["method"]).to_csv(tables / "heatmaps.csv", index=False)

    def judge(dataset="phantom", **figures) -> pd.DataFrame:
        content = yaml.safe_load(publication.find("published").read_text())
        content["data"]["inbreast"]["dataset"] = dataset
        used = {"image_size": figures.pop("image_size", 64), "batch_size": 8, "epochs": 2}
        simple = {"form": "small", "parameters": figures.pop("parameters", 10), "recipe": used}
        values = {"accuracy": str(figures.get("test_accuracy", "1.0"))}
        entry = {"variant": "simple", "part": "test", "where": "notebook", "n": 42, "unit": "file", "values": values}
        content |= {"variants": {"simple": simple}, "figures": [entry]}
        words = {"id": "over-99", "statement": "Over 99%.", "stated": "abstract", "rule": "words"}
        content["claims"] = [words, *(claim for claim in content["claims"] if claim["rule"] == "heat_map")]
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        judge = claims.Judge(study, tmp_path / "mine.yaml")
        return pd.DataFrame(judge.rows()).set_index("id")

    return judge


def test_claims_are_judged_by_the_tables_of_the_study(judged):
    table = judged()
    row = table.loc["simple-test-accuracy"]
    assert (row["replayed_value"], row["replayed_low"], row["by_patient_value"]) == (1, 1, 0.5)
    assert row["verdict"] == claims.ONLY_WITH_LEAKAGE and row["evidence"] == "tables/scores.csv; tables/leakage.csv"
    assert table.loc["grad-cam", "verdict"] == table.loc["over-99", "verdict"] == claims.NOT_EVALUABLE
    assert judged(test_accuracy=0.9).loc["simple-test-accuracy", "verdict"] == claims.NOT_REPRODUCED
    assert judged(dataset="mendeley_inbreast").loc["simple-test-accuracy", "verdict"] == claims.NOT_EVALUABLE


def test_the_reference_replay_replaces_reduced_networks(judged, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    run = {
        "architecture": "simple",
        "change": "none",
        "image_size": 224,
        "batch_size": 8,
        "parameters": 99,
        "epochs": 2,
    }
    runs = pd.DataFrame([run | {"seed": seed} for seed in (1, 2)])
    # Another run of the same seed, at another size, takes no part.
    pd.DataFrame([*runs.to_dict("records"), run | {"seed": 1, "image_size": 64}]).to_csv(
        tmp_path / "replay.csv", index=False
    )
    counts = {"architecture": "simple", "change": "none", "seed": [1, 1, 2, 2], "part": "test"}
    counts |= {"image_size": 224, "epochs": 2}
    counts |= {"patient": ["p", "q", "p", "q"], "n": [1, 3, 1, 3], "n_correct": [1, 3, 1, 2]}
    counts = pd.DataFrame(counts)
    pd.concat([counts, counts.assign(image_size=64, n_correct=0)]).to_csv(tmp_path / "replay_patients.csv", index=False)
    row = judged(image_size=224, parameters=99, test_accuracy=0.9).loc["simple-test-accuracy"]
    assert row["replayed_value"] == 7 / 8 and (row["replayed_low"], row["replayed_high"]) == (5 / 6, 1)
    assert "seed 1, 2" in row["replayed_on"] and row["verdict"] == claims.ONLY_WITH_LEAKAGE
    own = judged(image_size=224, parameters=100, test_accuracy=0.9).loc["simple-test-accuracy"]
    assert own["replayed_value"] == 1 and "reduced: 64 px" in own["replayed_on"]
    assert own["verdict"] == claims.NOT_EVALUABLE
