"""The network of a publication's variant, compiled as its recipe says."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import architectures
from benchmarks.errors import BadInput
from benchmarks.publications.code import function

if TYPE_CHECKING:
    import keras

LOSSES = ("categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy", None)


def build(content: dict, folder: Path, variant: str, classes: int, recipe: dict[str, Any]) -> "keras.Model":
    """Return the uncompiled network: prepared images float32 (N, S, S, 1) to probabilities (N, classes).

    `recipe` is that of benchmarks.study.replayed.settings. One sigmoid output becomes the probabilities of two classes.
    Errors of the publication's variants.py are raised as they are.
    """
    import keras

    own, size, channels = content["variants"][variant], recipe["image_size"], recipe["channels"] or 1
    inputs = keras.Input((size, size, 1), name="image")
    x = keras.layers.Concatenate(name="channels")([inputs] * channels) if channels > 1 else inputs
    options = recipe["options"] | ({"weights": recipe["file"]} if recipe["file"] else {})
    if "function" in own:
        outputs = function(folder, own["function"])(x, classes, **options)
    else:
        outputs = architectures.load(own["architecture"]).build_published(x, classes, **options)
    if outputs.shape[-1] == 1 and classes == 2:
        other = keras.layers.Rescaling(-1.0, 1.0, name="other_class")(outputs)
        outputs = keras.layers.Concatenate(name="both_classes")([other, outputs])
    if outputs.shape[-1] != classes:
        raise BadInput(f"{folder}: {variant} returns {outputs.shape[-1]} outputs for {classes} classes; correct it")
    return keras.Model(inputs, outputs, name=variant)


def compiled(model: "keras.Model", recipe: dict[str, Any]) -> "keras.Model":
    """Compile `model` for one-hot labels by the loss and optimiser of a recipe; return it.

    With one-hot labels, the three cross-entropies are the same. Raises BadInput for a loss or optimiser that is not
    known.
    """
    import keras

    if recipe["loss"] not in LOSSES:
        raise BadInput(f"recipe.loss: {recipe['loss']} can't be replayed; known: {', '.join(map(str, LOSSES))}")
    settings = {key: value for key, value in recipe["optimiser"].items() if value is not None}
    name, decay = settings.pop("name"), settings.pop("decay", None)
    if decay:  # of Keras 2: the rate is divided by 1 + decay * step
        rate = settings["learning_rate"]
        settings["learning_rate"] = keras.optimizers.schedules.InverseTimeDecay(rate, 1, decay)
    try:
        optimiser = keras.optimizers.get({"class_name": name, "config": settings})
    except (TypeError, ValueError) as error:
        raise BadInput(f"recipe.optimiser: {recipe['optimiser']} is none of Keras': {error}; correct it") from None
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.get("label_smoothing", 0.0))
    model.compile(optimiser, loss, metrics=["accuracy"], jit_compile=False)
    return model
