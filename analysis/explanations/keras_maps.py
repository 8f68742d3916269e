"""Saliency maps by Keras alone, on any backend: what tf-keras-vis computes, where TensorFlow is not installed.

The formulas are those of tf-keras-vis 0.8.7, to which the maps are equal; see gradcam.py for the methods' papers.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import zoom

from benchmarks.gradients import Tapped

if TYPE_CHECKING:
    import keras

SMALLEST = 1e-7  # keeps the scale of a constant channel finite


class KerasMaps:
    """Predictions and maps of `model` at `layer`; `linear` is a copy of the model without its softmax."""

    def __init__(self, model: "keras.Model", layer: str):
        self.model = model
        self.tapped = Tapped(model, layer, linear=True)
        self.linear = self.tapped.copy
        self.predict = answers(model)
        self.scores = answers(self.linear)

    def gradcam(self, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return maps (N, h, w) of `targets` (N,) for `images` (N, S, S, 1) by Grad-CAM."""
        features, gradients = self._differentiated(images, targets)
        return np.sum(features * gradients.mean(axis=(1, 2), keepdims=True), axis=-1)

    def plus_plus(self, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return maps (N, h, w) by Grad-CAM++, of scores relative to their own value, whose exponential is 1."""
        features, first = self._differentiated(images, targets)
        second, third = first**2, first**3
        divisor = 2 * second + third * features.sum(axis=(1, 2), keepdims=True)
        alphas = second / np.where(second == 0, divisor + 1, divisor)
        total = alphas.sum(axis=(1, 2), keepdims=True)
        alphas = alphas / np.where(total == 0, 1, total)
        weights = np.sum(np.maximum(first, 0) * alphas, axis=(1, 2), keepdims=True)
        return np.sum(weights * features, axis=-1)

    def score_cam(self, images: np.ndarray, targets: np.ndarray, channels: int) -> np.ndarray:
        """Return maps (N, h, w) by Score-CAM from the `channels` channels that vary most."""
        found = []
        for image, target in zip(images, targets, strict=True):
            features, _ = self._differentiated(image[None], np.array([target]))
            own = features[0]
            # Stable, and the lower channel first where two vary alike, as in TensorFlow.
            chosen = np.argsort(-own.std(axis=(0, 1)), kind="stable")[:channels]
            own = own[..., chosen]
            factors = (image.shape[0] / own.shape[0], image.shape[1] / own.shape[1], 1)
            masks = zoom(own, factors, order=1, mode="nearest")
            low, high = masks.min(axis=(0, 1)), masks.max(axis=(0, 1))
            masks = (masks - low) / (high - low + SMALLEST)
            scores = self.scores(image[None] * np.moveaxis(masks, -1, 0)[..., None], channels)
            found.append(own @ softmax(scores)[:, target])
        return np.stack(found)

    def _differentiated(self, images: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return features and the gradients of the scores of `targets` for them, float32 (N, h, w, c)."""
        weights = np.eye(self.linear.output_shape[-1], dtype="float32")[targets]
        parts = _parts(len(images), images, weights)
        found = [[one[: len(part)] for one in self.tapped(*batch)] for part, *batch in parts]
        features, _, gradients = map(np.concatenate, zip(*found, strict=True))
        return features, gradients


BATCH = 64  # images explained at once


def answers(model: "keras.Model") -> Callable[..., np.ndarray]:
    """Return a function that gives the model's outputs for arrays, float32 (N, K)."""

    def predict(images: np.ndarray, batch_size: int = BATCH) -> np.ndarray:
        found = [
            model.predict_on_batch(batch)[: len(part)].astype("float32")
            for part, batch in _parts(len(images), images, batch_size=batch_size)
        ]
        return np.concatenate(found)

    return predict


def _parts(n: int, *arrays: np.ndarray, batch_size: int = BATCH) -> Iterator[list]:
    """Yield batches of the arrays with the range of their rows, filled up to a power of two.

    JAX compiles a model for each number of images.
    """
    for start in range(0, n, batch_size):
        part = range(start, min(start + batch_size, n))
        rows = np.resize(part, min(batch_size, 1 << (len(part) - 1).bit_length()))
        yield [part, *(array[rows] for array in arrays)]


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return the softmax of scores (N, K)."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
