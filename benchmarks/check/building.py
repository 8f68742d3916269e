"""Check an architecture's file without training: its names, its search space, its size, its saving."""

import ast
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

import architectures
from architectures import CORRECTED, PUBLISHED
from benchmarks.cells.shared import SHARED
from benchmarks.check.contract import checked_build
from benchmarks.errors import BadInput
from benchmarks.study.names import BASELINES, HARNESS_KEYS
from benchmarks.study.study import Study

CLASSES, OTHER_CLASSES = 8, 3
DRAWS = 4  # random points of the search space, beside its corners
FAR = 10  # times the largest of the other architectures


def build(
    name: str, study: Study, hp: keras_tuner.HyperParameters | None = None, classes: int = CLASSES, side_px: int = 0
) -> keras.Model:
    """Build the corrected form at the study's options, by default hyperparameters and at its size unless given."""
    keras.backend.clear_session(free_memory=False)
    return checked_build(
        name,
        variant=CORRECTED,
        hp=hp or keras_tuner.HyperParameters(),
        classes=classes,
        image_size=side_px or side(name, study),
        options=study.options_of(name) if name in study.architectures else {},
    )[0]


def side(name: str, study: Study) -> int:
    """Return the side of the images in pixels, also for an architecture that `study` does not run."""
    return study.size_of(name) if name in study.architectures else study.image_size


def clashes(name: str) -> Iterator[str]:
    """Yield names in the file that belong to the harness or to a baseline."""
    path = architectures.file(name)
    if name in BASELINES:
        yield f"{path}:1: {name} is a baseline, which every study runs; rename file and function"
    for node in ast.walk(architectures.parsed(name)):
        if isinstance(node, ast.FunctionDef):
            for argument in node.args.kwonlyargs:
                if argument.arg in HARNESS_KEYS and argument.arg not in architectures.NOT_OPTIONS:
                    yield f"{path}:{argument.lineno}: option {argument.arg} is the harness's own in a study; rename it"
        if isinstance(node, ast.Call) and (declared := _declared(node)) in SHARED:
            yield (
                f"{path}:{node.lineno}: hyperparameter {declared!r} is the harness's own, which trials change without "
                f"building a model anew; rename it"
            )


def _declared(call: ast.Call) -> Any:
    """Return the literal name that a call such as hp.Choice("size", ...) declares, None for any other call."""
    kinds = ("Boolean", "Choice", "Fixed", "Float", "Int")
    declares = isinstance(call.func, ast.Attribute) and call.func.attr in kinds
    return call.args[0].value if declares and call.args and isinstance(call.args[0], ast.Constant) else None


def contract(name: str, study: Study) -> Iterator[str]:
    """Yield what fails to build: as the study sets it, at its smallest size, for other classes, in its search space."""
    hp = keras_tuner.HyperParameters()
    try:
        build(name, study, hp)
    except BadInput as error:
        yield _with_correction(str(error))
        return
    form = architectures.describe(name).corrected
    try:
        build(name, study, classes=OTHER_CLASSES)
    except BadInput as error:
        yield f"{error} (for {OTHER_CLASSES} classes, while {CLASSES} work)"
    try:
        build(name, study, side_px=form.minimum_size)
    except BadInput as error:
        where = architectures.place(name, name, "minimum_size")
        yield f"{where}: minimum_size={form.minimum_size}, but at that size: {_alone(error, name)}; raise it"
    yield from _space(name, study, hp)
    yield from _published(name)


def own_space(hp: keras_tuner.HyperParameters) -> list[Any]:
    """Return the hyperparameters that the architecture declares itself."""
    return [one for one in hp.space if one.name not in SHARED]


def _space(name: str, study: Study, hp: keras_tuner.HyperParameters) -> Iterator[str]:
    """Yield the first point of the search space that fails: each end of each range, both corners, random points."""
    defaults = {one.name: one.default for one in own_space(hp)}
    values = {one.name: [*one.values] for one in own_space(hp)}
    points = [{key: value} for key, choices in values.items() for value in dict.fromkeys((choices[0], choices[-1]))]
    points += [{key: choices[end] for key, choices in values.items()} for end in (0, -1)]
    draw = np.random.default_rng(0)
    points += [{key: choices[draw.integers(len(choices))] for key, choices in values.items()} for _ in range(DRAWS)]
    tried = [defaults]
    for point in points:
        if defaults | point in tried:
            continue
        tried.append(defaults | point)
        chosen = keras_tuner.HyperParameters()
        chosen.values.update(point)
        try:
            build(name, study, chosen)
        except BadInput as error:
            told = ", ".join(f"{key}={value}" for key, value in point.items())
            where = architectures.place(name, name, *point)
            yield f"{where}: the search may try {told}, which fails: {_alone(error, name)}; narrow the range"
            return


def _published(name: str) -> Iterator[str]:
    form = architectures.describe(name).published
    if form is None:
        return
    keras.backend.clear_session(free_memory=False)
    try:
        model, _ = checked_build(name, variant=PUBLISHED, hp=None, classes=CLASSES, image_size=form.image_size)
    except BadInput as error:
        yield _with_correction(str(error))
        return
    if model.count_params() != form.parameters:
        yield (
            f"{architectures.place(name, PUBLISHED, form.parameters)}: published declares {form.parameters:,} "
            f"parameters, but has {model.count_params():,} at {form.image_size} px and {CLASSES} classes; correct "
            f"either"
        )


def answers(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Return the outputs of `model` for uint8 images, by one eager call: tracing `predict` takes longer."""
    return keras.ops.convert_to_numpy(model(x.astype("float32"), training=False))


def saves(name: str, model: keras.Model, x: np.ndarray) -> Iterator[str]:
    """Check that a .keras file restores the model; `x` is uint8 (N, S, S, 1)."""
    kinds = {type(layer) for layer in model.layers}
    own = sorted(kind.__name__ for kind in kinds if kind.__module__ == f"architectures.{name}")
    where = architectures.place(name, name, *own)
    correction = (
        f"decorate class {own[0] if own else '...'} with @keras.saving.register_keras_serializable() and give it a "
        "get_config, or use keras layers"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
            again = answers(keras.models.load_model(path, compile=False), x)
        except Exception as error:
            yield f"{where}: can't be saved as .keras and read again: {_first_line(error)}; {correction}"
            return
    if not np.allclose(again, answers(model, x), atol=1e-5, equal_nan=True):
        yield f"{where}: predicts differently after being saved as .keras and read again; {correction}"


def size(name: str, model: keras.Model, study: Study) -> Iterator[str]:
    """Check that the model is not far larger than each other architecture of `study`, at its size and options."""
    own, others = _sizes(model), {}
    for other in study.architectures:
        if other != name:
            others[other] = _sizes(build(other, study))
            # The first is mostly large enough, and building them all takes seconds.
            if all(own[what] <= FAR * max(sizes[what] for sizes in others.values()) for what in own):
                return
    for what in own if others else ():
        largest = max(others, key=lambda other: others[other][what])
        if own[what] > FAR * others[largest][what]:
            yield (
                f"{architectures.place(name, name)}: {own[what]:,} {what}, {own[what] / others[largest][what]:.0f} "
                f"times as many as {largest}, the most of the others; narrow it, or pool before dense layers"
            )


def _sizes(model: keras.Model) -> dict[str, int]:
    """Return the number of parameters, and of all layers' outputs, which training has to keep in memory."""
    shapes = [one.shape for layer in model.layers for one in keras.tree.flatten(layer.output)]
    outputs = int(sum(np.prod([side for side in shape if side is not None]) for shape in shapes))
    return {"parameters": model.count_params(), "numbers in the feature maps of one image": outputs}


def _alone(error: BadInput, name: str) -> str:
    """Return the message of an error without its file."""
    return _first_line(error).removeprefix(str(architectures.file(name))).lstrip(":0123456789 ")


def _with_correction(message: str) -> str:
    if "does not exist" in message and "KeyError" in message:
        return f"{message}; declare it first, e.g. by hp.Choice(name, values), or correct the name"
    return f"{message}; correct this line" if "can't be built" in message else message


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
