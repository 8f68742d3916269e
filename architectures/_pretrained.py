"""Weights of keras.applications, copied layer by layer into a flat graph with the same layer names."""

from typing import Any

import keras

from architectures._errors import BadInput

HEAD = "probabilities"
# ImageNet's red, green, blue in 0..1
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def normalised(x: Any) -> Any:
    """Normalise pixels 0..1 to zero mean and unit variance, as weights trained on ImageNet expect."""
    return keras.layers.Normalization(mean=list(IMAGENET_MEAN), variance=[std**2 for std in IMAGENET_STD])(x)


def transfer(model: keras.Model, application: str, weights: str) -> None:
    """Copy `weights` into `model`, all layers but its classifier.

    `weights` is `imagenet` (downloaded once by Keras, into ~/.keras) or the path of a .keras, .weights.h5 or .h5 file
    saved from `keras.applications.<application>(include_top=False)`. Raises BadInput if a layer is missing on either
    side or has another shape: an option has changed the structure, or the file holds another model.
    """
    source = _source(application, weights)
    theirs = {layer.name: layer for layer in source.layers if layer.weights}
    ours = {layer.name: layer for layer in model.layers if layer.weights and layer.name != HEAD}
    differing = sorted(set(theirs) ^ set(ours)) or [
        name for name in ours if _shapes(ours[name]) != _shapes(theirs[name])
    ]
    if differing:
        raise BadInput(
            f"weights={weights}: {len(differing)} layers ({', '.join(differing[:3])}, ...) are not as in "
            f"keras.applications.{application}(include_top=False); leave the architecture's options at their defaults, "
            f"and give a file saved from that model"
        )
    for name, layer in ours.items():
        layer.set_weights(theirs[name].get_weights())


def _source(application: str, weights: str) -> keras.Model:
    try:
        if weights.endswith(".keras"):
            return keras.models.load_model(weights, compile=False, safe_mode=True)
        # The size only matters to Keras' check of a top, which is left out.
        return getattr(keras.applications, application)(include_top=False, weights=weights, input_shape=(224, 224, 3))
    except Exception as error:
        raise BadInput(
            f"weights={weights}: can't be read as keras.applications.{application}(include_top=False): {error}"
        ) from error


def _shapes(layer: keras.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
