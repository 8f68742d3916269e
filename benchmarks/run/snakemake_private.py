"""What we use of Snakemake's private parts: each with its reason, and with what happens where the part has changed.

Snakemake passes `workflow` to every Snakefile, but documents none of its attributes. All else that the workflow needs
of Snakemake is public.
"""

import contextlib
import functools
import gzip
import json
import os
import uuid
from pathlib import Path
from typing import Any

from benchmarks import stored

CHANGED = (AttributeError, ImportError, TypeError)  # what a changed private part raises
KEPT = ".records.json.gz"  # Snakemake's records of a results folder, in that folder


def jobs(workflow: Any) -> tuple[list, list] | None:
    """Return all jobs of the run and those that it will execute.

    The progress line needs to know which cells a run trains. None where Snakemake has changed: then there is no line.
    """
    try:
        return [*workflow.dag.jobs], [*workflow.dag.needrun_jobs()]
    except CHANGED:
        return None


def write_due(workflow: Any, path: Path) -> None:
    """Write the jobs that a dry run would execute, as JSON: id, rule, wildcards, threads, priority, needs.

    `needs` are the ids of the other due jobs that must end first. Snakemake prints its job graph without wildcards.
    Where Snakemake has changed, no file is written, and `make plan` says so.
    """
    with contextlib.suppress(*CHANGED):
        due = [*workflow.dag.needrun_jobs(exclude_finished=False)]
        ids = {job: number for number, job in enumerate(due)}
        jobs = [
            {
                "id": number,
                "rule": job.rule.name,
                "wildcards": dict(job.wildcards_dict),
                "threads": job.threads,
                "priority": job.priority,
                "needs": sorted(ids[other] for other in workflow.dag.dependencies[job] if other in ids),
            }
            for job, number in ids.items()
        ]
        path.write_text(json.dumps(jobs))


def without_rate_limit(workflow: Any) -> None:
    """Switch off the limit of jobs a second.

    Snakemake always sets one, and then looks over all waiting jobs every second, once for each job so far: 40 of 692
    CPU seconds in the demo. No option turns it off. Where Snakemake has changed, the run is slower.
    """
    with contextlib.suppress(*CHANGED):
        if workflow.scheduler.job_rate_limiter is not None:
            workflow.scheduler.job_rate_limiter = None


def hash_inputs_once() -> None:
    """Let Snakemake hash an input once while it does not change.

    Snakemake hashes all inputs of a job again for each of its outputs: the images of a study eight times a cell. Where
    Snakemake has changed, it still does.
    """
    with contextlib.suppress(*CHANGED):
        from snakemake.io import _IOFile

        plain, known = _IOFile.checksum, {}

        @functools.wraps(plain)
        async def checksum(file: Any, *arguments: Any, **options: Any) -> str | None:
            if file.is_storage or not os.path.isfile(file):
                return await plain(file, *arguments, **options)
            at = os.stat(file)
            key = (file, at.st_ino, at.st_size, at.st_mtime_ns, *arguments, *options.items())
            if key not in known:
                known[key] = await plain(file, *arguments, **options)
            return known[key]

        _IOFile.checksum = checksum


def is_local(workflow: Any) -> bool:
    """Return whether jobs run on this machine: then they can share warm processes.

    Where Snakemake has changed, jobs are taken to run elsewhere: each starts its own process, which is slower.
    """
    return getattr(workflow, "local_exec", False)


def gpu_places(workflow: Any) -> int:
    """Return the number of `--resources gpu=`, how many jobs may use GPUs at once; 0 without.

    Where Snakemake has changed, a job sees all GPUs and may use all of their memory.
    """
    try:
        return workflow.global_resources["gpu"].value
    except (*CHANGED, KeyError):
        return 0


def is_main(workflow: Any) -> bool:
    """Return whether this process plans the run: on a cluster, each job reads the Snakefile again in a process."""
    return getattr(workflow, "is_main_process", False)


def moves(workflow: Any, path: Path) -> bool:
    """Return whether a module's prefix or replace_prefix would move `path`, which must stay where it is.

    Where Snakemake has changed, a prefix is not noticed here: the first job then fails for want of its output.
    """
    try:
        return workflow.modifier.path_modifier.replace_prefix(str(path)) != str(path)
    except CHANGED:
        return False


def keep_records(results: Path) -> None:
    """Copy Snakemake's records of the files in `results` into that folder, so that it can be handed over.

    The records say by which parameters, code and inputs each file was made. Snakemake keeps them in .snakemake of the
    working directory. Where Snakemake has changed, or the disk is full, no records are kept: a folder that is handed
    over is then made anew.
    """
    with contextlib.suppress(*CHANGED, OSError):
        store = _store()
        groups: dict[str, dict[str, float | None]] = {}
        for path in (str(path) for path in sorted(results.rglob("*"))):
            record = store._io_read(store._metadata_path, path)
            if record:
                end = record.pop("endtime", None)
                groups.setdefault(json.dumps(record, sort_keys=True), {})[path] = end
        folder = _marker(results).read_text() if _marker(results).is_file() else uuid.uuid4().hex
        made = [{"record": json.loads(record), "files": files} for record, files in groups.items()]
        draft = _kept(results).with_suffix(".part")
        try:
            draft.write_bytes(gzip.compress(json.dumps({"folder": folder, "made": made}).encode()))
            draft.replace(_kept(results))
        finally:
            draft.unlink(missing_ok=True)
        _mark(results, folder)


def adopt_records(results: Path) -> None:
    """Give Snakemake the records of a results folder that was handed over; do nothing for one that it knows.

    Raises BadInput if the file of records is damaged.
    """
    if not _kept(results).is_file():
        return
    with stored.whole(_kept(results)) as path:
        kept = json.loads(gzip.decompress(path.read_bytes()))
    if _marker(results).is_file() and _marker(results).read_text() == kept["folder"]:
        return
    with contextlib.suppress(*CHANGED):
        store = _store()
        for group in kept["made"]:
            for path, end in group["files"].items():
                store._io_write(store._metadata_path, group["record"] | {"endtime": end}, path)
        _mark(results, kept["folder"])


def drop_records(results: Path) -> None:
    """Delete the kept records when a run begins: after a killed run they would no longer fit the files."""
    _kept(results).unlink(missing_ok=True)


def _store() -> Any:
    from snakemake.persistence.file import FilePersistence

    return FilePersistence(nolock=True)


def _kept(results: Path) -> Path:
    return results / KEPT


def _marker(results: Path) -> Path:
    """Return the file that names the results folder whose records .snakemake has."""
    return Path(".snakemake/mammobench") / results.name


def _mark(results: Path, folder: str) -> None:
    _marker(results).parent.mkdir(parents=True, exist_ok=True)
    _marker(results).write_text(folder)
