"""Record of a finished study: facts that a reader counts in tables of a few lines, and what is refused."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT

from benchmarks.errors import BadInput
from benchmarks.run.code import Code
from docs.numbers import records, study
from docs.numbers.records import Measured, read, stale

REPORT = "report/report.html"
INTERVAL = {"ci_low": 0.1, "ci_high": 0.9}
TABLES = {
    "headline": [
        {"architecture": "simple", "accuracy": 0.8, "skill": "yes", "verdict": "beats majority"},
        {"architecture": "vgg16", "accuracy": 0.3, "skill": "no", "verdict": "does not beat majority"},
        {"architecture": "majority", "accuracy": 0.3, "skill": "baseline", "verdict": "baseline"},
    ],
    "scores": [
        {"architecture": "simple", "task": "severity", "metric": "roc_auc_within", "estimate": 0.75},
        {"architecture": "simple", "task": "severity", "metric": "roc_auc", "estimate": 0.5},
        {"architecture": "simple", "task": "class8", "metric": "accuracy", "estimate": 0.8},
    ],
    "control": [{"architecture": "simple", "permuted": 0.7, "chance": 0.2, "verdict": "above chance: leakage"}],
    "leakage": [
        {"part_a": part_a, "part_b": part_b, "fold": fold, "kind": kind, "n_b": 10, "n_flagged": n}
        for fold in (0, 1)
        for part_a, part_b, kind, n in [
            ("train", "test", "near_duplicate", 4),
            ("train", "test", "pixel_identical", 1),
            ("validation", "test", "near_duplicate", 9),
        ]
    ],
    "shortcuts": [
        {"probe": "orientation", "task": "class8", "estimate": 0.9, "chance": 0.2},
        {"probe": "file_size", "task": "all", "estimate": None, "chance": None},
    ],
    "comparison": [
        {"family": "baseline", "a": "simple", "b": "majority", "verdict": "a better", "detectable": 0.2},
        {"family": "baseline", "a": "vgg16", "b": "majority", "verdict": "no difference shown", "detectable": 0.3},
        {"family": "architectures", "a": "simple", "b": "vgg16", "verdict": "a better", "detectable": None},
    ],
    "claims": [
        {"kind": "claim", "verdict": "not evaluable"},
        {"kind": "claim", "verdict": "not evaluable"},
        {"kind": "figure", "verdict": "reproduced"},
    ],
    "bias": [
        {"architecture": "simple", "check": "erase", "region_or_group": "lesion", "effect": 0.01, "verdict": "flagged"},
        {"architecture": "simple", "check": "erase", "region_or_group": "border", "effect": 0.4, "verdict": "flagged"},
        {"architecture": "vgg16", "check": "erase", "region_or_group": "lesion", "effect": 0.02, "verdict": "flagged"},
        {"architecture": "vgg16", "check": "heat", "region_or_group": "lesion", "effect": 0.1, "verdict": "clear"},
        {"architecture": "alexnet", "check": "heat", "region_or_group": "lesion", "verdict": "not evaluable"},
    ],
}
COMMON = {
    "headline": INTERVAL | {"n_samples": 20, "n_units": 10},
    "scores": INTERVAL | {"n_samples": 20, "n_units": 10},
    "control": INTERVAL | {"n_samples": 20, "n_units": 10},
    "shortcuts": INTERVAL | {"n_samples": 20, "n_units": 10},
    "comparison": {"task": "class8", "metric": "accuracy", "test": "paired_bootstrap"},
    "bias": INTERVAL | {"n": 9},
}


@pytest.fixture
def results(tmp_path) -> Path:
    """A finished study of the project's demo: tables, provenance, the code that ran."""
    folder = tmp_path / "results"
    for name in ("tables", "report", "cells/simple/by_patient/0"):
        (folder / name).mkdir(parents=True)
    for name, rows in TABLES.items():
        table = pd.DataFrame([{"protocol": "by_patient"} | COMMON.get(name, {}) | row for row in rows])
        table.to_csv(folder / "tables" / f"{name}.csv", index=False)
    code = Code()
    code.digest(["benchmarks.yaml_file"])
    code.write(folder / "code.json")
    (folder / "cells/simple/by_patient/0/runtime.json").write_text("{}")
    (folder / REPORT).write_text("")
    for file, second in (("code.json", 1000), ("cells/simple/by_patient/0/runtime.json", 1600), (REPORT, 2200)):
        os.utime(folder / file, (second, second))
    provenance = {
        "study": {"text": (ROOT / "benchmarks/studies/demo.yaml").read_text()},
        "hardware": {"report": {"cpu": "CPU", "cores": 2, "memory_gb": 7.8, "system": "Linux"}},
        "cell_versions": [{"keras": "3"}],
        "commands": ["snakemake --config study=demo data=/home/me/films.zip"],
        "finished": "2026-01-02T03:04:05+00:00",
    }
    (folder / "provenance.json").write_text(json.dumps(provenance))
    return folder


@pytest.fixture
def demo(tmp_path, monkeypatch) -> Measured:
    """The measurement of the study `demo`."""
    monkeypatch.setattr(records, "DIGESTS", tmp_path / "digests.json")
    keys = {"about": "", "command": "snakemake", "minutes": 1, "study": "demo"}
    return Measured("demo", record=tmp_path / "demo.json", files=("benchmarks/studies/demo.yaml",), **keys)


def test_facts_are_those_that_a_reader_counts_in_the_tables(results):
    found = study.facts(results)
    tested = {"low": 0.1, "high": 0.9, "n": 20, "patients": 10}
    assert found["networks"] == ["simple", "vgg16"]
    assert found["accuracies"][0] == {
        **{"architecture": "simple", "protocol": "by_patient", "accuracy": 0.8},
        **tested,
        **{"skill": "yes", "verdict": "beats majority"},
    }
    expected = {"architecture": "simple", "protocol": "by_patient", "estimate": 0.75, "pooled": 0.5}
    assert found["severity"] == [expected | tested]
    assert found["leakage"] == [{"protocol": "by_patient", "part": "test", "copies": 8, "identical": 2, "n": 20}]
    assert [row["probe"] for row in found["shortcuts"]] == ["orientation"]
    assert found["better"] == [{"protocol": "by_patient", "a": "simple", "b": "majority"}]
    assert found["power"] == {"by_patient": [0.2, 0.3]}
    assert found["claims"] == {"not evaluable": 2}
    bias = found["bias"]["by_patient"]
    assert bias["judged"] == 2 and bias["without_skill"] == 1
    example = {"architecture": "simple", "effect": 0.01, "low": 0.1, "high": 0.9, "n": 9}
    assert bias["checks"]["erase"] == {"judged": 2, "flagged": 2, "effects": [0.01, 0.02], "example": example}
    assert bias["checks"]["heat"] == {"judged": 1, "flagged": 0, "effects": [None, None], "example": None}


def test_a_record_names_command_machine_and_the_code_that_ran(results, demo):
    study.record(demo, results)
    kept = read(demo.record)
    assert kept["command"] == "snakemake --config study=demo data=PATH"
    assert kept["hardware"] == "CPU, 2 cores, 8 GiB, Linux" and kept["versions"] == "keras 3"
    assert kept["finished"].startswith("2026-01-02") and kept["minutes"] == 20
    assert stale(demo, records.digests()["demo"], Code()) == ""
    ran = json.loads((results / "code.json").read_text())
    ran["files"]["benchmarks/yaml_file.py"]["meaning"] = "older"
    (results / "code.json").write_text(json.dumps(ran))
    study.record(demo, results)
    assert stale(demo, records.digests()["demo"], Code()) == "its code has changed"


def test_a_continued_run_has_no_duration(results, demo):
    os.utime(results / "code.json", (1700, 1700))
    study.record(demo, results)
    assert read(demo.record)["minutes"] is None


def test_results_of_another_study_are_refused(results, demo):
    provenance = json.loads((results / "provenance.json").read_text())
    text = provenance["study"]["text"]
    provenance["study"]["text"] = text.replace("Generated phantoms", "Other words")
    (results / "provenance.json").write_text(json.dumps(provenance))
    study.record(demo, results)
    provenance["study"]["text"] = text.replace("seed: 1", "seed: 2")
    (results / "provenance.json").write_text(json.dumps(provenance))
    with pytest.raises(BadInput, match=r"differs from benchmarks/studies/demo\.yaml"):
        study.record(demo, results)
