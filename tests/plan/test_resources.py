"""What cells ask of a cluster: nothing learnt, learnt from cells of the same kind, asked again."""

import json

import pytest
import yaml
from conftest import ROOT
from test_workflow import snakemake, write_study

from benchmarks.plan.due import Job
from benchmarks.plan.estimate import Estimate
from benchmarks.plan.resources import OTHERS, UNKNOWN, Needs, write_needs
from benchmarks.run.foretold import foretold_cells
from benchmarks.study.study import load_study


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path)
    return load_study("small.yaml")


def finish(study, architecture, protocol, fold, megabytes, training, prediction, image_size=32):
    """Leave what a finished cell tells of itself."""
    folder = study.cell_folder(architecture, protocol, fold)
    folder.mkdir(parents=True)
    seconds = {"training": training, "prediction": prediction, "process": 1}
    about = {"peak_memory_mb": megabytes, "image_size": image_size, "seconds": seconds}
    (folder / "runtime.json").write_text(json.dumps(about))


def asked(study, architecture, protocol, attempt=1):
    return Needs(study).asked("cell", {"architecture": architecture, "protocol": protocol, "fold": "0"}, attempt)


def test_a_cell_asks_for_the_most_that_its_kind_took_with_room(study):
    finish(study, "simple", "by_patient", 0, megabytes=1000, training=100, prediction=20)
    finish(study, "simple", "by_patient", 1, megabytes=800, training=110, prediction=30)
    # 1.5 x 1000 MB and 1000 MB beside it; 3 x 140 s = 7 minutes and 5 to start
    assert asked(study, "simple", "by_patient") == (2500, 12)
    assert asked(study, "simple", "by_patient", attempt=2) == (5000, 24)
    assert asked(study, "simple", "by_patient", attempt=3) == (10000, 48)


def test_parts_of_a_megabyte_and_of_a_minute_are_asked_whole(study):
    finish(study, "simple", "by_patient", 0, megabytes=1001, training=0.5, prediction=0.5)
    assert asked(study, "simple", "by_patient") == (2502, 6)


def test_other_architectures_forms_and_image_sizes_teach_nothing(study):
    finish(study, "simple", "published", 0, megabytes=1000, training=60, prediction=0)
    finish(study, "vgg16", "by_patient", 0, megabytes=2000, training=60, prediction=0)
    finish(study, "simple", "by_patient", 0, megabytes=3000, training=60, prediction=0, image_size=64)
    assert asked(study, "simple", "by_patient") == UNKNOWN
    assert asked(study, "simple", "by_patient", attempt=2) == (2 * UNKNOWN[0], 2 * UNKNOWN[1])
    assert asked(study, "simple", "published") == (2500, 8)


def test_protocols_of_one_form_teach_each_other(study):
    _, control, fewer, _ = study.derived()
    finish(study, "simple", control, 0, megabytes=2000, training=60, prediction=0)
    assert asked(study, "simple", "by_patient") == asked(study, "simple", fewer) == (4000, 8)


def test_files_are_read_once(study):
    finish(study, "simple", "by_patient", 0, megabytes=1000, training=60, prediction=0)
    needs = Needs(study)
    cell = {"architecture": "simple", "protocol": "by_patient", "fold": "1"}
    first = needs.asked("cell", cell, 1)
    (study.cell_folder("simple", "by_patient", 0) / "runtime.json").unlink()
    assert needs.asked("cell", cell, 1) == first == (2500, 8)


def test_a_cell_that_is_being_written_teaches_nothing(study):
    finish(study, "simple", "by_patient", 0, megabytes=1000, training=60, prediction=0)
    finish(study, "simple", "by_patient", 1, megabytes=1000, training=60, prediction=0)
    (study.cell_folder("simple", "by_patient", 1) / "runtime.json").write_text("")
    assert asked(study, "simple", "by_patient") == (2500, 8)


def test_without_a_finished_cell_the_plan_counts_for_each_form(study):
    jobs = [
        Job(0, "cell", {"architecture": "simple", "protocol": "by_patient", "fold": "0"}),
        Job(1, "cell", {"architecture": "simple", "protocol": "by_patient", "fold": "1"}),
        Job(2, "leakage", {}),
    ]
    write_needs(study, jobs, {0: Estimate(120, 900, 1), 1: Estimate(60, 1000, 1), 2: Estimate(60, 2000, 1)})
    assert foretold_cells(study) == {"simple/by_patient/0": 120, "simple/by_patient/1": 60}
    # The larger of both folds: 1.5 x 1000 MB and 1000 MB beside it; 3 x 120 s = 6 minutes and 5 to start
    assert asked(study, "simple", "by_patient") == (2500, 11)
    assert asked(study, "simple", "published") == UNKNOWN
    assert Needs(study).asked("leakage", {}, 1) == (4000, 8)
    assert Needs(study).asked("claims", {}, 1) == OTHERS
    finish(study, "simple", "by_patient", 0, megabytes=2000, training=60, prediction=0)
    assert asked(study, "simple", "by_patient") == (4000, 8)


def test_another_attempt_is_announced_once(study, capsys):
    needs = Needs(study)
    assert needs.asked("figures", {}, 1) == (8000, 120)
    assert capsys.readouterr().err == ""
    assert needs.asked("figures", {}, 2) == needs.asked("figures", {}, 2) == (16000, 240)
    assert capsys.readouterr().err == "mammobench: figures: attempt 2 requests 16000 MB and 240 min\n"


@pytest.mark.parametrize("profile", ["gpu", "slurm"])
def test_a_profile_names_rules_that_are_there(tmp_path, profile):
    there = snakemake(tmp_path, "--config", write_study(tmp_path), "--list-rules").stdout.split()
    content = yaml.safe_load((ROOT / f"profiles/{profile}/config.yaml").read_text())
    assert content["set-resources"].keys() <= set(there)
