import importlib.util
import json
import re
import shlex
import subprocess
import types
from pathlib import Path

import pytest
from synthetic_results import write_results

from benchmarks.errors import BadInput
from benchmarks.study.study import load_study
from reports import provenance
from reports.sections import run as sections


def git(folder, *arguments):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("a")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_results(tmp_path, architectures=("simple",), protocols=("published", "by_patient"), n_folds=2)
    return load_study("synthetic.yaml")


def test_commit_and_changes_of_a_checkout(checkout):
    state = provenance.git_state(checkout)
    assert len(state["commit"]) == 40 and state["dirty"] is False
    (checkout / "file").write_text("b")
    assert provenance.git_state(checkout) == {"commit": state["commit"], "dirty": True}


def test_a_new_file_makes_a_checkout_dirty(checkout):
    (checkout / "new").write_text("")
    assert provenance.git_state(checkout)["dirty"] is True


def test_no_commit_without_git_nor_from_the_repository_around(checkout, monkeypatch):
    inner = checkout / "copy"
    inner.mkdir()
    unknown = {"commit": None, "dirty": None}
    assert provenance.git_state(inner) == unknown
    monkeypatch.setenv("PATH", "")
    assert provenance.git_state(checkout) == unknown


def test_packages_are_those_asked_for(tmp_path):
    requirements = tmp_path / "requirements.in"
    requirements.write_text("# a comment\nnumpy>=1  # why\nno-such-package-here==1\n\n")
    found = provenance.packages(requirements)
    assert list(found) == ["no-such-package-here", "numpy"]
    assert found["no-such-package-here"] is None and found["numpy"][0].isdigit()


def test_collects_cells_seeds_data_and_times(study):
    told = provenance.collect(study)
    folds = [("published", 0), ("by_patient", 0), ("by_patient", 1)]
    for name in study.compared():
        own = [(cell["protocol"], cell["fold"]) for cell in told["cells"] if cell["architecture"] == name]
        assert own == folds
    assert told["seeds"] == {"study": 1, "cells": [1, 2]}
    assert told["intervals"] == {"method": "95% CI by percentile bootstrap over patients", "resamples": study.bootstrap}
    assert told["data"]["digest"] == "ab" * 32
    # The first cell took 60 + 1.25 s and finished at 10:00.
    assert told["started"] == "2026-01-01T09:58:58+00:00" and told["finished"] == "2026-01-02T10:00:00+00:00"
    assert told["study"]["text"] == study.path.read_text()
    assert told["hardware"]["cells"] == [{"cpu": "A CPU", "cores": 2, "memory_gb": 16.0, "system": "Linux"}]


def test_same_results_give_the_same_provenance(study):
    assert json.dumps(provenance.collect(study)) == json.dumps(provenance.collect(study))


def test_commands_pass_study_and_data(study):
    commands = provenance.commands(study, "my data.zip")
    assert commands[0] == "snakemake --cores all --config study=synthetic.yaml 'data=my data.zip'"
    assert "python -m benchmarks.samples --study synthetic.yaml --data 'my data.zip'" in commands
    assert "python -m benchmarks.samples.folds --study synthetic.yaml --protocol by_patient" in commands
    assert not [command for command in provenance.commands(study, None) if "data=" in command or "--data" in command]


def modules(study) -> list[str]:
    """Module of each command but that of Snakemake."""
    return [shlex.split(command)[2] for command in provenance.commands(study, None)[1:]]


def test_every_module_of_the_commands_exists_and_can_be_run(study):
    for module in modules(study):
        found = importlib.util.find_spec(module)
        assert found, module
        if found.submodule_search_locations:
            found = importlib.util.find_spec(f"{module}.__main__")
        assert '__name__ == "__main__"' in Path(found.origin).read_text(), module


def test_the_commands_run_the_modules_of_the_rules(study):
    """Modules that a rule names in full; those that train cells are in the cells' own commands."""
    rules = "".join(path.read_text() for path in provenance.CODE.rglob("rules.smk"))
    named = set(re.findall(r'"((?:analysis|benchmarks|reports)\.[\w.]+)(?: --[^"]*)?"', rules))
    assert {"benchmarks.samples.folds", "reports.render"} <= named
    elsewhere = {"benchmarks.training", "benchmarks.baselines.baselines", "benchmarks.validation.planted_bias"}
    elsewhere |= {"benchmarks.datasets.planted", "benchmarks.recipe.maps"}  # no architecture of the study has maps
    elsewhere |= {"benchmarks.replays.folds", "benchmarks.replays.replay", "analysis.survey.replays", "reports.survey"}
    assert {module.removesuffix(".__main__") for module in named} - elsewhere <= set(modules(study))
    for stage in re.findall(r'f"(analysis\.\w+)\.\{stage\}"', rules):
        assert [module for module in modules(study) if module.startswith(f"{stage}.")]


def test_a_study_that_replays_publications_names_their_splits_and_tables():
    own = {"extends": "survey_anonymous", "publications": {"ujwalkumar_2023": None}}
    told = provenance.commands(load_study(json.dumps(own)), None)
    assert [line for line in told if line.startswith("python -m analysis.survey.replays")]
    splits = [line.split()[-1] for line in told if "benchmarks.replays.folds" in line]
    assert splits == ["jimenez_2024", "jimenez_2024_permuted"]


def test_the_version_is_that_of_the_project(study, tmp_path):
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", provenance.collect(study)["version"])
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.3"\n')
    assert provenance.version(tmp_path) == "1.2.3"


def test_version_and_commit_stand_in_the_report(study):
    told = provenance.collect(study) | {"version": "1.2.3", "code": {"commit": "f" * 40, "dirty": False}}
    (section,) = sections.provenance(types.SimpleNamespace(provenance=told))
    facts = {name.text: value.text for name, value in section.blocks[1].rows}
    assert facts["mammobench"] == "version 1.2.3" and facts["code"] == f"commit {'f' * 40}, no changes"
    # Results of a run before the version was written down.
    del told["version"]
    (section,) = sections.provenance(types.SimpleNamespace(provenance=told))
    assert "mammobench" not in [name.text for name, _ in section.blocks[1].rows]


def test_a_cell_that_has_not_run_is_named(study):
    (study.results() / "cells/simple/by_patient/1/runtime.json").unlink()
    with pytest.raises(BadInput, match=r"simple/by_patient/1/runtime\.json is missing"):
        provenance.collect(study)
