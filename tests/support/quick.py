"""Option `--quick`: leave out the tests that import a deep-learning library or start a program that takes seconds.

What a test imports and starts decides, so no list of quick tests has to be kept.
"""

import os
import sys
from pathlib import Path

import pytest

LIBRARIES = {"keras", "tensorflow", "jax", "torch"}
# `node` drives Chromium; the ends of the names, for example in `python3.11`, are ignored.
PROGRAMS = ("python", "snakemake", "latexmk", "pdflatex", "node", "chromium", "java", "slurm", "munge", "make", "bash")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--quick`."""
    parser.addoption("--quick", action="store_true", help="leave out tests that import Keras or start a program")


def pytest_configure(config: pytest.Config) -> None:
    """Before collection: a file that imports Keras at its top is left out as a whole."""
    # The process that starts pytest-xdist's others runs no test itself, and starts Python.
    if config.getoption("quick") and not config.getoption("numprocesses", None):
        leave_out()


def program(arguments: tuple) -> str:
    """Name of the program that a `subprocess.Popen` event starts, for example `python3.11`."""
    executable, words = arguments[:2]
    first = executable or (words if isinstance(words, str) else words[0])
    return Path(os.fsdecode(first)).name


def leave_out() -> None:
    """Skip, from now on, each test or test file of this process at its first such import or program."""
    own = os.getpid()

    def hook(event: str, arguments: tuple) -> None:
        why = ""
        if event == "import" and arguments[0] in LIBRARIES:
            why = f"imports {arguments[0]}"
        elif event == "subprocess.Popen" and program(arguments).startswith(PROGRAMS):
            why = f"starts {program(arguments)}"
        # A process forked by a test has no pytest to skip it.
        if why and os.getpid() == own:
            pytest.skip(f"not quick: {why}", allow_module_level=True)

    sys.addaudithook(hook)
