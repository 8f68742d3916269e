"""Saliency maps: by tf-keras-vis on TensorFlow, by Keras alone on other backends.

Grad-CAM (Selvaraju et al., ICCV 2017), Grad-CAM++ (Chattopadhay et al., WACV 2018) and Score-CAM (Wang et al., CVPR
workshops 2020), all of the class score before its softmax, at the layer that the architecture declares.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from analysis.explanations.keras_maps import BATCH, KerasMaps
from benchmarks.backend import TENSORFLOW

if TYPE_CHECKING:
    import keras

GRADCAM, PLUS_PLUS, SCORE_CAM = METHODS = ("gradcam", "gradcam_plus_plus", "score_cam")
CHANNELS = 32  # of the feature map that Score-CAM tries, those that vary most ("Faster-Score-CAM")


class Explainer:
    """Predictions and saliency maps of a model, at the layer called `layer`; `take` replaces the weights.

    What TensorFlow or JAX builds for a model takes far longer than to explain a few images; it is built once.
    `predict` gives probabilities, float32 (N, classes), of images float32 (N, S, S, 1), 0..255.
    """

    def __init__(self, model: "keras.Model", layer: str):
        import keras

        self.model, self.layer = model, layer
        self.grid: tuple[int, int] = model.get_layer(layer).output.shape[1:3]
        by_keras = keras.backend.backend() != TENSORFLOW
        self.own: KerasMaps | VisMaps = KerasMaps(model, layer) if by_keras else VisMaps(model, layer)
        self.predict, self.linear = self.own.predict, self.own.linear

    def load(self, path: Path) -> None:
        """Use the weights of the model of the same structure at `path` from now on."""
        self.model.load_weights(path)
        self.linear.set_weights(self.model.get_weights())

    def take(self, weights: list[np.ndarray]) -> None:
        """Use `weights` from now on, those of a model of the same structure."""
        for model in (self.model, self.linear):
            model.set_weights(weights)

    def maps(self, images: np.ndarray, targets: np.ndarray, method: str = GRADCAM) -> np.ndarray:
        """Return maps by one of METHODS, float32 (N, S, S) >= 0, of classes `targets` (N,) for `images` (N, S, S, 1).

        Images are 0..255. Maps are resized to the image by `enlarged`, not normalised; a map is 0 everywhere where no
        feature speaks for the class.
        """
        if method == SCORE_CAM:
            channels = min(CHANNELS, self.model.get_layer(self.layer).output.shape[-1])
            maps = self.own.score_cam(images, targets, channels)
        else:
            maps = (self.own.gradcam if method == GRADCAM else self.own.plus_plus)(images, targets)
        return enlarged(np.maximum(maps.astype("float32"), 0), images.shape[1])


class VisMaps:
    """What KerasMaps gives, by tf-keras-vis on TensorFlow.

    tf-keras-vis runs a model layer by layer in every call. It is given the parts before and after `layer` instead, each
    traced once; or the model, if a path leads past `layer`.
    """

    def __init__(self, model: "keras.Model", layer: str):
        import keras
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
        from tf_keras_vis.scorecam import Scorecam
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

        self.layer = layer
        self.linear = Gradcam(model, model_modifier=ReplaceToLinear(), clone=True).model
        self.activation = model.layers[-1].activation
        head = keras.Model(self.linear.inputs, self.linear.get_layer(layer).output)
        features = _traced(head)
        try:
            tail = keras.Model(head.output, self.linear.output)
        except ValueError:
            differentiated, self.start, self.scores = self.linear, keras.ops.convert_to_tensor, _traced(self.linear)
        else:
            rest = _traced(tail)
            differentiated = keras.Sequential([keras.Input(head.output_shape[1:]), keras.layers.Identity(name=layer)])
            differentiated.add(_layer(rest, tail.output_shape, "scores"))
            self.start, self.scores = features, lambda images: rest(features(images))
        self.by_gradient = Gradcam(differentiated, clone=False)
        self.by_curvature = GradcamPlusPlus(differentiated, clone=False)
        # Score-CAM would build a model to predict the images it masks.
        seen = keras.Sequential([keras.Input(model.input_shape[1:]), _layer(features, head.output_shape, layer)])
        seen.predict = lambda images, batch_size: _in_batches(self.scores, images[0], batch_size)
        self.by_score = Scorecam(seen, clone=False)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return probabilities, float32 (N, classes), of `images` (N, S, S, 1)."""
        return self.activation(_in_batches(self.scores, images, BATCH)).numpy()

    def gradcam(self, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return maps (N, h, w) by Grad-CAM."""
        from tf_keras_vis.utils.scores import CategoricalScore

        return self._maps(self.by_gradient, CategoricalScore, self.start, images, targets, BATCH)

    def plus_plus(self, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return maps (N, h, w) by Grad-CAM++."""
        return self._maps(self.by_curvature, _relative, self.start, images, targets, BATCH)

    def score_cam(self, images: np.ndarray, targets: np.ndarray, channels: int) -> np.ndarray:
        """Return maps (N, h, w) by Score-CAM from the `channels` channels that vary most."""
        # One by one: the channels are chosen for all images of a batch together.
        options = {"max_N": channels, "batch_size": CHANNELS}
        return self._maps(self.by_score, _probabilities, np.asarray, images, targets, 1, **options)

    def _maps(
        self,
        method: Callable,
        score: Callable,
        start: Callable,
        images: np.ndarray,
        targets: np.ndarray,
        batch: int,
        **options: int,
    ) -> np.ndarray:
        maps = []
        for first in range(0, len(images), batch):
            part = slice(first, first + batch)
            maps.append(
                method(
                    score(targets[part].tolist()),
                    start(images[part]),
                    penultimate_layer=self.layer,
                    seek_penultimate_conv_layer=False,
                    expand_cam=False,
                    normalize_cam=False,
                    **options,
                )
            )
        return np.concatenate(maps)


def _traced(model: "keras.Model") -> Callable:
    """Return `model` as a function of a batch of any size, traced once, with a float32 output."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)])
    def run(inputs):
        return tf.cast(model(inputs, training=False), tf.float32)

    return run


def _layer(run: Callable, shape: tuple, name: str) -> "keras.Layer":
    """Return a layer that calls `run` and gives outputs of `shape`, whatever precision Keras was last told to take."""
    import keras

    class Traced(keras.layers.Layer):
        def call(self, inputs):
            return run(inputs)

        def compute_output_shape(self, _):
            return shape

    return Traced(name=name, dtype="float32")


def _in_batches(run: Callable, images: np.ndarray, size: int) -> np.ndarray:
    """Return `run`'s outputs for `images`."""
    return np.concatenate([run(images[start : start + size]).numpy() for start in range(0, len(images), size)])


def enlarged(maps: np.ndarray, side: int) -> np.ndarray:
    """Return `maps` (N, h, w) enlarged bilinearly to float32 (N, side, side), each value at the centre of its patch.

    tf-keras-vis would put the outer ones on the image's very edge, where a coarse map then always has its peak.
    """
    size = (side, side)
    return np.stack([np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BILINEAR)) for one in maps])


def _relative(targets: list[int]):
    """Class scores minus their own value: Grad-CAM++ scales its map by exp(score), which would overflow."""
    import tensorflow as tf

    def scores(outputs):
        own = [outputs[number, target] for number, target in enumerate(targets)]
        return [score - tf.stop_gradient(score) for score in own]

    return scores


def _probabilities(targets: list[int]):
    """Class scores like those of tf-keras-vis' CategoricalScore, computed by numpy."""
    return lambda outputs: outputs.numpy()[range(len(targets)), targets]


def scaled(maps: np.ndarray) -> np.ndarray:
    """Return `maps` (..., S, S), each scaled to a maximum of 1; a zero map stays zero."""
    peaks = maps.max(axis=(-2, -1), keepdims=True)
    return np.divide(maps, peaks, out=np.zeros(maps.shape, np.float32), where=peaks > 0)
