"""The archive of a finished study, unpacked by a reviewer: nothing to be done, no image, every file as described."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT
from test_folder_study import DATA, ward  # noqa: F401 - a fixture
from test_workflow import TINY, environment, snakemake, write_study

NOTHING = "Nothing to be done"


def archive(place: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "benchmarks.archive", "--study", "small.yaml", *arguments]
    own = environment()
    own["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [own.get("PYTHONPATH")])])
    return subprocess.run(command, cwd=place, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def reviewed(folder: Path) -> str:
    """What a plain dry run says in the unpacked archive."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules"]
    own = environment()
    own.pop("PYTHONPATH", None)
    return subprocess.run(
        command, cwd=folder, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ).stdout


def unpack(path: Path, folder: Path) -> Path:
    """Unpack by Python, which sets all time stamps anew."""
    with zipfile.ZipFile(path) as packed:
        packed.extractall(folder)
    return folder


def described(folder: Path) -> dict[str, dict]:
    """The entities of the metadata by their names."""
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    return {entity["@id"]: entity for entity in graph}


def check_description(folder: Path) -> None:
    """All files, sizes and digests are as the metadata say; the profile's entities are there."""
    entities = described(folder)
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    files = {name: one for name, one in entities.items() if "File" in one["@type"]}
    assert set(files) == present - {"ro-crate-metadata.json"}
    for name, one in files.items():
        content = (folder / name).read_bytes()
        assert (one["contentSize"], one["sha256"]) == (str(len(content)), hashlib.sha256(content).hexdigest())
    root = entities["./"]
    assert {part["@id"] for part in root["hasPart"]} == set(files)
    assert {one["@id"].rsplit("/", 2)[1] for one in root["conformsTo"]} == {"process", "workflow", "workflow-ro-crate"}
    assert root["mainEntity"]["@id"] == "Snakefile"
    assert set(entities["Snakefile"]["@type"]) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    (run,) = [one for one in entities.values() if one["@type"] == "CreateAction"]
    assert run["instrument"]["@id"] == "Snakefile" and run["startTime"] <= run["endTime"]
    assert {"@id": "results/small/report/report.html"} in run["result"] and {"@id": "small.yaml"} in run["object"]


def check_by_validator(folder: Path) -> None:
    """As roc-validator judges; it is no requirement of the project, as it asks for an older rich."""
    if validator := shutil.which("rocrate-validator"):
        command = [validator, "--no-interactive", "validate", "--profile-identifier", "workflow-run-crate", str(folder)]
        judged = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert judged.returncode == 0, judged.stdout


@pytest.mark.slow
def test_an_archive_of_phantoms(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    run = snakemake(place, "--config", write_study(place, **TINY), "folds=3")
    assert run.returncode == 0, run.stdout
    made = archive(place)
    assert made.returncode == 0, made.stdout
    folder = unpack(place / "results/small.crate.zip", tmp_path / "review")
    check_description(folder)
    assert NOTHING in reviewed(folder)
    check_by_validator(folder)
    names = {path.name for path in folder.rglob("*")}
    assert "simple.npz" in names and "predictions.parquet" in names
    assert not any(name.endswith(".keras") or name.startswith(("images_", "masks_")) for name in names)

    # Time stamps as `unzip` restores them; with models
    assert archive(place, "--models", "--output", "other.zip").returncode == 0
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-q", str(place / "other.zip"), "-d", str(tmp_path / "unzipped")], check=True)
        assert NOTHING in reviewed(tmp_path / "unzipped")
        kept = "results/small/report/report.html"
        assert int((tmp_path / "unzipped" / kept).stat().st_mtime) == int((place / kept).stat().st_mtime)
        assert len([*tmp_path.glob("unzipped/results/small/cells/simple/*/*/model.keras")]) == 3

    # A change of the code is due in the unpacked archive, too.
    thresholds = folder / "analysis/bias/thresholds.py"
    thresholds.write_text(thresholds.read_text() + "\nX = 1\n")
    assert NOTHING not in reviewed(folder)

    # A lost cell, then a changed study
    lost = next(place.glob("results/small/cells/simple/by_patient/1/predictions.parquet"))
    lost.rename(place / "kept")
    refused = archive(place)
    assert refused.returncode == 2 and "cell simple/by_patient/1: waiting" in refused.stdout
    (place / "kept").rename(lost)
    write_study(place, **TINY, seed=6)
    refused = archive(place)
    assert refused.returncode == 2 and "rule folds is due for 1 jobs" in refused.stdout
    assert "Traceback" not in refused.stdout


@pytest.mark.slow
def test_an_archive_of_patients_has_no_image_and_needs_no_data(tmp_path, ward):  # noqa: F811
    place = tmp_path / "place"
    place.mkdir()
    run = snakemake(place, "--config", write_study(place, **TINY | {"dataset": DATA}), f"data={ward}")
    assert run.returncode == 0, run.stdout
    made = archive(place)
    assert made.returncode == 0, made.stdout
    shutil.rmtree(ward)
    folder = unpack(place / "results/small.crate.zip", tmp_path / "review")
    check_description(folder)
    assert NOTHING in reviewed(folder)
    results = folder / "results/small"
    shown = [path for path in results.rglob("*") if path.suffix in (".svg", ".html")]
    assert shown and not any("image/png;base64" in path.read_text() for path in shown)
    assert not [path for path in results.rglob("*") if path.suffix in (".npy", ".npz", ".png", ".jpg")]
    for page in (place / "results/small/figures").glob("*.svg"):
        if "image/png;base64" in page.read_text():
            assert not (results / "figures" / page.name).with_suffix(".pdf").exists()
    assert (results / "figures/headline.pdf").is_file()
    assert "does%20not%20include%20it" in (results / "report/supplement.html").read_text()
    # Where work is due, the data are asked for.
    (results / "report/report.html").unlink()
    assert NOTHING not in reviewed(folder)
