"""Saliency maps per second: all images at once, against a loop that loads the model for every image.

    python -m analysis.explanation_speed --study demo > benchmarks/reference/explanation_speed.csv

The loop is what the published study's service does for every request. Explains the first images of results/<study> by
each architecture's cell of fold 0, both ways in one process. Columns: study, architecture, image_size, n_batch, n_loop
(images), batch_seconds, loop_seconds (loading included in both), batch_maps_per_second, loop_maps_per_second, ratio,
same (the largest difference between the maps of both, each scaled to a peak of 1), and those of benchmarks/reference.
"""

import time

import numpy as np
import pandas as pd

from analysis.explanations.gradcam import Explainer, scaled
from benchmarks import backend, stored
from benchmarks.cells.model import saved_model
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement
from benchmarks.study.command import STUDY
from benchmarks.study.study import Study, load_study


def measure(study: str, batch: int, loop: int) -> pd.DataFrame:
    """Return one row for each architecture of the study of that name or path."""
    backend.prepare(1)
    loaded = load_study(study)
    return pd.DataFrame([_measured(loaded, name, batch, loop) for name in sorted(loaded.architectures)])


def _measured(study: Study, architecture: str, n_batch: int, n_loop: int) -> dict:
    """Explain `n_batch` images together and `n_loop` one by one. Raises BadInput if there is no cell."""
    size = study.size_of(architecture)
    folder = study.cell_folder(architecture, study.protocols[0], 0)
    layer = stored.record(folder / "runtime.json")["cam_layer"]
    path = folder / "model.keras"
    images = stored.array(study.results() / f"images_{size}.npy")[:n_batch]
    images = images.astype("float32")[..., np.newaxis]

    def maps(part: np.ndarray) -> np.ndarray:
        explainer = Explainer(saved_model(architecture, path), layer)
        return scaled(explainer.maps(part, explainer.predict(part).argmax(axis=1)))

    maps(images[:1])  # what TensorFlow does only once is no part of either
    seconds = []
    for parts in ([images], np.split(images[:n_loop], n_loop)):
        started = time.perf_counter()
        found = np.concatenate([maps(part) for part in parts])
        seconds.append(time.perf_counter() - started)
        if len(parts) == 1:
            together = found
    rates = [n_batch / seconds[0], n_loop / seconds[1]]
    return {
        **{"study": study.name, "architecture": architecture, "image_size": size, "n_batch": n_batch, "n_loop": n_loop},
        **{"batch_seconds": round(seconds[0], 2), "loop_seconds": round(seconds[1], 2)},
        **{"batch_maps_per_second": round(rates[0], 2), "loop_maps_per_second": round(rates[1], 2)},
        **{"ratio": round(rates[0] / rates[1], 1), "same": f"{np.abs(together[:n_loop] - found).max():.1g}"},
    }


main = measurement(
    "analysis.explanation_speed",
    "Time Grad-CAM in a batch and one image at a time.",
    measure,
    {
        "--study": {"required": True, "help": STUDY},
        "--batch": {"type": int, "default": 128, "help": "images explained together"},
        "--loop": {"type": int, "default": 8, "help": "images explained one by one"},
    },
)

if __name__ == "__main__":
    run_cli(main)
