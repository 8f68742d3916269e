"""A process that trains on the GPU: python -m benchmarks.speed.gpu.worker ORDER    (started by workers.py; JSON)

Builds a model, compiles it by a first step, and answers each line of standard input, JSON, by a line of JSON.
"""

import gc
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from benchmarks.errors import run_cli
from benchmarks.speed.gpu import device
from benchmarks.speed.gpu.operations import training_operations

FEW, MANY = 2, 10  # batches whose epochs and checks are timed, apart from windows of seconds
SMALL = 8  # batch of a second window, where the published batch is larger
AUGMENTED = 16  # images whose augmentation is timed


class Training:
    """A compiled published network with images; where an architecture has no published form, its corrected form."""

    def __init__(self, order: dict[str, Any]):
        import keras
        import keras_tuner

        from benchmarks.cells.model import build_model, published_recipe
        from benchmarks.cells.reuse import compiled
        from benchmarks.cells.shared import SHARED

        began = time.perf_counter()
        self.backend, name = order["backend"], order["architecture"]
        recipe = published_recipe(name)
        keras.config.set_dtype_policy(recipe["precision"])
        settings = {"classes": order["classes"], "image_size": order["image_size"], "options": order["options"]}
        hp = keras_tuner.HyperParameters()
        corrected, _ = build_model(name, variant="corrected", hp=hp, **settings)
        of_corrected = training_operations(corrected)
        del corrected
        gc.collect()  # its weights would count as memory of the training
        model, _ = build_model(name, variant="published", hp=None, **settings)
        self.model, self.batch = compiled(model), min(recipe["batch_size"], order["largest_batch"])
        self.about = {
            "batch_size": self.batch,
            "precision": keras.config.dtype_policy().compute_dtype,
            "parameters": model.count_params(),
            "operations_per_image": training_operations(model),
            "operations_ratio": of_corrected / training_operations(model),
            "structures": math.prod(len([*one.values]) for one in hp.space if one.name not in SHARED),
        }
        images = np.load(order["images"])
        n = max(order["epoch_images"] // self.batch, MANY) * self.batch
        self.x = np.resize(images, (n, *images.shape[1:]))
        self.y = np.arange(n) % order["classes"]
        self._fit(FEW * self.batch, self.batch)
        self.about["start_seconds"] = time.perf_counter() - began

    def _fit(self, images: int, batch: int, epochs: int = 1, **more: Any) -> None:
        self.model.fit(self.x[:images], self.y[:images], batch_size=batch, epochs=epochs, verbose=0, **more)

    def window(self, seconds: float, batch: int | None = None) -> dict[str, float]:
        """Train for about `seconds`; return the number of steps and their seconds, without the first step.

        Keras waits for the device at the end of each step, as the callback gets the step's loss.
        """
        import keras

        class Window(keras.callbacks.Callback):
            first, steps = 0.0, 0

            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                now = time.perf_counter()
                if not self.first:
                    self.first = now
                    return
                self.steps += 1
                self.model.stop_training = now - self.first > seconds

        watched = Window()
        self._fit(len(self.x), batch or self.batch, 10**6, callbacks=[watched])
        return {"steps": watched.steps, "seconds": time.perf_counter() - watched.first}

    def alone(self, seconds: float) -> dict[str, Any]:
        """Return all that is measured of a network that trains alone."""
        trained = self.window(seconds)
        step = trained["seconds"] / trained["steps"]
        found = self.about | {"step_seconds": step, "peak_device_mb": device.peak_mb(self.backend)}
        few, many = (self._check_seconds(number * self.batch) for number in (FEW, MANY))
        found["check_seconds"] = max(many - few, 0) / (MANY - FEW)
        validation = self.x[: self.batch], self.y[: self.batch]
        began = time.perf_counter()
        self._fit(FEW * self.batch, self.batch, 3, validation_data=validation)
        epoch = (time.perf_counter() - began) / 3
        found["epoch_overhead_seconds"] = max(epoch - FEW * step - found["check_seconds"], 0)
        if self.batch > SMALL:
            self._fit(SMALL, SMALL)
            small = self.window(seconds / 2, SMALL)
            found |= {"small_batch_size": SMALL, "small_step_seconds": small["seconds"] / small["steps"]}
        return found | {"augmentation_seconds": self._augmentation_seconds()}

    def _check_seconds(self, images: int) -> float:
        self.model.evaluate(self.x[:images], self.y[:images], batch_size=self.batch, verbose=0)
        began = time.perf_counter()
        self.model.evaluate(self.x[:images], self.y[:images], batch_size=self.batch, verbose=0)
        return time.perf_counter() - began

    def _augmentation_seconds(self) -> float:
        """Return the seconds in which the CPU augments an image for a recipe."""
        from benchmarks.recipe.augmentation import augmented

        rng = np.random.default_rng(0)
        began = time.perf_counter()
        for number in range(AUGMENTED):
            augmented(self.x[number % len(self.x), ..., 0], 1.0, rng)
        return (time.perf_counter() - began) / AUGMENTED


def card(order: dict[str, Any]) -> dict[str, Any]:
    """Return the device, and its peak operations a second by precision; none of a CPU where a GPU is needed."""
    found = device.describe(order["backend"])
    if order["needs_gpu"] and found["platform"] == "cpu":
        return found
    sizes, seconds = order["sizes"], order["seconds"]
    return found | {"peak": {name: device.peak_operations(name, sizes, seconds) for name in device.PRECISIONS}}


def serve(order: dict[str, Any], answers: TextIO) -> None:
    """Write the answer to the order; a training worker then answers the requests on standard input."""

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    device.start(order["backend"], order["share"])
    if "architecture" not in order:
        answer(card(order))
        return
    training = Training(order)
    answer(training.about)
    for line in sys.stdin:
        asked = json.loads(line)
        answer(training.alone(asked["seconds"]) if asked["alone"] else training.window(asked["seconds"]))


def main() -> None:
    """Serve the order of the first argument; whatever libraries print goes to standard error."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        serve(json.loads(Path(sys.argv[1]).read_text()), answers)


if __name__ == "__main__":
    run_cli(main)
