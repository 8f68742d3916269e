"""Jobs in processes that have loaded the libraries: the same output and end as in one of their own, and none outlives
what started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from conftest import ROOT
from test_training import prepared, study  # noqa: F401 - fixtures

from benchmarks.run.launch import LAUNCH, SOCKET
from benchmarks.run.warm import serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
JOB = """
import os, signal, sys, time
from pathlib import Path


def main():
    Path("pid").write_text(str(os.getpid()))
    if "wait" in sys.argv:
        try:
            # A signal just before a sleep does not end it.
            for _ in range(6000):
                time.sleep(0.1)
        except KeyboardInterrupt:
            Path("tidied").touch()
            raise
    if "die" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)
    if "raise" in sys.argv:
        raise RuntimeError("it broke")
    print(os.getcwd(), os.environ["MARK"], *sys.argv[1:])
    sys.exit(3)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a job that can wait, raise or be killed."""
    (tmp_path / "job.py").write_text(JOB)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("MARK", "marked")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def launched(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([*LAUNCH, *arguments], capture_output=True, text=True)


def waiting(place: Path) -> tuple[subprocess.Popen, psutil.Process]:
    """A job that waits: the process that asked for it, and its own."""
    client = subprocess.Popen([*LAUNCH, "job", "wait"], stderr=subprocess.DEVNULL)
    while not (place / "pid").is_file() or not (place / "pid").read_text():
        time.sleep(0.05)
    return client, psutil.Process(int((place / "pid").read_text()))


def gone(process: psutil.Process) -> bool:
    try:
        process.wait(20)
    except psutil.TimeoutExpired:
        return False
    return True


def test_a_job_speaks_and_ends_as_in_a_process_of_its_own(place):
    cold = launched("job", "a", "b c")
    assert cold.returncode == 3 and cold.stdout == f"{place} marked a b c\n"
    own = int((place / "pid").read_text())
    with serving(1):
        warm = launched("job", "a", "b c")
        forked = int((place / "pid").read_text())
        broken = launched("job", "raise")
    assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)
    assert not psutil.pid_exists(forked) and forked != own and SOCKET not in os.environ
    assert broken.returncode == 1 and broken.stderr.endswith("RuntimeError: it broke\n")


def test_bad_input_is_told_the_same_way(place):
    with serving(1):
        warm = launched("benchmarks.run.status", "--study", "nowhere")
    cold = launched("benchmarks.run.status", "--study", "nowhere")
    assert warm.returncode == cold.returncode == 2 and warm.stderr == cold.stderr != ""


def test_a_process_that_is_killed_is_told_and_replaced(place):
    with serving(1):
        killed = launched("job", "die")
        assert killed.returncode == 137 and "was killed; it may have run out of memory" in killed.stderr
        assert launched("job").returncode == 3


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) == signal.SIG_IGN, reason="interrupts are ignored (nohup, &)")
def test_a_job_ends_with_what_asked_for_it(place):
    with serving(1):
        client, job = waiting(place)
        client.kill()
        assert gone(job) and not (place / "tidied").exists()
        (place / "pid").unlink()
        client, job = waiting(place)
        client.send_signal(signal.SIGINT)
        assert gone(job) and client.wait() != 0 and (place / "tidied").exists()


def test_jobs_end_with_the_run_even_if_it_is_killed(place):
    run = (
        "from benchmarks.run.warm import serving\nimport subprocess, sys\nwith serving(1): subprocess.run(sys.argv[1:])"
    )
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{place}"}
    parent = subprocess.Popen([sys.executable, "-c", run, *LAUNCH, "job", "wait"], env=environment)
    while not (place / "pid").is_file() or not (place / "pid").read_text():
        time.sleep(0.05)
    job = psutil.Process(int((place / "pid").read_text()))
    server = job.parent()
    parent.kill()
    assert gone(job) and gone(server)


def test_cells_of_one_process_are_those_of_one_each(study):  # noqa: F811
    def train(fold: int) -> pd.DataFrame:
        cell = study.cell_folder("simple", "by_patient", fold)
        options = ["--study", "small.yaml", "--architecture", "simple", "--protocol", "by_patient"]
        done = launched("benchmarks.training", *options, "--fold", str(fold), "--threads", "1")
        assert done.returncode == 0, done.stderr
        return pd.read_parquet(cell / "predictions.parquet")

    cold = [train(fold) for fold in (0, 1)]
    with serving(1):
        warm = [train(fold) for fold in (1, 0)]
    for one, other in zip(cold, reversed(warm), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
