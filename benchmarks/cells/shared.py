"""What every architecture shares: the harness's hyperparameters and the layers that they set."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    import keras_tuner

SHARED = ("learning_rate", "batch_size", "dropout", "augmentation")  # hyperparameters
SEARCHED = "searched"  # training.augmentation and search.structure of a study
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


def hidden(hp: "keras_tuner.HyperParameters", build: Callable) -> object:
    """Call `build`, in which `hp` lacks what the harness sets: a trial of other numbers must have the same structure.

    Raises LookupError if it asks for one of them all the same.
    """
    kept = {name: hp.values.pop(name) for name in SHARED if name in hp.values}
    try:
        return build()
    except (KeyError, ValueError) as error:
        asked = str(error).strip("'").partition(" ")[0]
        if asked not in kept:
            raise
        told = f"hyperparameter {asked!r} is the harness's own; declare one of another name"
        raise LookupError(told).with_traceback(error.__traceback__) from None
    finally:
        hp.values = kept | hp.values


def structural(hp: "keras_tuner.HyperParameters") -> tuple[str, "keras_tuner.HyperParameters"]:
    """What of `hp` decides which layers and first weights a model has that trains for it, and values for such a model.

    The numbers that the harness sets don't. It has layers of augmentation if the search may ask for some.
    """
    hp = hp.copy()
    if any(one.name == "augmentation" and one.default for one in hp.space):
        hp.values["augmentation"] = 1.0
    own = {name: value for name, value in hp.values.items() if name not in SHARED and not name.startswith("tuner/")}
    return json.dumps(own, sort_keys=True), hp


def shared_layers(hp: "keras_tuner.HyperParameters") -> list["keras.Layer"]:
    """New layers as the harness puts them around an architecture: those that the shared hyperparameters set."""
    return [*_random(hp.get("augmentation"), 0), _dropout(hp.get("dropout"), 0)]


def augmented(x: "keras.KerasTensor", hp: "keras_tuner.HyperParameters", seed: int) -> "keras.KerasTensor":
    """Reflect, rotate and zoom in training (fit) alone."""
    for layer in _random(hp.get("augmentation"), seed):
        # Keras records training=True for these layers, so that a plain model(x) would train batch normalisation too.
        x = layer(x, training=False)
    return x


def _random(strength: float, seed: int) -> list["keras.Layer"]:
    """What comes into view by them is black."""
    from keras import layers

    if strength == 0:
        return []
    black = {"fill_mode": "constant", "fill_value": 0.0, "dtype": "float32"}
    zoom = (-ZOOM * strength, ZOOM * strength)
    return [
        layers.RandomFlip("horizontal_and_vertical", seed=seed, dtype="float32", name="random_flip"),
        layers.RandomRotation(strength * 0.5, seed=seed + 1, name="random_rotation", **black),
        layers.RandomZoom(zoom, seed=seed + 2, name="random_zoom", **black),
    ]


def _dropout(rate: float, seed: int) -> "keras.Layer":
    from keras import layers

    # With a seed of its own it draws none, which would change the weights that the classifier starts from.
    return layers.Dropout(rate, seed=seed + 3, name="dropout")


def classifier(
    x: "keras.KerasTensor", hp: "keras_tuner.HyperParameters", seed: int, classes: int
) -> "keras.KerasTensor":
    """Global average pooling of feature maps, dropout, softmax."""
    from keras import layers

    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D(name="pooled")(x)
    x = _dropout(hp.get("dropout"), seed)(x)
    return layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
