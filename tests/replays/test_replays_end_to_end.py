"""A study that replays a publication, from phantoms to its tables."""

import json

import pandas as pd
import pytest
from test_workflow import TINY, planned, snakemake, write_study

from analysis.tidy import read_table

REPLAYED = {"variants": {"cnn": {"width": 0.1}}, "image_size": 32, "epochs": 1, "seeds": 2}
CHANGES = TINY | {
    "dataset": {"name": "phantom", "patients": 24, "copies": 24, "side": 64},
    "protocols": ["by_source"],
    "training": {"epochs": 1, "images": "shipped"},
    "publications": {"jimenez_2024": REPLAYED},
}
NETWORK = "replays/jimenez_2024/cnn"


@pytest.mark.slow
def test_a_publication_is_replayed_under_its_own_split_with_shuffled_labels_and_by_source(tmp_path):
    study = write_study(tmp_path, **CHANGES)
    first = snakemake(tmp_path, "--config", study, "--", "replays")
    assert first.returncode == 0, first.stdout
    results = tmp_path / "results/small"
    table = read_table(results, "replays").set_index(["variant", "role"])
    networks = table.loc["cnn"]
    assert set(networks.index) == {"own", "permuted", "by_source"}
    assert networks["accuracy"].between(0, 1).all()
    assert set(networks["reduced"]) == {"32 of 224 px; 1 of 45 epochs; width 0.1"}
    assert {("majority", "by_source"), ("imagenet_logistic", "by_source")} <= set(table.index)
    folds = pd.read_parquet(results / "folds/jimenez_2024.parquet")
    tested = folds[folds["part"] == "test"].groupby("fold")["sample"].agg(set)
    assert len(tested) == 2 and tested[0] != tested[1]  # no seed is stated
    (leaks,) = read_table(results, "replay_leaks").to_dict("records")
    assert leaks["same_source"] == leaks["n_test"] == len(tested[0])  # each test file has copies in training
    honest = pd.read_parquet(results / "folds/by_source.parquet").merge(
        pd.read_parquet(results / "samples.parquet")[["sample", "source"]], on="sample"
    )
    for _, fold in honest.groupby("fold"):
        parts = {part: set(own["source"]) for part, own in fold.groupby("part")}
        assert not parts["test"] & (parts["train"] | parts["validation"])
    runtime = json.loads((results / NETWORK / "jimenez_2024/1/runtime.json").read_text())
    assert (runtime["epochs"], runtime["weights"], runtime["n_test"]) == (1, "none", leaks["n_test"])

    again = snakemake(tmp_path, "--dry-run", "--config", study, "--", "replays")
    assert "Nothing to be done" in again.stdout
    more = write_study(tmp_path, **CHANGES | {"publications": {"jimenez_2024": REPLAYED | {"epochs": 2}}})
    changed = snakemake(tmp_path, "--dry-run", "--config", more, "--", "replays")
    assert planned(changed.stdout, "replay") == 2 + 1 + 2  # seeds, control, folds
    assert planned(changed.stdout, "cell") == planned(changed.stdout, "split") == 0
