"""Check by training that an architecture learns, can be explained, and repeats with a random seed."""

import dataclasses
from collections.abc import Iterator

import keras
import numpy as np

import architectures
from benchmarks.cells.model import plain_hyperparameters
from benchmarks.cells.reuse import compiled
from benchmarks.check import diagnosis
from benchmarks.check.building import CLASSES, answers, build
from benchmarks.datasets import phantom
from benchmarks.gradients import Tapped
from benchmarks.study.study import Study

PHANTOMS = 64  # eight of each class
RATES = (1e-3, 3e-3, 3e-4)  # learning rates, tried in this order
BATCH = 16  # the default of the search
STEPS, PER_LOOK = 320, 20
ENOUGH = 0.9  # of the phantoms, in inference
SEED = 0


def phantoms(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return upright phantoms, uint8 (64, side, side, 1), and their class numbers."""
    data = phantom.load({**phantom.OPTIONS, "patients": PHANTOMS}, None, SEED)
    upright = data.samples[data.samples["upright"]]
    chosen = upright.groupby("label").head(PHANTOMS // CLASSES).sample(frac=1, random_state=SEED)
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
    """Train until the model in inference memorises nine of ten phantoms; say why if it doesn't."""
    best = 0.0
    start: list[np.ndarray] = []
    early: list[np.ndarray] = []
    why: list[str] = []
    for rate in RATES:
        model = compiled(plain(name, study), rate)
        start = start or model.get_weights()
        losses: list[float] = []
        for _ in range(STEPS // PER_LOOK):
            losses += _stepped(model, x, y)
            early = early or model.get_weights()
            share = float((answers(model, x).argmax(axis=1) == y).mean())
            if share >= ENOUGH:
                return Learnt(model, share, start, early, [])
            if not np.isfinite(losses[-1]):
                break
        best = max(best, share)
        why = why or list(diagnosis.reasons(plain(name, study), model, x, y, losses))
    told = (
        f"{architectures.place(name, name)}: memorises only {best * PHANTOMS:.0f} of {PHANTOMS} training images within "
        f"{STEPS} steps (learning rates {', '.join(f'{rate:g}' for rate in RATES)}), {ENOUGH * PHANTOMS:.0f} needed: "
        f"{'; '.join(why)}"
    )
    return Learnt(model, best, start, early, [told])


def _stepped(model: keras.Model, x: np.ndarray, y: np.ndarray) -> list[float]:
    """Train PER_LOOK steps, each time in the same order; return the loss of each."""
    losses = []
    for step in range(PER_LOOK):
        model.reset_metrics()
        chosen = np.arange(step * BATCH, (step + 1) * BATCH) % len(x)
        losses.append(float(model.train_on_batch(x[chosen], y[chosen], return_dict=True)["loss"]))
    return losses


def explains(name: str, model: keras.Model, x: np.ndarray) -> Iterator[str]:
    """Check that Grad-CAM has a map of several pixels, and a gradient that weighs its channels."""
    layer = architectures.describe(name).corrected.cam_layer
    where = architectures.place(name, name, layer)
    answered = answers(model, x)
    features, _, gradients = Tapped(model, layer)(x, np.eye(answered.shape[1])[answered.argmax(axis=1)])
    if features.shape[1] * features.shape[2] == 1:
        yield f"{where}: cam_layer {layer!r} is a map of 1 x 1, which shows no place; name an earlier layer"
    if not np.any(gradients):
        yield f"{where}: no gradient reaches cam_layer {layer!r}, so Grad-CAM is empty; name a layer before the break"


def repeats(name: str, study: Study, x: np.ndarray, y: np.ndarray, learnt: Learnt) -> Iterator[str]:
    """Check that the same random seed builds and trains the same model again."""
    where = architectures.place(name, name, "random", "shuffle", "time", "numpy_function")
    again = plain(name, study)
    if [weight.shape for weight in learnt.start] != [weight.shape for weight in again.get_weights()]:
        yield f"{where}: builds another network each time; take random choices out, or from hp"
    elif not _same(learnt.start, again.get_weights()):
        yield f"{where}: starts from other weights under the same seed; take Keras' own initialisers"
    else:
        _stepped(compiled(again, RATES[0]), x, y)
        if not _same(learnt.early, again.get_weights()):
            yield (
                f"{where}: trains to other weights under the same seed; take randomness from keras.random with a "
                "keras.random.SeedGenerator, not from numpy, random or time"
            )


def _same(first: list[np.ndarray], again: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again, strict=True))
