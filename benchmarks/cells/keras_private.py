"""What we use of Keras' private parts: each with its reason, and with what happens where the part has changed.

All else that the cells need of Keras is public.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
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
    """A layer whose settings are the variables `numbers`, so that other settings do not trace the model again."""

    def number(self, name: str) -> keras.Variable:
        """Add a variable for one setting."""
        own = {"shape": (), "initializer": "zeros", "trainable": False, "autocast": False, "dtype": "float32"}
        return self.add_weight(**own, name=name)


class _Dropout(Numbered):
    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.noise_shape = noise_shape
        self.rate = self.number("rate")
        self.numbers = [self.rate]
        self.seed_generator = keras.random.SeedGenerator(0)

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
        on = sum(abs(number) for number in self.numbers) > 0
        transformed = super().transform_images
        return keras.ops.cond(on, lambda: transformed(images, transformation, training), lambda: images)


class _Flip(_Augmentation, layers.RandomFlip):
    def __init__(self, **config: Any):
        super().__init__(**config)
        self.numbers = [self.number("on")]


class _Rotation(_Augmentation, layers.RandomRotation):
    def __init__(self, **config: Any):
        super().__init__(**config)
        self.factor = self.numbers = (self.number("lower"), self.number("upper"))


class _Zoom(_Augmentation, layers.RandomZoom):
    def __init__(self, **config: Any):
        super().__init__(**config)
        self.height_lower, self.height_upper = self.numbers = (self.number("lower"), self.number("upper"))


@dataclasses.dataclass(frozen=True)
class Counterpart:
    """Numbered class of a plain layer class, the plain layer's settings in its configuration, and their values."""

    kind: type[Numbered]
    settings: tuple[str, ...]
    numbers: Callable[[keras.Layer], Sequence[float]]


@functools.cache
def counterparts() -> dict[type, Counterpart]:
    """Table of plain layer class -> counterpart.

    Keras documents neither the attributes in which these layers keep their settings nor `transform_images`. Where they
    have changed, the table is empty: each trial then traces a model of its own, which is slower.
    """
    found = {
        layers.Dropout: Counterpart(_Dropout, ("rate",), lambda layer: [layer.rate]),
        layers.RandomFlip: Counterpart(_Flip, (), lambda layer: [1]),
        layers.RandomRotation: Counterpart(_Rotation, ("factor",), lambda layer: tuple(layer.factor)),
        layers.RandomZoom: Counterpart(_Zoom, ("height_factor",), lambda own: (own.height_lower, own.height_upper)),
    }
    try:
        asked = [kind(0.5, seed=0, name="asked") for kind in (layers.RandomRotation, layers.RandomZoom)]
        known = all(found[type(one)].numbers(one) == (-0.5, 0.5) and callable(one.transform_images) for one in asked)
    except CHANGED:
        known = False
    return found if known else {}
