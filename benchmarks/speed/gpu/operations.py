"""Floating-point operations of a training step, from the layers of a model."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

TRAINING = 3  # forward pass, gradient by the inputs, gradient by the weights: as many operations each


def forward_operations(model: "keras.Model") -> int:
    """Return the operations of the forward pass of one image.

    A use of a weight is a multiplication and an addition. Counts the layers with a kernel, convolutions and dense
    layers, at every place of their output. Normalisation, activation and pooling are left out: memory limits them, not
    arithmetic.
    """
    used = 0
    for layer in model.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            used += math.prod(kernel.shape) * math.prod(layer.output.shape[1:-1])
    return 2 * used


def training_operations(model: "keras.Model") -> int:
    """Return the operations of a training step for each image of its batch."""
    return TRAINING * forward_operations(model)
