"""Tables of a study's replays, from cells that are written here in the form of a replay's files."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from analysis.dictionary.check import read, wrong
from analysis.dictionary.dictionary import described
from analysis.survey import figures, leaks, replays
from analysis.survey.differences import differences
from analysis.survey.figures import (
    NOT_EVALUABLE,
    NOT_REPRODUCED,
    REPRODUCED,
    half_unit,
    judged,
    metric_of,
    not_measured,
)
from analysis.tidy import read_table, write_tables
from benchmarks.publications import views
from benchmarks.study import replayed
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
    assert honest["drop"] == pytest.approx(0.875 - 5 / 8)
    assert np.isnan(own["drop"])
    assert own["majority_accuracy"] == 0.5 and own["parameters"] == 123
    assert table.loc[("majority", "by_source"), "accuracy"] == 0.5
    assert ("cnn", "permuted") in table.index and ("majority", "own") not in table.index


def test_the_interval_of_several_seeds_is_that_of_their_mean(study, tmp_path, monkeypatch):
    """The first seed answers eight files of eight patients right, the second half of them."""
    shutil.copytree(study.results(), tmp_path / study.results())
    monkeypatch.chdir(tmp_path)
    for fold, right in enumerate((8, 4)):
        replay(study, SPLIT, fold, [(f"{p}-0", LABELS[p % 2]) for p in range(8)], right)
    own = replays.tables(study)["replays"].iloc[0]
    assert (own["role"], own["accuracy"], own["n"], own["n_units"]) == ("own", 0.75, 8, 8)
    assert 0.5 <= own["accuracy_low"] < 0.75 < own["accuracy_high"] < 1  # the first seed's alone is 1 to 1


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


def test_tables_have_whole_numbers_and_are_read_back(study):
    write_tables(study, replays.tables(study), float_format="%.4f")
    own = read_table(study.results(), "replays").iloc[0]
    line = (study.results() / "tables/replays.csv").read_text().splitlines()[1]
    assert ",64,224,5,25,123,none," in line and own["image_size"] == 64
    assert read_table(study.results(), "replay_leaks")["sizes_fit"].tolist() == [False]
    for name in ("replays", "replay_figures", "replay_leaks"):
        path = f"tables/{name}.csv"
        assert list(wrong(read(study.results() / path), described(path))) == []


def test_relatives_of_files_without_a_source_are_not_counted():
    samples = pd.DataFrame({"sample": ["a", "b"], "source": ["s", None], "md5": ["1", "1"]})
    folds = pd.DataFrame({"sample": ["a", "b"], "part": ["train", "test"], "fold": 0})
    found = leaks.counted(folds, samples)
    assert (found["same_source"], found["identical"]) == (None, 1)


@pytest.mark.parametrize(
    ("sizes", "support", "fits"),
    [
        ({"train": 3, "test": 2}, [1, 1], True),
        ({"train": 3, "test": 2}, [2, 0], False),
        ({"train": 4, "test": 2}, None, False),
        ({"validation": 9, "train": 3}, None, True),  # a part that is not in the folds
        ({}, None, None),
    ],
)
def test_sizes_and_supports_are_those_printed(sizes, support, fits):
    samples = pd.DataFrame({"sample": list("abcde"), "label": [LABELS[n % 2] for n in range(5)]})
    parts = [*(("train", s) for s in "cde"), *((part, s) for part in ("validation", "test") for s in "ab")]
    folds = pd.DataFrame(parts, columns=["part", "sample"]).assign(fold=0)
    entry = {"part": "test", "values": {}} | ({"support": support} if support else {})
    content = {
        "data": {"own": {"classes": list(LABELS)}},
        "split": {"steps": [{"into": ["train", "test"]}], "validated_on": "test", "sizes": sizes},
        "figures": [entry, {"part": "train", "support": [7, 7], "values": {}}],
    }
    assert leaks.fit(folds, samples, content)["sizes_fit"] is fits


def test_every_printed_figure_has_a_row(study):
    table = figures.rows(study)
    own = table[table["variant"] == "cnn"]
    accuracies = own[own["metric"] == "accuracy"].set_index("printed")
    assert accuracies.loc["0.8885", "verdict"] == REPRODUCED  # between 0.75 and 1.0
    assert set(own["n_seeds"]) == {2} and len(own) == 6  # two accuracies, precision and recall of two classes
    others = table[table["variant"] != "cnn"]
    assert set(others["variant"]) == {"vgg16_frozen", "vgg16", "resnet50"}
    assert set(others["verdict"]) == {NOT_EVALUABLE} and set(others["reason"]) == {
        "the study does not replay this network"
    }


def test_classes_of_figures_are_those_of_the_replay_by_name(study):
    """Of the first seed all four test films are right, of the second the last one, malignant, is called benign."""
    table = figures.rows(study)
    own = table[(table["variant"] == "cnn") & (table["metric"] == "recall")].set_index("class")
    assert own.loc["benign", ["minimum", "maximum"]].tolist() == [1.0, 1.0]
    assert own.loc["malignant", ["minimum", "maximum"]].tolist() == [0.5, 1.0]
    assert own.loc["malignant", "verdict"] == REPRODUCED  # 0.96
    outside = own.loc["benign"]  # 0.49
    assert outside["verdict"] == NOT_EVALUABLE
    assert "reduced (64 of 224 px; 5 of 25 epochs)" in outside["reason"] and "assumed" in outside["reason"]


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


FULL = {"image_size": 224, "channels": 3, "preprocessing": [], "augmentation": [], "loss": "binary_crossentropy"}
FULL |= {"optimiser": {"name": "adam", "learning_rate": 0.001}, "schedule": {"name": "constant"}, "epochs": 10}
FULL |= {"batch_size": 8, "checkpoint": "last", "precision": None, "weights": "imagenet", "seed": None}


@pytest.mark.parametrize(
    ("own", "published", "split", "started", "words"),
    [
        ({}, {}, {}, "imagenet", ""),
        ({"image_size": 64, "options": {"width": 0.5}}, {}, {}, "imagenet", "reduced (64 of 224 px; width 0.5)"),
        ({}, {}, {}, "scratch", "without the pretrained weights"),
        ({}, {"weights": "earlier_run"}, {}, "imagenet", "from ImageNet weights instead of an earlier run's"),
        ({}, {"augmentation": ["flips"]}, {}, "imagenet", "without the augmentation of training images"),
        ({}, {"preprocessing": [{"words": "CLAHE"}]}, {}, "imagenet", "known in words only"),
        ({}, {"loss": None, "schedule": None}, {}, "imagenet", "not known of the recipe: loss, schedule"),
        ({}, {"optimiser": {"name": "sgd", "learning_rate": None}}, {}, "imagenet", "of the recipe: learning_rate"),
        ({}, {}, {"assumed": "not stated"}, "imagenet", "the split is assumed"),
        ({}, {}, {"copies": [14, 27]}, "imagenet", "shipped copies instead of its own"),
    ],
)
def test_differences_of_a_replay_are_named(own, published, split, started, words):
    found = differences(FULL | {"options": {}} | own, FULL | published, split, started)
    assert [words in text for text in found] == ([True] if words else [])


@pytest.mark.parametrize(
    ("entry", "adapter", "words"),
    [
        ({}, "own_adapter", ""),
        ({"part": "train"}, "own_adapter", ""),
        ({"classes": ["malignant", "benign"]}, "own_adapter", ""),
        ({"classes": ["B1", "B2"]}, "own_adapter", "other classes"),
        ({"part": "validation"}, "own_adapter", "does not test the part validation"),
        ({"part": None}, "own_adapter", "part is not known"),
        ({"state": "of epoch 3"}, "own_adapter", "another state of the network: of epoch 3"),
        ({"data": "second"}, "own_adapter", "other data"),
        ({}, "phantom", "other data"),
    ],
)
def test_figures_that_a_replay_does_not_measure_say_why(entry, adapter, words):
    content = {"data": {"first": {"dataset": "own_adapter"}, "second": {"dataset": "own_adapter"}}}
    content["split"] = {"steps": [{"into": ["train", "test"]}]}
    replay = figures.Replay([predictions([("a", "benign")], right=1)], [0.5], [])
    reason = not_measured({"part": "test"} | entry, content, adapter, replay)
    assert words in reason and bool(words) == bool(reason)


def test_of_training_images_only_the_accuracy_is_known():
    replay = figures.Replay([], [0.5, 0.75], [])
    assert replay.reached("train", "accuracy", None) == [0.5, 0.75]
    assert replay.reached("train", "recall", None) == replay.reached("train", "accuracy", "benign") == []


def test_a_publication_replayed_in_full_differs_in_what_is_not_known():
    content = replayed.content_of("mammoflow_2025")
    published = views.recipe(content, "vgg16")
    unknown, copies = differences(published | {"options": {}}, published, content["split"], "none")
    assert unknown.startswith("not known of the recipe: ") and "loss" in unknown
    assert copies == "shipped copies instead of its own"


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
    assert np.isnan(metric_of(table.assign(p_malignant=np.nan), "auc", None))  # of a network that diverged
    assert np.isnan(metric_of(table, "npv", None)) and np.isnan(metric_of(table, "accuracy", "benign"))


def test_without_known_severities_the_area_under_the_curve_is_empty(study, tmp_path, monkeypatch):
    samples = pd.read_parquet(study.results() / "samples.parquet")
    shutil.copytree(study.results(), tmp_path / study.results())
    monkeypatch.chdir(tmp_path)
    write(study.results() / "samples.parquet", samples.assign(severity=None))
    table = replays.tables(study)["replays"]
    assert table[["severity_auc", "severity_auc_low", "severity_auc_high"]].isna().all(axis=None)
    assert table["accuracy"].notna().all()
