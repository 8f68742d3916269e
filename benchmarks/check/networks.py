"""Check the networks of a publication: each is built at its published image size, and trained for one step."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import architectures
from benchmarks.errors import BadInput
from benchmarks.publications import views
from benchmarks.publications.code import FILE

if TYPE_CHECKING:
    import keras

SIDES = (32, 64, 224)  # of the images of the step: the smallest that the network takes
IMAGES = 8
SEED = 0
MOST = 300  # characters shown of a library's error message


def tried(content: dict, folder: Path) -> tuple[list[str], list[str]]:
    """Return the problems of all networks of a publication, and lines that say what was found.

    `folder` holds publication.yaml. The path of each network is printed to stderr before it is built.
    """
    problems: list[str] = []
    told: list[str] = []
    for number, variant in enumerate(content["variants"], 1):
        print(f"network {number} of {len(content['variants'])}: {variant}", file=sys.stderr, flush=True)
        found, more = _network(content, folder.absolute(), variant)
        problems += found
        told += more
    return problems, told


def _network(content: dict, folder: Path, variant: str) -> tuple[list[str], list[str]]:
    """Return problems of one network, and what is known of it."""
    key, own, classes = f"variants.{variant}", content["variants"][variant], views.classes_of(content, {})
    if not {"function", "architecture"} & set(own):
        return [], [f"{key}: not built; write its function in {FILE} and name it, or name an architecture"]
    if classes is None:
        return [], [f"{key}: not built; the classes of its data are not known"]
    unknown: dict[str, Any] = {"image_size": None, "channels": None, "optimiser": None, "options": {}, "file": None}
    recipe = unknown | views.recipe(content, variant)
    side = recipe["image_size"]
    started = time.monotonic()
    told = []
    if side:
        try:
            made = _built(content, folder, variant, len(classes), recipe).count_params()
        except Exception as error:
            return [f"{key}: {_blamed(own, folder, error, f'cannot be built at {side} px')}"], []
        if own["parameters"] not in (made, None):
            return [_miscounted(key, own, folder, made, side)], []
        compared = "as printed" if own["parameters"] else "printed number not known"
        told.append(f"{key}: {made:,} parameters at {side} px, {compared}")
    else:
        told.append(f"{key}: parameters not compared; the image size is not known")
    if recipe["optimiser"] is None:
        return [], [*told, f"{key}: not trained; recipe.optimiser is not known, and a replay needs it"]
    problem, trained = _trained(content, folder, variant, len(classes), recipe)
    seconds = f"{time.monotonic() - started:.0f} s"
    return [f"{key}: {problem}"] if problem else [], [*told, *([f"{key}: {trained} ({seconds})"] if trained else [])]


def _built(content: dict, folder: Path, variant: str, classes: int, recipe: dict[str, Any]) -> "keras.Model":
    import keras

    from benchmarks.replays.network import build

    keras.backend.clear_session(free_memory=False)
    return build(content, folder, variant, classes, recipe)


def _trained(
    content: dict, folder: Path, variant: str, classes: int, recipe: dict[str, Any]
) -> tuple[str | None, str | None]:
    """Train one step on random images at the smallest size of SIDES; return a problem, or what was found."""
    import keras

    from benchmarks.replays.network import compiled
    from benchmarks.replays.preparation import prepared

    own = content["variants"][variant]
    keras.utils.set_random_seed(SEED)
    keras.config.set_dtype_policy(recipe.get("precision") or "float32")
    try:
        model, side = _smallest(content, folder, variant, classes, recipe)
    except Exception as error:
        return _blamed(own, folder, error, f"cannot be built at {max(SIDES)} px"), None
    finally:
        keras.config.set_dtype_policy("float32")
    images = np.random.default_rng(SEED).integers(0, 256, (IMAGES, side, side), dtype=np.uint8)
    try:
        x = prepared({"train": images}, recipe["preprocessing"], folder)["train"]
    except Exception as error:
        where = folder / FILE
        return _sentence(architectures.blame(where, error, "preprocessing fails"), error), None
    if x.shape != images.shape:
        shape = " x ".join(map(str, x.shape[1:]))
        return f"preprocessing makes {shape} of images of {side} x {side}; return one channel of the same size", None
    y = np.eye(classes, dtype="float32")[np.arange(IMAGES) % classes]
    try:
        compiled(model, recipe).run_eagerly = True  # one step is quicker than tracing it
        loss = model.train_on_batch(x[..., np.newaxis], y, return_dict=True)["loss"]
    except Exception as error:
        return _blamed(own, folder, error, f"training fails at {side} px"), None
    if not np.isfinite(loss):
        return f"the loss is {loss:g} after one step at {side} px; correct preprocessing, network or optimiser", None
    return None, f"one step of training at {side} px, loss {loss:.2f}"


def _smallest(
    content: dict, folder: Path, variant: str, classes: int, recipe: dict[str, Any]
) -> tuple["keras.Model", int]:
    """Return the network at the smallest size of SIDES that it takes, and that size. Raises the last error if none."""
    for side in SIDES:
        try:
            return _built(content, folder, variant, classes, recipe | {"image_size": side}), side
        except Exception:
            if side == max(SIDES):
                raise
    raise AssertionError


def _miscounted(key: str, own: dict, folder: Path, made: int, side: int) -> str:
    where = f"{folder / FILE}: {own['function']}" if "function" in own else architectures.file(own["architecture"])
    return (
        f"{key}.parameters: {own['parameters']:,} printed, but {where} makes {made:,} at {side} px; "
        "correct the network, image_size or channels of recipe, or the number"
    )


def _blamed(own: dict, folder: Path, error: Exception, what: str) -> str:
    """Return an error with file and line of the network's code; the message of BadInput has them."""
    if isinstance(error, BadInput):
        return str(error)
    path = folder / FILE if "function" in own else architectures.file(own["architecture"])
    return _sentence(architectures.blame(path, error, what), error)


def _sentence(message: str, error: Exception) -> str:
    """Return a message in one line of at most MOST characters of the error, and the correction."""
    reason = " ".join(str(error).split())
    shown = reason if len(reason) <= MOST else f"{reason[:MOST]} ..."
    return f"{message.removesuffix(str(error))}{shown}; correct this line"
