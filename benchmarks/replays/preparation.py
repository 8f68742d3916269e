"""From images to the input of a publication's network: its preprocessing, and its oversampling of the training part."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.publications.code import function

SPREAD = 1e-7  # of a pixel that is the same in all training images, so that it becomes 0


def prepared(parts: dict[str, np.ndarray], steps: list[dict] | None, folder: Path) -> dict[str, np.ndarray]:
    """Return each part after the `steps` of a recipe (schema.yaml: preprocessing), float32 (N, S, S).

    `parts` are uint8 (N, S, S), the part `train` among them: pixels are standardised by its mean and spread. Steps that
    are known in words alone are left out. `folder` holds variants.py.
    """
    done: dict[str, np.ndarray] = dict(parts)
    for step in steps or ():
        ((kind, value),) = step.items()
        if kind == "standardise":
            done = _standardised({part: np.asarray(x, np.float32) for part, x in done.items()}, value)
        elif kind != "words":
            change = _change(kind, value, folder)
            done = {part: np.stack([change(image) for image in x]) if len(x) else x for part, x in done.items()}
    return {part: np.asarray(x, np.float32) for part, x in done.items()}


def _change(kind: str, value: Any, folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return a step from image to image (S, S)."""
    if kind == "function":
        return function(folder, value)
    if kind == "divide":
        return lambda image: np.asarray(image, np.float32) / np.float32(value)
    import cv2

    kernel = np.asarray(value, np.float32)
    return lambda image: cv2.filter2D(image, -1, kernel)  # values beyond 0..255 are clipped while pixels are uint8


def _standardised(parts: dict[str, np.ndarray], over: str) -> dict[str, np.ndarray]:
    """Return parts with mean 0 and standard deviation 1 of each `pixel` over the training part, or of each `image`."""
    if over == "image":
        axes = (1, 2)
        return {k: (x - x.mean(axes, keepdims=True)) / (x.std(axes, keepdims=True) + SPREAD) for k, x in parts.items()}
    mean, spread = parts["train"].mean(axis=0), parts["train"].std(axis=0)
    return {part: (x - mean) / np.where(spread > SPREAD, spread, 1) for part, x in parts.items()}


def oversampled(x: np.ndarray, y: np.ndarray, how: dict | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return training images (N, S, S) and class numbers (N,) with the classes balanced as a recipe says.

    `seed` replaces a seed that is not stated. SMOTE is that of imbalanced-learn (Chawla et al. 2002, JAIR 16).
    """
    if how is None:
        return x, y
    from imblearn.over_sampling import SMOTE, RandomOverSampler

    kind = {"smote": SMOTE, "repeat": RandomOverSampler}[how["method"]]
    own = seed if how["seed"] is None else how["seed"]
    sampler = kind(sampling_strategy=how.get("strategy", "auto"), random_state=own)
    made, labels = sampler.fit_resample(x.reshape(len(x), -1), y)
    return made.reshape(-1, *x.shape[1:]), labels
