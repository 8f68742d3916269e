"""The suite's own parts: option `--quick`, and folders that the processes of a test run share."""

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ROOT, shared

WALK = """
import subprocess, sys

def test_alone():
    assert 1 + 1 == 2

def test_library():
    import keras

def test_caught():
    try:
        import keras
    except Exception:
        pass

def test_program():
    subprocess.run([sys.executable, "-c", ""], check=True)

def test_quick_program():
    subprocess.run(["true"], check=True)
"""


@pytest.mark.parametrize("processes", [0, 2])
def test_only_what_imports_a_library_or_starts_a_program_is_left_out(tmp_path, processes):
    (tmp_path / "test_walk.py").write_text(WALK)
    (tmp_path / "test_top.py").write_text("import keras\n\ndef test_never_reached():\n    raise AssertionError\n")
    own = ["--basetemp", str(tmp_path / "base")]  # else pytest removes the folders of earlier runs
    argv = [sys.executable, "-m", "pytest", "-p", "quick", "--quick", "-n", str(processes), "-rs", "-v", *own]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "tests" / "support")}
    done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # pytest-xdist prints the outcome before the name.
    lines = re.findall(r".*(?:PASSED|SKIPPED|FAILED).*::.*|.*::.*(?:PASSED|SKIPPED|FAILED)", done.stdout)
    outcomes = {re.findall(r"::(\w+)", line)[0]: re.findall(r"[A-Z]{6,}", line)[0] for line in lines}
    assert outcomes == {
        "test_alone": "PASSED",
        "test_library": "SKIPPED",
        "test_caught": "SKIPPED",
        "test_program": "SKIPPED",
        "test_quick_program": "PASSED",
    }
    assert "[3] " in done.stdout and "not quick: imports keras" in done.stdout  # a whole file among them
    assert "not quick: starts python" in done.stdout


def test_a_shared_folder_is_filled_once(tmp_path_factory):
    filled = []

    def fill(place):
        time.sleep(0.1)  # long enough for the other to ask meanwhile
        filled.append(place)
        (place / "one").touch(exist_ok=False)

    # A lock of its own for each opened file: threads wait for each other as processes do.
    with ThreadPoolExecutor(2) as pool:
        places = list(pool.map(lambda _: shared(tmp_path_factory, "filled_once", fill), range(2)))
    assert filled == [places[0]] and places[0] == places[1] and (places[0] / "one").exists()


def test_a_shared_folder_that_could_not_be_filled_is_filled_anew(tmp_path_factory):
    def fail(place):
        (place / "half").touch()
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        shared(tmp_path_factory, "filled_anew", fail)
    assert not list(shared(tmp_path_factory, "filled_anew", lambda place: None).iterdir())
