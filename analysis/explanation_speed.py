"""Saliency maps per second: all images in one batch, against a loop that loads the model for every image.

    python -m analysis.explanation_speed --study demo > benchmarks/reference/explanation_speed.csv

The loop is how the published study's service answers a request. Both ways explain the first images of results/<study>
by each architecture's cell of fold 0, in one process. Columns: study, architecture, image_size, n_batch, n_loop
(images), batch_seconds, loop_seconds (with loading), batch_maps_per_second, loop_maps_per_second, ratio, same (largest
difference between the maps of both ways, each scaled to a maximum of 1), and those of benchmarks/reference.
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


def measure(study: Study, architecture: str, n_batch: int, n_loop: int) -> dict:
    """Explain `n_batch` images together and `n_loop` one by one. Raises BadInput if there is no cell."""
    size = study.size_of(architecture)
    folder = study.cell_folder(architecture, study.protocols[0], 0)
    layer = stored.record(folder / "runtime.json")["cam_layer"]
    images = stored.array(study.results() / f"images_{size}.npy")[:n_batch].astype("float32")[..., np.newaxis]

    def maps(parts: list[np.ndarray]) -> tuple[np.ndarray, float]:
        started, found = time.perf_counter(), []
        for part in parts:
            explainer = Explainer(saved_model(architecture, folder / "model.keras"), layer)
            found.append(scaled(explainer.maps(part, explainer.predict(part).argmax(axis=1))))
        return np.concatenate(found), time.perf_counter() - started

    maps([images[:1]])  # leaves TensorFlow's start out of both times
    together, batch_seconds = maps([images])
    alone, loop_seconds = maps(np.split(images[:n_loop], n_loop))
    rates = [n_batch / batch_seconds, n_loop / loop_seconds]
    return {
        **{"study": study.name, "architecture": architecture, "image_size": size, "n_batch": n_batch, "n_loop": n_loop},
        **{"batch_seconds": round(batch_seconds, 2), "loop_seconds": round(loop_seconds, 2)},
        **{"batch_maps_per_second": round(rates[0], 2), "loop_maps_per_second": round(rates[1], 2)},
        **{"ratio": round(rates[0] / rates[1], 1), "same": f"{np.abs(together[:n_loop] - alone).max():.1g}"},
    }


def measure_all(study: str, batch: int, loop: int) -> pd.DataFrame:
    """Return a row for every architecture of the study named `study`."""
    backend.prepare(1)
    loaded = load_study(study)
    return pd.DataFrame([measure(loaded, name, batch, loop) for name in sorted(loaded.architectures)])


main = measurement(
    "analysis.explanation_speed",
    "Time Grad-CAM in a batch and one image at a time.",
    measure_all,
    {
        "--study": {"required": True, "help": STUDY},
        "--batch": {"type": int, "default": 128, "help": "images explained together"},
        "--loop": {"type": int, "default": 8, "help": "images explained one by one"},
    },
)

if __name__ == "__main__":
    run_cli(main)
