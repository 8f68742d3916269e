"""Code edited while a run goes on: no later job mixes old and new code, or passes as of the old code."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from test_contributing import copied
from test_workflow import TINY, command, environment, snakemake, write_study

CHANGED = "has changed since this run started; start the run again"
PATIENCE = 300  # seconds

pytestmark = pytest.mark.slow


def edited_while_running(run: list[str], own: dict[str, str], when: Callable[[], bool], file: Path) -> str:
    """Start `run`, change what `file` does once `when` holds; return what the run printed."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(run, env=own, **streams) as process:
        deadline = time.monotonic() + PATIENCE
        while not when():
            assert process.poll() is None and time.monotonic() < deadline, process.stdout.read()
            time.sleep(0.02)
        file.write_text(file.read_text() + "\nADDED = 1\n")
        output, _ = process.communicate()
    assert process.returncode != 0, output
    return output


@pytest.mark.parametrize(
    ("file", "moment", "missing"),
    [
        # Before a job starts that depends on the file
        ("analysis/scores/scores.py", "samples.parquet", "tables/scores.csv"),
        ("architectures/simple.py", "code.json", "cells/simple/by_patient/0/runtime.json"),
        # While a job runs that has imported the file already
        ("benchmarks/cells/batches.py", "progress/simple/by_patient/0.json", "cells/simple/by_patient/0/runtime.json"),
    ],
)
def test_a_job_whose_code_was_edited_fails_in_one_line_and_the_next_run_completes(tmp_path, file, moment, missing):
    place = copied(tmp_path / "clone")
    results = place / "results/small"
    started = command(place, "--config", write_study(place, **TINY), code=place)
    output = edited_while_running(started, environment(), (results / moment).exists, place / file)
    assert f"error: {file} {CHANGED}" in output and "Traceback" not in output
    assert not (results / missing).exists()
    again = snakemake(place, "--config", "study=small.yaml", code=place)
    assert again.returncode == 0, again.stdout
    assert (results / missing).exists() and (results / "report/report.html").exists()
