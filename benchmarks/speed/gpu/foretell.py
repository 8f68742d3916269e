"""Time of a study on the GPU that was measured: python -m benchmarks.speed.gpu.foretell FILE [--data PATH]

FILE is the JSON of `python -m benchmarks.speed.gpu`; the time is added to it. Needs no GPU. The jobs and their epochs
are those of the plan (benchmarks/plan). Their steps are extrapolated from the networks that were measured:

- published forms: as measured;
- searched, corrected forms: the part of a step that grows with its batch is multiplied by the ratio of the operations
  of both forms;
- recipes: all layers are trained, and the CPU augments each image;
- networks of replayed publications were not measured: they count as the slowest network.

Side by side, as many jobs use the GPU at once as are fastest for any network (`--resources gpu=`). Each takes that
number of times as long, divided by the measured gain of its network; explanations and what was not measured gain
nothing.

Without --data, the study's images are replaced by as many phantoms as the published data set has images.
"""

import argparse
import contextlib
import dataclasses
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks import backend, stored
from benchmarks.errors import BadInput, run_cli
from benchmarks.plan.costs import Cost, Line
from benchmarks.plan.due import due_jobs
from benchmarks.plan.estimate import TRAINING, Estimate, Estimator
from benchmarks.plan.kinds import RECIPE, REPLAY, SEARCH, Kind, kind_of
from benchmarks.plan.pace import pace
from benchmarks.plan.recorded import Recorded
from benchmarks.plan.sizes import sizes_of
from benchmarks.plan.table import ON_GPU, duration, run_seconds
from benchmarks.study.command import DATA
from benchmarks.study.study import Study, load_study

TRAIN, VALIDATION = 6106, 1526  # images of the published split
EPOCHS = 50  # of the published study
GENERATED = ("phantom", "planted")
PHANTOMS = {"name": "phantom", "patients": 50, "copies": 72, "side": 64}
WRITE = 1.0  # seconds in which a cell writes its files


def epoch_seconds(own: Mapping[str, Any]) -> float:
    """Return the seconds of an epoch of the published split, validation included, of a network that trains alone."""
    steps = TRAIN / own["batch_size"] * own["step_seconds"]
    return steps + VALIDATION / own["batch_size"] * own["check_seconds"] + own["epoch_overhead_seconds"]


def replay_seconds(alone: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the seconds of the published study: each network for EPOCHS epochs, one after another and side by side.

    Side by side, the epochs of a network take the gain of its own kind less; without a measured gain, as long as alone.
    """
    trained = {name: EPOCHS * epoch_seconds(own) for name, own in alone.items()}
    start = sum(own["start_seconds"] for own in alone.values())
    shorter = {name: seconds / shared.get(name, {"gain": 1})["gain"] for name, seconds in trained.items()}
    return {
        "architectures": [*alone],
        "epochs": EPOCHS,
        "seconds_alone": start + sum(trained.values()),
        "seconds_side_by_side": start + sum(shorter.values()),
    }


def costs_of(study: Study, kinds: list[Kind], alone: Mapping[str, Any]) -> dict[Kind, Cost]:
    """Return the costs of those kinds of training of which the network was measured."""
    return {kind: _cost(study, kind, alone[kind.owner]) for kind in kinds if kind.how != REPLAY and kind.owner in alone}


def _cost(study: Study, kind: Kind, own: Mapping[str, Any]) -> Cost:
    batch, step = own["batch_size"], own["step_seconds"]
    # With one batch size: in proportion to the batch.
    small, small_step = own.get("small_batch_size", batch), own.get("small_step_seconds", step)
    line = Line.through(small, small_step, batch, step)
    check = Line(0, own["check_seconds"] / batch)
    if kind.how == SEARCH:
        line, check = (Line(one.fixed, one.each * own["operations_ratio"]) for one in (line, check))
    if kind.how == RECIPE:
        strength = (study.recipe_of(kind.owner) or {})["augmentation"]
        line = Line(line.fixed, line.each + (own["augmentation_seconds"] if strength else 0))
    # Each trial of a recipe builds and traces anew.
    start, trial = (0, own["start_seconds"]) if kind.how == RECIPE else (own["start_seconds"], 0)
    return Cost(
        start=start,
        trial=trial,
        epoch=own["epoch_overhead_seconds"],
        step=line,
        check=check,
        answer=Line(own["epoch_overhead_seconds"], check.each),
        write=WRITE,
        memory_mb=Line(0, 0),
        disk_mb=0,
        structures=own["structures"] if kind.how == SEARCH else 1,
    )


def study_seconds(study: Study, found: Mapping[str, Any], cores: int) -> dict[str, Any]:
    """Return the seconds of a run of `study` with one GPU, for `found`, the content of the file.

    Raises BadInput if no network was measured, or Snakemake lists no jobs.
    """
    alone, shared = found.get("alone", {}), found.get("side_by_side", {})
    if not alone:
        raise BadInput("no network was measured; run python -m benchmarks.speed.gpu again, with more --minutes")
    jobs, sizes = due_jobs(study, cores, everything=True), sizes_of(study)
    kinds = [*dict.fromkeys(kind_of(study, job.rule, job.wildcards) for job in jobs if job.rule in TRAINING)]
    costs = costs_of(study, kinds, alone)
    if not costs:
        raise BadInput(f"study {study.name} trains none of {', '.join(alone)}; name another study by --study")
    estimates = Estimator(study, sizes, costs, cores, Recorded(study, learn=False), pace()).all(jobs)
    most = max((own["k"] for own in shared.values()), default=1)
    together = dict(estimates)
    for job in jobs:
        if job.rule in ON_GPU:
            trained = kind_of(study, job.rule, job.wildcards).owner if job.rule in TRAINING else ""
            together[job.id] = slowed(estimates[job.id], most / gain(shared.get(trained), most))
    return {
        "study": study.name,
        "cores": cores,
        "jobs": len(jobs),
        "at_once": most,
        "seconds_alone": run_seconds(jobs, estimates, cores, places=1),
        "seconds_side_by_side": run_seconds(jobs, together, cores, places=most),
        "guessed": [kind.name for kind in kinds if kind not in costs],
    }


def gain(own: Mapping[str, Any] | None, number: int) -> float:
    """Return how many times the images of one process `number` processes of a network train on, as far as measured.

    If `number` was not measured of this network, the gain of its own best number counts; without any measurement, 1.
    """
    if own is None:
        return 1.0
    rates = own.get("steps_per_second", {})
    return rates[str(number)] / rates["1"] if str(number) in rates else own["gain"]


def slowed(one: Estimate, factor: float) -> Estimate:
    """Return the estimate of a job that takes `factor` times as long, as others use the GPU too."""
    return dataclasses.replace(one, seconds=one.seconds * factor)


@contextlib.contextmanager
def with_images(name: str, data: str | None) -> Iterator[Study]:
    """Yield study `name`; without `data`, with phantoms in place of images that are not generated."""
    study = load_study(name, data)
    if data or study.dataset["name"] in GENERATED:
        yield study
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{study.name}.yaml"
        content = {"extends": str(study.path), "description": study.description, "dataset": PHANTOMS}
        file.write_text(yaml.safe_dump(content))
        yield load_study(str(file))


def print_study(own: Mapping[str, Any]) -> None:
    """Print the time of a study."""
    print(
        f"study {own['study']} ({own['jobs']} jobs) with this GPU and {own['cores']} cores, extrapolated: "
        f"{duration(own['seconds_alone'])} one network at a time, "
        f"{duration(own['seconds_side_by_side'])} with up to {own['at_once']} side by side "
        f"(--resources gpu={own['at_once']})"
    )
    if own["guessed"]:
        print(f"not measured, counted as the slowest network: {', '.join(own['guessed'])}")


def main() -> None:
    """Add the time of a study to a file, and print it."""
    parser = argparse.ArgumentParser(description="Foretell the time of a study on a GPU that was measured.")
    parser.add_argument("file", type=Path, help="JSON of python -m benchmarks.speed.gpu")
    parser.add_argument("--study", default="paper", help="name or path of a study (default: paper)")
    parser.add_argument("--data", help=DATA)
    parser.add_argument("--cores", type=int, default=backend.hardware()["cores"], help="cores of the GPU's machine")
    asked = parser.parse_args()
    found = stored.record(asked.file)
    with with_images(asked.study, asked.data) as study:
        found["study"] = study_seconds(study, found, asked.cores)
    with stored.replacing(asked.file) as draft:
        draft.write_text(json.dumps(found, indent=1))
    print_study(found["study"])


if __name__ == "__main__":
    run_cli(main)
