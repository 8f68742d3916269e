"""The model of a cell: an architecture between the harness's input and classifier, and the check of its contract.

Corrected form: image -> 0..1 -> augmentation (training only) -> three channels -> architecture -> global average
pooling -> dropout -> softmax. Published form: image -> 0..1 -> three channels -> what the study built. An architecture
without a published form follows the published recipe in its corrected form, at its default hyperparameters, without
augmentation or dropout. Models are flat functional graphs in the dtype policy that is set when they are built.

The command builds every form that a study needs and writes results/<study>/architectures.json

    {architecture: {variant: {parameters, trainable, cam_layer, cam_shape, layers}}}
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import architectures
from architectures import CORRECTED, PUBLISHED
from benchmarks import stored
from benchmarks.cells.shared import SEARCHED, augmented, classifier, hidden, shared_space
from benchmarks.errors import BadInput

if TYPE_CHECKING:
    import keras
    import keras_tuner

# Layers of the harness around an architecture's own
LAYERS = ("image", "rescaling", "random_flip", "random_rotation", "random_zoom", "channels", "pooled", "dropout")
LAYERS += ("probabilities",)
PLAIN_RECIPE = {"batch_size": 32, "precision": "float32"}  # of what nobody published: Keras' own defaults


def build_model(
    name: str,
    *,
    variant: str,
    hp: "keras_tuner.HyperParameters | None",
    classes: int,
    image_size: int,
    options: dict | None = None,
    weights: str | None = None,
    augmentation: str = SEARCHED,
    structure: str = SEARCHED,
    seed: int = 0,
) -> tuple["keras.Model", str]:
    """Build one form of architecture `name`; return the uncompiled model and the layer that Grad-CAM explains.

    The model takes "image", float32 (N, image_size, image_size, 1) with values 0..255, and returns probabilities
    float32 (N, classes); a published form returns them in its own precision. `hp` is KerasTuner's search space with
    values (None for `published`), into which the shared and the architecture's own hyperparameters are declared.
    `options` override the keyword arguments of the architecture, `weights` is None, `imagenet` or a path,
    `augmentation` is `searched` or `none`, `structure` `searched` or `default`, as in a study, `seed` that of the
    augmentation. Raises BadInput, naming the architecture's file, if it breaks the contract.
    """
    import keras
    from keras import layers

    description = architectures.describe(name)
    form = description.form(variant)
    if description.variant(variant) != variant:
        variant, hp, weights = CORRECTED, _plain_hyperparameters(), None
    loaded = architectures.load(name)
    # An option that only the other form has is no error: a study gives one list for both.
    options = {key: _as_declared(value) for key, value in (options or {}).items() if key in form.options}
    inputs = keras.Input((image_size, image_size, 1), name="image")
    x = layers.Rescaling(1 / 255, dtype="float32")(inputs)
    if variant == CORRECTED:
        shared_space(hp, augmentation)
        x = augmented(x, hp, seed)
    x = layers.Concatenate(name="channels")([x, x, x])
    if variant == PUBLISHED:
        outputs = _called(name, lambda: loaded.build_published(x, classes, **options))
        _check_tensor(name, "published", outputs, {2: f"softmax outputs (N, {classes})"})
        if outputs.shape[-1] != classes:
            raise BadInput(
                f"{architectures.place(name, PUBLISHED)}: published returns {outputs.shape[-1]} outputs, but there are "
                f"{classes} classes; end with Dense(classes, activation='softmax')"
            )
    else:
        if form.pretrained:
            options["pretrained"] = weights is not None
        own = hp if structure == SEARCHED else _fresh()
        features = _called(name, lambda: hidden(own, lambda: loaded.build(x, own, **options)))
        _check_tensor(name, name, features, {2: "features (N, c)", 4: "feature maps (N, h, w, c)"})
        outputs = classifier(features, hp, seed, classes)
    function = PUBLISHED if variant == PUBLISHED else name
    model = _assembled(name, function, inputs, outputs)
    _check_graph(name, function, model, form.cam_layer)
    if variant == CORRECTED and weights is not None:
        from architectures._pretrained import transfer

        transfer(model, form.pretrained, weights)
    return model, form.cam_layer


def saved_model(name: str, path: Path) -> "keras.Model":
    """The model of a cell of architecture `name`, uncompiled. BadInput if `path` is not there, or would run code."""
    import keras

    architectures.load(name)  # its file registers what layers it defines itself
    with stored.whole(path):
        return keras.models.load_model(path, compile=False, safe_mode=True)


def published_recipe(name: str) -> dict:
    """What the published study set for architecture `name`: batch_size and precision (a Keras dtype policy).

    Keras' own defaults where it has no published form.
    """
    published = architectures.describe(name).published
    return {"batch_size": published.batch_size, "precision": published.precision} if published else PLAIN_RECIPE


def _fresh() -> "keras_tuner.HyperParameters":
    import keras_tuner

    return keras_tuner.HyperParameters()


def _plain_hyperparameters() -> "keras_tuner.HyperParameters":
    hp = _fresh()
    hp.Fixed("augmentation", 0.0)
    hp.Fixed("dropout", 0.0)
    return hp


def _as_declared(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _called(name: str, build: Callable) -> object:
    """Run an architecture's own code; its errors name its file and line."""
    try:
        return build()
    except Exception as error:
        raise BadInput(architectures.blame(architectures.file(name), error, "can't be built")) from error


def _assembled(name: str, function: str, inputs: "keras.KerasTensor", outputs: "keras.KerasTensor") -> "keras.Model":
    import keras

    try:
        return keras.Model(inputs, outputs, name=name)
    except ValueError as error:
        twice = re.search(r'name "([^"]+)"', str(error))
        if not twice:
            where = architectures.place(name, function)
            raise BadInput(f"{where}: {function} gives no model from image to features: {error}") from error
        where = architectures.place(name, function, twice[1])
        raise BadInput(
            f"{where}: two layers are called {twice[1]!r}; rename yours, or leave its name out (the harness has "
            f"{', '.join(LAYERS)})"
        ) from error


def _check_tensor(name: str, function: str, tensor: object, allowed: dict[int, str]) -> None:
    import keras

    if not isinstance(tensor, keras.KerasTensor) or len(tensor.shape) not in allowed:
        got = f"shape {tensor.shape}" if isinstance(tensor, keras.KerasTensor) else type(tensor).__name__
        raise BadInput(
            f"{architectures.place(name, function)}: function {function} returns {got}; return a Keras tensor of "
            f"{' or '.join(allowed.values())}"
        )


def _check_graph(name: str, function: str, model: "keras.Model", cam_layer: str) -> None:
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            raise BadInput(
                f"{architectures.place(name, function, layer.name, type(layer).__name__)}: {layer.name} is a model "
                f"inside the model, which Grad-CAM can't look into; apply its layers one by one, or build it on the "
                f"tensor (keras.applications: input_tensor=...)"
            )
        if isinstance(layer, keras.layers.Lambda):
            where = architectures.place(name, function, layer.name, "Lambda")
            raise BadInput(f"{where}: layer {layer.name} is a Lambda, which can't be saved safely; use keras layers")
    found = {layer.name: layer.output.shape for layer in model.layers if not isinstance(layer.output, list)}
    maps = [layer for layer, shape in found.items() if len(shape) == 4 and layer not in LAYERS]
    if not maps:
        where = architectures.place(name, function)
        raise BadInput(f"{where}: {function} has no feature map (N, h, w, c) to explain; add a convolution")
    if cam_layer not in maps:
        what = f"has shape {found[cam_layer]}" if cam_layer in found else "is not in the model"
        where = architectures.place(name, function, cam_layer)
        raise BadInput(
            f"{where}: cam_layer {cam_layer!r} {what}; name the last layer with a feature map (N, h, w, c), after its "
            f"activation, e.g. {maps[-1]!r}"
        )
