"""Cells that fail: the others finish, the report says which failed and why, a plain rerun completes it."""

import json

import pandas as pd
import pytest
from test_contributing import copied
from test_workflow import TINY, snakemake, write_study

from benchmarks.run.rest import rest
from benchmarks.study.study import load_study

ARCHITECTURE = '''"""Fails, if it fails, in one fold only."""

import os
import signal
import sys

import numpy
from keras import layers

from architectures import architecture


@architecture(minimum_size=16, cam_layer="last", reference="none")
def {name}(inputs, hp):
    """Feature map (N, S, S, 4)."""
    if "by_patient --fold 1" in " ".join(sys.argv):
        {fault}
    return layers.Conv2D(4, 3, padding="same", activation="relu", name="last")(inputs)
'''
FAULTS = {"raising": "numpy.ones((1 << 30, 1 << 20))", "killed": "os.kill(os.getpid(), signal.SIGKILL)"}
THREE = {"simple": {"filters": [4, 4]}, "raising": {}, "killed": {}}


@pytest.mark.slow
def test_cells_that_fail_are_told_and_cost_the_others_nothing(tmp_path):
    place = copied(tmp_path)
    config = ["--config", write_study(place, **TINY | {"architectures": THREE})]
    for name, fault in FAULTS.items():
        (place / f"architectures/{name}.py").write_text(ARCHITECTURE.format(name=name, fault=fault))
    results = place / "results/small"

    first = snakemake(place, *config, code=place)
    assert first.returncode != 0 and "Traceback" not in first.stdout.split("The run has stopped")[1]
    assert "The report is written without killed, raising." in first.stdout
    failures = pd.DataFrame(json.loads((results / "failures.json").read_text())).set_index("architecture")
    assert failures[["protocol", "fold"]].to_numpy().tolist() == [["by_patient", 1], ["by_patient", 1]]
    assert "Unable to allocate 8.00 PiB" in failures["reason"]["raising"]
    assert "it was killed or ran out of memory" in failures["reason"]["killed"]
    report = (results / "report/supplement.html").read_text()
    for words in ("2 cells of killed and raising failed", "Unable to allocate 8.00 PiB", "Failed cells"):
        assert words in report
    networks = pd.read_csv(results / "tables/headline.csv")["architecture"]
    assert "simple" in set(networks) and not {"raising", "killed"} & set(networks)
    finished = {path: path.stat().st_mtime_ns for path in results.glob("cells/*/*/*/runtime.json")}
    # Of the failed architectures only one fold is missing.
    assert {path.parts[-4] for path in finished} >= {"simple", "raising", "killed"}

    for name in FAULTS:
        (place / f"architectures/{name}.py").write_text(ARCHITECTURE.format(name=name, fault="pass"))
    second = snakemake(place, *config, code=place)
    assert second.returncode == 0, second.stdout
    assert not (results / "failures.json").exists()
    assert {"simple", "raising", "killed"} <= set(pd.read_csv(results / "tables/headline.csv")["architecture"])
    assert "Failed cells" not in (results / "report/supplement.html").read_text()
    others = [path for path in finished if path.parts[-4] not in FAULTS]
    assert len(others) >= 4 and all(path.stat().st_mtime_ns == finished[path] for path in others)


@pytest.mark.parametrize(
    ("failed", "architectures", "control", "curve"),
    [
        (["vgg16"], ["alexnet", "simple"], ["simple"], ["alexnet", "simple"]),
        (["simple"], ["alexnet", "vgg16"], None, ["alexnet", "vgg16"]),
        (["simple", "alexnet"], ["vgg16"], None, ["vgg16"]),
    ],
)
def test_the_rest_of_a_study_leaves_an_architecture_out_everywhere(tmp_path, failed, architectures, control, curve):
    chosen = {"simple": {}, "vgg16": {}, "alexnet": {"image_size": 67}}
    changes = {
        "architectures": chosen,
        "image_size": 64,
        "control": {"protocols": ["by_patient"], "architectures": ["simple"]},
        "learning_curve": {"patients": [4], "architectures": []},
        "positive_control": {"protocols": ["by_patient"], "contrasts": [50], "architectures": ["simple"]},
    }
    write_study(tmp_path, **TINY | changes)
    study = load_study(json.dumps({"extends": str(tmp_path / "small.yaml"), "folds": 3}))
    left = rest(study, failed)
    assert sorted(left.architectures) == architectures and left.folds == 3 and left.results() == study.results()
    derived = {name: sorted(names) for name, names in left.derived().items()}
    controls = {"by_patient_permuted": control, "by_patient_planted50": control} if control else {}
    assert derived == {"by_patient_n4": curve} | controls
    assert load_study(left.source.argument).architectures == left.architectures
