"""Fit a cell by its study's recipe: a trial is one cycle of fixed length; KerasTuner searches what has several values.

Severity and density are learnt by heads of their own, and merged into the one classifier of the saved model (`heads`).
"""

from typing import Any

import keras
import keras_tuner
import numpy as np
import pandas as pd

from benchmarks import stored
from benchmarks.cells.batches import Batches
from benchmarks.cells.cell import Cell, Fitted
from benchmarks.cells.heads import Heads, merged, whole
from benchmarks.cells.keras_private import restart_layer_numbers
from benchmarks.cells.load import Data, Part, joined
from benchmarks.cells.model import build_model, study_settings
from benchmarks.cells.progress import Progress
from benchmarks.cells.search import search
from benchmarks.cells.shared import SHARED
from benchmarks.checkpoints.callback import Checkpoints, Kept
from benchmarks.recipe.feeding import CachedViews, Views
from benchmarks.recipe.maps import WHOLE, cut_layer
from benchmarks.recipe.objective import Objective
from benchmarks.recipe.optimizer import LayerwiseAdamW, WeightAverage, layer_rates, rate_schedule
from benchmarks.study.recipe import searched

MIRRORED = 4  # images over which an answer is averaged


def fit_recipe(cell: Cell, data: Data, progress: Progress) -> Fitted:
    """Train as the recipe of the cell's study says; resume a search that was interrupted."""
    recipe = cell.study.recipe_of(cell.architecture)
    assert recipe
    settings = cell.study.search | ({} if searched(recipe) else {"tuner": "random", "trials": 1})
    model = RecipeModel(cell, data, recipe, progress)
    fitted = search(model, settings, recipe["epochs"], cell.search_state(data.digest))
    # The number of images that an answer is averaged over is the number of whole views that training saw.
    fitted.mirrored = 1 if not recipe["mirrored"] else WHOLE if recipe["cached_views"] else MIRRORED
    fitted.held_out = recipe["validation"] == "held_out"
    # Tables show these of every cell, searched or not.
    fixed = {key: recipe[key] for key in SHARED if key not in searched(recipe)}
    fitted.trials = fitted.trials.assign(**fixed)
    fitted.hyperparameters = fixed | fitted.hyperparameters
    return fitted


class RecipeModel(keras_tuner.HyperModel):
    """Model of a search by a recipe; a key of the recipe with a list of values is a hyperparameter."""

    def __init__(self, cell: Cell, data: Data, recipe: dict[str, Any], progress: Progress):
        super().__init__()
        self.cell, self.data, self.recipe, self.progress = cell, data, recipe, progress
        self.seed = cell.seed
        self.heads: Heads = data.heads if recipe["heads"] == "factors" else whole(data.classes)

    def of_trial(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        """Return the recipe of a trial; its hyperparameters are declared in `hp`."""
        chosen = {key: hp.Choice(key, values, default=values[0]) for key, values in searched(self.recipe).items()}
        return self.recipe | chosen

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Build from the cell's seed, the same for all trials."""
        restart_layer_numbers()
        keras.utils.set_random_seed(self.seed)
        cell, settings = self.cell, study_settings(self.cell.study, self.cell.architecture)
        return build_model(
            cell.architecture,
            variant=cell.variant,
            hp=hp,
            classes=len(self.data.classes),
            seed=cell.seed,
            recipe=self.of_trial(hp),
            **settings,
        )[0]

    def score(self, history: dict[str, list[float]]) -> float:
        """Return the validation loss at the end; the training loss if the validation part was trained on."""
        return history["loss" if self.recipe["validation"] == "trained" else "val_loss"][-1]

    def fit(
        self, hp: keras_tuner.HyperParameters, epochs: int, checkpoints: Checkpoints | None = None, **unused: Any
    ) -> tuple[keras.callbacks.History, list[np.ndarray]]:
        """Train one trial; return its history and the weights of the plain model."""
        keras.backend.clear_session()
        recipe, plain = self.of_trial(hp), self.build(hp)
        own = Trained(plain, recipe, self.heads, cut_layer(self.cell.architecture) if _is_cut(recipe) else None)
        train, validation = self._parts(recipe)
        average = WeightAverage(recipe["average"]) if recipe["average"] else None
        checkpoints = checkpoints or Checkpoints()
        about = {"cell": self.cell.identity, "recipe": recipe}
        kept: Kept = {average: ("step", "averages")} if average else {}
        first = checkpoints.resume(about, [train.x, train.y], kept)
        batches = self._batches(recipe, train, first)
        own.model.compile(
            LayerwiseAdamW(
                layer_rates(own.model, own.head, recipe["layer_decay"], recipe["head_rate"]),
                learning_rate=rate_schedule(recipe, epochs * batches.steps),
                weight_decay=recipe["weight_decay"],
            ),
            loss=(objective := Objective(self.heads, recipe, train.y)).loss,
            metrics=[objective.crossentropy, objective.accuracy],
            jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
        )
        history = own.model.fit(
            batches,
            epochs=epochs,
            initial_epoch=first,
            steps_per_epoch=batches.steps,
            callbacks=[*kept, keras.callbacks.TerminateOnNaN(), self.progress.callback(epochs), checkpoints],
            shuffle=False,
            verbose=2,
        )
        own.finish()
        held_out = _losses(plain, validation) if recipe["validation"] == "held_out" else (np.nan, np.nan)
        done = len(checkpoints.history["loss"])
        history.history = {
            "loss": checkpoints.history["crossentropy"],
            "accuracy": checkpoints.history["accuracy"],
            # Nothing is chosen by epoch: the validation part is asked once, of the model that is kept.
            "val_loss": [np.nan] * (done - 1) + [held_out[0]],
            "val_accuracy": [np.nan] * (done - 1) + [held_out[1]],
        }
        return history, plain.get_weights()

    def _parts(self, recipe: dict[str, Any]) -> tuple[Part, Part]:
        train, validation = self.data.parts["train"], self.data.parts["validation"]
        if recipe["validation"] == "held_out":
            return train, validation
        return joined(train, validation), validation

    def _batches(self, recipe: dict[str, Any], train: Part, first: int) -> Views:
        size = recipe["batch_size"]
        if not recipe["cached_views"]:
            return Views(train.x, train.y, size, self.seed, recipe["augmentation"], first)
        results = self.cell.study.results()
        upright = stored.table(results / "samples.parquet").query("upright")["sample"]
        place = pd.Series(range(len(upright)), upright)
        parts = ["train"] if recipe["validation"] == "held_out" else ["train", "validation"]
        rows = np.concatenate([place[self.data.rows(part)["sample"]].to_numpy() for part in parts])
        maps = stored.array(results / f"maps_{self.cell.architecture}.npy")[:, : None if recipe["augmentation"] else 1]
        return CachedViews(maps, rows, train.y, size, self.seed, first)


def _is_cut(recipe: dict[str, Any]) -> bool:
    return bool(recipe["cached_views"]) or recipe["frozen"] == "cut"


def _losses(model: keras.Model, part: Part) -> tuple[float, float]:
    """Return cross-entropy and accuracy of the classes."""
    answers = model.predict(Batches(part.x, None, 64), verbose=0)
    own = np.clip(answers[np.arange(len(part.y)), part.y], 1e-7, 1)
    return float(-np.log(own).mean()), float((answers.argmax(axis=1) == part.y).mean())


class FixedStatistics(keras.layers.BatchNormalization):
    """Batch normalisation by the statistics that it came with, in training too; scale and offset are trained."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise as in prediction."""
        return super().call(inputs, training=False, mask=mask)


class Trained:
    """The model that is trained in place of `plain`: its layers, from `cut` on if that is named, with logits of heads.

    Layers up to the cut are frozen, and normalisation then keeps its statistics everywhere. `finish` takes the weights
    over into `plain`.
    """

    def __init__(self, plain: keras.Model, recipe: dict[str, Any], numbers: Heads, cut: str | None):
        self.plain, self.numbers = plain, numbers
        clone = keras.models.clone_model(plain, clone_function=_fixed if cut else _same)
        clone.set_weights(plain.get_weights())
        self.clone = clone
        features = clone.layers[-1].input
        values = sum(int(own.max()) + 1 for own in numbers.values())
        self.head = keras.layers.Dense(values, kernel_initializer="zeros", dtype="float32", name="heads")
        inputs = clone.input
        if cut:
            for layer in clone.layers[: clone.layers.index(clone.get_layer(cut)) + 1]:
                layer.trainable = False
            inputs = clone.get_layer(cut).output if recipe["cached_views"] else inputs
        self.model = keras.Model(inputs, self.head(features))

    def finish(self) -> None:
        """Give `plain` the trained weights, and a classifier merged from the heads."""
        *weights, _, _ = self.clone.get_weights()
        kernel, bias = (keras.ops.convert_to_numpy(weight) for weight in self.head.weights)
        self.plain.set_weights([*weights, *merged(kernel, bias, self.numbers)])


def _same(layer: keras.Layer) -> keras.Layer:
    return type(layer).from_config(layer.get_config())


def _fixed(layer: keras.Layer) -> keras.Layer:
    kind = FixedStatistics if type(layer) is keras.layers.BatchNormalization else type(layer)
    return kind.from_config(layer.get_config())
