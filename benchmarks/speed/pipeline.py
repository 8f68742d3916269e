"""Time and memory of an epoch with the input pipeline of the published study, and with ours.

    python -m benchmarks.speed.pipeline ZIP > benchmarks/speed/pipeline.csv

The published pipeline decodes the PNG files of class folders in every epoch, as RGB, by Keras'
image_dataset_from_directory. Ours reads grey images, decoded once, from one array file. Both train the published simple
network at 224 px in batches of 128 on the same images, alternately, each time in a new process. Columns: round,
pipeline, images, epochs, decode_seconds (once, before the first epoch), seconds_per_epoch (median without the first,
which includes tracing), peak_memory_mb, ratio_time and ratio_memory (published over ours, of the round), and those of
benchmarks/reference.
"""

import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks import backend, datasets
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement

SIZE, BATCH, CLASSES, SEED = 224, 128, 8, 1
PUBLISHED, OURS = "published", "ours"


def write_images(data: Path, n_images: int, folder: Path) -> None:
    """Write `n_images` augmented images, drawn at random, as PNG files in a folder for each class."""
    loaded = datasets.load({"name": "mendeley_inbreast"}, data, SEED)
    samples = loaded.samples[loaded.samples["folder"] == "after"].sample(n_images, random_state=SEED)
    for row, label in zip(samples.index, samples["label"], strict=True):
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(loaded.read(row, SIZE)).save(folder / label / f"{row}.png")


def train(pipeline: str, folder: Path, epochs: int, threads: int) -> dict:
    """Train in this process; return seconds of decoding and of an epoch, and peak memory in MiB."""
    # The published code leaves memory as TensorFlow has it.
    backend.prepare(threads, keras=pipeline == OURS)
    import keras

    from benchmarks.cells.model import build_model
    from benchmarks.cells.reuse import compiled

    keras.utils.set_random_seed(SEED)
    model, _ = build_model("simple", variant="published", hp=None, classes=CLASSES, image_size=SIZE)
    began = time.perf_counter()
    if pipeline == PUBLISHED:
        inputs = keras.Input((SIZE, SIZE, 3))
        rescaled = keras.layers.Rescaling(1 / 255)(inputs)
        model = keras.Model(inputs, _after_channels(model)(rescaled))
        x = keras.utils.image_dataset_from_directory(
            folder, image_size=(SIZE, SIZE), batch_size=BATCH, seed=SEED, verbose=False
        )
        data = {"x": x}
    else:
        files = sorted(folder.glob("*/*.png"))
        names = sorted({file.parent.name for file in files})
        array = folder.parent / "images.npy"
        np.save(array, np.stack([np.asarray(Image.open(file)) for file in files]))
        x = np.load(array, mmap_mode="r")[..., np.newaxis]
        data = {"x": x, "y": np.array([names.index(file.parent.name) for file in files]), "batch_size": BATCH}
    decoded = time.perf_counter() - began
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
    compiled(model).fit(**data, epochs=epochs, verbose=0, callbacks=[clock])
    return {
        "decode_seconds": round(decoded, 2),
        "seconds_per_epoch": round(float(np.median(np.diff(ends))), 2),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _after_channels(model):
    """Return the published network without its first layers, with three input channels."""
    import keras

    inputs = keras.Input((SIZE, SIZE, 3))
    x, names = inputs, [layer.name for layer in model.layers]
    for layer in model.layers[names.index("channels") + 1 :]:
        x = layer(x)
    return keras.Model(inputs, x)


def measure(data: Path, images: int, epochs: int, rounds: int, threads: int) -> pd.DataFrame:
    """Train with both pipelines alternately, each time in a new process; return a row a training."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "images"
        write_images(data, images, folder)
        for number in range(rounds):
            pair = {}
            for pipeline in (PUBLISHED, OURS):
                with ProcessPoolExecutor(1, get_context("spawn")) as process:
                    pair[pipeline] = process.submit(train, pipeline, folder, epochs, threads).result()
            ratios = {
                f"ratio_{name}": round(pair[PUBLISHED][column] / pair[OURS][column], 2)
                for name, column in (("time", "seconds_per_epoch"), ("memory", "peak_memory_mb"))
            }
            rows += [
                {"round": number + 1, "pipeline": name, "images": images, "epochs": epochs, **found, **ratios}
                for name, found in pair.items()
            ]
    return pd.DataFrame(rows)


main = measurement(
    "benchmarks.speed.pipeline",
    "Time the published input pipeline and ours.",
    measure,
    {
        "data": {"type": Path, "help": "zip or folder of the published images"},
        **{"--images": 1024, "--epochs": 4, "--rounds": 2, "--threads": 2},
    },
)

if __name__ == "__main__":
    run_cli(main)
