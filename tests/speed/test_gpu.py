"""The measurement of a GPU: its arithmetic by hand, its steps within a time, and all of it in a dry run on the CPU."""

import json
import os
import subprocess
import sys
import time

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from test_workflow import TINY

from benchmarks.errors import BadInput
from benchmarks.plan.costs import gpus
from benchmarks.plan.kinds import Kind
from benchmarks.speed.gpu import fold, foretell, workers
from benchmarks.speed.gpu.steps import Steps, images_per_second, share_of_peak
from benchmarks.study.study import load_study

# 0.1 s a step of 10 images, 0.05 s a check of 10; 0.06 s a step of 2 images: 0.05 s and 0.005 s an image.
OWN = {
    "batch_size": 10, "precision": "float32", "step_seconds": 0.1, "check_seconds": 0.05, "epoch_overhead_seconds": 0.5,
    "start_seconds": 20, "small_batch_size": 2, "small_step_seconds": 0.06, "operations_per_image": 5e9,
    "operations_ratio": 2, "augmentation_seconds": 0.003, "structures": 6,
}  # fmt: skip
EPOCH = 610.6 * 0.1 + 152.6 * 0.05 + 0.5


def test_operations_of_a_small_network_by_hand():
    import keras
    from keras import layers

    from benchmarks.speed.gpu.operations import forward_operations, training_operations

    inputs = keras.Input((4, 4, 2))
    x = layers.Conv2D(3, 3, padding="same")(inputs)  # 16 places x 9 x 2 x 3 weights = 864
    x = layers.DepthwiseConv2D(3)(x)  # 4 places x 9 x 3 = 108
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(6, 1, groups=3)(x)  # 4 places x 1 x 6 = 24
    model = keras.Model(inputs, layers.Dense(8)(layers.Flatten()(x)))  # 24 x 8 = 192
    assert forward_operations(model) == 2 * (864 + 108 + 24 + 192)
    assert training_operations(model) == 3 * forward_operations(model)


def test_share_of_the_peak():
    # 100 images a second of 5e9 operations, of 2e12
    assert images_per_second(OWN) == pytest.approx(100)
    assert share_of_peak(OWN, {"float32": 2e12, "float16": 1e12}) == pytest.approx(0.25)


@pytest.mark.parametrize(
    "rates, k", [({1: 10}, 1), ({1: 10, 2: 10.4, 4: 9}, 1), ({1: 10, 2: 18, 4: 30}, 4), ({1: 10, 2: 19, 4: 19.5}, 2)]
)
def test_the_fewest_processes_of_nearly_the_best_rate_are_chosen(rates, k):
    assert workers.best(rates) == k


def test_memory_and_cores_limit_the_number_of_processes():
    assert workers.counts(None, None, 8) == [1, 2, 4, 8]
    assert workers.counts(None, None, 3) == [1, 2]
    # A process takes 1.3 * 2,000 + 600 = 3,200 MiB: 90 % of 16,000 MiB hold four, of 3,000 MiB none but one is tried.
    assert workers.counts(2000, 16000, 8) == [1, 2, 4]
    assert workers.counts(2000, 3000, 8) == [1]


def test_published_study_by_hand():
    assert foretell.epoch_seconds(OWN) == pytest.approx(EPOCH)
    found = foretell.replay_seconds({"simple": OWN, "vgg16": OWN}, {"simple": {"k": 4, "gain": 2}})
    assert found["seconds_alone"] == pytest.approx(2 * (20 + 50 * EPOCH))
    # The gain shortens the epochs of the network for which it was measured, not the start.
    assert found["seconds_side_by_side"] == pytest.approx(2 * 20 + 50 * EPOCH / 2 + 50 * EPOCH)


def test_the_gain_is_that_of_as_many_processes_as_the_run_has():
    own = {"k": 4, "gain": 2.0, "steps_per_second": {"1": 10, "2": 15, "4": 20, "8": 18}}
    assert foretell.gain(own, 8) == pytest.approx(1.8)
    assert foretell.gain(own, 3) == 2.0
    assert foretell.gain(None, 8) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["paper", "paper_night"])
def test_both_sizes_of_the_paper_are_foretold_side_by_side(name):
    """Four processes of each network train on twice the images of one: the study takes about half the time."""
    with foretell.with_images(name, None) as study:
        measured = [one for one in study.architectures if one != "vgg16"]
        shared = {one: {"k": 4, "gain": 2.0, "steps_per_second": {"1": 10, "2": 15, "4": 20}} for one in measured}
        found = foretell.study_seconds(study, {"alone": dict.fromkeys(measured, OWN), "side_by_side": shared}, 16)
    assert found["study"] == name and found["at_once"] == 4
    assert {"vgg16 (published)", "vgg16 (search)", "mammoflow_2025/vgg16 (replay)"} == set(found["guessed"])
    assert 0.4 < found["seconds_side_by_side"] / found["seconds_alone"] < 1


def test_costs_of_other_forms_follow_their_operations():
    study = load_study("paper")
    kinds = [Kind("simple", "published"), Kind("simple", "search"), Kind("efficientnet_lite", "recipe")]
    replayed = Kind("mammoflow_2025/vgg16", "replay")
    costs = foretell.costs_of(study, [*kinds, replayed], {"simple": OWN, "efficientnet_lite": OWN})
    assert set(costs) == set(kinds)
    published, searched, recipe = (costs[kind] for kind in kinds)
    assert published.step.at(10) == pytest.approx(0.1)
    assert published.step.at(2) == pytest.approx(0.06)
    # Twice the operations an image
    assert searched.step.at(10) == pytest.approx(0.05 + 2 * 0.05)
    assert searched.check.at(10) == pytest.approx(2 * 0.05)
    # The CPU augments ten images in 0.03 s.
    assert recipe.step.at(10) == pytest.approx(0.1 + 0.03)
    assert [one.structures for one in (published, searched, recipe)] == [1, 6, 1]


def test_a_study_without_a_measured_network_is_refused():
    with pytest.raises(BadInput, match="no network was measured"):
        foretell.study_seconds(load_study("demo"), {"steps": []}, 2)


def test_steps_keep_what_they_found_until_the_time_is_over(tmp_path):
    def fails(until):
        raise workers.Failed("out of memory")

    steps = Steps(tmp_path / "gpu.json", time.monotonic() + 60, "python -m benchmarks.speed.gpu")
    assert steps.run("first", lambda until: {"seconds": 1}) == {"seconds": 1}
    steps.keep(first={"seconds": 1})
    assert steps.run("second", fails) is None
    assert steps.run("third", lambda until: 3, kept=58) is None
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["first"] == {"seconds": 1}
    status = {step["step"]: step["status"] for step in found["steps"]}
    assert status == {"first": "done", "second": "failed: out of memory", "third": "left out: no time"}
    assert {"command", "hardware", "versions", "finished"} <= set(found)


def test_skill_of_a_fold_by_hand():
    table = pd.DataFrame(
        {
            "label": ["Density1Benign", "Density1Malignant", "Density2Malignant", "Density2Benign"],
            "predicted": ["Density1Benign", "Density1Malignant", "Density1Malignant", "Density1Malignant"],
            "p_Density1Benign": [0.7, 0.1, 0.5, 0.1],
            "p_Density1Malignant": [0.1, 0.5, 0.2, 0.4],
            "p_Density2Benign": [0.1, 0.1, 0.2, 0.3],
            "p_Density2Malignant": [0.1, 0.3, 0.1, 0.2],
        }
    )
    # Malignant: 0.8 and 0.3; benign: 0.2 and 0.6. Three of four pairs are in order.
    assert fold.accuracies(table) == {"images": 4, "accuracy": 0.5, "severity_auc": 0.75}


def test_a_worker_that_fails_is_told_with_its_message(tmp_path):
    with pytest.raises(workers.Failed, match="nothing is not installed"):
        workers.card(time.monotonic() + 60, {"backend": "nothing"}, tmp_path)


def measured(place, *more):
    own = {"description": "Tiny.", "seed": 1, "folds": 2, "image_size": 32, **TINY}
    (place / "tiny.yaml").write_text(yaml.safe_dump(own))
    command = [sys.executable, "-m", "benchmarks.speed.gpu", "--study", "tiny.yaml", "--out", "gpu.json", *more]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)


def test_dry_run_on_the_cpu(tmp_path):
    done = measured(tmp_path, "--dry-run", "--minutes", "12")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert {step["step"]: step["status"] for step in found["steps"]} == {
        "simple alone": "done",
        "simple side by side": "done",
        "study": "done",
    }
    assert found["dry_run"] and found["card"]["platform"] == "cpu"
    assert set(found["card"]["peak"]) == {"float32", "float16"}
    own = found["alone"]["simple"]
    assert own["step_seconds"] > 0 and share_of_peak(own, found["card"]["peak"]) > 0
    assert set(found["side_by_side"]["simple"]["steps_per_second"]) == {"1", "2"}
    assert found["replay"] == foretell.replay_seconds(found["alone"], found["side_by_side"])
    assert found["study"]["study"] == "tiny" and found["study"]["seconds_alone"] > 0
    for told in ("simple: ", "side by side are fastest", "published study", "study tiny", "written: gpu.json"):
        assert told in done.stdout


def test_a_machine_without_a_gpu_is_refused(tmp_path):
    if gpus():
        pytest.skip("this machine has a GPU")
    done = measured(tmp_path)
    assert done.returncode == 2
    assert "finds no GPU" in done.stderr
    assert not (tmp_path / "gpu.json").exists()
