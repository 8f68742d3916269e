"""Model of the service: loaded once, traced once, used by several threads."""

import dataclasses
import threading
from collections.abc import Callable

import numpy as np

from analysis.explanations.gradcam import GRADCAM, METHODS, Explainer, enlarged, scaled
from app.model.choose import ServedCell
from app.model.known import NOT_EVALUABLE, known_films
from app.model.ood import familiar
from benchmarks.cells.heads import FACTORS, factor_of_label
from benchmarks.cells.model import saved_model
from benchmarks.datasets._files import resize

ANSWERED = -1  # instead of a class: the predicted class


@dataclasses.dataclass(frozen=True)
class Answer:
    """Result for a film.

    `probabilities` are float32 (classes,); `heat` is the map of class `target`, float32 (S, S), 0..1; `reason` is the
    message for a film that is out of distribution, else None.
    """

    probabilities: np.ndarray
    target: int
    heat: np.ndarray
    distance: float
    reason: str | None


class Served:
    """A cell's model, its saliency maps, its out-of-distribution check and the films that it knows.

    Raises BadInput for a broken file. Call `benchmarks.backend.prepare` first.
    """

    def __init__(self, cell: ServedCell):
        cell.check_films()
        self.cell, self.classes, self.size = cell, cell.classes, cell.runtime["image_size"]
        self.factors = {factor: factor_of_label(cell.samples, factor) for factor in FACTORS}
        self.notes = [
            f"not every class of this study has one {factor}" for factor, values in self.factors.items() if not values
        ]
        self.familiar = familiar(cell)
        self.known = known_films(cell)
        if self.known is None:
            self.notes.append(NOT_EVALUABLE)
        model = saved_model(cell.runtime["architecture"], cell.folder / "model.keras")
        self.explainer = Explainer(model, cell.runtime["cam_layer"])
        self.traced = traced_gradcam(self.explainer)
        # tf-keras-vis modifies its models while it runs.
        self.alone = threading.Lock()
        for method in METHODS:
            self.answer(np.zeros((self.size, self.size), np.uint8), method=method)

    def answer(self, film: np.ndarray, target: int = ANSWERED, method: str = GRADCAM) -> Answer:
        """Return prediction and heat map of class `target` by one of METHODS for `film` uint8 (H, W)."""
        small = resize(film, self.size)
        images = small.astype("float32")[np.newaxis, ..., np.newaxis]
        probabilities, maps = (found.numpy() for found in self.traced(images, np.array([target], np.int32)))
        if target == ANSWERED:
            target = int(probabilities[0].argmax())
        if method == GRADCAM:
            maps = enlarged(maps, self.size)
        else:
            with self.alone:
                maps = self.explainer.maps(images, np.array([target]), method)
        distance = self.familiar.distance(small)
        return Answer(probabilities[0], target, scaled(maps)[0], distance, self.familiar.reason(distance))


def traced_gradcam(explainer: Explainer) -> Callable:
    """Return Grad-CAM of `explainer` as one traced function that also returns the prediction.

    (images float32 (N, S, S, 1), 0..255; targets int32 (N,), a class or ANSWERED) -> probabilities float32
    (N, classes), and maps float32 (N, h, w) >= 0 at the size of the layer, as gradcam.py's before `enlarged`.
    """
    import keras
    import tensorflow as tf

    linear = explainer.linear
    both = keras.Model(linear.inputs, [linear.get_layer(explainer.layer).output, linear.output])
    shape = (None, *explainer.model.input_shape[1:])

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32), tf.TensorSpec((None,), tf.int32)])
    def gradcam(images, targets):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            features, scores = both(images, training=False)
            answered = tf.argmax(scores, axis=1, output_type=tf.int32)
            chosen = tf.where(targets < 0, answered, targets)
            # Like tf-keras-vis: the class score before the softmax, separately for every image.
            score = tf.reduce_sum(tf.gather(scores, chosen, batch_dims=1))
        gradients = tf.cast(tape.gradient(score, features), tf.float32)
        weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
        maps = tf.nn.relu(tf.reduce_sum(tf.cast(features, tf.float32) * weights, axis=-1))
        return tf.nn.softmax(tf.cast(scores, tf.float32)), maps

    return gradcam.get_concrete_function()
