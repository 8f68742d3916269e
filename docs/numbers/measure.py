"""Measurements made again by their commands."""

import os
import subprocess
from collections.abc import Iterable, Mapping

from benchmarks.errors import BadInput
from benchmarks.run.code import Code
from docs.numbers import study
from docs.numbers.records import ROOT, Measured, digests, keep, stale

IDLE = 0.5  # load of a machine that counts as idle


def run(known: Mapping[str, Measured], names: Iterable[str]) -> None:
    """Measure `names` again; without names all that is stale, except what lacks something, which is printed.

    Raises BadInput for an unknown name, for a named measurement that lacks something, and if a command fails.
    """
    names = list(names)
    if unknown := [name for name in names if name not in known]:
        raise BadInput(f"--measure {' '.join(unknown)}: not in docs/numbers/registry.yaml; name others")
    kept = digests()
    code = Code()
    for one in [known[name] for name in names] or [
        one for one in known.values() if stale(one, kept.get(one.name), code)
    ]:
        if lacks := lacking(one, forced=bool(names)):
            if names:
                raise BadInput(f"{one.name}: {lacks}")
            print(f"{one.name}: left out, {lacks}")
            continue
        print(f"{one.name}: {one.command} (about {one.minutes:g} minutes)", flush=True)
        measure(one)


def lacking(one: Measured, forced: bool = False) -> str:
    """Return what the measurement needs and is not here; empty if it can run. `forced`: also on a busy machine."""
    if one.command is None:
        return "no command writes its record; docs/numbers/registry.yaml says where it comes from"
    if missing := [name for name in one.needs if not os.environ.get(name)]:
        return f"it needs {', '.join(f'{name}=PATH' for name in missing)} (docs/numbers/registry.yaml says what)"
    for name in one.results:
        if not (ROOT / "results" / name / "provenance.json").is_file():
            return f"it needs the finished study {name}; run snakemake --cores 2 --config study={name}"
    if one.idle and not forced and (load := os.getloadavg()[0]) > IDLE:
        return f"it needs an idle machine, and the load is {load:.1f}; wait, or name it to measure all the same"
    return ""


def measure(one: Measured) -> None:
    """Run the command of `one`, and write its record with the digest of the code. Raises BadInput if that fails."""
    before = None if one.study else Code().digest(one.code, one.data())
    printed = subprocess.PIPE if one.prints else None
    done = subprocess.run(["bash", "-c", str(one.command)], cwd=ROOT, stdout=printed, text=True)
    if done.returncode:
        raise BadInput(f"{one.name}: the command failed; see its messages above")
    if one.study:
        study.record(one, ROOT / "results" / one.study)
        return
    if before != Code().digest(one.code, one.data()):
        raise BadInput(f"{one.name}: its code changed while it was measured; measure again")
    text = done.stdout if one.prints else one.record.read_text()
    for name in one.needs:
        # No paths of this machine in the record.
        text = text.replace(os.environ[name], f"${name}")
    one.record.write_text(text)
    keep(one, list(one.code), str(before))
