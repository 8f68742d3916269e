"""CONTRIBUTING.md, followed to the letter in a copy of the repository: its code blocks, in their order."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT
from test_workflow import planned

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLED = ".requirements"  # of Makefile: newer than requirements.txt, the environment is up to date
FILE = re.compile(r"# (\S+\.\w+)\n")  # first line of a block that is a file, or goes to the end of one


def copied(place: Path) -> Path:
    """All files that git knows or would add, and the environment that runs this test."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    # As good as made by `make environment`, which then has nothing to do.
    (place / ".venv").mkdir(parents=True)
    for entry in Path(sys.prefix).iterdir():
        if entry.name != INSTALLED:
            (place / ".venv" / entry.name).symlink_to(entry)
    (place / ".venv" / INSTALLED).touch()
    return place


def follow(place: Path, language: str, text: str) -> str:
    """Write a block that names its file, run one for the shell; return what it printed."""
    if language != "sh":
        path = place / FILE.match(text)[1]
        content = text.split("\n", 1)[1]
        whole = path.exists() and not content.startswith('"""')
        path.write_text(f"{path.read_text()}\n\n{content}" if whole else content)
        return ""
    environment = os.environ | {"PATH": f"{place / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    how = {"cwd": place, "env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    run = subprocess.run(["bash", "-e", "-c", text], **how)
    assert run.returncode == 0, f"{text}\n{run.stdout[-5000:]}"
    return run.stdout


def test_the_template_differs_from_an_architecture_by_its_name_alone():
    text = (ROOT / "architectures/_template.py").read_text()
    assert "def template(inputs, hp" in text and len(text.splitlines()) <= 25


@pytest.mark.slow
def test_the_walk_ends_in_a_report_with_all_that_was_added(tmp_path):
    place = copied(tmp_path)
    printed = [
        (text, follow(place, *block))
        for block in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text())
        for text in block[1:]
    ]

    assert len((place / "architectures/mobilenet.py").read_text().splitlines()) <= 25
    check = next(told for text, told in printed if "make check NAME" in text)
    assert "architectures/mobilenet.py: nothing wrong found at 64 px" in check

    runs = [told for text, told in printed if text == "snakemake --cores 2 --config study=first.yaml\n"]
    assert "Study first: 6 cells, 6 of them trained in this run" in runs[0]
    assert "Study first: 6 cells, 0 of them trained in this run" in runs[1]
    tables = place / "results/first/tables"
    assert set(pd.read_csv(tables / "cells.csv").query("variant == 'corrected'")["architecture"]) == {
        "mobilenet",
        "simple",
    }
    report = (place / "results/first/report/supplement.html").read_text()
    for words in ('id="card-mobilenet"', "Howard et al. (2017)", "MobileNet was not part of the original study"):
        assert words in report
    assert "cohen_kappa" in set(pd.read_csv(tables / "scores.csv")["metric"]) and "Cohen&#39;s kappa" in report
    assert "border_heat" in set(pd.read_csv(tables / "bias.csv")["check"]) and "saliency on the border" in report

    demo, hospitals = (told for text, told in printed if "--dry-run" in text)
    # Nothing of demo has run here: 6 networks and the new one in four cells each, 13 of controls and learning curve.
    assert planned(demo, "cell") == 4 * 7 + 13
    # Two networks by two folds, and by the one hospital that is tested.
    assert planned(hospitals, "cell") == 2 * (2 + 1)
