"""Sanity checks of saliency maps: randomised weights, another class, deletion and insertion, agreement.

- randomisation: Spearman's correlation with the map after the weights were re-initialised layer by layer from the top
  (Adebayo et al., NeurIPS 2018, arXiv:1810.03292); a map about the model loses its likeness
- class_sensitivity: the correlation of the predicted class' map with that of the second most probable class
- deletion, insertion: the class' probability, averaged while the hottest pixels are blurred first, or shown first on
  the blurred image (Petsiuk et al., BMVC 2018, arXiv:1806.07421), against random orders as coarse as the map
- methods, folds: the correlation of maps by other methods, and by other cells on films that no cell was trained on
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from analysis.explanations.gradcam import GRADCAM, PLUS_PLUS, SCORE_CAM, Explainer
from analysis.explanations.heat import random_maps

if TYPE_CHECKING:
    import keras

RANDOMISED = (0.25, 0.5, 0.75, 1.0)  # shares of the layers with weights, from the top
STEPS = 16  # of deletion and insertion
ORDERS = 3  # random ones
BLUR = 1 / 8  # of the side: leaves no structure


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's correlation of two maps (S, S); NaN if the first is constant, 0 if only the second is."""
    if np.ptp(first) == 0:
        return np.nan
    if np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def randomised(model: "keras.Model", seed: int) -> dict[float, list[np.ndarray]]:
    """Return the weights of `model` with the last layers drawn again; the share of layers is one of RANDOMISED."""
    import keras

    keras.utils.set_random_seed(seed)
    fresh = keras.models.clone_model(model)
    own = [layer.name for layer in model.layers if layer.weights]
    found = {}
    for share in RANDOMISED:
        kept = set(own[: len(own) - round(share * len(own))])
        found[share] = [
            weight
            for old, new in zip(model.layers, fresh.layers, strict=True)
            for weight in (old if old.name in kept else new).get_weights()
        ]
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
    stages = [np.where(ranks <= step / STEPS, end, start) for step in range(STEPS + 1)]
    answers = predict(np.concatenate(stages))
    chosen = answers.reshape(STEPS + 1, n, -1)[:, np.arange(n), targets]
    return np.trapezoid(chosen.astype(float), dx=1 / STEPS, axis=0)


def checks(
    explainer: Explainer, images: np.ndarray, probabilities: np.ndarray, seed: int
) -> tuple[dict[str, np.ndarray], Iterator[dict]]:
    """Return maps (N, S, S) of `images` by other methods and a randomised model; rows place, check, step, value, null.

    `images` is float32 (N, S, S, 1), `probabilities` float (N, classes); `place` counts the images.
    """
    order = probabilities.argsort(axis=1)
    targets, second = order[:, -1], order[:, -2]
    maps = explainer.maps(images, targets)
    others = {method: explainer.maps(images, targets, method) for method in (PLUS_PLUS, SCORE_CAM)}
    of_second = explainer.maps(images, second)
    own, cascade = explainer.model.get_weights(), {}
    for share, weights in randomised(explainer.model, seed).items():
        explainer.take(weights)
        cascade[share] = explainer.maps(images, targets)
    explainer.take(own)
    compared = [
        *(("methods", method, other) for method, other in others.items()),
        *(("randomisation", f"{share:.0%}", other) for share, other in cascade.items()),
        ("class_sensitivity", "second class", of_second),
    ]
    rng = np.random.default_rng(seed)
    blind = [random_maps(explainer.grid, images.shape[1], len(images), rng) for _ in range(ORDERS)]

    def rows() -> Iterator[dict]:
        for check, step, other in compared:
            for place, pair in enumerate(zip(maps, other, strict=True)):
                yield {"place": place, "check": check, "step": step, "value": correlation(*pair), "null": np.nan}
        for check, insert in (("deletion", False), ("insertion", True)):
            own = curve_area(explainer.predict, images, maps, targets, insert)
            chance = np.mean([curve_area(explainer.predict, images, some, targets, insert) for some in blind], axis=0)
            for place, (value, null) in enumerate(zip(own, chance, strict=True)):
                # An even map has no order.
                value = value if np.ptp(maps[place]) > 0 else np.nan
                yield {"place": place, "check": check, "step": GRADCAM, "value": value, "null": null}

    return {GRADCAM: maps, **others, "randomised": cascade[RANDOMISED[-1]]}, rows()


def agreement(maps: list[np.ndarray]) -> Iterator[dict]:
    """Return rows place, check, step, value, null: agreement of the cells' maps (N, S, S) of the same films."""
    for place, films in enumerate(zip(*maps, strict=True)):
        pairs = [correlation(a, b) for i, a in enumerate(films) for b in films[:i]]
        known = [value for value in pairs if not np.isnan(value)]
        value = float(np.mean(known)) if known else np.nan
        yield {"place": place, "check": "folds", "step": f"{len(maps)} cells", "value": value, "null": np.nan}
