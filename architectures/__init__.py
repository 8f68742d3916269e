"""Architectures: one file each, found by its name, described without being imported.

A file `architectures/<name>.py` holds one decorated function of its own name, from the image to features:

    @architecture(minimum_size=32, cam_layer="relu", reference="Author et al. (year)")
    def <name>(inputs, hp, *, width=1.0): ...

- `inputs`: Keras tensor (N, S, S, 3), pixels 0..1, three equal channels. The harness has rescaled and augmented it.
- `hp`: KerasTuner's HyperParameters; declare the architecture's own search space with it. The harness's own
  (learning rate, batch size, dropout, augmentation) are not in it: trials that differ in these alone share a model.
- `width`: an option that a study may set. Options are keyword-only, with a literal default.
- returns feature maps (N, h, w, c) or features (N, c). The harness adds pooling, dropout and the classifier.

`cam_layer` names the last layer with a spatial map worth explaining, after its activation. For weights from
keras.applications, declare `pretrained="<function there>"`, name the layers as that function does, and take a keyword
`pretrained`. If it is true, normalise the pixels as those weights expect, and leave the structure out of the search.
For weights from an installed package declare `pretrained="shipped"`, and a function `@<name>.weights` without arguments
that returns the arrays of each layer by its name. `cut_layer` names the layer of which the output may be computed once
an image, where a study's recipe trains only what follows it.

The file's docstring starts with the name that readers see, and a colon: `ShuffleNet: ...`. Without one, they see the
file's name.

The form of a published study, if there is one, stands beside it and returns softmax outputs (N, classes):

    @<name>.published(
        image_size=224, batch_size=8, parameters=123_456, precision="float32", cam_layer="relu", minimum_size=32
    )
    def published(inputs, classes, *, width=1.0): ...

Decorator arguments and option defaults are literals, so that Snakemake can read them without importing Keras. Files
that start with "_" are shared helpers.
"""

import ast
import dataclasses
import importlib
import keyword
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from architectures._errors import BadInput

CORRECTED, PUBLISHED = "corrected", "published"
IMAGENET, SHIPPED = "imagenet", "shipped"  # a study's word for ImageNet weights; weights that a package installs
NOT_OPTIONS = ("pretrained",)  # keyword arguments that the harness fills in
MISSING = "no function `def {0}(inputs, hp, ...)` decorated with @architecture(...); add it, named as the file is"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Form:
    """Declarations of either form of an architecture.

    `minimum_size` is the smallest image side in pixels, `cam_layer` the layer that Grad-CAM explains, `options` the
    keyword arguments that a study may set, with their defaults.
    """

    minimum_size: int
    cam_layer: str
    options: dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Corrected(Form):
    """The form that honest protocols train.

    `pretrained` is the function of keras.applications with its weights or `shipped`, `cut_layer` the last layer that a
    recipe may leave untrained.
    """

    reference: str
    pretrained: str | None = None
    cut_layer: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Published(Form):
    """The form that a published study trained, with that study's recipe and parameter count (at 8 classes)."""

    image_size: int
    batch_size: int
    parameters: int
    precision: str


AnyForm = TypeVar("AnyForm", bound=Form)


@dataclasses.dataclass(frozen=True)
class Description:
    """All declarations of an architecture, read without importing its file."""

    name: str
    corrected: Corrected
    published: Published | None

    @property
    def reference(self) -> str:
        """The paper that the corrected form follows."""
        return self.corrected.reference

    @property
    def options(self) -> dict[str, Any]:
        """Options of either form with their defaults."""
        return {**self.corrected.options, **(self.published.options if self.published else {})}

    def variant(self, wanted: str) -> str:
        """Return the form that is trained where `wanted` is asked for: corrected if there is no published one."""
        return wanted if self.published else CORRECTED

    def form(self, wanted: str) -> Form:
        """Return the form that is trained where `wanted` is asked for."""
        return self.published if self.published and wanted == PUBLISHED else self.corrected


class Architecture:
    """A loaded architecture: `build(inputs, hp, **options)` and maybe `build_published(inputs, classes, **options)`.

    `shipped_weights()` returns the arrays of each layer by its name, if it is declared `pretrained="shipped"`.
    """

    build_published: Callable[..., Any]
    shipped_weights: Callable[[], dict[str, Any]]

    def __init__(self, build: Callable[..., Any]):
        self.build = build

    def published(self, **declared: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: declare the form of the published study, with the arguments of `Published` less its options."""

        def declare(build: Callable[..., Any]) -> Callable[..., Any]:
            self.build_published = build
            return build

        return declare

    def weights(self, load: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        """Decorator: declare the function that returns the shipped weights."""
        self.shipped_weights = load
        return load


def architecture(**declared: Any) -> Callable[[Callable[..., Any]], Architecture]:
    """Decorator: declare the corrected form, with the arguments of `Corrected` less its options.

    `describe` reads the arguments of both decorators from the file.
    """
    return Architecture


def names() -> list[str]:
    """Return the names of all architectures."""
    return sorted(path.stem for folder in __path__ for path in Path(folder).glob("[!_]*.py"))


def file(name: str) -> Path:
    """Return the file of architecture `name`. Raises BadInput if there is none or the name is not allowed."""
    found = [path for folder in __path__ for path in Path(folder).glob(f"{name}.py")]
    if not found:
        raise BadInput(f"no file architectures/{name}.py; there are: {', '.join(names())}")
    if not name.isidentifier() or keyword.iskeyword(name) or name in RESERVED:
        raise BadInput(
            f"{found[0]}: {name!r} can't name an architecture (it names the function too, and {', '.join(RESERVED)} "
            f"are taken); rename the file"
        )
    return found[0]


def describe(name: str) -> Description:
    """Read an architecture's declarations from its file without importing it.

    Raises BadInput with file and line if the decorated function is missing or an argument is not a literal.
    """
    path = file(name)
    functions = {node.name: node for node in parsed(name).body if isinstance(node, ast.FunctionDef)}
    corrected = _declared(path, functions.get(name), "architecture", Corrected)
    if corrected is None:
        line = next((node.lineno for node in functions.values()), 1)
        raise BadInput(f"{path}:{line}: {MISSING.format(name)}")
    published = _declared(path, functions.get(PUBLISHED), f"{name}.published", Published)
    if PUBLISHED in functions and published is None:
        line = functions[PUBLISHED].lineno
        raise BadInput(f"{path}:{line}: function published lacks its decorator @{name}.published(...)")
    return Description(name, corrected, published)


def check_options(name: str, options: dict[str, Any], size: int, variant: str) -> Iterator[str]:
    """Yield what is wrong with a study's `options` of architecture `name` at images of `size` px, for one form."""
    description = describe(name)
    for key, value in options.items():
        if key not in description.options:
            yield f"unknown option {key}; allowed: {', '.join(description.options) or 'none'}"
        elif not _same_type(value, default := description.options[key]):
            shown = list(default) if isinstance(default, tuple) else default
            yield f"{key}: {value!r} is not {_type_name(default)} like its default {shown}"
    minimum, form = description.form(variant).minimum_size, description.variant(variant)
    if size < minimum:
        yield f"{form} form runs out of pixels below {minimum} px; image_size is {size}: set {minimum} or more here"


def ships_weights(name: str) -> bool:
    """Return whether ImageNet weights of architecture `name` are installed with the harness."""
    return describe(name).corrected.pretrained == SHIPPED


def weights_problems(name: str, weights: object) -> Iterator[str]:
    """Yield what is wrong with a study's `weights` (None, `imagenet` or a path) of architecture `name`."""
    if weights is None:
        return
    if describe(name).corrected.pretrained is None:
        have = [other for other in names() if describe(other).corrected.pretrained]
        yield f"weights: there are none for {name}; architectures that take them: {', '.join(have)}"
    elif not isinstance(weights, str):
        yield f"weights: {weights!r} is neither `imagenet` nor the path of a .keras or .h5 file"
    elif weights != IMAGENET and not (weights.endswith((".keras", ".h5")) and os.path.isfile(weights)):
        yield f"weights: {weights} is neither `imagenet` nor an existing .keras or .h5 file"


def load(name: str) -> Architecture:
    """Import an architecture. Raises BadInput with file, line and correction if that fails."""
    path = file(name)
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except Exception as error:
        raise BadInput(blame(path, error, "can't be imported")) from error
    loaded = getattr(module, name, None)
    if not isinstance(loaded, Architecture):
        raise BadInput(f"{path}: {MISSING.format(name)}")
    return loaded


def parsed(name: str) -> ast.Module:
    """Return the syntax tree of an architecture's file. Raises BadInput with the line that is not valid Python."""
    path = file(name)
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise BadInput(f"{path}:{error.lineno}: not readable as Python: {error.msg}; correct this line") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}:1: not readable as Python: {error}; save it as UTF-8") from None


def place(name: str, function: str, *texts: object) -> str:
    """Return `file:line` of the first of `texts` (literals or names) in an architecture's file, else of `function`."""
    nodes = [*ast.walk(parsed(name))]
    named = ast.Constant | ast.Attribute | ast.Name | ast.keyword | ast.ClassDef
    for text in texts:
        for node in nodes:
            words = [getattr(node, key, None) for key in ("value", "attr", "id", "arg", "name")]
            if isinstance(node, named) and text in words:
                return f"{file(name)}:{node.lineno}"
    lines = (node.lineno for node in nodes if isinstance(node, ast.FunctionDef) and node.name == function)
    return f"{file(name)}:{next(lines, 1)}"


def blame(path: Path, error: Exception, what: str) -> str:
    """Return one line about an `error` raised by an architecture's own code: file, line, message."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    return f"{path}{f':{lines[-1]}' if lines else ''}: {what}: {type(error).__name__}: {error}"


def _declared(path: Path, function: ast.FunctionDef | None, decorator: str, form: type[AnyForm]) -> AnyForm | None:
    """Build `form` from the literals of the `decorator` and keyword arguments of `function`; None without it."""
    calls = [d for d in function.decorator_list if isinstance(d, ast.Call)] if function else []
    call = next((call for call in calls if ast.unparse(call.func) == decorator), None)
    if function is None or call is None:
        return None
    declared = {str(argument.arg): _literal(path, argument.arg, argument.value) for argument in call.keywords}
    arguments = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    options = {a.arg: _literal(path, a.arg, default or a) for a, default in arguments if a.arg not in NOT_OPTIONS}
    try:
        return form(options=options, **declared)
    except TypeError as error:
        raise BadInput(f"{path}:{call.lineno}: @{decorator}: {str(error).split('__init__() ')[-1]}") from None


def _literal(path: Path, name: str | None, node: ast.expr | ast.arg) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise BadInput(
            f"{path}:{node.lineno}: {name} has no literal value; write the number, text or tuple itself there "
            f"(it is read without running the file)"
        ) from None


def _same_type(value: object, default: object) -> bool:
    if isinstance(default, tuple):
        return isinstance(value, list | tuple) and bool(value) and all(_same_type(v, default[0]) for v in value)
    if isinstance(default, float) and not isinstance(value, bool):
        return isinstance(value, int | float)
    return type(value) is type(default)


def _type_name(default: object) -> str:
    if isinstance(default, tuple):
        return f"a list of which each is {_type_name(default[0])}"
    return {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}[type(default)]


# A submodule's import sets its name on this package and must not hide a name of it; `all` is a word of study files.
RESERVED = sorted({"all", PUBLISHED, *(n for n in globals() if not n.startswith("_"))})
