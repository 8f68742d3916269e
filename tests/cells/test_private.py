"""Private parts of Keras and KerasTuner: a search without them gives the same results."""

import json
import sys
import types

import numpy as np
import pandas as pd
import pytest
from test_reuse import CLASSES, SIZE, part, searched

from benchmarks.cells import fit, keras_private, keras_tuner_private, reuse, search
from benchmarks.cells.fit import CellModel
from benchmarks.cells.model import build_model
from benchmarks.cells.progress import Progress

FAILING = """
@architecture(minimum_size=16, cam_layer="relu", reference="Test (2026)")
def mine(inputs, hp):
    if hp.Choice("size", [3, 5, 7, 9]) > 3:
        raise ValueError("only kernels of three")
    return layers.Conv2D(2, 3, activation="relu", name="relu")(inputs)
"""


def assert_same(one, other, **tolerance):
    drop = ["seconds"]
    pd.testing.assert_frame_equal(one.trials.drop(columns=drop), other.trials.drop(columns=drop), **tolerance)
    pd.testing.assert_frame_equal(one.history, other.history, **tolerance)
    assert one.trials["score"].nunique() > 2


def test_without_keras_private_parts_a_search_finds_the_same(tmp_path, monkeypatch):
    reuse.forget()
    expected, answers = searched(tmp_path / "with")
    reuse.forget()
    monkeypatch.setitem(sys.modules, "keras.src.utils.naming", None)
    for module in (fit, reuse):
        monkeypatch.setattr(module, "counterparts", dict)
    found, again = searched(tmp_path / "without")
    assert not any(traced.numbered for traced in reuse._kept.values())
    # Keras computes a rotation from a number and from a variable with other roundings.
    assert_same(found, expected, rtol=1e-3)
    np.testing.assert_allclose(again, answers, atol=1e-3)


def test_layers_whose_settings_moved_have_no_counterparts(monkeypatch):
    assert len(keras_private.counterparts()) == 4
    monkeypatch.setattr(keras_private.layers, "RandomZoom", types.SimpleNamespace)
    assert keras_private.counterparts.__wrapped__() == {}


@pytest.mark.parametrize("tuner", ["random", "bayesian"])
def test_without_keras_tuner_private_parts_a_search_finds_the_same(tmp_path, monkeypatch, tuner):
    expected, answers = searched(tmp_path / "with", tuner)

    def public(oracle):
        return keras_tuner_private.trials(types.SimpleNamespace(get_best_trials=oracle.get_best_trials))

    monkeypatch.setattr(search, "trials", public)
    monkeypatch.setattr(search, "planned_trials", lambda oracle: None)
    found, again = searched(tmp_path / "without", tuner)
    assert_same(found, expected, check_exact=True)
    np.testing.assert_array_equal(again, answers)


def test_an_error_of_an_architecture_in_a_trial_names_its_file_and_line(contribute, tmp_path, capfd):
    contribute("mine", FAILING)

    def build(hp):
        return build_model("mine", variant="corrected", hp=hp, classes=CLASSES, image_size=SIZE)[0]

    model = CellModel(build, part(20, 1), part(8, 2), 3, 4, Progress())
    found = search.search(model, {"tuner": "random", "trials": 3}, 1, tmp_path / "search")
    assert set(found.trials["status"]) == {"COMPLETED", "FAILED"}
    log = "".join(capfd.readouterr())
    assert 'mine.py", line 9, in mine' in log and "ValueError: only kernels of three" in log
    (message,) = {keras_tuner_private.message(trial) for trial in failed(tmp_path)}
    assert 'mine.py", line 9, in mine' in message and message.endswith("ValueError: only kernels of three\n")


def failed(folder):
    """Failed trials, as KerasTuner keeps them."""
    for path in sorted(folder.glob("search/trial_*/trial.json")):
        trial = types.SimpleNamespace(**json.loads(path.read_text()))
        if trial.status == "FAILED":
            yield trial
