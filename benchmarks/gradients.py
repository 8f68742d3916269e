"""Gradients of a Keras model by the backend that Keras runs on: of scores for feature maps, of a loss for weights."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


class Tapped:
    """A copy of `model` that gives the features of `layer`, its outputs, and the outputs' gradients for the features.

    With `linear`, outputs are those of the last layer before its activation: class scores before their softmax.
    """

    def __init__(self, model: "keras.Model", layer: str, linear: bool = False):
        import keras

        self.tap = _tap()

        def tapped(own: keras.Layer, *inputs: Any, **options: Any) -> Any:
            found = own(*inputs, **options)
            return self.tap(found) if own.name == layer else found

        self.copy = keras.models.clone_model(model, call_function=tapped)
        self.copy.set_weights(model.get_weights())
        if linear:
            self.copy.layers[-1].activation = keras.activations.linear
        self.both = keras.Model(self.copy.input, [self.tap.output, self.copy.output])
        self._run = {"tensorflow": _on_tensorflow, "jax": _on_jax, "torch": _on_torch}[keras.backend.backend()](self)

    def __call__(self, images: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return features and gradients (N, h, w, c) and outputs (N, K), all float32.

        The gradients are those of the outputs' sum weighed by `weights` (N, K). `images` is (N, S, S, 1), 0..255.
        """
        import keras

        found = self._run(np.asarray(images, "float32"), np.asarray(weights, "float32"))
        features, outputs, gradients = (keras.ops.convert_to_numpy(one).astype("float32") for one in found)
        return features, outputs, gradients


Run = Callable[[np.ndarray, np.ndarray], tuple[Any, Any, Any]]


def _tap() -> "keras.Layer":
    """Return a layer that adds `offset` to its input if there is one: JAX differentiates by inputs alone."""
    import keras

    class Tap(keras.layers.Layer):
        offset: Any = None

        def call(self, inputs: Any) -> Any:
            return inputs if self.offset is None else inputs + self.offset

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return Tap(name="tap", autocast=False)


def _score(outputs: Any, weights: Any) -> Any:
    import keras

    return keras.ops.sum(keras.ops.cast(outputs, "float32") * weights)


def _on_tensorflow(tapped: Tapped) -> Run:
    import tensorflow as tf

    def run(images: np.ndarray, weights: np.ndarray) -> tuple[Any, Any, Any]:
        with tf.GradientTape() as tape:
            features, outputs = tapped.both(images, training=False)
            score = _score(outputs, weights)
        gradients = tape.gradient(score, features, unconnected_gradients="zero")
        return features, outputs, gradients

    return run


def _on_jax(tapped: Tapped) -> Run:
    import jax

    both, tap = tapped.both, tapped.tap

    def forward(offset: Any, values: list, images: Any, weights: Any) -> tuple[Any, tuple[Any, Any]]:
        tap.offset = offset
        (features, outputs), _ = both.stateless_call(*values, images, training=False)
        tap.offset = None
        return _score(outputs, weights), (features, outputs)

    differentiated = jax.jit(jax.grad(forward, has_aux=True))

    def run(images: np.ndarray, weights: np.ndarray) -> tuple[Any, Any, Any]:
        offset = np.zeros((len(images), *tap.output.shape[1:]), tap.output.dtype)
        values = [[own.value for own in part] for part in (both.trainable_variables, both.non_trainable_variables)]
        gradients, (features, outputs) = differentiated(offset, values, images, weights)
        return features, outputs, gradients

    return run


def _on_torch(tapped: Tapped) -> Run:
    import keras
    import torch

    def run(images: np.ndarray, weights: np.ndarray) -> tuple[Any, Any, Any]:
        features, outputs = tapped.both(images, training=False)
        score = _score(outputs, keras.ops.convert_to_tensor(weights))
        (gradients,) = torch.autograd.grad(score, features, allow_unused=True)
        return features, outputs, torch.zeros_like(features) if gradients is None else gradients

    return run


def of_input(scores: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Return the gradient of the sum of `scores(x)` for `x`, an array float32 of the shape of `x`."""
    import keras

    backend, tensor = keras.backend.backend(), keras.ops.convert_to_tensor(x)
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(tensor)
            total = keras.ops.sum(scores(tensor))
        found = tape.gradient(total, tensor)
    elif backend == "jax":
        import jax

        found = jax.grad(lambda own: keras.ops.sum(scores(own)))(tensor)
    else:
        import torch

        tensor = tensor.detach().requires_grad_()
        (found,) = torch.autograd.grad(keras.ops.sum(scores(tensor)), tensor)
    return keras.ops.convert_to_numpy(found).astype("float32")


def of_weights(
    model: "keras.Model", x: np.ndarray, loss: Callable[[Any], Any]
) -> tuple[float, list[np.ndarray], np.ndarray]:
    """Return `loss(outputs)` in training mode, its gradients for the trainable weights, and the outputs (N, K).

    Seeds and moving statistics of `model` may change. The gradient of a weight without a part in the loss is 0.
    """
    import keras

    backend, variables = keras.backend.backend(), model.trainable_variables
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            value = loss(outputs)
        found = tape.gradient(value, [own.value for own in variables], unconnected_gradients="zero")
    elif backend == "jax":
        import jax

        def forward(trained: list) -> tuple[Any, Any]:
            fixed = [own.value for own in model.non_trainable_variables]
            outputs, _ = model.stateless_call(trained, fixed, x, training=True)
            return loss(outputs), outputs

        (value, outputs), found = jax.value_and_grad(forward, has_aux=True)([own.value for own in variables])
    else:
        import torch

        outputs = model(x, training=True)
        value = loss(outputs)
        own = [variable.value for variable in variables]
        found = torch.autograd.grad(value, own, allow_unused=True)
        found = [torch.zeros_like(known) if one is None else one for one, known in zip(found, own, strict=True)]
    gradients = [keras.ops.convert_to_numpy(one).astype("float32") for one in found]
    return float(keras.ops.convert_to_numpy(value)), gradients, keras.ops.convert_to_numpy(outputs)
