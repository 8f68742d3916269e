"""Pretrained weights, copied layer by layer into a flat graph with the same layer names."""

from typing import Any

import keras

import architectures
from architectures import IMAGENET, SHIPPED
from architectures._errors import BadInput

HEADS = ("probabilities", "severity", "density")  # layers of the harness after the architecture
# ImageNet's red, green, blue in 0..1
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def normalised(x: Any) -> Any:
    """Normalise pixels 0..1 to zero mean and unit variance, as weights trained on ImageNet expect."""
    return keras.layers.Normalization(mean=list(IMAGENET_MEAN), variance=[std**2 for std in IMAGENET_STD])(x)


def transfer(model: keras.Model, name: str, weights: str) -> None:
    """Copy `weights` into `model` of architecture `name`, all layers but its classifier.

    `weights` is `imagenet` (shipped, or downloaded once by Keras into ~/.keras) or the path of a .keras, .weights.h5 or
    .h5 file saved from `keras.applications.<function>(include_top=False)`; for shipped weights, of a .keras file of a
    cell of this architecture. Raises BadInput if a layer is missing or has another shape: an option has changed the
    structure, or the file holds another model.
    """
    pretrained = architectures.describe(name).corrected.pretrained
    if pretrained == SHIPPED:
        what = f"a model of {name}"
        theirs = architectures.load(name).shipped_weights() if weights == IMAGENET else _arrays(_saved(weights, what))
    else:
        what = f"keras.applications.{pretrained}(include_top=False)"
        theirs = _arrays(_source(str(pretrained), weights, what))
    ours = {layer.name: layer for layer in model.layers if layer.weights and layer.name not in HEADS}
    differing = sorted(set(theirs) - set(HEADS) ^ set(ours)) or [
        name for name, layer in ours.items() if [w.shape for w in layer.weights] != [a.shape for a in theirs[name]]
    ]
    if differing:
        raise BadInput(
            f"weights={weights}: {len(differing)} layers ({', '.join(differing[:3])}, ...) are not as in {what}; leave "
            f"the architecture's options at their defaults, and give a file saved from that model"
        )
    for name, layer in ours.items():
        layer.set_weights(theirs[name])


def _saved(path: str, what: str) -> keras.Model:
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise BadInput(f"weights={path}: can't be read as {what}: {error}") from error


def _source(application: str, weights: str, what: str) -> keras.Model:
    if weights.endswith(".keras"):
        return _saved(weights, what)
    try:
        # The size only matters to Keras' check of a top, which is left out.
        return getattr(keras.applications, application)(include_top=False, weights=weights, input_shape=(224, 224, 3))
    except Exception as error:
        raise BadInput(f"weights={weights}: can't be read as {what}: {error}") from error


def _arrays(model: keras.Model) -> dict[str, list[Any]]:
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
