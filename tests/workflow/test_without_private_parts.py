"""Snakemake's private parts missing, as after a change of Snakemake: the run is slower or less pretty, and right."""

import re

import pytest
from test_contributing import copied
from test_workflow import TINY, snakemake, write_study

from benchmarks.validation.same import differences

# Attributes of `workflow`
PRIVATE = ("dag", "scheduler", "modifier", "local_exec", "is_main_process", "global_resources")
MODULES = ("snakemake.persistence.file", "snakemake.io")


@pytest.mark.slow
def test_without_private_parts_a_run_gives_the_same_tables(finished, tmp_path):
    assert re.search(r"cells, \d+ of them trained", (finished / "run.log").read_text())
    clone = copied(tmp_path / "clone")
    module = clone / "benchmarks/run/snakemake_private.py"
    text = module.read_text()
    for name in PRIVATE:
        assert f"workflow.{name}" in text or f'"{name}"' in text
        text = text.replace(f"workflow.{name}", f"workflow.no_{name}").replace(f'"{name}"', f'"no_{name}"')
    for name in MODULES:
        assert f"from {name} import" in text
        text = text.replace(f"from {name} import", f"from {name}_moved import")
    module.write_text(text)
    run = snakemake(clone, "--config", write_study(clone, **TINY), code=clone)
    assert run.returncode == 0, run.stdout
    assert (clone / "results/small/report/report.html").exists() and not (
        clone / "results/small/.records.json.gz"
    ).exists()
    assert not list(differences(finished / "results/small", clone / "results/small"))
