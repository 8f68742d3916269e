"""Build the networks of a publication's variants.py, and train each by one step of its recipe."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.errors import BadInput
from benchmarks.publications import views
from benchmarks.publications.code import FILE

SIZES = (32, 64, 96, 128, 224)  # px; the step is at the smallest that the network takes
FILES = 4  # of the step
CLASSES = 8  # where the publication's are not known


def problems(content: dict, folder: Path) -> Iterator[tuple[bool, str]]:
    """Yield (whether it is a problem, its line) for each variant with a function.

    Each is built at the publication's image size, where its parameters are compared with the printed number, and
    trained by one step on random images at the smallest size that it takes.
    """
    for variant, own in content["variants"].items():
        if "function" not in own:
            continue
        key, path = f"variants.{variant}", folder / FILE
        classes = len(next(iter(content["data"].values()))["classes"] or range(CLASSES))
        recipe = views.recipe(content, variant) | {"options": {}, "file": None}
        try:
            if own["parameters"] and (problem := _parameters(content, folder, variant, classes, recipe)):
                yield True, f"{key}.parameters: {problem}"
                continue
            size, loss = _step(content, folder, variant, classes, recipe)
        except BadInput as error:
            yield True, f"{key}: {error}"
            continue
        except Exception as error:
            from architectures import blame

            yield True, f"{key}: {blame(path, error, 'can not be built and trained')}; correct it"
            continue
        printed = f"{own['parameters']:,} parameters, as printed" if own["parameters"] else "parameters not printed"
        yield False, f"{variant}: {printed}; one step at {size} px has loss {loss:.3g}"


def _parameters(content: dict, folder: Path, variant: str, classes: int, recipe: dict) -> str | None:
    """Return how the number of parameters at the publication's image size differs from the printed one."""
    from benchmarks.replays.network import build

    printed = content["variants"][variant]["parameters"]
    own = build(content, folder, variant, classes, recipe).count_params()
    if printed == own:
        return None
    name = content["variants"][variant]["function"]
    return f"{printed:,} printed, but {name} in {folder / FILE} has {own:,}; correct one of them"


def _step(content: dict, folder: Path, variant: str, classes: int, recipe: dict) -> tuple[int, float]:
    """Return the image size and the loss of one training step. Raises the error of the largest size if none works."""
    import keras

    from benchmarks.replays.network import build, compiled
    from benchmarks.replays.preparation import prepared

    images = np.random.default_rng(0).integers(0, 256, (FILES, SIZES[-1], SIZES[-1]), dtype=np.uint8)
    labels = np.eye(classes, dtype="float32")[np.arange(FILES) % classes]
    for size in SIZES:
        keras.utils.set_random_seed(0)
        try:
            model = compiled(build(content, folder, variant, classes, recipe | {"image_size": size}), recipe)
        except ValueError:  # Keras: the images are too small for the layers
            if size == SIZES[-1]:
                raise
            continue
        model.run_eagerly = True  # one step takes less than tracing it
        x = prepared({"train": images[:, :size, :size]}, recipe["preprocessing"], folder)["train"][..., np.newaxis]
        loss, *_ = model.train_on_batch(x, labels)
        if not np.isfinite(loss):
            raise BadInput(f"the loss of the first step is {loss}; check the recipe's optimiser and preprocessing")
        return size, float(loss)
    raise AssertionError("SIZES is not empty")
