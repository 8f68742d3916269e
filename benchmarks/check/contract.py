"""Check that an architecture keeps its contract, and write results/<study>/architectures/<name>.json

{variant: {parameters, trainable, cam_layer, cam_shape, layers}}
"""

import copy
import json
import math
import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import architectures
from architectures import PUBLISHED
from benchmarks import backend, protocols, stored
from benchmarks.cells.model import build_model, study_settings
from benchmarks.errors import BadInput, run_cli
from benchmarks.study.command import stage
from benchmarks.study.study import Study

if TYPE_CHECKING:
    import keras

# Layers of the harness around an architecture's own
LAYERS = ["image", "rescaling", "random_flip", "random_rotation", "random_zoom", "channels", "pooled", "dropout"]
LAYERS += ["probabilities"]


def checked_build(name: str, *, variant: str, classes: int, **settings: Any) -> tuple["keras.Model", str]:
    """Build one form of architecture `name` as `build_model` does, with the same arguments, and check its contract.

    Raises BadInput with file, line and correction.
    """
    is_published = architectures.describe(name).variant(variant) == PUBLISHED
    function = PUBLISHED if is_published else name
    attribute = "build_published" if is_published else "build"
    watched = copy.copy(architectures.load(name))
    build = getattr(watched, attribute)

    def checked(*arguments: Any, **options: Any) -> Any:
        returned = build(*arguments, **options)
        _check_returned(name, function, returned, classes)
        return returned

    setattr(watched, attribute, checked)
    try:
        model, cam_layer = build_model(name, variant=variant, classes=classes, loaded=watched, **settings)
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        raise BadInput(_problem(name, function, error)) from error
    _check_graph(name, function, model, cam_layer)
    if not is_published and (cut := architectures.describe(name).corrected.cut_layer):
        _check_cut(name, model, cut)
    return model, cam_layer


def _check_returned(name: str, function: str, tensor: Any, classes: int) -> None:
    import keras

    allowed = {2: "features (N, c)", 4: "feature maps (N, h, w, c)"}
    if function == PUBLISHED:
        allowed = {2: f"softmax outputs (N, {classes})"}
    is_tensor = isinstance(tensor, keras.KerasTensor)
    if not is_tensor or len(tensor.shape) not in allowed:
        got = f"shape {tensor.shape}" if is_tensor else type(tensor).__name__
        raise BadInput(
            f"{architectures.place(name, function)}: function {function} returns {got}; return a Keras tensor of "
            f"{' or '.join(allowed.values())}"
        )
    if function == PUBLISHED and tensor.shape[-1] != classes:
        raise BadInput(
            f"{architectures.place(name, PUBLISHED)}: published returns {tensor.shape[-1]} outputs, but there are "
            f"{classes} classes; end with Dense(classes, activation='softmax')"
        )


def _problem(name: str, function: str, error: Exception) -> str:
    """Return file, line and correction for an `error` while building."""
    path = architectures.file(name)
    own = any(Path(frame.filename) == path for frame in traceback.extract_tb(error.__traceback__))
    if own or not isinstance(error, ValueError):
        return architectures.blame(path, error, "can't be built")
    twice = re.search(r'name "([^"]+)"', str(error))
    if not twice:
        where = architectures.place(name, function)
        return f"{where}: {function} gives no model from image to features: {error}"
    where = architectures.place(name, function, twice[1])
    return (
        f"{where}: two layers are called {twice[1]!r}; rename yours, or leave its name out (the harness has "
        f"{', '.join(LAYERS)})"
    )


def _check_graph(name: str, function: str, model: "keras.Model", cam_layer: str) -> None:
    import keras

    for layer in model.layers:
        if not isinstance(layer, keras.Model | keras.layers.Lambda):
            continue
        where = architectures.place(name, function, layer.name, type(layer).__name__)
        if isinstance(layer, keras.Model):
            raise BadInput(
                f"{where}: {layer.name} is a model inside the model, where Grad-CAM cannot reach its layers; apply its "
                f"layers one by one, or build it on the tensor (keras.applications: input_tensor=...)"
            )
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


def _check_cut(name: str, model: "keras.Model", cut: str) -> None:
    """Raise BadInput unless everything behind the layer `cut` is computed from its output alone."""
    import keras

    where = architectures.place(name, name, cut)
    if cut not in [layer.name for layer in model.layers]:
        raise BadInput(f"{where}: cut_layer {cut!r} is not in the model; name the last layer that may stay untrained")
    try:
        keras.Model(model.get_layer(cut).output, model.output)
    except ValueError:
        raise BadInput(f"{where}: a path leads around cut_layer {cut!r}; name a layer that all paths pass") from None


def check(name: str, study: Study, classes: int) -> dict[str, dict[str, Any]]:
    """Build all forms of architecture `name` that `study` needs, by default hyperparameters; return their sizes."""
    import keras
    import keras_tuner

    report = {}
    for variant in sorted({protocols.variant(protocol) for protocol in study.protocols}):
        keras.backend.clear_session()
        hp = None if variant == PUBLISHED else keras_tuner.HyperParameters()
        settings = study_settings(study, name)
        model, cam_layer = checked_build(name, variant=variant, hp=hp, classes=classes, seed=study.seed, **settings)
        report[variant] = {
            "parameters": model.count_params(),
            "trainable": sum(math.prod(weight.shape) for weight in model.trainable_weights),
            "cam_layer": cam_layer,
            "cam_shape": list(model.get_layer(cam_layer).output.shape[1:]),
            "layers": len(model.layers),
        }
    return report


def write_reports(study: Study, architecture: str | None) -> None:
    """Check one architecture of `study`, or all; write a file for each. Raises BadInput if one breaks its contract."""
    backend.prepare(1, backend=study.backend)
    about: Any = stored.record(study.results() / "dataset.json")
    folder = study.results() / "architectures"
    folder.mkdir(exist_ok=True)
    for name in [architecture] if architecture else study.architectures:
        report = check(name, study, len(about["classes"]))
        (folder / f"{name}.json").write_text(json.dumps(report, indent=2) + "\n")


main = stage(
    "Build every model that a study needs; write results/<study>/architectures/<name>.json.",
    write_reports,
    architecture={"help": "only this one; default: all of the study"},
)

if __name__ == "__main__":
    run_cli(main)
