"""An epoch of the published study's input pipeline, and of ours: the same net, images and number of epochs.

    python -m benchmarks.speed.pipeline ZIP > benchmarks/speed/pipeline.csv

The published pipeline decodes the PNG files of class folders anew in every epoch, as RGB, by Keras'
image_dataset_from_directory. Ours reads grey images, decoded once, from one array file. Both train the published simple
net at 224 px in batches of 128 on the first files of the data set, in turn, each time in a new process. Columns: round,
pipeline, images, epochs, decode_seconds (once, before the first epoch), seconds_per_epoch (the median without the
first, which traces), peak_memory_mb, ratio_time and ratio_memory (published over ours, of the round), and those of
benchmarks/reference.
"""

import argparse
import json
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks import backend, datasets
from benchmarks.errors import run_cli
from benchmarks.reference import about

SIZE, BATCH, CLASSES, SEED = 224, 128, 8, 1
PUBLISHED, OURS = "published", "ours"


def write_images(data: Path, n_images: int, folder: Path) -> None:
    """Write the first `n_images` augmented images as PNG files in a folder for each class."""
    loaded = datasets.load({"name": "mendeley_inbreast"}, data, SEED)
    samples = loaded.samples[loaded.samples["folder"] == "after"].sample(n_images, random_state=SEED)
    for row, label in zip(samples.index, samples["label"], strict=True):
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(loaded.read(row, SIZE)).save(folder / label / f"{row}.png")


def train(pipeline: str, folder: Path, epochs: int, threads: int) -> dict:
    """Train in this process; seconds of decoding and of an epoch, peak memory in MiB."""
    backend.prepare(threads)
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
    clock = _Clock()
    compiled(model).fit(**data, epochs=epochs, verbose=0, callbacks=[clock.callback()])
    return {
        "decode_seconds": round(decoded, 2),
        "seconds_per_epoch": round(float(np.median(np.diff(clock.ends))), 2),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


class _Clock:
    def __init__(self):
        self.ends: list[float] = []

    def callback(self):
        import keras

        return keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: self.ends.append(time.perf_counter()))


def _after_channels(model):
    """The published net from three channels on."""
    import keras

    inputs = keras.Input((SIZE, SIZE, 3))
    x, names = inputs, [layer.name for layer in model.layers]
    for layer in model.layers[names.index("channels") + 1 :]:
        x = layer(x)
    return keras.Model(inputs, x)


def measure(data: Path, n_images: int, epochs: int, rounds: int, threads: int) -> pd.DataFrame:
    """Both pipelines in turn, each in a new process."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "images"
        write_images(data, n_images, folder)
        for number in range(rounds):
            pair = {}
            for pipeline in (PUBLISHED, OURS):
                own = [sys.executable, "-m", "benchmarks.speed.pipeline", str(folder), "--train", pipeline]
                own += ["--epochs", str(epochs), "--threads", str(threads)]
                pair[pipeline] = json.loads(subprocess.run(own, check=True, stdout=subprocess.PIPE, text=True).stdout)
            ratios = {
                f"ratio_{name}": round(pair[PUBLISHED][column] / pair[OURS][column], 2)
                for name, column in (("time", "seconds_per_epoch"), ("memory", "peak_memory_mb"))
            }
            first = {"round": number + 1}
            size = {"images": n_images, "epochs": epochs}
            rows += [{**first, "pipeline": name, **size, **found, **ratios} for name, found in pair.items()]
    return pd.DataFrame(rows)


def main() -> None:
    """Measure both pipelines, to standard output."""
    parser = argparse.ArgumentParser(description="Time the published input pipeline and ours.")
    parser.add_argument("data", type=Path, help="zip or folder of the published images")
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--train", choices=[PUBLISHED, OURS], help="train by this one on the images in folder `data`")
    arguments = parser.parse_args()
    if arguments.train:
        print(json.dumps(train(arguments.train, arguments.data, arguments.epochs, arguments.threads)))
        return
    table = measure(arguments.data, arguments.images, arguments.epochs, arguments.rounds, arguments.threads)
    for name, value in about(shlex.join(["python", "-m", "benchmarks.speed.pipeline", *sys.argv[1:]])).items():
        table[name] = value
    table.to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    run_cli(main)
