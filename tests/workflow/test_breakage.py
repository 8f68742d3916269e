"""A results folder that can't be written, and a disk that fills up: told, and nothing lost once that is mended."""

import shutil
import subprocess

import pandas as pd
import pytest
from test_workflow import TINY, snakemake, write_study

TABLES = ("scores", "headline", "comparison", "bias")


@pytest.fixture
def disk(tmp_path):
    """A function that (re)mounts the folder results/ as a disk of its own with the options it is given."""
    place = tmp_path / "results"
    place.mkdir()

    def mount(options: str) -> None:
        again = "remount," if place.is_mount() else ""
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", again + options, "tmpfs", str(place)], capture_output=True)
        if done.returncode:
            pytest.skip(f"no disk of its own for the test: {done.stderr.decode().strip()}")

    yield mount
    if place.is_mount():
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(tmp_path, disk):
    config = ["--config", write_study(tmp_path, **TINY)]
    finished = {}
    # Full before a cell is done, and after all are.
    for size in ("250k", "1500k"):
        disk(f"size={size}")
        run = snakemake(tmp_path, *config)
        assert run.returncode != 0 and "MB are left on the disk of results/small" in run.stdout
        done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("results/small/cells/simple/*/*/runtime.json")}
        assert all(done[path] == moment for path, moment in finished.items())
        finished |= done
    assert len(finished) == 2
    disk("size=200m")
    run = snakemake(tmp_path, *config)
    assert run.returncode == 0, run.stdout
    assert {path: path.stat().st_mtime_ns for path in finished} == finished

    tables = {name: pd.read_csv(tmp_path / f"results/small/tables/{name}.csv") for name in TABLES}
    shutil.rmtree(tmp_path / "results/small")
    wanted = [f"results/small/tables/{name}.csv" for name in TABLES]
    # On another number of cores, which changes nothing either.
    assert snakemake(tmp_path, "--cores", "1", *config, "--", *wanted).returncode == 0
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, pd.read_csv(tmp_path / f"results/small/tables/{name}.csv"), obj=name)


def test_a_results_folder_that_cannot_be_written_stops_the_run_at_once(tmp_path, disk):
    disk("ro")
    run = snakemake(tmp_path, "--config", write_study(tmp_path, **TINY))
    assert run.returncode != 0 and "Traceback" not in run.stdout, run.stdout
    assert "results/small can't be written: Read-only file system" in run.stdout
