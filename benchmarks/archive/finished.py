"""Whether a study is finished: all its files are there, and Snakemake finds nothing to be done."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import stored
from benchmarks.errors import BadInput, refuse
from benchmarks.fetch.cache import with_cached_data
from benchmarks.run.code import CODE
from benchmarks.run.status import DONE, cell_states
from benchmarks.study.study import Study, load_study

NOTHING = "Nothing to be done"
NEEDED = (
    *("dataset.json", "samples.parquet", "provenance.json", "results.json"),
    *(f"report/{name}.{kind}" for name in ("report", "supplement") for kind in ("html", "tex")),
)
CONTINUE = "finish the study first (snakemake --cores all --config study={}), then archive it"


def finished_study(name_or_path: str, data: str | None) -> Study:
    """Return the study as its results were made: with the changes and the data that its provenance records.

    `data` replaces the recorded place of the data. Raises BadInput without a provenance.json.
    """
    results = load_study(name_or_path).results()
    path = results / "provenance.json"
    if not path.is_file():
        raise BadInput(f"{path} is missing: {CONTINUE.format(name_or_path)}")
    recorded = stored.record(path)
    changes = recorded["study"]["overrides"]
    argument = json.dumps({"extends": name_or_path} | changes) if changes else name_or_path
    place = data or recorded["data"]["data"]
    return with_cached_data(load_study(argument, place if place and Path(place).exists() else data))


def check_finished(study: Study) -> None:
    """Raise BadInput that lists what is missing from the results of `study`, or what a change has made due."""
    head = f"{study.results()}: the study is not finished; {CONTINUE.format(study.source.named)}:"
    refuse(head, missing(study))
    refuse(head, due(study))


def missing(study: Study) -> Iterator[str]:
    """Yield a line for each file that a finished study has and this one lacks."""
    results = study.results()
    for name in (*NEEDED, *(["tables/replays.csv"] if study.publications else [])):
        if not (results / name).is_file():
            yield f"{name} is missing"
    for cell in cell_states(study):
        if cell.state != DONE:
            yield f"cell {cell.name}: {cell.state}"
    if study.failures_file().is_file():
        yield f"{study.failures_file().name} lists architectures that failed in the last run"


def due(study: Study) -> Iterator[str]:
    """Yield a line for each rule that a dry run of Snakemake would run. Raises BadInput if the dry run fails."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(configuration(study) | ({"data": str(study.data)} if study.data else {})))
        command = ["--snakefile", str(CODE / "Snakefile"), "--dry-run", "--quiet", "rules", "--configfile", str(path)]
        run = subprocess.run([sys.executable, "-m", "snakemake", *command], capture_output=True, text=True)
    said = run.stdout + run.stderr
    if run.returncode:
        raise BadInput(f"snakemake --dry-run failed for study {study.name}:\n{said.strip()}")
    if NOTHING in said:
        return
    words = [line.split() for line in said.splitlines()]
    counts = {line[0]: line[1] for line in words if len(line) == 2 and line[1].isdigit()}
    for rule in counts.keys() - {"total", "all"} or {"all"}:
        yield f"rule {rule} is due for {counts.get(rule, 'some')} jobs"


def configuration(study: Study) -> dict:
    """Return Snakemake's configuration that runs `study`, without the place of its data."""
    return {"study": study.source.named} | study.source.overrides
