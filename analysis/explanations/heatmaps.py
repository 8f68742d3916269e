"""The published heat map and Grad-CAM: tests whether each depends on the class and on the classifier's weights.

The published code asks its gradient model for the convolution's output twice, where the second should have been the
class scores. What it calls the score of class c is then row c of the feature map, whose gradient is the same constant
for every channel: the map is the mean over the channels whatever the class, and the classifier has no part in it.
Shuffled weights are the sanity check of Adebayo et al., NeurIPS 2018, arXiv:1810.03292.

For the published cell of fold 0 and the probes of protocol `published`, writes into results/<study>/cams/

    <architecture>_heatmaps.csv   architecture, probe, method (published, gradcam), comparison (classes, classifier),
                                  difference (0..1, the largest between maps scaled to a peak of 1), correlation (the
                                  mean of all pairs of maps that vary)
    <architecture>_heatmaps.npz   for one probe, maps float32 (S, S), 0..1, by `<method>_<what>`, what being first,
                                  second (the two most probable classes) and shuffled (first, shuffled weights); image

and, with --collect, tables/heatmaps.csv: architecture, method, comparison, n_probes, n_units, unit, difference, ci_low,
ci_high, correlation, unchanged (probes whose maps are the same to within TOLERANCE).
"""

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.bootstrap import interval, resampled_means
from analysis.explanations.gradcam import GRADCAM, Explainer, scaled
from analysis.explanations.stage import run_command
from benchmarks import stored
from benchmarks.cells.model import saved_model
from benchmarks.errors import run_cli
from benchmarks.gradients import of_input
from benchmarks.protocols import PUBLISHED
from benchmarks.study.study import Study

if TYPE_CHECKING:
    import keras

METHODS = (PUBLISHED, GRADCAM)
CLASSES, CLASSIFIER = "classes", "classifier"
TOLERANCE = 1e-3
COLUMNS = [
    *("architecture", "method", "comparison", "n_probes", "n_units", "unit", "difference", "ci_low", "ci_high"),
    *("correlation", "unchanged"),
]


def published_maps(model: "keras.Model", layer: str, images: np.ndarray, target: int) -> np.ndarray:
    """Return the published code's heat maps of class `target`, float32 (N, h, w) at the layer's size, 0 or more.

    `images` is float32 (N, S, S, 1). Raises IndexError if the feature map has no row `target`, as the published code
    does.
    """
    import keras

    features = keras.Model(model.input, model.get_layer(layer).output).predict_on_batch(images).astype("float32")
    if target >= features.shape[1]:
        raise IndexError(f"layer {layer} has {features.shape[1]} rows, none for class {target}")
    # The published gradient model gives the features twice: the second time they stand for the scores.
    gradients = of_input(lambda scores: scores[:, target], features)
    return np.maximum(np.sum(features * gradients.mean(axis=(1, 2), keepdims=True), axis=-1), 0)


def class_maps(explainer: Explainer, images: np.ndarray, n_classes: int) -> dict[str, np.ndarray]:
    """Return maps of every class by both methods, each scaled to a maximum of 1: float32 (N, classes, h, w).

    `images` is float32 (N, S, S, 1). The published method has as many classes as its feature map has rows.
    """
    model, layer = explainer.model, explainer.layer
    published = [published_maps(model, layer, images, row) for row in range(min(n_classes, explainer.grid[0]))]
    correct = [explainer.maps(images, np.full(len(images), target)) for target in range(n_classes)]
    return {PUBLISHED: scaled(np.stack(published, axis=1)), GRADCAM: scaled(np.stack(correct, axis=1))}


def with_shuffled_classifier(model: "keras.Model", seed: int) -> list[np.ndarray]:
    """Return the weights of `model` with the kernel of its last layer shuffled."""
    kernel, *bias = model.layers[-1].get_weights()
    shuffled = np.random.default_rng(seed).permutation(kernel.ravel()).reshape(kernel.shape)
    return [*model.get_weights()[: -1 - len(bias)], shuffled, *bias]


def compare(pairs: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Return the largest difference of `pairs` of maps, and the mean correlation of varying pairs (NaN without any)."""
    difference = max(float(np.abs(a - b).max()) for a, b in pairs)
    varying = [(a, b) for a, b in pairs if np.ptp(a) > 0 and np.ptp(b) > 0]
    correlations = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in varying]
    return difference, float(np.mean(correlations)) if correlations else np.nan


def write_heatmaps(study: Study, architecture: str) -> None:
    """Compare both methods on one architecture's published cell. Raises BadInput if it has not been trained."""
    results, size = study.results(), study.size_of(architecture)
    cell = study.cell_folder(architecture, PUBLISHED, 0)
    layer = stored.record(cell / "runtime.json")["cam_layer"]
    explainer = Explainer(saved_model(architecture, cell / "model.keras"), layer)
    probes = stored.table(results / "tables" / "probes.csv", dtype={"label": str})
    probes = probes[(probes["protocol"] == PUBLISHED) & probes["shown"]]
    images = stored.array(results / f"images_{size}.npy")[probes["row"]].astype("float32")[..., np.newaxis]
    probabilities = explainer.predict(images)
    before = class_maps(explainer, images, probabilities.shape[1])
    explainer.take(with_shuffled_classifier(explainer.model, study.seed))
    after = class_maps(explainer, images, probabilities.shape[1])
    rows = []
    for place, probe in enumerate(probes["probe"]):
        for method in METHODS:
            between = {
                CLASSES: list(itertools.combinations(before[method][place], 2)),
                CLASSIFIER: list(zip(before[method][place], after[method][place], strict=True)),
            }
            for comparison, pairs in between.items():
                difference, correlation = compare(pairs)
                row = {"architecture": architecture, "probe": probe, "method": method, "comparison": comparison}
                rows.append(row | {"difference": difference, "correlation": correlation})
    # The first probe on which Grad-CAM finds anything, else the first.
    shown = int(np.argmax(before[GRADCAM].max(axis=(1, 2, 3)) > 0))
    first, second = np.argsort(-probabilities[shown])[:2]
    maps = {"image": images[shown, ..., 0]}
    for method in METHODS:
        # A map of 2 x 2 has no row for some classes; any class stands for all there.
        one, other = (target % before[method].shape[1] for target in (first, second))
        maps |= {f"{method}_first": before[method][shown, one], f"{method}_second": before[method][shown, other]}
        maps[f"{method}_shuffled"] = after[method][shown, one]
    folder = results / "cams"
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / f"{architecture}_heatmaps.npz", **maps)
    pd.DataFrame(rows).to_csv(folder / f"{architecture}_heatmaps.csv", index=False)


def collect(study: Study) -> None:
    """Join the architectures' tables to tables/heatmaps.csv; empty if no cell ran as published."""
    results = study.results()
    probes = stored.table(results / "tables" / "probes.csv", dtype=str)
    probes = probes[probes["protocol"] == PUBLISHED].astype({"probe": int})
    unit = "patient" if probes["patient"].notna().all() else "source"
    rows = []
    for architecture in study.published_architectures():
        table = stored.table(results / "cams" / f"{architecture}_heatmaps.csv").merge(
            probes[["probe", "sample", unit]], on="probe"
        )
        units = table[unit].fillna(table["sample"])
        for (method, comparison), part in table.groupby(["method", "comparison"], sort=False):
            own = units[part.index]
            means = resampled_means(part["difference"], own, study.bootstrap, study.seed)
            limits = interval(means, own.nunique(), unit)
            row = {"architecture": architecture, "method": method, "comparison": comparison, "n_probes": len(part)}
            row |= {"n_units": own.nunique(), "unit": f"{unit}s", "difference": part["difference"].mean()}
            row |= {"ci_low": limits.low, "ci_high": limits.high, "correlation": part["correlation"].mean()}
            rows.append(row | {"unchanged": int((part["difference"] < TOLERANCE).sum())})
    pd.DataFrame(rows, columns=COLUMNS).to_csv(results / "tables" / "heatmaps.csv", index=False)


def main() -> None:
    """Compare one architecture's heat maps, or collect the tables of all."""
    run_command("Compare the published heat map with Grad-CAM.", "tables/heatmaps.csv", write_heatmaps, collect)


if __name__ == "__main__":
    run_cli(main)
