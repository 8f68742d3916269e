"""Predict the test and validation part of a cell."""

import dataclasses

import keras
import numpy as np

from benchmarks.cells.batches import Batches
from benchmarks.cells.fit import Fitted
from benchmarks.cells.load import Data
from benchmarks.cells.reuse import numbers, traced

BATCH = 64  # images at once


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Probabilities float (N, classes) of the best model for both parts, and of the default configuration for `test`.

    `default` has no rows if that configuration was not tried or did not complete.
    """

    test: np.ndarray
    validation: np.ndarray
    default: np.ndarray
    dead_features: float | None


def predict_parts(fitted: Fitted, data: Data) -> Predictions:
    """Predict both parts by the best model, and the test part by the default configuration."""
    x = data.parts["test"].x
    test, features = predict(fitted.model, x)
    validation, _ = predict(fitted.model, data.parts["validation"].x)
    default = test
    if not fitted.trials["best"].iloc[0]:
        model = fitted.load_default()
        default = predict(model, x)[0] if model else test[:0]
    return Predictions(test, validation, default, dead_features(features))


def predict(plain: keras.Model, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Predict `x`, uint8 (N, S, S, 1), by the traced model of the structure of `plain`.

    Return probabilities (N, classes) and the input of the last dense layer (N, c), None if there is no such layer.
    """
    own = traced(plain)
    # Arrays, not variables: JAX would take over the variables' memory and delete it.
    own.become(plain.get_weights(), numbers(plain.layers))
    found = own.asked.predict(Batches(x, None, BATCH), verbose=0)
    probabilities, *features = found if isinstance(found, list) else [found]
    return probabilities, features[0] if features else None


def dead_features(features: np.ndarray | None) -> float | None:
    """Return the share of columns of `features` (N, c) that are equal, or not finite, for all images.

    With 1.0 the model cannot tell one image from another. None without features.
    """
    if features is None:
        return None
    # float64: the range of large float16 values overflows.
    return round(float(np.mean(~(np.ptp(features.astype("float64"), axis=0) > 0))), 4)
