"""AdamW with a rate for each layer, the schedule of one cycle, and the moving average of the weights.

Loshchilov & Hutter, Decoupled weight decay regularization, ICLR 2019; Smith & Topin, Super-convergence, 2018
(arXiv:1708.07120); Polyak & Juditsky, SIAM J. Control Optim. 30, 1992.
"""

from typing import Any

import keras

Rates = list[tuple[keras.Variable, float]]


class LayerwiseAdamW(keras.optimizers.AdamW):
    """AdamW whose learning rate is multiplied for each variable by its own of `rates`."""

    def __init__(self, rates: Rates, **settings: Any):
        super().__init__(**settings)
        self.rates = rates

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable at its own rate."""
        # On TensorFlow, Keras hands over the backend's variable.
        own = next(rate for known, rate in self.rates if known is variable or known.value is variable)
        super().update_step(gradient, variable, learning_rate * own)


def layer_rates(model: keras.Model, head: keras.Layer, decay: float, head_rate: float) -> Rates:
    """Return the rate of each trainable variable as a multiple of the learning rate.

    The first layer with weights has `decay`, the last before the `head` 1, those between them geometrically spaced.
    """
    trained = [layer for layer in model.layers if layer.trainable_variables and layer is not head]
    last = max(len(trained) - 1, 1)
    rates = [(v, decay ** (1 - n / last)) for n, layer in enumerate(trained) for v in layer.trainable_variables]
    return rates + [(variable, head_rate) for variable in head.trainable_variables]


def rate_schedule(recipe: dict[str, Any], steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return the learning rate by step: a linear warm-up from 0, then cosine decay to 0 or a constant rate."""
    warmup = max(1, round(recipe["warmup"] * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=max(1, steps - warmup),
        alpha=1.0 if recipe["schedule"] == "constant" else 0.0,
        warmup_target=recipe["learning_rate"],
        warmup_steps=warmup,
    )


class WeightAverage(keras.callbacks.Callback):
    """Moving average of all weights, which replaces them at the end; the momentum rises from 0.1 to `momentum`.

    The rise, (1 + step) / (10 + step), is TensorFlow's for averages of short training.
    """

    def __init__(self, momentum: float):
        super().__init__()
        self.momentum, self.step = momentum, 0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start from the first weights."""
        self.averages = [keras.ops.convert_to_numpy(weight).copy() for weight in self.model.weights]

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move each average a little towards its weight."""
        momentum = min(self.momentum, (1 + self.step) / (10 + self.step))
        self.step += 1
        for average, weight in zip(self.averages, self.model.weights, strict=True):
            average += (1 - momentum) * (keras.ops.convert_to_numpy(weight) - average)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Give the model its averages."""
        self.model.set_weights(self.averages)
