"""Check by training that an architecture learns, can be explained, and repeats with a random seed."""

import dataclasses
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

import architectures
from benchmarks.cells.model import plain_hyperparameters
from benchmarks.cells.reuse import compiled
from benchmarks.check.building import CLASSES, answers, build
from benchmarks.datasets import phantom
from benchmarks.study.study import Study

PHANTOMS = 16  # two of each class
RATES = (1e-3, 3e-3, 3e-4)  # learning rates, tried in this order
STEPS, PER_LOOK = 150, 10
ENOUGH = 15 / 16  # of the phantoms
SEED = 0


def phantoms(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sixteen upright phantoms, uint8 (16, side, side, 1), and their class numbers."""
    data = phantom.load({**phantom.OPTIONS, "patients": phantom.LEAST_PER_CLASS * CLASSES}, None, SEED)
    upright = data.samples[data.samples["upright"]]
    chosen = upright.groupby("label").head(PHANTOMS // CLASSES)
    images = np.stack([data.read(row, side) for row in chosen.index])[..., np.newaxis]
    return images, chosen["label"].map(data.classes.index).to_numpy()


def plain(name: str, study: Study) -> keras.Model:
    """Build a new model by default hyperparameters without augmentation or dropout, from the random seed."""
    keras.utils.set_random_seed(SEED)
    return build(name, study, plain_hyperparameters())


@dataclasses.dataclass
class Learnt:
    """A trained model, the share of phantoms it memorises, its weights before and after the first steps, problems."""

    model: keras.Model
    share: float
    start: list[np.ndarray]
    early: list[np.ndarray]
    problems: list[str]


def learns(name: str, study: Study, x: np.ndarray, y: np.ndarray) -> Learnt:
    """Train until the model memorises all but one of the phantoms."""
    best = 0.0
    start: list[np.ndarray] = []
    early: list[np.ndarray] = []
    reasons: list[str] = []
    for rate in RATES:
        model = compiled(plain(name, study), rate)
        start = start or model.get_weights()
        for _ in range(STEPS // PER_LOOK):
            weights = _stepped(model, x, y)
            early = early or weights
            share = float((answers(model, x).argmax(axis=1) == y).mean())
            if share >= ENOUGH:
                return Learnt(model, share, start, early, [])
        best = max(best, share)
        reasons = reasons or list(_reasons(model, x, y))
    reason = "; ".join(reasons) or "look for a missing activation, a stride too large, too few channels"
    told = (
        f"{architectures.place(name, name)}: memorises only {best * PHANTOMS:.0f} of {PHANTOMS} training images within "
        f"{STEPS} steps (learning rates {', '.join(f'{rate:g}' for rate in RATES)}), {ENOUGH * PHANTOMS:.0f} needed: "
        f"{reason}"
    )
    return Learnt(model, best, start, early, [told])


def _stepped(model: keras.Model, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Train PER_LOOK steps on all phantoms; return the weights."""
    for _ in range(PER_LOOK):
        model.train_on_batch(x, y)
    return model.get_weights()


def _reasons(model: keras.Model, x: np.ndarray, y: np.ndarray) -> Iterator[str]:
    """Yield why training fails, as far as one step shows it."""
    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        loss = keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, outputs))
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    if not np.isfinite(loss):
        yield "the loss is not finite; normalise (BatchNormalization) or initialise smaller"
        return
    still = [
        weight.path
        for weight, gradient in zip(model.trainable_weights, gradients, strict=True)
        if gradient is None or not np.any(keras.ops.convert_to_numpy(gradient))
    ]
    if still:
        yield f"no gradient reaches {', '.join(still[:3])}{' and others' if len(still) > 3 else ''}"
    in_training = float((keras.ops.convert_to_numpy(outputs).argmax(axis=1) == y).mean())
    if in_training >= ENOUGH:
        yield (
            f"in training mode {in_training * PHANTOMS:.0f} are right, so the running averages lag behind: "
            "BatchNormalization(momentum=0.9), or less random layers"
        )


def explains(name: str, model: keras.Model, x: np.ndarray) -> Iterator[str]:
    """Check that Grad-CAM has a map of several pixels, and a gradient that weighs its channels."""
    layer = architectures.describe(name).corrected.cam_layer
    where = architectures.place(name, name, layer)
    both = keras.Model(model.input, [model.get_layer(layer).output, model.output])
    with tf.GradientTape() as tape:
        features, outputs = both(x.astype("float32"), training=False)
        score = keras.ops.sum(keras.ops.max(outputs, axis=1))
    if features.shape[1] * features.shape[2] == 1:
        yield f"{where}: cam_layer {layer!r} is a map of 1 x 1, which shows no place; name an earlier layer"
    gradient = tape.gradient(score, features)
    if gradient is None or not np.any(gradient):
        yield f"{where}: no gradient reaches cam_layer {layer!r}, so Grad-CAM is empty; name a layer before the break"


def repeats(name: str, study: Study, x: np.ndarray, y: np.ndarray, learnt: Learnt) -> Iterator[str]:
    """Check that the same random seed builds and trains the same model again."""
    where = architectures.place(name, name, "random", "shuffle", "time", "numpy_function")
    again = plain(name, study)
    if [weight.shape for weight in learnt.start] != [weight.shape for weight in again.get_weights()]:
        yield f"{where}: builds another network each time; take random choices out, or from hp"
    elif not _same(learnt.start, again.get_weights()):
        yield f"{where}: starts from other weights under the same seed; take Keras' own initialisers"
    elif not _same(learnt.early, _stepped(compiled(again, RATES[0]), x, y)):
        yield (
            f"{where}: trains to other weights under the same seed; take randomness from keras.random with a "
            "keras.random.SeedGenerator, not from numpy, random or time"
        )


def _same(first: list[np.ndarray], again: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again, strict=True))
