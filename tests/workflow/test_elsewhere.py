"""The workflow from other folders: as a module of another one, and with --configfile, --config and --directory."""

import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from test_workflow import SMALL, TINY, environment, planned, snakemake, write_study

FEW = TINY | {"architectures": SMALL["architectures"]}
OUTER = f"""
module first:
    snakefile: "{ROOT / "Snakefile"}"
    config: {{"study": "studies/first.yaml"}}

use rule * from first as first_*

module second:
    snakefile: "{ROOT / "Snakefile"}"
    config: {{"study": "studies/first.yaml", "folds": 3}}
    PREFIX

use rule * from second as second_*

rule count:
    default_target: True
    input: "results/first/tables/probes.csv"
    output: "lines.txt"
    shell: "(echo ${{{{PYTHONPATH:-nowhere}}}}; wc -l < {{input}}) > {{output}}"
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / write_study(tmp_path, **FEW).removeprefix("study=")).rename(tmp_path / "studies/first.yaml")
    return tmp_path


def outer(place: Path, text: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run another workflow, which knows nothing of ours but the path of its Snakefile."""
    (place / "Snakefile").write_text(text)
    own = environment()
    own.pop("PYTHONPATH", None)
    command = ["snakemake", "--cores", "1", *arguments]
    return subprocess.run(command, cwd=place, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def folds(place: Path, study: str = "first") -> list[int]:
    return sorted(pd.read_parquet(place / f"results/{study}/folds/by_patient.parquet")["fold"].unique())


def test_two_studies_are_modules_of_another_workflow(place):
    (place / "studies/second.yaml").write_text("extends: first.yaml\ndescription: Another.\nfolds: 3\n")
    text = OUTER.replace("PREFIX", "").replace('"studies/first.yaml", "folds": 3', '"studies/second.yaml"')
    run = outer(place, text, "--", "lines.txt", "results/second/folds/by_patient.parquet")
    assert run.returncode == 0, run.stdout
    where, lines = (place / "lines.txt").read_text().split()
    assert where == "nowhere", "our PYTHONPATH leaks into the outer workflow's commands"
    assert int(lines) == len(pd.read_csv(place / "results/first/tables/probes.csv")) + 1
    assert folds(place) == [0, 1] and folds(place, "second") == [0, 1, 2]
    everything = outer(place, text, "--dry-run", "--quiet", "rules", "--", "first_all", "second_all")
    assert everything.returncode == 0, everything.stdout
    # Two networks in two folds, and in three.
    assert (planned(everything.stdout, "first_cell"), planned(everything.stdout, "second_cell")) == (4, 6)


def test_a_module_with_a_prefix_is_refused(place):
    run = outer(place, OUTER.replace("PREFIX", 'prefix: "elsewhere"'), "--dry-run")
    assert run.returncode != 0 and "leave out the module's prefix" in run.stdout and "Traceback" not in run.stdout


def test_a_snakefile_without_its_packages_says_so(place):
    (place / "alone").mkdir()
    (place / "alone/Snakefile").write_text((ROOT / "Snakefile").read_text())
    run = outer(place, OUTER.replace("PREFIX", "").replace(str(ROOT / "Snakefile"), "alone/Snakefile"), "--dry-run")
    assert run.returncode != 0 and "clone the whole repository" in run.stdout


def test_configuration_comes_from_the_folder_a_file_and_the_command_line(place):
    (place / "config").mkdir()
    (place / "config/config.yaml").write_text("study: studies/first.yaml\nfolds: 3\n")
    target = ["--", "results/first/folds/by_patient.parquet"]
    assert snakemake(place, *target).returncode == 0 and folds(place) == [0, 1, 2]
    samples = (place / "results/first/samples.parquet").stat().st_mtime_ns

    (place / "more.yaml").write_text(yaml.safe_dump({"folds": 4, "search": {"trials": 3}}))
    run = snakemake(place, "--configfile", str(place / "more.yaml"), *target)
    assert run.returncode == 0 and folds(place) == [0, 1, 2, 3], run.stdout
    run = snakemake(place, "--config", "folds=2", "search={trials: 3}", *target)
    assert run.returncode == 0 and folds(place) == [0, 1], run.stdout
    # What the change doesn't touch is not made again.
    assert (place / "results/first/samples.parquet").stat().st_mtime_ns == samples

    run = snakemake(place, "--config", "fold=2", *target)
    assert run.returncode != 0 and "--config fold: unknown; allowed: study, data, and of a study seed" in run.stdout
