"""The code of a stage follows from its imports; a digest changes with what the code does, and with nothing else."""

import ast
from pathlib import Path

import pytest
from conftest import ROOT

from benchmarks.errors import BadInput
from benchmarks.run.code import Code, check, meaning

MODULE = '''
"""A module."""
A, B = 1, 2
LIMIT: int = 3


def helper(x):
    """Help."""
    return x + A


class Thing:
    """A thing."""

    def method(self):
        """Do it."""
        return B
'''


@pytest.fixture(scope="module")
def code() -> Code:
    return Code()


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"""Help."""', '"""Help more."""', True),
        ('"""Do it."""', '"""Do more."""', True),
        ('"""A module."""', "", True),
        ("return x + A", "return (x + A)  # why", True),
        ("return x + A", "return x - A", False),
        ("return B", "return B + 1", False),
        ("A, B = 1, 2", "A, B = 9, 2", False),
        ("LIMIT: int = 3", "LIMIT: int = 4", False),
        ("def method", "def way", False),
    ],
)
def test_a_digest_changes_with_what_a_module_does(old, new, same):
    assert old in MODULE
    assert (meaning(MODULE.encode()) == meaning(MODULE.replace(old, new, 1).encode())) is same


def test_a_file_that_is_no_python_has_a_digest_of_its_own():
    assert meaning(b"def (") == meaning(b"def (") != meaning(b"def ((")


@pytest.mark.parametrize("module", ["benchmarks.training", "analysis.scores.scores", "reports.render"])
def test_a_stage_has_the_files_of_all_it_imports_at_any_depth(code, module):
    """By a second way: follow the import statements by hand."""
    known = {str(path.relative_to(ROOT)) for name in code.graph.modules for path in _candidates(name) if path.is_file()}
    reached, waiting = set(), [str(path.relative_to(ROOT)) for path in _candidates(module) if path.is_file()]
    while waiting:
        file = waiting.pop()
        if file in reached or file not in known:
            continue
        reached.add(file)
        for name in _imported(file):
            waiting += [str(path.relative_to(ROOT)) for path in _candidates(name) if path.is_file()]
        waiting += [str(folder / "__init__.py") for folder in Path(file).parents]
    assert set(code.files(module)) == reached


def _candidates(module: str) -> list:
    path = ROOT.joinpath(*module.split("."))
    return [path.with_suffix(".py"), path / "__init__.py"]


def _imported(file: str) -> list[str]:
    names = []
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def test_stages_share_what_both_import_and_nothing_else(code):
    training, scores, report = (
        set(code.files(name)) for name in ("benchmarks.training", "analysis.scores.scores", "reports.render")
    )
    assert "benchmarks/study/study.py" in training & scores & report
    assert "benchmarks/cells/batches.py" in training - scores - report
    assert "analysis/bootstrap.py" in scores - training
    assert "reports/escaping.py" in report - scores - training


def test_an_unknown_module_is_an_error(code):
    with pytest.raises(BadInput, match=r"benchmarks\.nowhere is no module of .*; correct the rule that names it"):
        code.files("benchmarks.nowhere")


def test_a_digest_covers_data_files(code, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a\n1\n")
    first = code.digest(["architectures.simple"], [table])
    table.write_text("a\n2\n")
    # The next start of Snakemake reads it anew.
    assert Code().digest(["architectures.simple"], [table]) != first
    assert code.digest(["architectures.simple"]) not in (first, code.digest(["architectures.vgg16"]))


def test_code_that_changed_since_the_run_started_is_named(code, tmp_path, monkeypatch):
    copy = tmp_path / "clone"
    for file in code.files("architectures.simple"):
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        (copy / file).write_text((ROOT / file).read_text())
    code.digest(["architectures.simple"])
    code.write(tmp_path / "code.json")
    monkeypatch.setattr("benchmarks.run.code.CODE", copy)
    check(tmp_path / "code.json", ["architectures.simple"])
    changed = copy / "architectures/simple.py"
    changed.write_text(changed.read_text() + "\n# A comment changes nothing.\n")
    check(tmp_path / "code.json", ["architectures.simple"])
    changed.write_text(changed.read_text() + "\nX = 1\n")
    words = r"architectures/simple\.py has changed since this run started; start the run again"
    with pytest.raises(BadInput, match=words):
        check(tmp_path / "code.json", ["architectures.simple"])
    changed.unlink()
    with pytest.raises(BadInput, match=words):
        check(tmp_path / "code.json", ["architectures.simple"])
