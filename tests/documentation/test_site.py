"""The documentation site: reference pages as made from the code, a strict build, pages that need no network."""

import contextlib
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from docs.reference import pages

DOCS = ROOT / "docs"
LOADED = re.compile(r"<(?:script|img|source)[^>]*\ssrc=\"([^\"]+)\"|<link[^>]*\shref=\"([^\"]+)\"")
OUTSIDE = re.compile(r"^(?:https?:)?//")


def built(source: Path, site: Path) -> subprocess.CompletedProcess:
    """The command of `make docs`."""
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", source, site]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("name", pages())
def test_a_reference_page_is_as_made(name):
    assert (DOCS / name).read_text() == pages()[name], "run python -m docs.reference"


def test_a_key_of_a_study_has_its_values_and_its_default():
    assert "| `folds` | integer from 2 to 20 |  | Outer folds of the honest protocols. |" in pages()["study_keys.md"]
    assert "| `search.tuner` | `random`, `bayesian`, `hyperband` | `random` |  |" in pages()["study_keys.md"]


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    run = built(DOCS, tmp_path / "site")
    assert run.returncode == 0, run.stderr
    html = sorted((tmp_path / "site").rglob("*.html"))
    assert {page.stem for page in DOCS.glob("*.md")} <= {page.stem for page in html}
    for page in html:
        text = page.read_text()
        for address in filter(None, (found for pair in LOADED.findall(text) for found in pair)):
            assert not OUTSIDE.match(address), f"{page.name} loads {address}"
            assert (page.parent / address.split("?")[0].split("#")[0]).exists(), f"{page.name}: {address}"
    for style in (tmp_path / "site/_static").rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//", style.read_text()), f"{style.name} loads from elsewhere"


@pytest.mark.slow
@pytest.mark.parametrize("link", ["missing.md", "../benchmarks/missing.py", "index.md#no-such-heading"])
def test_a_dead_link_stops_the_build(tmp_path, link):
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("conf.py", "site.css"):
        shutil.copy(DOCS / name, docs)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (docs / "index.md").write_text(f"# Title\n\n[A link]({link}) and one that [works](conf.py).\n")
    run = built(docs, tmp_path / "site")
    assert run.returncode and link.split("/")[-1].split("#")[-1] in run.stderr


def test_numbers_are_recomputed_as_the_page_says(tmp_path, monkeypatch):
    for fold, (labels, malignant) in enumerate([("BM", (0.2, 0.9)), ("BM", (0.6, 0.6))]):
        names = [{"B": "Density1Benign", "M": "Density1Malignant"}[letter] for letter in labels]
        answers = pd.DataFrame({"label": names, "patient": [f"{fold}a", f"{fold}b"]})
        answers["p_Density1Malignant"] = malignant
        answers["p_Density1Benign"] = 1 - answers["p_Density1Malignant"]
        answers["predicted"] = np.where(answers["p_Density1Malignant"] > 0.5, "Density1Malignant", "Density1Benign")
        folder = tmp_path / f"results/demo/cells/simple/by_patient/{fold}"
        folder.mkdir(parents=True)
        answers.to_parquet(folder / "predictions.parquet")
    (tmp_path / "results/demo/tables").mkdir()
    row = {"architecture": "simple", "protocol": "by_patient", "task": "class8", "metric": "accuracy"}
    scores = pd.DataFrame([row | {"estimate": 0.75, "ci_low": 0.25, "ci_high": 1.0}])
    scores.to_csv(tmp_path / "results/demo/tables/scores.csv")
    monkeypatch.chdir(tmp_path)
    printed, known = io.StringIO(), {}
    with contextlib.redirect_stdout(printed):
        for block in re.findall(r"```python\n(.*?)```", (DOCS / "recompute.md").read_text(), re.DOTALL):
            exec(block, known)
    assert "4 films of 4 patients, accuracy 0.75" in printed.getvalue()
    assert printed.getvalue().endswith("\n0.75\n")  # one pair in order, one tied
