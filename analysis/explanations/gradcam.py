"""Saliency maps: by tf-keras-vis on TensorFlow, by Keras alone on other backends.

Grad-CAM (Selvaraju et al., ICCV 2017), Grad-CAM++ (Chattopadhay et al., WACV 2018) and Score-CAM (Wang et al., CVPR
workshops 2020), all of the class score before its softmax, at the layer that the architecture declares.
"""

from collections.abc import Callable
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
    """What KerasMaps gives, by tf-keras-vis on TensorFlow."""

    def __init__(self, model: "keras.Model", layer: str):
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.scorecam import Scorecam
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

        self.layer = layer
        self.by_gradient = Gradcam(model, model_modifier=ReplaceToLinear(), clone=True)
        self.linear = self.by_gradient.model
        self.predict = _direct(model)
        self.by_score = Scorecam(_stand_in(self.linear, layer), clone=False)

    def gradcam(self, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return maps (N, h, w) by Grad-CAM."""
        from tf_keras_vis.utils.scores import CategoricalScore

        return self._maps(self.by_gradient, CategoricalScore, images, targets, BATCH)

    def plus_plus(self, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return maps (N, h, w) by Grad-CAM++."""
        from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus

        return self._maps(GradcamPlusPlus(self.linear), _relative, images, targets, BATCH)

    def score_cam(self, images: np.ndarray, targets: np.ndarray, channels: int) -> np.ndarray:
        """Return maps (N, h, w) by Score-CAM from the `channels` channels that vary most."""
        # One by one: the channels are chosen for all images of a batch together.
        options = {"max_N": channels, "batch_size": CHANNELS}
        return self._maps(self.by_score, _probabilities, images, targets, 1, **options)

    def _maps(
        self, method: Callable, score: Callable, images: np.ndarray, targets: np.ndarray, batch: int, **options: int
    ) -> np.ndarray:
        maps = []
        for start in range(0, len(images), batch):
            part = slice(start, start + batch)
            maps.append(
                method(
                    score(targets[part].tolist()),
                    images[part],
                    penultimate_layer=self.layer,
                    seek_penultimate_conv_layer=False,
                    expand_cam=False,
                    normalize_cam=False,
                    **options,
                )
            )
        return np.concatenate(maps)


def _direct(model: "keras.Model") -> Callable[..., np.ndarray]:
    """Return a predict function for arrays, float32 (N, classes), traced once for batches of any size."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)])
    def forward(images):
        return tf.cast(model(images, training=False), tf.float32)

    def predict(images: np.ndarray, batch_size: int = BATCH) -> np.ndarray:
        starts = range(0, len(images), batch_size)
        return np.concatenate([forward(images[start : start + batch_size]).numpy() for start in starts])

    return predict


def _stand_in(model: "keras.Model", layer: str) -> "keras.Model":
    """Return a traced stand-in of `model` for Score-CAM, which else builds and runs a model for every image."""
    import keras
    import tensorflow as tf

    features = keras.Model(model.inputs, model.get_layer(layer).output)

    @tf.function(input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)])
    def forward(images):
        return tf.cast(features(images, training=False), tf.float32)

    class Features(keras.layers.Layer):
        def call(self, images):
            return forward(images)

        def compute_output_shape(self, _):
            return features.output_shape

    image = keras.Input(model.input_shape[1:])
    # Whatever precision Keras was last told to take.
    found = keras.Model(image, Features(name=layer, dtype="float32")(image))
    ask = _direct(model)
    found.predict = lambda inputs, batch_size: ask(inputs[0], batch_size)
    return found


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
