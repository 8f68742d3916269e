"""A recipe's model on invented images, without the files of a study."""

from typing import Any

import keras
import numpy as np
import pandas as pd

from benchmarks.cells.cell import Cell
from benchmarks.cells.heads import whole
from benchmarks.cells.load import Data, Part
from benchmarks.recipe.feeding import CachedViews, Views
from benchmarks.recipe.fit import RecipeModel
from benchmarks.recipe.maps import WHOLE, cut_layer


class InventedRecipe(RecipeModel):
    """The model of `recipe`, which trains on `data.parts` as they stand, and on empty maps where maps are cached."""

    def __init__(self, cell: Cell, classes: int, recipe: dict[str, Any], progress: Any):
        names = [str(number) for number in range(classes)]
        super().__init__(cell, Data(pd.DataFrame(), {}, names, whole(names)), recipe, progress)
        self.shape: tuple[int, ...] = ()

    def build(self, hp: Any) -> keras.Model:
        """Build, and note the shape of the maps."""
        model = super().build(hp)
        if self.recipe["cached_views"]:
            self.shape = model.get_layer(cut_layer(self.cell.architecture)).output.shape[1:]
        return model

    def _batches(self, recipe: dict[str, Any], train: Part, first: int) -> Views:
        if not recipe["cached_views"]:
            return super()._batches(recipe, train, first)
        maps = np.zeros((len(train.y), WHOLE, *self.shape), np.float16)
        return CachedViews(maps, np.arange(len(train.y)), train.y, recipe["batch_size"], self.seed, first)
