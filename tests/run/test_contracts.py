"""Import directions are checked: a planted forbidden import makes `make check` fail."""

import subprocess
import sys
from pathlib import Path

import pytest
from test_contributing import copied


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    return copied(tmp_path_factory.mktemp("contracts") / "clone")


def lint(clone: Path) -> subprocess.CompletedProcess:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True)


def test_the_tree_as_it_is_keeps_all_contracts(clone):
    assert lint(clone).returncode == 0, lint(clone).stdout


@pytest.mark.parametrize(
    ("file", "line", "words"),
    [
        ("architectures/simple.py", "from benchmarks import errors", "architectures.simple -> benchmarks.errors"),
        ("benchmarks/stored.py", "import analysis.metrics", "benchmarks.stored -> analysis.metrics"),
        ("benchmarks/datasets/_files.py", "import benchmarks.cells.cell", "datasets._files -> benchmarks.cells.cell"),
        ("analysis/audit/partners.py", "import analysis.explanations.heat", "partners -> analysis.explanations.heat"),
        ("analysis/explanations/heat.py", "import analysis.explanations.sanity", "No cycles are allowed"),
        ("reports/results.py", "import benchmarks.run.status", "reports.results -> benchmarks.run.status"),
        ("analysis/new_room/__init__.py", "", "new_room"),
    ],
)
def test_a_planted_import_in_the_wrong_direction_is_named(clone, file, line, words):
    path = clone / file
    text = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    try:
        path.write_text(f"{text or ''}\n{line}\n")
        found = lint(clone)
        assert found.returncode != 0 and words in found.stdout, found.stdout
    finally:
        path.write_text(text) if text is not None else path.unlink()


def test_make_check_runs_the_contracts(clone):
    planned = subprocess.run(["make", "--dry-run", "check"], cwd=clone, capture_output=True, text=True, check=True)
    assert all(step in planned.stdout for step in ("lint-imports", "mypy", "pre-commit run --all-files"))
