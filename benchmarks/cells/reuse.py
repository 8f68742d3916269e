"""Train and ask one traced model again and again, where only numbers change.

Tracing a train step takes longer than training on a small fold. A trial with another learning rate, batch size, number
of epochs, dropout rate or strength of augmentation trains the traced model of an earlier trial: its weights, optimizer
and random state are set to those of a new model, its rates are variables. A later cell of the same structure, trained
in the same process, uses that model too. The results are the same as those of a new model.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import keras
import numpy as np
from keras import layers

from benchmarks import stored
from benchmarks.cells.keras_private import Numbered, counterparts

IGNORED = {"seed", "shared_object_id"}  # an address in memory where layers share an object
KEPT = 4  # traced models a process keeps, those used last


class Traced:
    """A model that is traced once and replaces any `plain` model of its structure."""

    def __init__(self, plain: keras.Model):
        self.model = keras.models.clone_model(plain, clone_function=_counterpart)
        self.numbered = [layer for layer in self.model.layers if isinstance(layer, Numbered)]
        # The weights of `plain`, in its order: numbered layers have none there.
        self.weights = [w for layer in self.model.layers if layer not in self.numbered for w in layer.weights]
        # Values of a new optimizer's variables, a single zero where all are zero; None until it is needed.
        self.initial: list[np.ndarray] | None = None
        dense = [layer for layer in self.model.layers if isinstance(layer, layers.Dense)]
        self.asked = keras.Model(self.model.inputs, [self.model.output, *(layer.input for layer in dense[-1:])])

    def become(self, weights: Iterable[np.ndarray], numbers: dict[str, Sequence[float]]) -> None:
        """Take over `weights` of a plain model, in its order, and the `numbers` of its layers.

        Layers of augmentation that the plain model lacks are switched off.
        """
        for own, weight in zip(self.weights, weights, strict=True):
            own.assign(weight)
        for layer in self.numbered:
            off = [0] * len(layer.numbers)
            for variable, number in zip(layer.numbers, numbers.get(layer.name, off), strict=True):
                variable.assign(number)

    def start(self, learning_rate: float, seed: int, xla: bool = False, skipped: int = 0) -> None:
        """Reset the optimizer, and the random state by `seed`; weights and numbers stay.

        `skipped` is the number of random layers that other models of the search have in front, and this model lacks.
        """
        if self.initial is None:
            compiled(self.model, xla=xla)
            values = [np.array(variable) for variable in self.model.optimizer.variables]
            self.initial = [value if value.any() else np.zeros((), value.dtype) for value in values]
        for variable, value in zip(self.model.optimizer.variables, self.initial, strict=True):
            variable.assign(np.broadcast_to(value, variable.shape))
        self.model.optimizer.learning_rate = learning_rate
        for layer in self.model.layers:
            weights = {id(weight) for weight in layer.weights}
            states = [variable for variable in layer.variables if id(variable) not in weights]
            for number, state in enumerate(states, start=skipped):
                state.assign([seed + number, 0])
            # Keras' own dropout has no random state at a rate of 0, its counterpart has one.
            skipped += max(len(states), type(layer) is layers.Dropout)


def numbers(plain: Iterable[keras.Layer]) -> dict[str, Sequence[float]]:
    """Return the settings, by layer name, that are no part of a model's structure."""
    own = counterparts()
    return {layer.name: own[type(layer)].numbers(layer) for layer in plain if type(layer) in own}


_kept: OrderedDict[str, Traced] = OrderedDict()


def traced(plain: keras.Model) -> Traced:
    """Return the traced model of the structure of `plain`, a new one if there is none yet."""
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
    """Return the configuration of a model without seeds and numbers: the same for models that can share a trace."""
    return _key(model.get_config())


def saved_structure(path: Path) -> str:
    """Return `structure` of the model at `path`, a .keras file, without building it."""
    with stored.whole(path), ZipFile(path) as file:
        return _key(json.loads(file.read("config.json"))["config"])


def _key(config: dict[str, Any]) -> str:
    return json.dumps(_masked(config), sort_keys=True, default=str)


def _masked(config: Any) -> Any:
    if isinstance(config, dict):
        inner = {key: _masked(value) for key, value in config.items() if key not in IGNORED}
        for kind, own in counterparts().items():
            if config.get("class_name") == kind.__name__:
                inner["config"] = {key: value for key, value in inner["config"].items() if key not in own.settings}
        return inner
    return [_masked(value) for value in config] if isinstance(config, list | tuple) else config


def _counterpart(layer: keras.Layer) -> keras.Layer:
    own = counterparts().get(type(layer))
    return own.kind(**layer.get_config()) if own else type(layer).from_config(layer.get_config())


def compiled(model: keras.Model, learning_rate: float = 1e-3, xla: bool = False) -> keras.Model:
    """Compile as the published study did: Adam, sparse categorical cross-entropy, accuracy.

    `xla` compiles on TensorFlow by XLA. Other backends always compile.
    """
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        # On the CPU, XLA makes several of the six architectures several times slower.
        jit_compile=xla if keras.backend.backend() == "tensorflow" else "auto",
    )
    # A first step that creates variables would be traced twice.
    model.optimizer.build(model.trainable_variables)
    model.compute_metrics(None, np.zeros(1), np.zeros((1, model.output_shape[-1]), "float32"))
    model.reset_metrics()
    return model
