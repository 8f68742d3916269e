"""Cost of a training step of each kind of a study, measured in processes of their own with invented images.

    python -m benchmarks.plan.measure < ORDER    (started by costs.py; ORDER is JSON)

Each process builds and traces a model as a cell does, trains a few steps of a small and of a larger batch, validates,
predicts, and writes a Cost. Seconds are CPU seconds, of steps the least, which other processes on the machine change
little; with a GPU, seconds on the clock. Of very slow networks, the larger batch counts in proportion to the small one.
"""

import contextlib
import json
import math
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import backend, stored
from benchmarks.cells.cell import Cell
from benchmarks.cells.progress import Progress
from benchmarks.cells.shared import SHARED
from benchmarks.errors import run_cli
from benchmarks.plan.costs import Cost, Line
from benchmarks.plan.kinds import RECIPE, REPLAY, SEARCH, Kind, batch_sizes, image_size
from benchmarks.protocols import BY_PATIENT, PUBLISHED
from benchmarks.publications.publication import find
from benchmarks.study import replayed
from benchmarks.study.study import Study, load_study

if TYPE_CHECKING:
    import keras

FIRST, LARGER = 2, 8  # images of the small batch, and at least of the larger one
STEPS, CHECKS = 3, 2  # in an epoch of training, of validation
PER_BATCH = 0.5  # seconds that a step of the larger batch should take at most
SLOWEST = 1.5  # seconds of a step of the small batch from which one epoch of it must do: half precision on a CPU
ANSWERED = 64  # images that are predicted at once (cells/predict.py)
# From an image's batch and epochs to a fit, whose callbacks include the given one
Fit = Callable[[int, int, "keras.callbacks.Callback"], Any]
Fits = tuple[Fit, Callable[[], "keras.Model"], Callable[[], int]]


def measured(study: Study, kind: Kind, classes: int, clock: Callable[[], float]) -> Cost:
    """Measure one kind of training; this process must do nothing before or after it."""
    began = clock()
    backend.prepare(1, backend=study.backend)
    images = Images(image_size(study, kind), classes)
    fit, saved, structures = _fits(study, kind, images)
    small, largest, built = _Meter(clock), max(batch_sizes(study, kind)), _peak_mb()
    fit(FIRST, 2, small)
    start = small.epochs[0] - began - small.epoch()
    memory = Line.through(0, built, FIRST, after := _peak_mb())
    batch, large, trial = FIRST, small, 0.0
    # Slow networks train one epoch of the larger batch alone, very slow ones none.
    slow = small.step > PER_BATCH
    if small.step <= SLOWEST:
        batch = int(np.clip(PER_BATCH / (small.step / FIRST), min(LARGER, largest), largest))
        large, before = _Meter(clock), clock()
        fit(batch, 1 if slow else 2, large)
        trial = 0.0 if slow else large.epochs[0] - before - large.epoch()
        memory = Line.through(FIRST, after, batch, _peak_mb())
    with tempfile.TemporaryDirectory() as folder:
        before = clock()
        saved().save(file := Path(folder) / "model.keras")
        write, disk_mb = clock() - before, file.stat().st_size / 1e6
    if kind.how == RECIPE:
        # Each trial builds and traces anew.
        trial = trial or start
        start -= trial
    return Cost(
        start=max(start, 0),
        trial=max(trial, 0),
        epoch=max((small if slow else large).overhead, 0),
        step=Line.through(FIRST, small.step, batch, large.step),
        check=Line.through(FIRST, small.check, batch, large.check),
        answer=_answers(saved(), images, batch, clock),
        write=write,
        memory_mb=memory,
        disk_mb=disk_mb,
        structures=structures(),
    )


class Images:
    """Invented images and labels of `classes` classes."""

    def __init__(self, size: int, classes: int):
        self.size, self.classes = size, classes
        self.rng = np.random.default_rng(0)

    def part(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return images uint8 (n, size, size, 1) and class numbers (n,)."""
        return self.rng.integers(0, 256, (n, self.size, self.size, 1), np.uint8), np.arange(n) % self.classes


def _fits(study: Study, kind: Kind, images: Images) -> Fits:
    """Return functions that train, that return the trained model, and the number of structures of a search."""
    if kind.how == REPLAY:
        return _plain(_replay(study, kind, images.classes), images, one_hot=True)
    cell = Cell(study, kind.owner, PUBLISHED if kind.how == PUBLISHED else BY_PATIENT, 0)
    from benchmarks.cells.model import set_precision

    set_precision(cell)
    if kind.how == PUBLISHED:
        from benchmarks.cells.model import build_cell
        from benchmarks.cells.reuse import compiled

        model = compiled(build_cell(cell, None, images.classes), xla=study.training["xla"])
        return _plain(model, images, one_hot=False)
    return (_search if kind.how == SEARCH else _recipe)(cell, images)


def _plain(model: "keras.Model", images: Images, one_hot: bool) -> Fits:
    def fit(batch: int, epochs: int, meter: "keras.callbacks.Callback") -> None:
        # One image less: Keras does not fix the size of a batch whose epoch ends with a smaller one.
        parts = [images.part(batch * number - 1) for number in (STEPS, CHECKS)]
        train, validation = ((x, np.eye(images.classes, dtype="float32")[y] if one_hot else y) for x, y in parts)
        settings = {"batch_size": batch, "epochs": epochs, "validation_data": validation, "verbose": 2}
        model.fit(*train, callbacks=[meter], **settings)

    return fit, lambda: model, lambda: 1


def _replay(study: Study, kind: Kind, classes: int) -> "keras.Model":
    import keras

    from benchmarks.replays.network import build, compiled

    publication, variant = kind.owner.split("/")
    recipe = study.replay_settings(publication, variant)
    keras.config.set_dtype_policy(recipe["precision"] or "float32")
    content = replayed.content_of(publication)
    return compiled(build(content, find(publication).parent, variant, classes, recipe), recipe)


def _search(cell: Cell, images: Images) -> Fits:
    import keras_tuner

    from benchmarks.cells.fit import CellModel
    from benchmarks.cells.load import Part
    from benchmarks.cells.model import build_cell

    def build(hp: keras_tuner.HyperParameters) -> "keras.Model":
        return build_cell(cell, hp, images.classes)

    hp, watched = keras_tuner.HyperParameters(), _Watched()
    model = CellModel(build, *[Part(*images.part(1))] * 2, 100, 0, watched, xla=cell.study.training["xla"])

    def fit(batch: int, epochs: int, meter: "keras.callbacks.Callback") -> None:
        model.build(hp)
        hp.values["batch_size"] = batch
        model.train, model.validation = (Part(*images.part(batch * number)) for number in (STEPS, CHECKS))
        watched.meter = meter
        model.fit(hp, epochs)

    def structures() -> int:
        own = [one for one in hp.space if one.name not in SHARED]
        return math.prod(len([*one.values]) for one in own)

    return fit, lambda: model.build(hp), structures


def _recipe(cell: Cell, images: Images) -> Fits:
    import keras_tuner

    from benchmarks.cells.load import Part
    from benchmarks.plan.recipe_model import InventedRecipe

    recipe = cell.study.recipe_of(cell.architecture)
    assert recipe
    hp, watched = keras_tuner.HyperParameters(), _Watched()
    model = InventedRecipe(cell, images.classes, recipe, watched)

    def fit(batch: int, epochs: int, meter: "keras.callbacks.Callback") -> None:
        model.recipe = recipe | {"batch_size": batch, "validation": "held_out"}
        model.data.parts.update({"train": Part(*images.part(batch * STEPS)), "validation": Part(*images.part(CHECKS))})
        watched.meter = meter
        model.fit(hp, epochs)

    return fit, lambda: model.build(hp), lambda: 1


class _Watched(Progress):
    """Stands where a cell's progress file does; its callback is `meter`."""

    meter: "keras.callbacks.Callback"

    def callback(self, epochs: int) -> "keras.callbacks.Callback":
        return self.meter


def _Meter(clock: Callable[[], float]) -> Any:
    import keras

    class Meter(keras.callbacks.Callback):
        """Moments at which epochs, steps and validation steps end."""

        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[float] = []
            self.steps: list[float] = []
            self.checks: list[float] = []
            self.last = clock()

        def _took(self, into: list[float], first: bool) -> None:
            now = clock()
            # The first step of an epoch includes iterators and, once, tracing.
            into += [] if first else [now - self.last]
            self.last = now

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self._took(self.steps, batch == 0)

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            self._took(self.checks, batch == 0)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epochs.append(clock())
            self.model.stop_training = self.model.stop_training or self.step > SLOWEST

        @property
        def step(self) -> float:
            return min(self.steps)

        @property
        def check(self) -> float:
            return min(self.checks, default=0.0)

        def epoch(self) -> float:
            steps = STEPS * self.step + CHECKS * self.check
            return self.epochs[1] - self.epochs[0] if len(self.epochs) > 1 else steps

        @property
        def overhead(self) -> float:
            return self.epoch() - STEPS * self.step - CHECKS * self.check

    return Meter()


def _answers(model: "keras.Model", images: Images, batch: int, clock: Callable[[], float]) -> Line:
    """Return the seconds of a prediction: to start it, and for each image."""
    from benchmarks.cells.predict import predict

    times = []
    few = min(batch, ANSWERED)
    # The first prediction of a number of images prepares for it.
    for n in (few, few, few, 3 * few, 3 * few, 3 * few):
        before = clock()
        predict(model, images.part(n)[0])
        times.append(clock() - before)
    each = max(min(times[4:]) - min(times[1:3]), 0) / (2 * few)
    return Line(max(times[0] - few * each, 0), each)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _child(order: dict[str, Any], kind: Kind, path: Path) -> None:
    with contextlib.suppress(OSError):
        # Reset the peak memory that a forked process has inherited.
        Path("/proc/self/clear_refs").write_text("5")
    clock = time.perf_counter if order["gpu"] else time.process_time
    with tempfile.TemporaryDirectory() as folder, open(path.with_suffix(".log"), "w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        study = load_study(order["study"], order["data"])
        os.chdir(folder)
        cost = measured(study, kind, order["classes"], clock)
    with stored.replacing(path) as draft:
        draft.write_text(json.dumps(cost.content()))


def main() -> None:
    """Measure what the order on standard input names, until its seconds are over."""
    order = json.load(sys.stdin)
    backend.load()
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    waiting = [(Kind(*kind), Path(path)) for kind, path in order["kinds"]]
    running: list[Any] = []
    until = time.monotonic() + order["seconds"]
    while (waiting or running) and time.monotonic() < until:
        running = [process for process in running if process.is_alive()]
        while waiting and len(running) < order["at_once"]:
            process = context.Process(target=_child, args=(order, *waiting.pop(0)))
            process.start()
            running.append(process)
        time.sleep(0.05)
    for process in running:
        process.kill()


if __name__ == "__main__":
    run_cli(main)
