"""What can be said of an architecture's file before it trains: its names, its search space, its size, its saving."""

import ast
import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import keras_tuner
import numpy as np

import architectures
from architectures import CORRECTED, PUBLISHED
from benchmarks.cells.model import build_model
from benchmarks.cells.shared import shared_space
from benchmarks.errors import BadInput
from benchmarks.study.study import BASELINES, HARNESS_KEYS, Study

CLASSES, OTHER_CLASSES = 8, 3
DRAWS = 4  # random points of the search space, beside its corners
FAR = 10  # times the largest of the other architectures


def build(name: str, study: Study, hp: keras_tuner.HyperParameters | None = None, **changes) -> keras.Model:
    """The corrected form at the study's size and options, by default hyperparameters unless `hp` says others."""
    keras.backend.clear_session(free_memory=False)
    arguments = {
        "variant": CORRECTED,
        "hp": hp or keras_tuner.HyperParameters(),
        "classes": CLASSES,
        "image_size": side(name, study),
        "options": study.options_of(name) if name in study.architectures else {},
    }
    return build_model(name, **arguments | changes)[0]


def side(name: str, study: Study) -> int:
    """Side of the images in pixels, also of an architecture that `study` does not run."""
    return study.size_of(name) if name in study.architectures else study.image_size


def clashes(name: str) -> Iterator[str]:
    """Names that the harness or a baseline has already."""
    path, tree = architectures.file(name), architectures.parsed(name)
    if name in BASELINES:
        yield f"{path}:1: {name} is a baseline, which every study runs; rename file and function"
    shared = keras_tuner.HyperParameters()
    shared_space(shared)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for argument in node.args.kwonlyargs:
                if argument.arg in HARNESS_KEYS:
                    yield f"{path}:{argument.lineno}: option {argument.arg} is the harness's own in a study; rename it"
        if _declares(node) and node.args[0].value in shared.values:
            yield (
                f"{path}:{node.lineno}: hyperparameter {node.args[0].value!r} is the harness's own, which trials "
                f"change without building a model anew; rename it"
            )


def _declares(node: ast.AST) -> bool:
    """Whether a node declares a hyperparameter by a literal name, as in hp.Choice("size", ...)."""
    kinds = ("Boolean", "Choice", "Fixed", "Float", "Int")
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in kinds
    return bool(is_call and node.args and isinstance(node.args[0], ast.Constant))


def contract(name: str, study: Study) -> Iterator[str]:
    """Whether it builds: as the study wants it, at its smallest size, for other classes, all over its search space."""
    hp = keras_tuner.HyperParameters()
    try:
        build(name, study, hp)
    except BadInput as error:
        yield _with_mend(str(error))
        return
    form = architectures.describe(name).corrected
    try:
        build(name, study, classes=OTHER_CLASSES)
    except BadInput as error:
        yield f"{error} (for {OTHER_CLASSES} classes, while {CLASSES} work)"
    try:
        build(name, study, image_size=form.minimum_size)
    except BadInput as error:
        where = architectures.place(name, name, "minimum_size")
        yield f"{where}: minimum_size={form.minimum_size}, but at that size: {_alone(error, name)}; raise it"
    yield from _space(name, study, hp)
    yield from _published(name)


def own_space(hp: keras_tuner.HyperParameters) -> list:
    """The hyperparameters that the architecture declares itself."""
    shared = keras_tuner.HyperParameters()
    shared_space(shared)
    return [one for one in hp.space if one.name not in shared.values]


def _space(name: str, study: Study, hp: keras_tuner.HyperParameters) -> Iterator[str]:
    own = own_space(hp)
    values = {one.name: [*one.values] for one in own}
    points = [{key: value} for key, choices in values.items() for value in dict.fromkeys((choices[0], choices[-1]))]
    points += [{key: choices[place] for key, choices in values.items()} for place in (0, -1)] if own else []
    draw = np.random.default_rng(0)
    points += [
        {key: choices[draw.integers(len(choices))] for key, choices in values.items()} for _ in range(DRAWS) if own
    ]
    defaults = {one.name: one.default for one in own}
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
        model, _ = build_model(name, variant=PUBLISHED, hp=None, classes=CLASSES, image_size=form.image_size)
    except BadInput as error:
        yield _with_mend(str(error))
        return
    if model.count_params() != form.parameters:
        yield (
            f"{architectures.place(name, PUBLISHED, form.parameters)}: published declares {form.parameters:,} "
            f"parameters, but has {model.count_params():,} at {form.image_size} px and {CLASSES} classes; mend either"
        )


def answers(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """What `model` says of uint8 images, by one eager call, as to trace `predict` takes longer."""
    return keras.ops.convert_to_numpy(model(x.astype("float32"), training=False))


def saves(name: str, model: keras.Model, x: np.ndarray) -> Iterator[str]:
    """Whether the model survives a .keras file: `x` is uint8 (N, S, S, 1)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        own = sorted(
            {type(layer).__name__ for layer in model.layers if type(layer).__module__ == f"architectures.{name}"}
        )
        where = architectures.place(name, name, *own)
        mend = (
            f"decorate class {own[0] if own else '...'} with @keras.saving.register_keras_serializable() and give it a "
            "get_config, or use keras layers"
        )
        try:
            model.save(path)
            again = answers(keras.models.load_model(path, compile=False), x)
        except Exception as error:
            yield f"{where}: can't be saved as .keras and read again: {_first_line(error)}; {mend}"
            return
        if not np.allclose(again, answers(model, x), atol=1e-5, equal_nan=True):
            yield f"{where}: answers otherwise after being saved as .keras and read again; {mend}"


def size(name: str, model: keras.Model, study: Study) -> Iterator[str]:
    """Whether it is far larger than the other architectures of `study`, at its size and options."""
    own, others = (model.count_params(), activations(model)), {}
    for other in study.architectures:
        if other != name:
            others[other] = _size(other, study)
            # Mostly the first will do, and to build them all takes seconds.
            if all(own[place] <= FAR * max(sizes[place] for sizes in others.values()) for place in (0, 1)):
                return
    for place, what in enumerate(("parameters", "numbers in the feature maps of one image") if others else ()):
        largest = max(others, key=lambda other: others[other][place])
        if own[place] > FAR * others[largest][place]:
            yield (
                f"{architectures.place(name, name)}: {own[place]:,} {what}, {own[place] / others[largest][place]:.0f} "
                f"times as many as {largest}, the most of the others; narrow it, or pool before dense layers"
            )


def _size(name: str, study: Study) -> tuple[int, int]:
    model = build(name, study)
    return model.count_params(), activations(model)


def activations(model: keras.Model) -> int:
    """Numbers that all layers put out for one image: what training has to keep in memory."""
    shapes = [one.shape for layer in model.layers for one in keras.tree.flatten(layer.output)]
    return int(sum(np.prod([side for side in shape if side is not None]) for shape in shapes))


def _alone(error: BadInput, name: str) -> str:
    """An error without the file it starts with."""
    return _first_line(error).removeprefix(str(architectures.file(name))).lstrip(":0123456789 ")


def _with_mend(message: str) -> str:
    if "does not exist" in message and "KeyError" in message:
        return f"{message}; declare it first, e.g. by hp.Choice(name, values), or mend the name"
    if "can't be built" in message:
        return f"{message}; mend this line"
    return message


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
