"""A digest of code changes with what a function rests on, and with nothing else."""

import pytest

from benchmarks.run.code import digest, modules_digest

MODULE = '''
"""A module."""
A, B = 1, 2
LIMIT: int = 3


def helper(x):
    """Help."""
    return x + A


def used(x):
    return helper(x) if x < LIMIT else 0


def beside(x):
    return B
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("return B", "return B + 1", True),
        ('"""Help."""', '"""Help more."""', True),
        ("return x + A", "return (x + A)  # why", True),
        ("B = 1, 2", "B = 1, 2\n\n\ndef added(x):\n    return used(x)\n", True),
        ("return x + A", "return x - A", False),
        ("A, B = 1, 2", "A, B = 9, 2", False),
        ("LIMIT: int = 3", "LIMIT: int = 4", False),
        ("x < LIMIT", "x <= LIMIT", False),
    ],
)
def test_what_a_function_rests_on(tmp_path, old, new, same):
    assert old in MODULE
    (tmp_path / "before.py").write_text(MODULE)
    (tmp_path / "after.py").write_text(MODULE.replace(old, new, 1))
    before, after = (digest(tmp_path / f"{name}.py", "used", "unknown") for name in ("before", "after"))
    assert (before == after) is same


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"""Help."""', '"""Help more."""', True),
        ("return x + A", "return (x + A)  # why", True),
        ("return B", "return B + 1", False),
        ("A, B = 1, 2", "A, B = 9, 2", False),
    ],
)
def test_what_a_module_is_made_of(tmp_path, old, new, same):
    (tmp_path / "other.py").write_text("X = 1\n")
    for name, text in (("before", MODULE), ("after", MODULE.replace(old, new, 1))):
        (tmp_path / f"{name}.py").write_text(f'"""About {name}."""\n\n{text}')
    before, after = (modules_digest([tmp_path / f"{name}.py", tmp_path / "other.py"]) for name in ("before", "after"))
    assert (before == after) is same
    assert modules_digest([tmp_path / "other.py"]) != after
