"""Time, CPU time and memory of an epoch at 224 px on Keras' backends, each in its own process.

    python -m benchmarks.speed.backends --backends tensorflow=.venv/bin/python jax=.venv-jax/bin/python

Trains the published simple network on random images in batches of 128, one backend after the other, round after round.
A backend may name the Python of its own environment; by default it is this one. Columns: round, backend, images,
epochs, seconds_per_epoch, user_seconds, system_seconds (of the fastest epoch after the first, which includes
compilation), peak_memory_mb, ratio (seconds over those of the first backend, of the round) and those of
benchmarks/reference.
"""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd

from benchmarks.backend import TENSORFLOW
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement

ROOT = Path(__file__).parents[2]
# Prints seconds, user and system seconds of the fastest epoch but the first, and the peak memory in MiB.
TRAIN = """
import json, resource, sys, time
from benchmarks import backend
name, images, epochs, threads = sys.argv[1], *map(int, sys.argv[2:])
backend.prepare(threads, backend=name)
import keras, numpy as np
from benchmarks.cells.model import build_model
from benchmarks.cells.reuse import compiled
keras.utils.set_random_seed(1)
model, _ = build_model("simple", variant="published", hp=None, classes=8, image_size=224)
x = np.random.default_rng(1).integers(0, 256, (images, 224, 224, 1), dtype=np.uint8)
ends = []
def note(epoch, logs):
    used = resource.getrusage(resource.RUSAGE_SELF)
    ends.append((time.perf_counter(), used.ru_utime, used.ru_stime))
clock = keras.callbacks.LambdaCallback(on_epoch_end=note)
compiled(model).fit(x, np.arange(images) % 8, batch_size=128, epochs=epochs, verbose=0, callbacks=[clock])
best = min([b - a for a, b in zip(*pair)] for pair in zip(ends, ends[1:]))
print(json.dumps([*best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def measure(backends: list[str], images: int, epochs: int, rounds: int, threads: int) -> pd.DataFrame:
    """Train on each of `backends` (`name` or `name=python`) in turn; return a row a training."""
    rows = []
    for number in range(1, rounds + 1):
        first = None
        for one in backends:
            name, _, python = one.partition("=")
            command = [python or sys.executable, "-c", TRAIN, *map(str, (name, images, epochs, threads))]
            printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
            seconds, user, system, peak = json.loads(printed.splitlines()[-1])
            first = first or seconds
            rows.append(
                {
                    **{"round": number, "backend": name, "images": images, "epochs": epochs},
                    **{"seconds_per_epoch": round(seconds, 2), "user_seconds": round(user, 2)},
                    **{"system_seconds": round(system, 2), "peak_memory_mb": round(peak)},
                    "ratio": round(seconds / first, 2),
                }
            )
    return pd.DataFrame(rows)


main = measurement(
    "benchmarks.speed.backends",
    "Time an epoch on Keras' backends.",
    measure,
    {
        "--backends": {"nargs": "+", "default": [TENSORFLOW], "help": "names, or name=path of the Python to use"},
        **{"--images": 512, "--epochs": 4, "--rounds": 3, "--threads": 2},
    },
)

if __name__ == "__main__":
    run_cli(main)
