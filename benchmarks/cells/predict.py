"""Predict the test and validation part of a cell."""

import keras
import numpy as np

from benchmarks.cells.batches import Batches
from benchmarks.cells.cell import Fitted
from benchmarks.cells.load import Data
from benchmarks.cells.reuse import numbers, traced

BATCH = 64  # images at once


def predict_parts(fitted: Fitted, data: Data) -> tuple[dict[str, np.ndarray], float | None]:
    """Predict both parts by the best model, and the test part by the default configuration.

    Return probabilities float (N, classes) by the name of their file, and the share of dead features. The default
    configuration has no rows if it was not tried or did not complete.
    """
    x = data.parts["test"].x
    test, features = predict(fitted.model, x)
    found = {"predictions": test, "default_predictions": test}
    found["validation_predictions"], _ = predict(fitted.model, data.parts["validation"].x)
    if not fitted.trials["best"].iloc[0]:
        model = fitted.load_default()
        found["default_predictions"] = predict(model, x)[0] if model else test[:0]
    return found, dead_features(features)


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
