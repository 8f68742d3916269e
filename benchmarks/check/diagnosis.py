"""Say why an architecture does not memorise: its losses, gradients, units and precision."""

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from benchmarks.cells.predict import dead_features
from benchmarks.check.building import answers
from benchmarks.gradients import of_weights

LARGE = 1.5  # times ln K: an initial loss above starts from answers that are sure and wrong
VANISHED = 1e-4  # gradient norm at the first layer over that at the last; above 1 / VANISHED it has exploded
MANY = 0.5  # share of units that are dead or saturated
LAG = 0.25  # share of images that are right in training mode alone
CONSTANT = 0.95  # share of the classifier's inputs that are the same for all images
SATURATED = 0.99  # of tanh; a sigmoid is that of half its input, scaled to -1..1


def reasons(new: keras.Model, trained: keras.Model, x: np.ndarray, y: np.ndarray, losses: list[float]) -> Iterator[str]:
    """Yield the causes found, each with its number and correction, then all numbers.

    `new` is the model before and `trained` after training with the loss `losses` of each step; `x` is uint8 (N, S, S,
    1), `y` int (N,).
    """
    initial, at_first, _ = _step(new, x, y)
    dead, saturated, constant = _units(trained, x)
    in_inference = int((answers(trained, x).argmax(axis=1) == y).sum())
    loss, now, outputs = _step(trained, x, y)
    equal = math.log(trained.output_shape[-1])
    unfinished = sum(not np.isfinite(one) for one in losses)
    policy = trained.layers[-2].dtype_policy.name
    if unfinished or not np.isfinite(loss):
        yield (
            f"the loss is not finite in {unfinished} of {len(losses)} steps ({policy}); normalise (BatchNormalization) "
            "or initialise smaller"
        )
    elif still := [path for path, norm in now.items() if norm == 0]:
        yield f"no gradient reaches {', '.join(still[:3])}{' and others' if len(still) > 3 else ''}"
    if initial > LARGE * equal:
        yield f"the first answers are far too sure (initial loss {initial:.2f}); initialise smaller, or normalise"
    kernels = list(at_first)
    first, last = (at_first[kernels[place]] for place in (0, -1))
    if 0 < first < VANISHED * last:
        yield f"the gradient vanishes on its way to {kernels[0]}; normalise, initialise by he_normal, or add shortcuts"
    if first > last / VANISHED > 0:
        yield f"the gradient explodes on its way to {kernels[0]}; normalise, or initialise smaller"
    if dead > MANY:
        yield f"{dead:.0%} of the ReLU units are dead; normalise before them, or initialise their layers by he_normal"
    if saturated > MANY:
        yield f"{saturated:.0%} of the tanh and sigmoid outputs are saturated; normalise before them, or take ReLU"
    if constant > CONSTANT:
        yield f"{constant:.0%} of the classifier's inputs are the same for all images"
    right = int((outputs.argmax(axis=1) == y).sum())
    if right - in_inference > LAG * len(y):
        yield (
            f"in training mode {right} are right, in inference {in_inference}, so the moving statistics lag behind: "
            "take architectures._normalisation.PromptNormalization or a lower momentum, or less random layers"
        )
    yield (
        f"initial loss {initial:.2f} (ln {trained.output_shape[-1]} = {equal:.2f}), gradient norm at first "
        f"{first:.2g} ({kernels[0]}) to {last:.2g} ({kernels[-1]}), {dead:.0%} of ReLU units dead, {unfinished} of "
        f"{len(losses)} losses not finite, {policy}"
    )


def _step(model: keras.Model, x: np.ndarray, y: np.ndarray) -> tuple[float, dict[str, float], np.ndarray]:
    """Return loss, gradient norm of each kernel by its path, and outputs (N, K), in training mode."""

    def loss(outputs: Any) -> Any:
        return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, outputs))

    value, gradients, outputs = of_weights(model, x.astype("float32"), loss)
    weights = zip(model.trainable_variables, gradients, strict=True)
    norms = {own.path: float(np.linalg.norm(np.ravel(one))) for own, one in weights if len(own.shape) > 1}
    return value, norms, outputs


def _units(model: keras.Model, x: np.ndarray) -> tuple[float, float, float]:
    """Return the shares of dead ReLU units, of saturated tanh and sigmoid outputs, of constant classifier inputs."""
    kinds = [(kind, layer.output) for layer in model.layers if (kind := _activation(layer))]
    asked = [*(output for _, output in kinds), model.layers[-1].input, model.output]
    found = keras.Model(model.input, asked)(x.astype("float32"), training=False)
    *outputs, features, _ = map(keras.ops.convert_to_numpy, found)
    dead: list[Any] = [np.zeros(0)]
    saturated: list[Any] = [np.zeros(0)]
    for (kind, _), output in zip(kinds, outputs, strict=True):
        if kind == "relu":
            dead.append(output.reshape(-1, output.shape[-1]).max(axis=0) <= 0)
        else:
            scaled = output if kind == "tanh" else 2 * output - 1
            saturated.append(np.ravel(np.abs(scaled) > SATURATED))
    shares = [float(np.concatenate(one).mean()) if len(one) > 1 else 0.0 for one in (dead, saturated)]
    return shares[0], shares[1], dead_features(features) or 0.0


def _activation(layer: keras.Layer) -> str | None:
    """Return `relu`, `tanh` or `sigmoid` if the layer ends in it."""
    if isinstance(layer, keras.layers.ReLU):
        return "relu"
    name = getattr(getattr(layer, "activation", None), "__name__", None)
    return name if name in ("relu", "tanh", "sigmoid") else None
