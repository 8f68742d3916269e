"""Grad-CAM (Selvaraju et al., ICCV 2017) by tf-keras-vis: where the cells of fold 0 look at the probes.

Explains the predicted class before its softmax, at the layer that the architecture declares, and measures the share of
the heat inside the breast and inside the lesion boxes beside the share of the image that those cover. Writes into
results/<study>/

    cams/<architecture>.npz    one array a protocol, float32 (probes, S, S), 0..1, in the order of tables/probes.csv
    cams/<architecture>.csv    architecture, protocol, probe, sample, label, predicted, probability, correct, layer,
                               heat_in_breast, area_of_breast, heat_in_lesion, area_of_lesion, heat_max, note

and, with --collect, tables/gradcam.csv: those of all architectures.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.predictions import read_classes
from benchmarks import backend
from benchmarks.errors import existing, run_cli
from benchmarks.study import Study, load_study

if TYPE_CHECKING:
    import keras

BATCH = 16  # images explained at once


def explain(model: "keras.Model", layer: str, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Grad-CAM maps, float32 (N, S, S) >= 0, of classes `targets` (N,) for `images` float32 (N, S, S, 1), 0..255.

    `layer` is the explained layer's name. Maps are resized to the image (cubic), not normalised; a map is 0 everywhere
    where no feature speaks for the class.
    """
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    gradcam = Gradcam(model, model_modifier=ReplaceToLinear(), clone=True)
    maps = []
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        maps.append(
            gradcam(
                CategoricalScore(targets[part].tolist()),
                images[part],
                penultimate_layer=layer,
                seek_penultimate_conv_layer=False,
                normalize_cam=False,
            )
        )
    # Cubic resizing may swing below zero.
    return np.maximum(np.concatenate(maps).astype("float32"), 0)


def box_mask(boxes: list, side: int) -> np.ndarray:
    """The union of `boxes` [x, y, w, h], fractions of the image: bool (side, side), pixels whose centre is inside."""
    centre = (np.arange(side) + 0.5) / side
    mask = np.zeros((side, side), bool)
    for x, y, width, height in boxes:
        rows, columns = (centre >= y) & (centre < y + height), (centre >= x) & (centre < x + width)
        mask |= np.outer(rows, columns)
    return mask


def shares(heat: np.ndarray, region: np.ndarray) -> tuple[float, float]:
    """The share of `heat` (S, S) in `region`, bool (S, S), and of the image's area; NaN if either is empty."""
    if not region.any() or not heat.sum() > 0:
        return np.nan, np.nan
    return float(heat[region].sum() / heat.sum()), float(region.mean())


def explain_cell(study: Study, architecture: str, protocol: str, probes: pd.DataFrame) -> tuple[np.ndarray, list[dict]]:
    """Maps scaled to 0..1 and table rows of one architecture's fold-0 cell under one protocol.

    `probes` are that protocol's, joined with boxes. Raises BadInput if the cell has not been trained.
    """
    import keras

    results, size = study.results(), study.size_of(architecture)
    cell = study.cell_folder(architecture, protocol, 0)
    layer = json.loads(existing(cell / "runtime.json").read_text())["cam_layer"]
    model = keras.models.load_model(existing(cell / "model.keras"), compile=False)
    rows = probes["row"].to_numpy()
    images = np.load(results / f"images_{size}.npy", mmap_mode="r")[rows].astype("float32")[..., np.newaxis]
    breasts = np.load(results / f"masks_{size}.npy", mmap_mode="r")[rows].astype(bool)
    probabilities = model.predict(images, verbose=0).astype("float32")
    targets = probabilities.argmax(axis=1)
    heats = explain(model, layer, images, targets)
    classes = read_classes(study)
    table = []
    for probe, heat, breast, target, answer in zip(
        probes.itertuples(), heats, breasts, targets, probabilities, strict=True
    ):
        in_breast, of_breast = shares(heat, breast)
        in_lesion, of_lesion = shares(heat, box_mask(probe.boxes, size))
        notes = [] if heat.sum() > 0 else ["not evaluable: zero map"]
        if not len(probe.boxes):
            notes.append("not evaluable: no lesion box")
        table.append(
            {
                **{"architecture": architecture, "protocol": protocol, "probe": probe.probe, "sample": probe.sample},
                **{"label": probe.label, "predicted": classes[target], "probability": float(answer[target])},
                **{"correct": classes[target] == probe.label, "layer": layer},
                **{"heat_in_breast": in_breast, "area_of_breast": of_breast},
                **{"heat_in_lesion": in_lesion, "area_of_lesion": of_lesion},
                **{"heat_max": float(heat.max()), "note": "; ".join(notes)},
            }
        )
    peaks = heats.max(axis=(1, 2), keepdims=True)
    return np.divide(heats, peaks, out=np.zeros_like(heats), where=peaks > 0), table


def write_cams(study: Study, architecture: str) -> None:
    """Explain one architecture's cells of fold 0 under every protocol."""
    probes = pd.read_csv(existing(study.results() / "tables" / "probes.csv"), dtype={"label": str})
    boxes = pd.read_parquet(study.results() / "samples.parquet", columns=["sample", "boxes"])
    probes = probes.merge(boxes, on="sample", validate="m:1")
    maps, table = {}, []
    for protocol in study.protocols:
        maps[protocol], rows = explain_cell(study, architecture, protocol, probes[probes["protocol"] == protocol])
        table += rows
    folder = study.results() / "cams"
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / f"{architecture}.npz", **maps)
    pd.DataFrame(table).to_csv(folder / f"{architecture}.csv", index=False)


def collect(study: Study) -> None:
    """Write tables/gradcam.csv from the architectures' own tables."""
    paths: list[Path] = [study.results() / "cams" / f"{name}.csv" for name in study.architectures]
    tables = [pd.read_csv(existing(path), dtype={"label": str, "predicted": str}) for path in paths]
    pd.concat(tables, ignore_index=True).to_csv(study.results() / "tables" / "gradcam.csv", index=False)


def run_command(
    description: str, table: str, write: Callable[[Study, str], None], collect: Callable[[Study], None]
) -> None:
    """A command line that calls `write` for one architecture, or `collect` for the `table` of all."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--architecture")
    what.add_argument("--collect", action="store_true", help=f"write tables/{table}.csv from those in cams/")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    study = load_study(arguments.study)
    if arguments.collect:
        collect(study)
    else:
        backend.prepare(arguments.threads)
        write(study, arguments.architecture)


def main() -> None:
    """Explain one architecture, or collect the tables of all."""
    run_command("Run Grad-CAM on a study's probes.", "gradcam", write_cams, collect)


if __name__ == "__main__":
    run_cli(main)
