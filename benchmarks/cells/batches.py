"""Images in batches, shuffled by a random seed, the same for every backend.

Keras sees no fixed number of images a batch: neither another batch size nor a smaller last batch traces a model again.
(Keras' own adapter for arrays fixes the number where the last batch is a full one.)
"""

import math
from typing import Any

import keras
import numpy as np

from benchmarks.stored import Images

FEW = 2**24  # bytes that are read at once


class Batches(keras.utils.PyDataset):
    """Batches of `x`, uint8 or float32 (N, S, S, 1), with `y`, int (N,), if given; `steps` batches are an epoch."""

    def __init__(self, x: Images, y: np.ndarray | None, batch_size: int):
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
    """Endless batches, epoch after epoch from `first` on; `seed` and the epoch's number shuffle each epoch.

    Without a seed, in their own order. For batches that end, Keras makes two iterators each epoch, which takes longer
    than a small epoch itself; for endless ones it makes one a fit, and one for each validation.
    """

    num_batches = None

    def __init__(self, x: Images, y: np.ndarray, batch_size: int, seed: int | None, first: int = 0):
        super().__init__(x, y, batch_size)
        self.seed, self.first = seed, first
        self.drawn = -1, super()._order(-1)

    def _order(self, epoch: int) -> np.ndarray:
        if self.seed is not None and epoch != self.drawn[0]:
            self.drawn = epoch, np.random.default_rng([self.seed, self.first + epoch]).permutation(len(self.x))
        return self.drawn[1]


def in_order(epochs: Epochs) -> Any:
    """Return what Keras reads `epochs` from, which aren't shuffled, for a validation each epoch.

    For few images, on TensorFlow, a dataset of TensorFlow's own operations: its iterator, one an epoch, starts in a
    tenth of the time of a generator's.
    """
    x = epochs.x
    if keras.backend.backend() != "tensorflow" or math.prod(x.shape) * x.dtype.itemsize > FEW:
        return epochs
    import tensorflow

    return tensorflow.data.Dataset.from_tensor_slices((np.asarray(x), epochs.y)).batch(epochs.batch_size).repeat()
