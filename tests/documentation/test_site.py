"""The documentation site: reference pages as made from the code, a strict build, pages that need no network."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT
from playwright.sync_api import Page, sync_playwright

from docs.explanation_pictures import PICTURES, parts, phantoms
from docs.reference import pages

DOCS = ROOT / "docs"
ROOMS = ("analysis", "app", "architectures", "benchmarks", "docs", "reports")
LOADED = re.compile(r"<(?:script|img|source)[^>]*\ssrc=\"([^\"]+)\"|<link[^>]*\shref=\"([^\"]+)\"")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
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


def test_pages_that_readme_and_code_name_exist():
    readme = re.findall(r"\]\(([^)#:\s]+)(?=[)#])", (ROOT / "README.md").read_text())
    code = [path for room in ROOMS for kind in ("py", "j2", "yaml", "smk") for path in (ROOT / room).rglob(f"*.{kind}")]
    named = [name for path in code for name in re.findall(r"docs/[\w/]+\.(?:md|png|py)", path.read_text())]
    assert named and not [name for name in {*readme, *named} if not (ROOT / name).exists()]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The built site."""
    place = tmp_path_factory.mktemp("docs") / "site"
    run = built(DOCS, place)
    assert run.returncode == 0, run.stderr
    return place


@pytest.mark.slow
def test_the_site_has_every_page_and_loads_nothing_from_elsewhere(site):
    html = sorted(site.rglob("*.html"))
    assert {page.stem for page in DOCS.glob("*.md")} <= {page.stem for page in html}
    for page in html:
        for address in filter(None, (found for pair in LOADED.findall(page.read_text()) for found in pair)):
            assert not OUTSIDE.match(address), f"{page.name} loads {address}"
            assert (page.parent / address.split("?")[0].split("#")[0]).exists(), f"{page.name}: {address}"
    for style in (site / "_static").rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//", style.read_text()), f"{style.name} loads from elsewhere"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A browser's page, as wide as a telephone."""
    if not CHROMIUM:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched.new_page(viewport={"width": 390, "height": 844})
        launched.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["index", "tutorial", "study_keys", "commands", "app"])
def test_a_page_opened_as_a_file_fits_a_telephone_and_is_accessible(site, page, name):
    page.goto((site / f"{name}.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page).response["violations"]
    assert not [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")]


@pytest.mark.slow
def test_the_search_works_in_pages_opened_as_files(site, page):
    page.goto((site / "search.html").as_uri() + "?q=leakage")
    page.get_by_role("link", name="Data leakage").first.wait_for()


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


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_on_a_page_with_its_command(name):
    assert (DOCS / f"{name}.png").exists()
    of_page = [page.read_text() for page in DOCS.glob("*.md") if f"]({name}.png)" in page.read_text()]
    assert of_page and all(re.search(rf"docs\.explanation_pictures\s+{name}`", text) for text in of_page)


def test_the_pictures_show_parts_that_a_film_or_patient_shares_under_published_alone():
    samples = phantoms().samples.set_index("sample")
    shared = {}
    for protocol in ("published", "by_source", "by_patient"):
        of = parts(samples.reset_index(), protocol)
        units = samples.loc[of.index]
        shared[protocol] = [of.groupby(units[unit].to_numpy()).nunique().max() > 1 for unit in ("source", "patient")]
    assert shared == {"published": [True, True], "by_source": [False, True], "by_patient": [False, False]}


def test_the_split_of_the_tutorial_leaks(tmp_path):
    (block,) = re.findall(r"```sh\n(mkdir -p split.*?)```", (DOCS / "tutorial.md").read_text(), re.DOTALL)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    run = subprocess.run(["bash", "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 1, run.stderr
    assert "test/benign/3.png (test) is a copy of train/benign/1.png (train): mirrored" in run.stdout


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
