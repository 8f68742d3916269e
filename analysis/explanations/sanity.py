"""Sanity checks of saliency maps: randomised weights, another class, deletion and insertion, agreement.

- randomisation: Spearman's correlation with the map after weights were randomised layer by layer from the top
  (Adebayo et al., NeurIPS 2018, arXiv:1810.03292); low for a map that depends on the model
- class_sensitivity: correlation of the predicted class's map with that of the second most probable class
- deletion, insertion: mean probability of the class while the pixels of highest saliency are blurred first, or restored
  first in the blurred image (Petsiuk et al., BMVC 2018, arXiv:1806.07421); null: random orders as coarse as the map
- methods, folds: correlation with maps by other methods; between cells, on films that no cell was trained on
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from analysis.explanations.gradcam import GRADCAM, PLUS_PLUS, SCORE_CAM, Explainer
from analysis.explanations.heat import random_maps

if TYPE_CHECKING:
    import keras

RANDOMISED = (0.25, 0.5, 0.75, 1.0)  # shares of the layers with weights, from the top
STEPS = 16  # of deletion and insertion
ORDERS = 3  # random orders
BLUR = 1 / 8  # standard deviation, as a fraction of the side: leaves no structure
COLUMNS = ["probe", "check", "step", "value", "null"]


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's correlation of two maps (S, S); NaN if the first is constant, 0 if only the second is."""
    if np.ptp(first) == 0:
        return np.nan
    if np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def randomised(model: "keras.Model", seed: int) -> dict[float, list[np.ndarray]]:
    """Return the weights of `model` with the last layers initialised again, by share of the layers (RANDOMISED)."""
    import keras

    keras.utils.set_random_seed(seed)
    pairs = list(zip(model.layers, keras.models.clone_model(model).layers, strict=True))
    own = [layer.name for layer in model.layers if layer.weights]
    found = {}
    for share in RANDOMISED:
        kept = own[: len(own) - round(share * len(own))]
        layers = [old if old.name in kept else new for old, new in pairs]
        found[share] = [weight for layer in layers for weight in layer.get_weights()]
    return found


def curve_area(
    predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray, maps: np.ndarray, targets: np.ndarray, insert: bool
) -> np.ndarray:
    """Return the mean probability of `targets` (N,) over STEPS steps of insertion or deletion, ordered by `maps`.

    Returns float (N,). `images` is float32 (N, S, S, 1), for which `predict` gives probabilities (N, classes).
    """
    n, side = maps.shape[:2]
    blurred = gaussian_filter(images, (0, BLUR * side, BLUR * side, 0))
    ranks = np.stack([rankdata(-heat, method="ordinal") for heat in maps]).reshape(n, side, side, 1) / side**2
    start, end = (blurred, images) if insert else (images, blurred)
    answers = predict(np.concatenate([np.where(ranks <= step / STEPS, end, start) for step in range(STEPS + 1)]))
    chosen = answers.reshape(STEPS + 1, n, -1)[:, np.arange(n), targets]
    return np.trapezoid(chosen.astype(float), dx=1 / STEPS, axis=0)


def checks(
    explainer: Explainer, images: np.ndarray, probabilities: np.ndarray, probes: list[int], seed: int
) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Return maps (N, S, S) of `images` by every method and a randomised model, and a table with COLUMNS.

    `images` is float32 (N, S, S, 1), `probabilities` float (N, classes), `probes` the number of each image.
    """
    second, targets = probabilities.argsort(axis=1)[:, -2:].T
    maps = explainer.maps(images, targets)
    others = {method: explainer.maps(images, targets, method) for method in (PLUS_PLUS, SCORE_CAM)}
    compared = {("methods", method): other for method, other in others.items()}
    of_second = explainer.maps(images, second)
    own = explainer.model.get_weights()
    for share, weights in randomised(explainer.model, seed).items():
        explainer.take(weights)
        compared["randomisation", f"{share:.0%}"] = explainer.maps(images, targets)
    explainer.take(own)
    others["randomised"] = compared["randomisation", f"{RANDOMISED[-1]:.0%}"]
    compared["class_sensitivity", "second class"] = of_second
    rows: list[tuple] = []
    for (check, step), other in compared.items():
        pairs = zip(probes, maps, other, strict=True)
        rows += [(probe, check, step, correlation(one, two), np.nan) for probe, one, two in pairs]
    rng = np.random.default_rng(seed)
    random = [random_maps(explainer.grid, images.shape[1], len(images), rng) for _ in range(ORDERS)]
    constant = np.ptp(maps, axis=(1, 2)) == 0  # gives no order of pixels
    for check, insert in (("deletion", False), ("insertion", True)):
        areas = [curve_area(explainer.predict, images, order, targets, insert) for order in (maps, *random)]
        values = np.where(constant, np.nan, areas[0])
        rows += [(probe, check, GRADCAM, *pair) for probe, *pair in zip(probes, values, np.mean(areas[1:], axis=0))]
    return {GRADCAM: maps, **others}, pd.DataFrame(rows, columns=COLUMNS)


def agreement(maps: list[np.ndarray]) -> pd.DataFrame:
    """Return a table with COLUMNS: the mean correlation of the maps (N, S, S) of the same films by several cells."""
    rows = []
    for number, films in enumerate(zip(*maps, strict=True)):
        pairs = [correlation(a, b) for i, a in enumerate(films) for b in films[:i]]
        known = [value for value in pairs if not np.isnan(value)]
        rows.append((number, "folds", f"{len(maps)} cells", float(np.mean(known)) if known else np.nan, np.nan))
    return pd.DataFrame(rows, columns=COLUMNS)
