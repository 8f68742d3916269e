"""Train and ask one traced model again and again, where only numbers change.

To trace a train step takes longer than to train on a small fold. A trial that changes the learning rate, the batch
size, the number of epochs, a rate of dropout or the strength of augmentation trains the model that an earlier one has
traced: its weights, optimizer and random state are set to those of a new model, its rates are variables. So does a cell
whose process has trained another of the same structure. What comes out is the same as if the model had been new.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence

import keras
import numpy as np
from keras import layers

from benchmarks.cells.batches import Batches

KEPT = 4  # traced models a process keeps, those used last
PREDICTED = 64  # images at once


class _Numbers:
    """A layer whose settings are variables; `numbers` gives a plain layer's, or its own, in their order."""

    def number(self, name: str) -> keras.Variable:
        return self.add_weight(
            shape=(), initializer="zeros", trainable=False, autocast=False, dtype="float32", name=name
        )


class _Dropout(_Numbers, layers.Layer):
    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.noise_shape = noise_shape
        self.rate = self.number("rate")
        self.seed_generator = keras.random.SeedGenerator(0)

    @staticmethod
    def numbers(layer):
        return [layer.rate]

    def call(self, inputs, training=False):
        if not training:
            return inputs
        shape = keras.ops.shape(inputs)
        if self.noise_shape:
            shape = tuple(own if own is not None else there for own, there in zip(self.noise_shape, shape, strict=True))
        kept = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator) >= self.rate
        # A rate of 1 keeps nothing, whatever the scale.
        scale = keras.ops.cast(1 / keras.ops.maximum(1 - self.rate, 1e-6), inputs.dtype)
        return keras.ops.where(kept, inputs * scale, keras.ops.zeros_like(inputs))


class _Augmentation(_Numbers):
    """Leaves images alone where all numbers are 0: those of a plain model without such a layer."""

    def transform_images(self, images, transformation, training=True):
        if not training:
            return images
        on = sum(abs(number) for number in self.numbers(self)) > 0
        transformed = super().transform_images
        return keras.ops.cond(on, lambda: transformed(images, transformation, training), lambda: images)


class _Flip(_Augmentation, layers.RandomFlip):
    def __init__(self, **config):
        super().__init__(**config)
        self.on = self.number("on")

    @staticmethod
    def numbers(layer):
        return [getattr(layer, "on", 1)]


class _Rotation(_Augmentation, layers.RandomRotation):
    def __init__(self, **config):
        super().__init__(**config)
        self.factor = (self.number("lower"), self.number("upper"))

    @staticmethod
    def numbers(layer):
        return layer.factor


class _Zoom(_Augmentation, layers.RandomZoom):
    def __init__(self, **config):
        super().__init__(**config)
        self.height_lower, self.height_upper = self.number("lower"), self.number("upper")

    @staticmethod
    def numbers(layer):
        return layer.height_lower, layer.height_upper


# Plain layer -> its counterpart, and the settings that are no part of a model's structure
COUNTERPARTS = {
    layers.Dropout: (_Dropout, ("rate",)),
    layers.RandomFlip: (_Flip, ()),
    layers.RandomRotation: (_Rotation, ("factor",)),
    layers.RandomZoom: (_Zoom, ("height_factor",)),
}


class Traced:
    """A model that is traced once and stands for any `plain` one of its structure."""

    def __init__(self, plain: keras.Model):
        self.model = keras.models.clone_model(plain, clone_function=_counterpart)
        self.numbered = [layer for layer in self.model.layers if isinstance(layer, _Numbers)]
        # Those of `plain`, in its order: its counterparts of these layers have none.
        self.weights = [w for layer in self.model.layers if layer not in self.numbered for w in layer.weights]
        # Of the optimizer's variables; none until it is needed, as they take twice the memory of the weights.
        self.initial: list[np.ndarray | float] | None = None
        dense = [layer for layer in self.model.layers if isinstance(layer, layers.Dense)]
        self.asked = keras.Model(self.model.inputs, [self.model.output, *(layer.input for layer in dense[-1:])])

    def become(self, weights: Iterable[np.ndarray], numbers: dict[str, Sequence[float]]) -> None:
        """Take over what a plain model is beside its structure: `weights` in its order, `numbers` of its layers.

        It may lack layers of augmentation.
        """
        for own, weight in zip(self.weights, weights, strict=True):
            own.assign(weight)
        for layer in self.numbered:
            own = layer.numbers(layer)
            for variable, number in zip(own, numbers.get(layer.name, [0] * len(own)), strict=True):
                variable.assign(number)

    def start(self, learning_rate: float, seed: int, xla: bool = False) -> None:
        """Be as new but for weights and numbers: an optimizer without a past, random state by `seed`."""
        if self.initial is None:
            compiled(self.model, xla=xla)
            # Of all but scalars the initial value is zero.
            self.initial = [np.array(v) if len(v.shape) == 0 else 0.0 for v in self.model.optimizer.variables]
        for variable, value in zip(self.model.optimizer.variables, self.initial, strict=True):
            variable.assign(np.broadcast_to(value, variable.shape))
        self.model.optimizer.learning_rate = learning_rate
        for number, generator in enumerate(_generators(self.model)):
            generator.state.assign([seed + number, 0])

    def learnt(self) -> list[np.ndarray]:
        """The weights now, in the order of a plain model's."""
        return [weight.numpy() for weight in self.weights]

    def ask(self, plain: keras.Model, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Answers of `plain` to `x`, uint8 (N, S, S, 1): probabilities (N, classes), input of its last dense layer."""
        # Not the variables: JAX would take their arrays for its own, and delete them.
        self.become(plain.get_weights(), numbers(plain.layers))
        found = self.asked.predict(Batches(x, None, PREDICTED), verbose=0)
        probabilities, *features = found if isinstance(found, list) else [found]
        return probabilities, features[0] if features else None


def numbers(plain: Iterable[keras.Layer]) -> dict[str, Sequence[float]]:
    """The settings, by the layer's name, that are no part of a model's structure."""
    return {layer.name: COUNTERPARTS[type(layer)][0].numbers(layer) for layer in plain if type(layer) in COUNTERPARTS}


_kept: OrderedDict[str, Traced] = OrderedDict()


def traced(plain: keras.Model) -> Traced:
    """The traced model of the structure of `plain`, a new one if there is none yet."""
    key = structure(plain)
    if key not in _kept:
        _kept[key] = Traced(plain)
    _kept.move_to_end(key)
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return _kept[key]


def forget() -> None:
    """Drop every traced model."""
    _kept.clear()


def structure(model: keras.Model) -> str:
    """What tells models apart that can't stand for each other: their configuration without seeds and numbers."""
    return json.dumps(_masked(model.get_config()), sort_keys=True, default=str)


def _masked(config: object) -> object:
    if isinstance(config, dict):
        names = ("seed",)
        for kind, (_, settings) in COUNTERPARTS.items():
            names += settings if config.get("class_name") == kind.__name__ else ()
        inner = {key: _masked(value) for key, value in config.items() if key != "seed"}
        if len(names) > 1:
            inner["config"] = {key: value for key, value in inner["config"].items() if key not in names}
        return inner
    if isinstance(config, (list, tuple)):
        return [_masked(value) for value in config]
    return config


def _counterpart(layer: keras.Layer) -> keras.Layer:
    kind = COUNTERPARTS.get(type(layer), (type(layer), ()))[0]
    return kind(**layer.get_config()) if issubclass(kind, _Numbers) else kind.from_config(layer.get_config())


def _generators(model: keras.Model) -> list[keras.random.SeedGenerator]:
    return [
        value
        for layer in model.layers
        for value in vars(layer).values()
        if isinstance(value, keras.random.SeedGenerator)
    ]


def compiled(model: keras.Model, learning_rate: float = 1e-3, xla: bool = False) -> keras.Model:
    """Compile as the published study did: Adam, sparse categorical cross-entropy, accuracy. `xla`: where it can."""
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        # XLA on the CPU slows several of the six several times over; other backends always compile.
        jit_compile=xla if keras.backend.backend() == "tensorflow" else "auto",
    )
    # A first step that creates variables would be traced twice.
    model.optimizer.build(model.trainable_variables)
    model.compute_metrics(None, np.zeros(1), np.zeros((1, model.output_shape[-1]), "float32"))
    model.reset_metrics()
    return model
