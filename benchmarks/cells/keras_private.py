"""What we use of Keras' private parts: each with its reason, and with what happens where the part has changed.

All else that the cells need of Keras is public.
"""

import functools
from typing import Any

import keras
from keras import layers

CHANGED = (AttributeError, ImportError, TypeError)  # what a changed private part raises


def restart_layer_numbers() -> None:
    """Number the layers of the next model from one again, as if no other model had been built.

    Models of one structure then have the same layer names and can share a traced model. The only public way drops
    what TensorFlow has compiled: the fallback, which is slower.
    """
    try:
        from keras.src.utils.naming import reset_uids

        reset_uids()
    except CHANGED:
        policy = keras.config.dtype_policy()
        keras.backend.clear_session(free_memory=False)
        keras.config.set_dtype_policy(policy)


class Numbered(layers.Layer):
    """A layer whose settings are variables, so that another number does not trace the model again."""

    def number(self, name: str) -> keras.Variable:
        """Add a variable for one setting."""
        return self.add_weight(
            shape=(), initializer="zeros", trainable=False, autocast=False, dtype="float32", name=name
        )

    @staticmethod
    def numbers(layer: keras.Layer) -> Any:
        """Return the settings of a plain layer, or the variables of its counterpart, in their order."""
        raise NotImplementedError


class _Dropout(Numbered):
    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.noise_shape = noise_shape
        self.rate = self.number("rate")
        self.seed_generator = keras.random.SeedGenerator(0)

    @staticmethod
    def numbers(layer: keras.Layer) -> Any:
        return [layer.rate]

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        shape = keras.ops.shape(inputs)
        if self.noise_shape:
            shape = tuple(own if own is not None else there for own, there in zip(self.noise_shape, shape, strict=True))
        kept = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator) >= self.rate
        # A rate of 1 keeps nothing: the scale must only be finite.
        scale = keras.ops.cast(1 / keras.ops.maximum(1 - self.rate, 1e-6), inputs.dtype)
        return keras.ops.where(kept, inputs * scale, keras.ops.zeros_like(inputs))


class _Augmentation(Numbered):
    """Returns images unchanged where all numbers are 0, as a plain model without this layer does."""

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return images
        on = sum(abs(number) for number in self.numbers(self)) > 0
        transformed = super().transform_images
        return keras.ops.cond(on, lambda: transformed(images, transformation, training), lambda: images)


class _Flip(_Augmentation, layers.RandomFlip):
    def __init__(self, **config: Any):
        super().__init__(**config)
        self.on = self.number("on")

    @staticmethod
    def numbers(layer: keras.Layer) -> Any:
        return [getattr(layer, "on", 1)]


class _Rotation(_Augmentation, layers.RandomRotation):
    def __init__(self, **config: Any):
        super().__init__(**config)
        self.factor = (self.number("lower"), self.number("upper"))

    @staticmethod
    def numbers(layer: keras.Layer) -> Any:
        return layer.factor


class _Zoom(_Augmentation, layers.RandomZoom):
    def __init__(self, **config: Any):
        super().__init__(**config)
        self.height_lower, self.height_upper = self.number("lower"), self.number("upper")

    @staticmethod
    def numbers(layer: keras.Layer) -> Any:
        return layer.height_lower, layer.height_upper


@functools.cache
def counterparts() -> dict[type, tuple[type[Numbered], tuple[str, ...]]]:
    """Table of plain layer class -> its numbered class, and its settings that are no part of a model's structure.

    Keras documents neither the attributes in which these layers keep their settings nor `transform_images`. Where they
    have changed, the table is empty: each trial then traces a model of its own, which is slower.
    """
    found: dict[type, tuple[type[Numbered], tuple[str, ...]]] = {
        layers.Dropout: (_Dropout, ("rate",)),
        layers.RandomFlip: (_Flip, ()),
        layers.RandomRotation: (_Rotation, ("factor",)),
        layers.RandomZoom: (_Zoom, ("height_factor",)),
    }
    try:
        for kind, settings in ((layers.RandomRotation, 0.5), (layers.RandomZoom, (-0.5, 0.5))):
            lower, upper = found[kind][0].numbers(kind(settings, seed=0, name="asked"))
            if (lower, upper) != (-0.5, 0.5) or not callable(kind.transform_images):
                return {}
    except (*CHANGED, ValueError):
        return {}
    return found
