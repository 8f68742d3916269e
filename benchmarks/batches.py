"""Images in batches, shuffled by a seed, the same for every backend.

The number of images in a batch is left open in what Keras sees, so that neither another batch size nor a smaller last
batch traces a model again. (Keras' own adapter for arrays fixes it where the last batch is a full one.)
"""

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """Batches of `x`, uint8 or float32 (N, S, S, 1), with `y`, int (N,), if any; in order, but for `shuffled`."""

    def __init__(self, x: np.ndarray, y: np.ndarray | None, batch_size: int):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        self.order = np.arange(len(x))

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        chosen = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        return (self.x[chosen],) if self.y is None else (self.x[chosen], self.y[chosen])

    def shuffled(self, seed: int) -> keras.callbacks.Callback:
        """A callback that draws the order of each epoch from `seed` and its number, however the training got there."""

        def draw(epoch: int, logs: dict | None) -> None:
            self.order = np.random.default_rng([seed, epoch]).permutation(len(self.x))

        return keras.callbacks.LambdaCallback(on_epoch_begin=draw)
