"""Build the model of a cell: an architecture between the input and the classifier that all architectures share.

Corrected form: image -> 0..1 -> augmentation (training only) -> three channels -> architecture -> global average
pooling -> dropout -> softmax. Published form: image -> 0..1 -> three channels -> the study's own model. Under the
published recipe, an architecture without a published form is built in its corrected form, at its default
hyperparameters, without augmentation or dropout. Models are flat functional graphs in the current dtype policy.

`benchmarks.check.contract` checks an architecture before any cell runs: nothing is checked here.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import architectures
from architectures import CORRECTED, PUBLISHED, Architecture
from benchmarks import stored
from benchmarks.cells.cell import Cell
from benchmarks.cells.shared import MEAN, SEARCHED, augmented, classifier, hidden, shared_space
from benchmarks.study.study import Study

if TYPE_CHECKING:
    import keras
    import keras_tuner

PLAIN_RECIPE = {"batch_size": 32, "precision": "float32"}  # Keras' defaults, for architectures without published form


def build_model(
    name: str,
    *,
    variant: str,
    hp: "keras_tuner.HyperParameters | None",
    classes: int,
    image_size: int,
    options: dict[str, Any] | None = None,
    weights: str | None = None,
    augmentation: str = SEARCHED,
    structure: str = SEARCHED,
    recipe: dict[str, Any] | None = None,
    seed: int = 0,
    loaded: Architecture | None = None,
) -> tuple["keras.Model", str]:
    """Build one form of architecture `name`; return the uncompiled model and the name of the layer for Grad-CAM.

    The model takes "image", float32 (N, image_size, image_size, 1) with values 0..255, and returns probabilities
    float32 (N, classes); a published form returns them in its own precision. `hp` is KerasTuner's search space with
    values (None for `published`); the shared and the architecture's own hyperparameters are declared in it. `options`
    override the keyword arguments of the architecture, `weights` is None, `imagenet` or a path, `augmentation` is
    `searched` or `none`, `structure` `searched` or `default`, as in a study, `seed` the seed of the augmentation, and
    `loaded` replaces the architecture of that name. With a `recipe`, which gives dropout and pooling and augments the
    images itself, no shared hyperparameter is declared. Errors of an architecture's own code are raised as they are.
    """
    import keras
    import keras_tuner

    description = architectures.describe(name)
    form = description.form(variant)
    if description.variant(variant) != variant:
        variant, hp, weights = CORRECTED, plain_hyperparameters(), None
    loaded = loaded or architectures.load(name)
    # A study has one list of options for both forms: options of the other form are ignored.
    own = {key: tuple(value) if isinstance(value, list) else value for key, value in (options or {}).items()}
    own = {key: value for key, value in own.items() if key in form.options}
    inputs = keras.Input((image_size, image_size, 1), name="image")
    x = keras.layers.Rescaling(1 / 255, dtype="float32")(inputs)
    if variant == PUBLISHED:
        x = keras.layers.Concatenate(name="channels")([x, x, x])
        return keras.Model(inputs, loaded.build_published(x, classes, **own), name=name), form.cam_layer
    assert hp is not None  # only published forms have none
    if recipe is None:
        shared_space(hp, augmentation)
        x = augmented(x, hp, seed)
        dropout, pooling = hp.get("dropout"), MEAN
    else:
        dropout, pooling = recipe["dropout"], recipe["pooling"]
    x = keras.layers.Concatenate(name="channels")([x, x, x])
    pretrained = description.corrected.pretrained
    if pretrained:
        own["pretrained"] = weights is not None
    with hidden(hp if structure == SEARCHED else keras_tuner.HyperParameters()) as space:
        features = loaded.build(x, space, **own)
    model = keras.Model(inputs, classifier(features, dropout, seed, classes, pooling), name=name)
    if pretrained and weights is not None:
        from architectures._pretrained import transfer

        transfer(model, name, weights)
    return model, form.cam_layer


def build_cell(cell: Cell, hp: "keras_tuner.HyperParameters | None", classes: int) -> "keras.Model":
    """Build the model of a cell, as its study says."""
    settings = study_settings(cell.study, cell.architecture)
    return build_model(cell.architecture, variant=cell.variant, hp=hp, classes=classes, seed=cell.seed, **settings)[0]


def study_settings(study: Study, name: str) -> dict[str, Any]:
    """Return the arguments of `build_model` that a study sets for architecture `name`."""
    return {
        "image_size": study.size_of(name),
        "options": study.options_of(name),
        "weights": study.weights_of(name),
        "augmentation": study.training["augmentation"],
        "structure": study.search["structure"],
    }


def set_precision(cell: Cell) -> str:
    """Set Keras' dtype policy for a cell, and return its name."""
    import keras

    policy = cell.study.training["precision"]
    if policy == PUBLISHED:
        policy = published_recipe(cell.architecture)["precision"] if cell.variant == PUBLISHED else "float32"
    keras.config.set_dtype_policy(policy)
    return policy


def plain_hyperparameters() -> "keras_tuner.HyperParameters":
    """Return a search space without augmentation and dropout."""
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    hp.Fixed("augmentation", 0.0)
    hp.Fixed("dropout", 0.0)
    return hp


def saved_model(name: str, path: Path) -> "keras.Model":
    """Load the uncompiled model of a cell of architecture `name`.

    Raises BadInput if `path` does not exist or its file contains code.
    """
    import keras

    architectures.load(name)  # its file registers the layers that it defines
    with stored.whole(path):
        return keras.models.load_model(path, compile=False, safe_mode=True)


def published_recipe(name: str) -> dict[str, Any]:
    """Return the batch_size and precision (a Keras dtype policy) of the published study of architecture `name`.

    Keras' own defaults where the architecture has no published form.
    """
    published = architectures.describe(name).published
    return {"batch_size": published.batch_size, "precision": published.precision} if published else PLAIN_RECIPE
