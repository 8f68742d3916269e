"""Choice of the served cell; settings from the environment."""

import dataclasses
import json
from pathlib import Path

import pytest
from conftest import ROOT

from app.export import export
from app.model.choose import choose
from app.settings import Settings
from benchmarks.errors import BadInput


def write_cell(results: Path, cell: str, loss: float, dead: float = 0.1, finished: str = "2026-01-01") -> None:
    study, architecture, protocol, fold = cell.split("/")
    folder = results / study / "cells" / architecture / protocol / fold
    folder.mkdir(parents=True)
    (folder / "model.keras").touch()
    runtime = {"architecture": architecture, "protocol": protocol, "fold": int(fold), "dead_features": dead}
    (folder / "runtime.json").write_text(json.dumps(runtime | {"image_size": 32}))
    (folder / "trials.csv").write_text(f"trial,best,score\n0,False,0\n1,True,{loss}\n")
    (results / study / "provenance.json").write_text(json.dumps({"finished": finished}))


def chosen(results: Path) -> str:
    return "/".join(choose(Settings(results=results)).folder.parts[-3:])


def test_lowest_mean_validation_loss_of_the_strictest_protocol_is_chosen(tmp_path):
    for cell, loss in {
        "one/simple/by_patient/0": 2.0,
        "one/simple/by_patient/1": 1.8,
        "one/vgg16/by_patient/0": 1.0,
        "one/vgg16/by_patient/1": 3.0,
        "one/simple/by_source/0": 0.5,
        "one/simple/published/0": 0.1,
        "one/simple/by_patient_permuted/0": 0.1,
    }.items():
        write_cell(tmp_path, cell, loss)
    assert chosen(tmp_path) == "simple/by_patient/1"


def test_cell_with_constant_features_is_left_out(tmp_path):
    write_cell(tmp_path, "one/simple/by_patient/0", 1.0, dead=1)
    write_cell(tmp_path, "one/simple/by_source/0", 2.0)
    assert chosen(tmp_path) == "simple/by_source/0"
    write_cell(tmp_path, "later/simple/by_patient/0", 1.0, dead=1, finished="2026-02-01")
    with pytest.raises(BadInput, match="no usable cell under by_patient, official, by_source, external"):
        chosen(tmp_path)


def test_last_finished_study_is_chosen(tmp_path):
    write_cell(tmp_path, "old/simple/by_patient/0", 1.0, finished="2026-01-01T10:00:00+00:00")
    write_cell(tmp_path, "new/vgg16/by_patient/0", 2.0, finished="2026-01-02T09:00:00+00:00")
    assert chosen(tmp_path) == "vgg16/by_patient/0"


def test_a_named_cell_of_any_protocol_is_served(tmp_path):
    write_cell(tmp_path, "one/simple/published/0", 1.0)
    folder = tmp_path / "one/cells/simple/published/0"
    assert choose(Settings(model=folder)).folder == folder
    with pytest.raises(BadInput, match="no trained cell; give a folder"):
        choose(Settings(model=tmp_path))
    with pytest.raises(BadInput, match="no study with a report; run one"):
        choose(Settings(results=tmp_path / "nothing"))


def test_an_export_holds_the_same_cell_and_serves_it(trained_cell, tmp_path):
    cell = choose(Settings(model=trained_cell))
    copy = export(cell, tmp_path / "served")
    assert choose(Settings(results=tmp_path / "served")).folder == copy.folder
    assert len(copy.samples) and not (copy.folder / "predictions.parquet").exists()


def test_settings_come_from_the_environment():
    environment = {
        "MAMMOBENCH_MODEL": "a/b",
        "MAMMOBENCH_MAX_BYTES": "1000",
        "MAMMOBENCH_HOST": "0.0.0.0",
        "OTHER": "x",
    }
    found = Settings.of(environment)
    assert (found.model, found.max_bytes, found.host, found.timeout) == (Path("a/b"), 1000, "0.0.0.0", 30)


def test_every_setting_is_documented_with_its_default():
    text = (ROOT / "docs" / "app.md").read_text()
    for field in dataclasses.fields(Settings):
        assert f"`{field.name.upper()}`" in text
        if field.type is int and field.name != "threads":
            assert str(field.default) in text


def test_every_wrong_setting_is_listed():
    with pytest.raises(BadInput) as error:
        Settings.of({"MAMMOBENCH_TIMEOUT": "0", "MAMMOBENCH_THREADS": "many"})
    assert str(error.value).splitlines() == [
        "MAMMOBENCH_TIMEOUT=0: give a whole number above 0",
        "MAMMOBENCH_THREADS=many: give a whole number above 0",
    ]


def test_a_cell_trained_on_crops_is_not_served(tmp_path):
    write_cell(tmp_path, "demo/simple/by_patient/0", 0.5)
    about = tmp_path / "demo" / "dataset.json"
    about.write_text('{"crop": "none"}')
    cell = choose(Settings(results=tmp_path))
    cell.check_films()
    about.write_text('{"crop": "box"}')
    with pytest.raises(BadInput, match=r"trained on crops \(box\), but the service gets whole films"):
        cell.check_films()
