"""Build every form of an architecture that a study needs, and write results/<study>/architectures/<name>.json

{variant: {parameters, trainable, cam_layer, cam_shape, layers}}
"""

import argparse
import json
import math

from architectures import PUBLISHED
from benchmarks import backend, protocols, stored
from benchmarks.cells.model import build_model
from benchmarks.errors import run_cli
from benchmarks.study.study import Study, load_study


def check(name: str, study: Study, classes: int) -> dict:
    """Build what `study` needs of architecture `name` with default hyperparameters; return counts and CAM layers."""
    import keras
    import keras_tuner

    report = {}
    for variant in sorted({protocols.variant(protocol) for protocol in study.protocols}):
        keras.backend.clear_session()
        model, cam_layer = build_model(
            name,
            variant=variant,
            hp=None if variant == PUBLISHED else keras_tuner.HyperParameters(),
            classes=classes,
            image_size=study.size_of(name),
            options=study.options_of(name),
            weights=study.weights_of(name),
            augmentation=study.training["augmentation"],
            seed=study.seed,
        )
        report[variant] = {
            "parameters": model.count_params(),
            "trainable": sum(math.prod(weight.shape) for weight in model.trainable_weights),
            "cam_layer": cam_layer,
            "cam_shape": list(model.get_layer(cam_layer).output.shape[1:]),
            "layers": len(model.layers),
        }
    return report


def main() -> None:
    """Check that a study's architectures keep their contract."""
    parser = argparse.ArgumentParser(
        description="Build every model that a study needs; write results/<study>/architectures/<name>.json."
    )
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    parser.add_argument("--architecture", help="only this one; default: all of the study")
    arguments = parser.parse_args()
    backend.prepare(1)
    study = load_study(arguments.study)
    classes = len(stored.record(study.results() / "dataset.json")["classes"])
    chosen = [arguments.architecture] if arguments.architecture else list(study.architectures)
    folder = study.results() / "architectures"
    folder.mkdir(exist_ok=True)
    for name in chosen:
        (folder / f"{name}.json").write_text(json.dumps(check(name, study, classes), indent=2) + "\n")


if __name__ == "__main__":
    run_cli(main)
