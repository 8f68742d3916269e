"""Measure a GPU in minutes: python -m benchmarks.speed.gpu [--backend jax] [--cbis PATH] [--minutes 8]

Prints the card, then for each architecture of the study its speed alone and side by side, then what the published
study and the whole study would take. docs/gpu.md describes the steps. After each step the results are written to
benchmarks/reference/gpu_<card>.json (or --out): a run that is cut off keeps them. `--dry-run` runs all steps on
a CPU with small networks.
"""

import argparse
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import architectures
from benchmarks import backend, stored
from benchmarks.datasets import phantom
from benchmarks.errors import BadInput, run_cli
from benchmarks.reference import FOLDER
from benchmarks.speed.gpu import fold, foretell, workers
from benchmarks.speed.gpu.steps import Steps, print_alone, print_card, print_fold, print_replay, print_shared
from benchmarks.speed.gpu.workers import Failed
from benchmarks.study.study import Study

ORDER = ("jax", "torch", "tensorflow")  # of preference
CLASSES, IMAGES, SEED = 8, 32, 1
FOLD, STUDY = 120, 60  # seconds that earlier steps leave for these
# seconds: of a window of training; sizes: of matrices; epoch_images: at least so many images are in memory
REAL: dict[str, Any] = {
    **{"needs_gpu": True, "seconds": 4.0, "sizes": [4096, 8192]},
    **{"largest_batch": 1024, "epoch_images": foretell.TRAIN},
}
DRY: dict[str, Any] = {
    **{"needs_gpu": False, "seconds": 0.2, "sizes": [128]},
    **{"largest_batch": 4, "epoch_images": 40},
}


def measure(asked: argparse.Namespace) -> Path:
    """Run all steps; return the file of the results. Raises BadInput without a GPU, except in a dry run."""
    until = time.monotonic() + 60 * asked.minutes
    settings = (DRY if asked.dry_run else REAL) | {"backend": asked.backend, "classes": CLASSES}
    with foretell.with_images(asked.study, None) as study, tempfile.TemporaryDirectory() as place:
        try:
            card = workers.card(until, settings, Path(place))
        except Failed as error:
            raise BadInput(f"{asked.backend} does not run on this machine: {error}") from None
        if card["platform"] == "cpu" and not asked.dry_run:
            raise BadInput(f"{asked.backend} finds no GPU; install its CUDA libraries, or try it by --dry-run")
        print_card(card)
        command = shlex.join(["python", "-m", "benchmarks.speed.gpu", *sys.argv[1:]])
        steps = Steps(asked.out or _file(card["name"], asked.dry_run), until, command)
        steps.keep(card=card | {"backend": asked.backend, "mps": workers.has_mps()}, dry_run=asked.dry_run)
        kept = STUDY + (FOLD if asked.cbis else 0)
        orders = {name: settings | _order(study, name, Path(place)) for name in study.architectures}
        alone = _alone(steps, orders, kept, Path(place))
        shared = _side_by_side(steps, orders, alone, asked.most, kept, Path(place))
    published = {name: own for name, own in alone.items() if architectures.describe(name).published}
    if published:
        replay = foretell.replay_seconds(published, shared)
        print_replay(replay)
        steps.keep(replay=replay)
    if asked.cbis:
        trained = partial(fold.skill, data=asked.cbis, backend=asked.backend, cores=backend.hardware()["cores"])
        own = steps.run("fold", trained, STUDY)
        if own:
            print_fold(own)
            steps.keep(fold=own)
    whole = steps.run("study", partial(_study, file=steps.file, study=asked.study))
    if whole:
        steps.keep(study=whole)
    return steps.file


def _alone(steps: Steps, orders: Mapping[str, Any], kept: float, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, order in orders.items():
        own = steps.run(f"{name} alone", partial(workers.alone, order=order, folder=folder), kept)
        if own:
            found[name] = own
            print_alone(name, own, steps.found["card"]["peak"])
            steps.keep(alone=found)
    return found


def _side_by_side(
    steps: Steps, orders: Mapping[str, Any], alone: Mapping[str, Any], most: int, kept: float, folder: Path
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    # Small networks gain most.
    for name in sorted(alone, key=lambda name: alone[name]["operations_per_image"] * alone[name]["batch_size"]):
        numbers = workers.counts(alone[name]["peak_device_mb"], steps.found["card"]["memory_mb"], most)
        trained = partial(workers.side_by_side, order=orders[name], counts=numbers, folder=folder)
        own = steps.run(f"{name} side by side", trained, kept)
        if own:
            found[name] = own
            print_shared(name, own, alone[name])
            steps.keep(side_by_side=found)
    return found


def _study(until: float, file: Path, study: str) -> dict[str, Any]:
    """Return the time of the study, by a process that can be ended; it prints it. Raises Failed."""
    command = [sys.executable, "-m", "benchmarks.speed.gpu.foretell", str(file), "--study", study]
    again = f"run python -m benchmarks.speed.gpu.foretell {file} later, on any machine"
    try:
        done = subprocess.run(command, timeout=max(until - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        raise Failed(f"not ready in time; {again}") from None
    if done.returncode:
        raise Failed(f"see the error message above; {again}")
    return stored.record(file)["study"]


def _order(study: Study, name: str, folder: Path) -> dict[str, Any]:
    """Return the settings of one architecture, whose images are written to `folder`."""
    size = study.size_of(name)
    file = folder / f"images_{size}.npy"
    if not file.is_file():
        loaded = phantom.load(phantom.OPTIONS | {"patients": 24, "side": max(size, 64)}, None, SEED)
        np.save(file, np.stack([loaded.read(row, size) for row in range(IMAGES)])[..., np.newaxis])
    return {"architecture": name, "image_size": size, "options": study.options_of(name), "images": str(file)}


def _file(card: str, dry_run: bool) -> Path:
    slug = re.sub(r"\W+", "_", card).strip("_").lower()
    return Path("gpu_dry_run.json") if dry_run else FOLDER / f"gpu_{slug}.json"


def _installed() -> str:
    named = os.environ.get("KERAS_BACKEND")
    return named or next((name for name in ORDER if importlib.util.find_spec(name)), ORDER[0])


def main() -> None:
    """Measure, and say where the results are."""
    parser = argparse.ArgumentParser(description="Measure the speed of this machine's GPU in a few minutes.")
    parser.add_argument("--backend", choices=ORDER, default=_installed(), help="of Keras (default: as installed)")
    parser.add_argument("--minutes", type=float, default=8, help="time for all steps (default: 8)")
    parser.add_argument("--study", help="study to foretell (default: paper; of a dry run: demo)")
    parser.add_argument("--cbis", type=Path, help="zip or folder of CBIS-DDSM: fine-tunes one fold of cbis_crops")
    parser.add_argument("--out", type=Path, help="JSON file (default: benchmarks/reference/gpu_<card>.json)")
    parser.add_argument("--dry-run", action="store_true", help="try all steps on a CPU, with small networks")
    asked = parser.parse_args()
    asked.study = asked.study or ("demo" if asked.dry_run else "paper")
    asked.most = 2 if asked.dry_run else min(backend.hardware()["cores"], workers.MOST)
    file = measure(asked)
    print(f"written: {file}")


if __name__ == "__main__":
    run_cli(main)
