"""Results and models that are truncated or foreign: the error names the file to delete, and no code in them runs."""

import json
import pickle
import re
import sys
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from datasets_input import refusal
from hypothesis import given, settings
from hypothesis import strategies as st
from small_results import write_results

from analysis import predictions
from analysis.scores import collapse, tables
from benchmarks import stored
from benchmarks.cells.model import saved_model
from benchmarks.errors import BadInput, run_cli
from benchmarks.samples import folds

TOLD = "is incomplete, changed or not from this program; delete it, and snakemake makes it again: "
TABLE = pd.DataFrame({"sample": [f"s{i}" for i in range(20)], "p": np.arange(20) / 7})
READERS = {
    "x.parquet": (stored.table, TABLE.to_parquet),
    "x.csv": (stored.table, lambda path: TABLE.to_csv(path, index=False)),
    "x.json": (stored.record, lambda path: path.write_text(json.dumps({"classes": ["a", "b"], "seconds": 1.5}))),
    "x.npy": (stored.array, lambda path: np.save(path, np.arange(600))),
    "x.npz": (stored.arrays, lambda path: np.savez(path, a=np.arange(60), b=np.ones(9))),
}


@pytest.fixture
def marker(tmp_path):
    """A file that code in a model or result would create."""
    return tmp_path / "ran"


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def test_complete_results_are_read(tmp_path):
    found = {}
    for name, (read, write) in READERS.items():
        write(tmp_path / name)
        found[name] = read(tmp_path / name)
    for name in ("x.parquet", "x.csv"):
        pd.testing.assert_frame_equal(found[name], TABLE, check_dtype=False)
    assert found["x.json"]["classes"] == ["a", "b"]
    assert found["x.npy"].sum() == 599 * 300 and found["x.npz"]["a"].sum() == 59 * 30


def test_a_column_of_a_large_table_has_one_type(tmp_path):
    """The text in the last row makes all of them text, however far away it is."""
    codes = ["007"] * 600_000 + ["b7"]
    pd.DataFrame({"code": codes}).to_csv(tmp_path / "x.csv", index=False)
    assert stored.table(tmp_path / "x.csv")["code"].tolist() == codes


@settings(max_examples=150)
@given(
    name=st.sampled_from(sorted(READERS)),
    end=st.floats(0, 1, exclude_max=True),
    other=st.none() | st.binary(max_size=40),
)
def test_a_truncated_or_foreign_result_is_an_error(name, end, other):
    read, write = READERS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(end * len(whole))] if other is None else other)
        try:
            read(path)
        except BadInput as error:
            assert str(error).startswith(f"{path} {TOLD}")
        else:
            # A table may end with any of its lines, and anything may by chance be one, or a number.
            assert name == "x.csv" or (name == "x.json" and other is not None)
            assert name != "x.csv" or path.read_bytes().endswith(b"\n")


def test_pickles_are_not_read(tmp_path, marker):
    np.save(tmp_path / "x.npy", np.array([Payload(marker)], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "x.npz", a=np.array([Payload(marker)], dtype=object))
    (tmp_path / "y.npy").write_bytes(pickle.dumps(Payload(marker)))
    (tmp_path / "x.parquet").write_bytes(pickle.dumps(Payload(marker)))
    for read, name in (
        (stored.array, "x.npy"),
        (stored.array, "y.npy"),
        (stored.arrays, "x.npz"),
        (stored.table, "x.parquet"),
    ):
        assert TOLD in refusal(read, tmp_path / name)
    assert not marker.exists()
    pickle.loads((tmp_path / "y.npy").read_bytes())
    assert marker.exists()


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("samples.parquet", predictions.read_samples),
        ("dataset.json", predictions.read_classes),
        ("folds/by_patient.parquet", lambda study: predictions.read_folds(study, "by_patient")),
        ("cells/simple/by_patient/1/predictions.parquet", tables.cells_table),
        ("cells/majority/published/0/runtime.json", tables.cells_table),
        ("cells/simple/published/0/history.csv", lambda study: tables.stacked(study, "history")),
        ("cells/simple/by_patient/1/trials.csv", lambda study: tables.stacked(study, "trials")),
    ],
)
@pytest.mark.parametrize("share", [0, 0.5])
def test_a_stage_names_the_truncated_file_that_it_reads(tmp_path, monkeypatch, name, stage, share):
    monkeypatch.chdir(tmp_path)
    study = write_results(tmp_path)
    path = study.results() / name
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert refusal(stage, study).startswith(f"{path} {TOLD}")


def test_a_command_ends_with_one_line_and_no_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = write_results(tmp_path).results() / "samples.parquet"
    path.write_bytes(b"")
    monkeypatch.setattr(sys, "argv", ["folds", "--study", "small.yaml", "--protocol", "by_patient"])
    with pytest.raises(SystemExit, match="2"):
        run_cli(folds.main)
    assert re.fullmatch(f"error: {re.escape(f'{path} {TOLD}')}.+\n", capsys.readouterr().err)


@pytest.fixture(scope="module")
def model():
    inputs = keras.Input((4, 4, 1))
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))


def test_a_complete_model_is_read(tmp_path, model):
    model.save(tmp_path / "model.keras")
    image = np.ones((1, 4, 4, 1), "float32")
    assert np.allclose(saved_model("simple", tmp_path / "model.keras").predict(image, verbose=0), model(image))


def test_the_code_of_a_lambda_layer_does_not_run(tmp_path, monkeypatch, marker):
    monkeypatch.chdir(tmp_path)
    layer = keras.layers.Lambda(lambda x: (__import__("pathlib").Path("ran").touch(), x)[1], output_shape=(4,))
    inputs = keras.Input((4,))
    keras.Model(inputs, layer(inputs)).save(tmp_path / "model.keras")
    message = refusal(saved_model, "simple", tmp_path / "model.keras")
    assert message.startswith(f"{tmp_path}/model.keras {TOLD}") and "arbitrary code execution" in message
    assert len(message) < 1000
    assert not marker.exists()
    keras.models.load_model(tmp_path / "model.keras", safe_mode=False)(np.ones((1, 4)))
    assert marker.exists()


def changed(path: Path, **layer) -> None:
    """Change the last layer in the configuration of a .keras file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][-1] |= layer
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "intruder", "class_name": "Layer", "registered_name": "Layer"},
        {"module": "intruder", "class_name": "Layer", "registered_name": None},
        {"module": "os", "class_name": "system", "registered_name": None, "config": {"command": "touch ran"}},
        {"module": "builtins", "class_name": "exec", "registered_name": None, "config": {"source": "open('ran', 'w')"}},
        {"module": "keras.utils", "class_name": "get_file", "registered_name": None},
        {"module": "keras.layers", "class_name": "Unheard"},
        {"config": None},
    ],
)
def test_a_model_that_names_foreign_code_is_refused_before_the_code_runs(tmp_path, monkeypatch, model, marker, layer):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    text = f"from pathlib import Path\nimport keras\nPath({str(marker)!r}).touch()\nLayer = keras.layers.Flatten\n"
    (tmp_path / "intruder.py").write_text(text)
    model.save("model.keras")
    changed(Path("model.keras"), **layer)
    assert refusal(saved_model, "simple", Path("model.keras")).startswith(f"model.keras {TOLD}")
    assert not marker.exists() and "intruder" not in sys.modules


@settings(max_examples=60)
@given(end=st.floats(0, 1, exclude_max=True), other=st.none() | st.binary(max_size=40))
def test_a_truncated_or_foreign_model_is_an_error(model, end, other):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(end * len(whole))] if other is None else other)
        assert refusal(saved_model, "simple", path).startswith(f"{path} {TOLD}")


def test_a_missing_model_is_an_error_that_names_the_stage(tmp_path):
    assert "model.keras is missing; run the stage" in refusal(saved_model, "simple", tmp_path / "model.keras")


def test_the_health_of_a_cell_names_the_truncated_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = write_results(tmp_path)
    folder = study.cell_folder("simple", "by_patient", 0)
    (folder / "history.csv").write_text("epoch,loss,acc")
    assert refusal(collapse.health, folder, 1.0).startswith(f"{folder}/history.csv {TOLD}")
