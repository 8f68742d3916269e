"""Images in batches, shuffled by a seed, the same for every backend.

The number of images in a batch is left open in what Keras sees, so that neither another batch size nor a smaller last
batch traces a model again. (Keras' own adapter for arrays fixes it where the last batch is a full one.)
"""

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """Batches of `x`, uint8 or float32 (N, S, S, 1), with `y`, int (N,), if any; `steps` of them are an epoch."""

    def __init__(self, x: np.ndarray, y: np.ndarray | None, batch_size: int):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        self.steps = -(-len(x) // batch_size)

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        epoch, number = divmod(number, self.steps)
        chosen = self._order(epoch)[number * self.batch_size : (number + 1) * self.batch_size]
        return (self.x[chosen],) if self.y is None else (self.x[chosen], self.y[chosen])

    def _order(self, epoch: int) -> np.ndarray:
        return np.arange(len(self.x))


class Epochs(Batches):
    """Batches without an end, epoch after epoch from `first` on, each in the order that `seed` and its number draw.

    In their own order without a seed. Batches that end have Keras make two iterators for every epoch, which takes
    longer than a small epoch itself; of these it makes one for a fit, one for each validation.
    """

    num_batches = None

    def __init__(self, x: np.ndarray, y: np.ndarray, batch_size: int, seed: int | None, first: int = 0):
        super().__init__(x, y, batch_size)
        self.seed, self.first = seed, first
        self.drawn = -1, super()._order(-1)

    def _order(self, epoch: int) -> np.ndarray:
        if self.seed is not None and epoch != self.drawn[0]:
            self.drawn = epoch, np.random.default_rng([self.seed, self.first + epoch]).permutation(len(self.x))
        return self.drawn[1]
