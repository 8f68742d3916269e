"""What a recipe minimises: the cross-entropies of the heads, smoothed and weighed; and what it shows of the classes."""

from typing import Any

import keras
import numpy as np

from benchmarks.cells.heads import Heads

DENSITY = "density"


class Objective:
    """Loss and metrics of logits (N, values), all heads side by side, for classes int (N,).

    `classes` (N,) are those of the training part, by whose frequencies `class_weights: balanced` weighs.
    """

    def __init__(self, heads: Heads, recipe: dict[str, Any], classes: np.ndarray):
        self.targets, self.weights, self.starts, start = [], [], [], 0
        for name, own in heads.items():
            values = int(own.max()) + 1
            # Density keeps its hard targets where severity is there too, as in the recipe that was measured.
            smoothing = 0.0 if name == DENSITY and len(heads) > 1 else recipe["label_smoothing"]
            weight = recipe["density_weight"] if name == DENSITY and len(heads) > 1 else 1.0
            counts = np.bincount(own[classes], minlength=values)
            balance = len(classes) / (values * np.maximum(counts, 1)) if recipe["class_weights"] == "balanced" else None
            self.targets.append((np.eye(values)[own] * (1 - smoothing) + smoothing / values).astype("float32"))
            of_class = np.ones(len(own)) if balance is None else balance[own]
            self.weights.append((weight * of_class).astype("float32"))
            self.starts.append((start, start + values))
            start += values
        # (values, K): which values of the heads make a class.
        self.made_of = np.zeros((start, len(next(iter(heads.values())))), "float32")
        for (first, _), own in zip(self.starts, heads.values(), strict=True):
            self.made_of[first + own, np.arange(len(own))] = 1

    def loss(self, y: Any, logits: Any) -> Any:
        """Return the weighed sum of the heads' cross-entropies of each sample (N,)."""
        y = keras.ops.cast(keras.ops.reshape(y, (-1,)), "int32")
        total = 0.0
        for targets, weights, (first, last) in zip(self.targets, self.weights, self.starts, strict=True):
            logs = keras.ops.log_softmax(logits[:, first:last])
            losses = -keras.ops.sum(keras.ops.take(targets, y, axis=0) * logs, axis=-1)
            total = total + keras.ops.take(weights, y) * losses
        return total

    def crossentropy(self, y: Any, logits: Any) -> Any:
        """Return the cross-entropy of the classes (N,)."""
        y = keras.ops.cast(keras.ops.reshape(y, (-1,)), "int32")
        return keras.losses.sparse_categorical_crossentropy(y, logits @ self.made_of, from_logits=True)

    def accuracy(self, y: Any, logits: Any) -> Any:
        """Return whether the most probable class is the right one (N,)."""
        y = keras.ops.cast(keras.ops.reshape(y, (-1,)), "int32")
        return keras.ops.cast(keras.ops.equal(keras.ops.argmax(logits @ self.made_of, axis=-1), y), "float32")
