"""Batches for a recipe: images or cached maps, a new view of each in every epoch, drawn by the seed."""

import numpy as np

from benchmarks.cells.batches import Epochs
from benchmarks.recipe.augmentation import augmented
from benchmarks.stored import Images


class Views(Epochs):
    """Endless batches of randomly augmented images, float32 (B, S, S, 1), 0..255, from epoch `first` on."""

    y: np.ndarray

    def __init__(self, x: Images, y: np.ndarray, batch_size: int, seed: int, strength: float, first: int = 0):
        super().__init__(x, y, batch_size, seed, first)
        self.strength, self.drawn_by = strength, seed

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        epoch, place = divmod(number, self.steps)
        chosen = self._order(epoch)[place * self.batch_size : (place + 1) * self.batch_size]
        views = [self.view(one, np.random.default_rng([self.drawn_by, self.first + epoch, one])) for one in chosen]
        return np.stack(views), self.y[chosen]

    def view(self, one: int, rng: np.random.Generator) -> np.ndarray:
        """Return a random view of one image."""
        return augmented(self.x[one, ..., 0], self.strength, rng)[..., np.newaxis].astype(np.float32)


class CachedViews(Views):
    """Endless batches of cached maps, float32 (B, h, w, c): one of the views of each image, drawn at random."""

    def __init__(self, maps: np.ndarray, rows: np.ndarray, y: np.ndarray, batch_size: int, seed: int, first: int = 0):
        super().__init__(rows, y, batch_size, seed, 0, first)
        self.maps = maps

    def view(self, one: int, rng: np.random.Generator) -> np.ndarray:
        """Return the maps of a random view of one image."""
        return self.maps[self.x[one], rng.integers(self.maps.shape[1])].astype(np.float32)
