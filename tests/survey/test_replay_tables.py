"""Tables of a study's replays, from cells that are written here in the form of a replay's files."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.survey import figures, leaks, replays
from analysis.survey.figures import NOT_EVALUABLE, NOT_REPRODUCED, REPRODUCED, half_unit, judged, metric_of
from benchmarks.study.study import load_study

LABELS = ("benign", "malignant")
SPLIT = "learntocode_2022"
SETTINGS = {"variants": {"cnn": {}}, "image_size": 64, "epochs": 5, "seeds": 2}


def predictions(truth, right):
    """Return answers of which the first `right` are right."""
    answers = [label if place < right else LABELS[label == LABELS[0]] for place, (_, label) in enumerate(truth)]
    table = pd.DataFrame(truth, columns=["sample", "label"]).assign(predicted=answers)
    return table.assign(**{f"p_{label}": np.where(table["predicted"] == label, 0.9, 0.1) for label in LABELS})


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Eight patients of one source, each with an original and two copies; the own split tests copies."""
    argument = {"extends": "survey_severity", "folds": 2, "publications": {SPLIT: SETTINGS}}
    folder = tmp_path_factory.mktemp("replays")
    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    made = load_study(json.dumps(argument))
    results = made.results()
    rows = [
        {"sample": f"{p}-{c}", "source": f"s{p}", "patient": f"p{p}", "label": LABELS[p % 2], "md5": f"{p}-{min(c, 1)}"}
        | {"severity": LABELS[p % 2], "density": None, "copy": c, "folder": "before" if c == 0 else "after"}
        for p in range(8)
        for c in range(3)
    ]
    samples = pd.DataFrame(rows)
    write(results / "samples.parquet", samples)
    label = samples.set_index("sample")["label"]
    copies = samples.loc[samples["copy"] > 0, "sample"].tolist()
    for protocol in made.splits():
        own = [
            pd.DataFrame({"sample": ids, "part": part, "fold": fold, "repeat": fold})
            for fold in made.cells(protocol)
            for part, ids in (("train", copies[:12]), ("validation", copies[12:]), ("test", copies[12:]))
        ]
        write(results / f"folds/{protocol}.parquet", pd.concat(own))
        for fold in made.cells(protocol):
            replay(made, protocol, fold, [(s, label[s]) for s in copies[12:]], right=4 - fold)
    originals = samples.loc[samples["copy"] == 0, "sample"].tolist()
    for protocol in made.protocols:
        for fold in (0, 1):
            tested = [(s, label[s]) for s in originals[4 * fold : 4 * fold + 4]]
            replay(made, protocol, fold, tested, right=2 + fold)
            for name in ("majority", "imagenet_logistic"):
                write(made.cell_folder(name, protocol, fold) / "predictions.parquet", predictions(tested, right=2))
        tested = [pd.DataFrame({"sample": originals[4 * f : 4 * f + 4], "part": "test", "fold": f}) for f in (0, 1)]
        write(results / f"folds/{protocol}.parquet", pd.concat(tested).assign(repeat=0))
    yield made
    patch.undo()


def write(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False)


def replay(study, protocol, fold, truth, right):
    folder = study.replay_folder(SPLIT, "cnn", protocol, fold)
    write(folder / "predictions.parquet", predictions(truth, right))
    about = {"parameters": 123, "weights": "none", "training_accuracy": 0.75 + fold / 10}
    (folder / "runtime.json").write_text(json.dumps(about))


def test_scores_of_a_replay_are_the_mean_of_its_seeds_and_all_folds_of_honest_protocols(study):
    table = replays.tables(study)["replays"].set_index(["variant", "role"])
    own = table.loc[("cnn", "own")]
    assert (own["accuracy"], own["accuracy_minimum"], own["accuracy_maximum"]) == (0.875, 0.75, 1.0)
    assert (own["n"], own["n_units"], own["n_cells"]) == (4, 2, 2)
    honest = table.loc[("cnn", "by_patient")]
    assert (honest["accuracy"], honest["n"], honest["n_units"], honest["unit"]) == (5 / 8, 8, 8, "patient")
    assert honest["accuracy_low"] < 5 / 8 < honest["accuracy_high"] and np.isnan(honest["accuracy_minimum"])
    assert own["majority_accuracy"] == 0.5 and own["parameters"] == 123
    assert table.loc[("majority", "by_source"), "accuracy"] == 0.5
    assert ("cnn", "permuted") in table.index and ("majority", "own") not in table.index


def test_a_smaller_replay_says_so(study):
    table = replays.tables(study)["replays"]
    assert set(table.loc[table["variant"] == "cnn", "reduced"]) == {"64 of 224 px; 5 of 25 epochs"}


def test_leaks_are_counted_from_folds_and_samples(study):
    (row,) = leaks.rows(study).to_dict("records")
    assert (row["n_train"], row["n_validation"], row["n_test"]) == (12, 4, 4)
    assert (row["same_source"], row["identical"], row["sizes_fit"]) == (0, 0, False)
    samples = pd.read_parquet(study.results() / "samples.parquet")
    folds = pd.read_parquet(study.results() / f"folds/{SPLIT}.parquet")
    mixed = folds.assign(sample=folds["sample"].replace({"6-1": "0-1", "0-1": "6-1"}))  # a copy on either side
    both = leaks.counted(mixed, samples)
    # 0-1 is tested beside its copy 0-2; 6-2 beside 6-1. Copies 1 and 2 have the same pixels.
    assert (both["same_source"], both["identical"]) == (2, 2)


def test_every_printed_figure_of_the_tested_part_is_judged(study):
    table = figures.rows(study)
    accuracies = table[table["metric"] == "accuracy"].set_index("printed")
    assert accuracies.loc["0.8885", "verdict"] == REPRODUCED  # between 0.75 and 1.0
    assert set(table["n_seeds"]) == {2}
    assert len(table) == 6  # two accuracies, precision and recall of two classes


@pytest.mark.parametrize(
    ("text", "reached", "excuses", "verdict"),
    [
        ("0.95", [0.90, 0.96], [], REPRODUCED),
        ("0.95", [0.90, 0.946], [], REPRODUCED),  # 0.946 is printed as 0.95
        ("0.95", [0.90, 0.944], [], NOT_REPRODUCED),
        ("0.95", [0.96, 0.99], ["reduced"], NOT_EVALUABLE),
        ("94.96 %", [0.9494], [], NOT_REPRODUCED),
        ("94.96 %", [0.94964], [], REPRODUCED),
        ("0.95", [np.nan], [], NOT_EVALUABLE),
        ("0.95", [], [], NOT_EVALUABLE),
    ],
)
def test_a_figure_is_reproduced_within_the_range_up_to_rounding(text, reached, excuses, verdict):
    assert judged(text, reached, excuses)[0] == verdict
    if excuses:
        assert "reduced" in judged(text, reached, excuses)[1]


def test_half_a_unit_of_the_last_digit():
    assert [half_unit(text) for text in ("0.98", "1", "99.96 %")] == pytest.approx([0.005, 0.5, 0.00005])


def test_metrics_of_one_class_and_of_all():
    table = predictions([(f"{n}", LABELS[n >= 6]) for n in range(10)], right=8)  # two malignant films are missed
    assert metric_of(table, "recall", "malignant") == metric_of(table, "recall", None) == 0.5
    assert metric_of(table, "precision", "benign") == 6 / 8
    assert metric_of(table, "specificity", None) == 1.0
    assert metric_of(table, "accuracy", None) == 0.8
    assert metric_of(table, "macro_recall", None) == 0.75
    assert metric_of(table, "auc", None) == 0.75
    assert np.isnan(metric_of(table, "npv", None)) and np.isnan(metric_of(table, "accuracy", "benign"))
