"""Hyperparameters that all architectures share, and the layers that they set."""

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    import keras_tuner

SHARED = ("learning_rate", "batch_size", "dropout", "augmentation")  # hyperparameters
SEARCHED = "searched"  # training.augmentation and search.structure of a study
MEAN = "mean"  # pooling of a recipe
ZOOM = 0.2  # at full strength; with rotation by up to 180 degrees and both reflections


def shared_space(hp: "keras_tuner.HyperParameters", augmentation: str = SEARCHED) -> None:
    """Declare the hyperparameters that every architecture shares.

    The hyperparameter `augmentation` is the strength, from 0 (none) to 1 (reflection, rotation by any angle, zoom by up
    to 20 %); it is 0 unless the argument says `searched`.
    """
    hp.Float("learning_rate", 1e-4, 3e-3, sampling="log", default=1e-3)
    hp.Choice("batch_size", [8, 16, 32], default=16)
    hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.2)
    if augmentation == SEARCHED:
        hp.Float("augmentation", 0.0, 1.0, step=0.25, default=0.5)
    else:
        hp.Fixed("augmentation", 0.0)


@contextlib.contextmanager
def hidden(hp: "keras_tuner.HyperParameters") -> Iterator["keras_tuner.HyperParameters"]:
    """Hide the shared hyperparameters from an architecture: trials that differ in them alone share a structure.

    Raises LookupError if the architecture asks for one of them.
    """
    kept = {name: hp.values.pop(name) for name in SHARED if name in hp.values}
    try:
        yield hp
    except (KeyError, ValueError) as error:
        asked = str(error).strip("'").partition(" ")[0]
        if asked not in kept:
            raise
        told = f"hyperparameter {asked!r} is the harness's own; declare one of another name"
        raise LookupError(told).with_traceback(error.__traceback__) from None
    finally:
        hp.values = kept | hp.values


def structural(hp: "keras_tuner.HyperParameters") -> tuple[str, "keras_tuner.HyperParameters"]:
    """Return the key of the structure that `hp` gives, and hyperparameters of a model of this structure.

    The key leaves the shared hyperparameters out. The model has layers of augmentation if the search may ask for some.
    """
    hp = hp.copy()
    if any(one.name == "augmentation" and one.default for one in hp.space):
        hp.values["augmentation"] = 1.0
    own = {name: value for name, value in hp.values.items() if name not in SHARED and not name.startswith("tuner/")}
    return json.dumps(own, sort_keys=True), hp


def shared_layers(hp: "keras_tuner.HyperParameters") -> list["keras.Layer"]:
    """Return new layers of augmentation and dropout, as they stand around an architecture."""
    return [*_random(hp.get("augmentation"), 0), _dropout(hp.get("dropout"), 0)]


def augmented(x: "keras.KerasTensor", hp: "keras_tuner.HyperParameters", seed: int) -> "keras.KerasTensor":
    """Reflect, rotate and zoom in training (fit) alone."""
    for layer in _random(hp.get("augmentation"), seed):
        # Keras records training=True for these layers, so that a plain model(x) would train batch normalisation too.
        x = layer(x, training=False)
    return x


def _random(strength: float, seed: int) -> list["keras.Layer"]:
    from keras import layers

    if strength == 0:
        return []
    # Pixels outside the original image are filled with zeros.
    black = {"fill_mode": "constant", "fill_value": 0.0, "dtype": "float32"}
    zoom = (-ZOOM * strength, ZOOM * strength)
    return [
        layers.RandomFlip("horizontal_and_vertical", seed=seed, dtype="float32", name="random_flip"),
        layers.RandomRotation(strength * 0.5, seed=seed + 1, name="random_rotation", **black),
        layers.RandomZoom(zoom, seed=seed + 2, name="random_zoom", **black),
    ]


def _dropout(rate: float, seed: int) -> "keras.Layer":
    from keras import layers

    # Without a seed, the layer would draw one, which would change the first weights of the classifier.
    return layers.Dropout(rate, seed=seed + 3, name="dropout")


def classifier(
    x: "keras.KerasTensor", dropout: float, seed: int, classes: int, pooling: str = MEAN
) -> "keras.KerasTensor":
    """Add global pooling of feature maps, dropout and softmax.

    `pooling` is `mean`, or `mean_max` for mean and maximum of each map side by side.
    """
    from keras import layers

    if len(x.shape) == 4:
        pooled = layers.GlobalAveragePooling2D(name="pooled")(x)
        if pooling != MEAN:
            pooled = layers.Concatenate(name="both_pooled")([pooled, layers.GlobalMaxPooling2D(name="most")(x)])
        x = pooled
    x = _dropout(dropout, seed)(x)
    return layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
