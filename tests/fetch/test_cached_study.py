"""A study finds what `make data` downloaded, and says so; without data it says what to do."""

import shutil
from pathlib import Path

import pytest
from test_workflow import snakemake

from benchmarks.fetch.cache import cached, with_cached_data
from benchmarks.study.study import load_study


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("MAMMOBENCH_DATA", str(tmp_path / "cache"))
    path = tmp_path / "cache/mendeley_inbreast/archive.zip"
    path.parent.mkdir(parents=True)
    return path


def test_a_study_takes_the_archive_of_its_own_data_set_unless_it_is_given_data(cache):
    assert with_cached_data(load_study("laptop")).data is None
    cache.touch()
    assert with_cached_data(load_study("laptop")).data == cache
    assert with_cached_data(load_study("laptop", "mine.zip")).data == Path("mine.zip")
    assert with_cached_data(load_study("demo")).data is None


def test_without_the_variable_the_cache_lies_where_the_system_keeps_caches(monkeypatch):
    monkeypatch.delenv("MAMMOBENCH_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cached("mendeley_inbreast") == Path("/somewhere/mammobench/mendeley_inbreast/archive.zip")


def test_the_workflow_uses_the_cache_and_says_so(cache, real_zip, tmp_path):
    shutil.copyfile(real_zip, cache)
    run = snakemake(tmp_path, "--dry-run", "--quiet", "rules", "--config", "study=laptop")
    assert run.returncode == 0, run.stdout
    assert f"Data: {cache}, which `make data` downloaded" in run.stdout


def test_without_data_the_message_names_make_data(cache, tmp_path):
    run = snakemake(tmp_path, "--dry-run", "--config", "study=laptop")
    assert run.returncode != 0 and "run `make data`" in run.stdout and "Traceback" not in run.stdout
