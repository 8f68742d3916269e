"""Batch normalisation for trainings of few steps: its moving statistics do not lag behind the weights.

A fold of 44 images has two to six steps an epoch. With Keras' layer and a momentum of 0.9, the moving statistics keep
half of their initial values (mean 0, variance 1) for six steps. In inference each layer then scales its input by a
wrong number, the errors multiply over the layers, and all images get nearly the same output: after 24 steps (phantoms,
64 px) VGG16 had a training loss of 0.11, but an accuracy of 0.20 on the same images in inference. Early stopping
therefore chose the first epoch. Wu & Johnson (2021, arXiv:2105.07576, section 3) describe the lag.
"""

from typing import Any

import keras
from keras import layers

MOMENTUM = 0.5  # the last two or three batches count


@keras.saving.register_keras_serializable("mammobench")
class PromptNormalization(layers.BatchNormalization):
    """Batch normalisation whose moving statistics start from the first batch, and follow it with momentum 0.5.

    As keras.layers.BatchNormalization, of any shape (N, ..., c), with one weight more: `started`, float32 of shape (),
    0 until the first step of training and 1 from then on.
    """

    momentum: Any  # a tensor while the first step is traced

    def __init__(self, momentum: float = MOMENTUM, **kwargs: Any):
        super().__init__(momentum=momentum, **kwargs)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Add the weights."""
        super().build(input_shape)
        own = {"shape": (), "initializer": "zeros", "trainable": False, "autocast": False, "dtype": "float32"}
        self.started = self.add_weight(name="started", **own)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise by the batch in training, by the moving statistics otherwise."""
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        momentum = self.momentum
        self.momentum = momentum * self.started
        try:
            normalised = super().call(inputs, training=True, mask=mask)
        finally:
            self.momentum = momentum
        self.started.assign(1.0)
        return normalised
