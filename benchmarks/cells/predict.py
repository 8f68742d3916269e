"""Predict the test and validation part of a cell."""

import keras
import numpy as np

from benchmarks.cells.batches import Batches
from benchmarks.cells.cell import Fitted
from benchmarks.cells.load import Data
from benchmarks.cells.reuse import numbers, traced
from benchmarks.stored import Images

BATCH = 64  # images at once


def predict_parts(fitted: Fitted, data: Data) -> tuple[dict[str, np.ndarray], float | None]:
    """Predict both parts by the best model, and the test part by the default configuration.

    Return probabilities float (N, classes) by the name of their file, and the share of dead features. The default
    configuration has no rows if it was not tried or did not complete.
    """
    x, mirrored = data.parts["test"].x, fitted.mirrored
    test, features = predict(fitted.model, x, mirrored)
    found = {"predictions": test, "default_predictions": test}
    # Answers for films that were trained on would pass for answers of a held-out part.
    validation = data.parts["validation"].x[: None if fitted.held_out else 0]
    found["validation_predictions"] = predict(fitted.model, validation, mirrored)[0] if len(validation) else test[:0]
    if not fitted.trials["best"].iloc[0]:
        model = fitted.load_default()
        found["default_predictions"] = predict(model, x, mirrored)[0] if model else test[:0]
    return found, dead_features(features)


def predict(plain: keras.Model, x: Images, mirrored: int = 1) -> tuple[np.ndarray, np.ndarray | None]:
    """Predict `x`, uint8 (N, S, S, 1), by the traced model of the structure of `plain`.

    Return probabilities (N, classes), averaged over `mirrored` of the image and its mirror images, and the input of the
    last dense layer (N, c) for the image itself, None if there is no such layer.
    """
    own = traced(plain)
    # Arrays, not variables: JAX would take over the variables' memory and delete it.
    own.become(plain.get_weights(), numbers(plain.layers))
    both = [x, x[:, :, ::-1], x[:, ::-1], x[:, ::-1, ::-1]][:mirrored]
    answers = [own.asked.predict(Batches(one, None, BATCH), verbose=0) for one in both]
    found = [answer if isinstance(answer, list) else [answer] for answer in answers]
    _, *features = found[0]
    return np.mean([probabilities for probabilities, *_ in found], axis=0), features[0] if features else None


def dead_features(features: np.ndarray | None) -> float | None:
    """Return the share of columns of `features` (N, c) that are equal, or not finite, for all images.

    With 1.0 the model cannot tell one image from another. None without features.
    """
    if features is None:
        return None
    # No difference, which overflows for large float16 values.
    return round(float(np.mean(~(features.max(axis=0) > features.min(axis=0)))), 4)
