"""The bound of a training step on the CPU: its convolutions and products of matrices, alone and in the step.

    python -m benchmarks.speed.arithmetic > benchmarks/speed/arithmetic.csv

Each published network trains in float32 on random images of the size and in the batches of its study. Then each of its
convolutional and dense layers is computed alone: the layer, its gradient by the weights, and by its inputs (not for the
first layer, as in training). Normalisation, activation, pooling, loss and optimiser are left out. The nearer `share` is
to 1, the less can be gained without fewer operations. Columns: architecture, image_size, batch_size, round,
step_seconds, plain_seconds (medians; the layers' sum), share (plain over step), step_gflops and plain_gflops (10^9
operations a second; a use of a weight in one of the three passes is two), product_gflops (a product of two matrices
2048 x 2048), and those of benchmarks/reference.
"""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import architectures
from benchmarks import backend
from benchmarks.errors import BadInput, run_cli
from benchmarks.reference.command import measurement
from benchmarks.speed.names import NAMES

if TYPE_CHECKING:
    import keras

CLASSES, SIDE, SEED = 8, 2048, 1
GIGA = 1e9


def measure(names: list[str], rounds: int, repeats: int, threads: int) -> pd.DataFrame:
    """Measure each network in a new process; return a row for each network and round."""
    rows = []
    for number in range(rounds):
        for name in names:
            with ProcessPoolExecutor(1, get_context("spawn")) as process:
                found = process.submit(one_network, name, repeats, threads).result()
            rows.append({"architecture": name, "round": number + 1, **found})
    return pd.DataFrame(rows)


def one_network(name: str, repeats: int, threads: int) -> dict[str, float]:
    """Return the columns from image_size on of the published form of architecture `name`, measured in this process."""
    backend.prepare(threads)
    import keras
    import tensorflow as tf

    from benchmarks.cells.model import build_model
    from benchmarks.cells.reuse import compiled
    from benchmarks.speed.gpu.operations import forward_operations, training_operations

    form = architectures.describe(name).published
    if form is None:
        raise BadInput(f"{name} has no published form; name others")
    keras.utils.set_random_seed(SEED)
    size, batch = form.image_size, form.batch_size
    model, _ = build_model(name, variant="published", hp=None, classes=CLASSES, image_size=size)
    compiled(model)
    images = tf.random.uniform((batch, size, size, 1), maxval=255)
    labels = tf.random.uniform((batch,), maxval=CLASSES, dtype=tf.int32)
    step = tf.function(lambda: model.train_step((images, labels)))
    matrix = tf.random.normal((SIDE, SIDE))
    # Before and after: a machine that slows down meanwhile slows both sides.
    steps = _seconds(step, repeats)
    weighted = [layer for layer in model.layers if getattr(layer, "kernel", None) is not None]
    plain = sum(
        float(np.median(_seconds(passes(layer, batch, first=layer is weighted[0]), repeats))) for layer in weighted
    )
    product = float(np.median(_seconds(tf.function(lambda: matrix @ matrix), repeats)))
    seconds = float(np.median(steps + _seconds(step, repeats)))
    first = keras.Model(weighted[0].input, weighted[0].output)
    operations = batch * (training_operations(model) - forward_operations(first)) / GIGA
    return {
        "image_size": size,
        "batch_size": batch,
        "step_seconds": round(seconds, 3),
        "plain_seconds": round(plain, 3),
        "share": round(plain / seconds, 2),
        "step_gflops": round(operations / seconds, 1),
        "plain_gflops": round(operations / plain, 1),
        "product_gflops": round(2 * SIDE**3 / product / GIGA, 1),
    }


def passes(layer: "keras.Layer", batch: int, *, first: bool) -> Callable[[], tuple]:
    """Return a traced function that computes a layer without bias on random numbers, and its gradients.

    It returns outputs, gradient by the kernel and, unless `first`, by the inputs. Raises BadInput for a layer with a
    kernel that is neither convolutional nor dense.
    """
    import keras
    import tensorflow as tf

    settings: tuple = ()
    if isinstance(layer, keras.layers.Dense):
        operation = keras.ops.matmul
    elif isinstance(layer, keras.layers.DepthwiseConv2D):
        operation, settings = keras.ops.depthwise_conv, (layer.strides, layer.padding)
    elif isinstance(layer, keras.layers.Conv2D):
        operation, settings = keras.ops.conv, (layer.strides, layer.padding)
    else:
        raise BadInput(f"{layer.name}: layers of kind {type(layer).__name__} can't be measured alone; name others")
    inputs = tf.random.normal((batch, *layer.input.shape[1:]))
    kernel = tf.convert_to_tensor(layer.kernel)
    gradient = tf.random.normal((batch, *layer.output.shape[1:]))
    wanted = [kernel] if first else [kernel, inputs]

    def compute() -> tuple:
        with tf.GradientTape() as tape:
            tape.watch(wanted)
            outputs = operation(inputs, kernel, *settings)
        return outputs, *tape.gradient(outputs, wanted, output_gradients=gradient)

    return tf.function(compute)


def _seconds(function: Callable[[], object], repeats: int) -> list[float]:
    """Return the seconds of each of `repeats` calls after a first one, which traces."""
    function()
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        found.append(time.perf_counter() - began)
    return found


main = measurement(
    "benchmarks.speed.arithmetic",
    "Time training steps of the published networks, and their convolutions and products alone.",
    measure,
    {"--names": NAMES, "--rounds": 1, "--repeats": 3, "--threads": 2},
)

if __name__ == "__main__":
    run_cli(main)
