"""Callback of Keras that writes checkpoints of a training, and continues at the last one.

A checkpoint holds all variables of model and optimizer (the random states of dropout among them), the named attributes
of other callbacks, the random state of NumPy and PyTorch, from which Keras shuffles arrays, and the learning curve.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.checkpoints import file
from benchmarks.checkpoints.fingerprint import fingerprint
from benchmarks.errors import BadInput
from benchmarks.stored import Images

EVERY = 300  # seconds, at least, between two checkpoints
SHARE = 20  # writing takes at most one part in so many of the time
STOPPING = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")  # state of EarlyStopping

Kept = dict[keras.callbacks.Callback, tuple[str, ...]]


class Checkpoints(keras.callbacks.Callback):
    """Checkpoints of one training in `folder`; without a folder, none. It must be the last of the callbacks.

    `history` is the learning curve from the first epoch on, `resumed` lists the numbers of epochs after which the
    training was continued, and `earlier` is the time in seconds that earlier processes spent on these.
    """

    def __init__(self, folder: Path | None = None):
        super().__init__()
        self.folder = folder
        self.history: dict[str, list[float]] = {}
        self.resumed: list[int] = []
        self.earlier = 0.0
        self.arrays: file.Arrays | None = None
        self.started = self.written = time.monotonic()
        self.cost = 0.0

    def resume(self, about: dict[str, Any], read: Iterable[Images], kept: Kept | None = None, first: int = 0) -> int:
        """Return the number of the epoch to begin with: `first` without a checkpoint of this training.

        `about` names the training and its settings, `read` are the arrays that it learns from, `kept` names the
        attributes of other callbacks to be kept: numbers, None, or lists of arrays. Checkpoints that are damaged or of
        another training are removed, with a line in the log. Model and callbacks are restored when `fit` begins.
        """
        self.about, self.read, self.kept = about, read, kept or {}
        self._fingerprint = ""
        for path in file.paths(self.folder) if self.folder else []:
            try:
                self.record, self.arrays = self._read(path)
            except BadInput as error:
                print(f"{error}; it is refused and removed", flush=True)
                path.unlink()
                continue
            epoch = self.record["epoch"]
            self.history, self.earlier = self.record["history"], self.record["seconds"]
            self.resumed = [*self.record["resumed"], epoch]
            print(f"Training is resumed after epoch {epoch}, from {path}", flush=True)
            return epoch
        return first

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Restore what the checkpoint holds."""
        if self.arrays is None:
            return
        self.model.optimizer.build(self.model.trainable_variables)
        for name, variable in self._variables().items():
            variable.assign(self.arrays[name])
        for number, (callback, names) in enumerate(self.kept.items()):
            for name in names:
                key = f"{number}/{name}"
                length = self.record["lists"].get(key)
                own = self.record["kept"][key] if length is None else self._list(key, length)
                setattr(callback, name, own)
        _set_random_state(self.arrays)
        self.arrays = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write a checkpoint if the last one is long ago, and training goes on."""
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        now = time.monotonic()
        if self.folder is None or self.model.stop_training or now - self.written < max(EVERY, SHARE * self.cost):
            return
        try:
            file.write(self.folder, epoch + 1, *self._state(epoch + 1))
        except OSError as error:
            print(f"No checkpoint in {self.folder} after epoch {epoch + 1}: {error}", flush=True)
        self.written = time.monotonic()
        self.cost = self.written - now

    def _read(self, path: Path) -> tuple[dict[str, Any], file.Arrays]:
        record, arrays = file.read(path)
        if record["fingerprint"] != self._own():
            raise BadInput(f"{path} is of another training: other settings, data, code, versions or threads")
        return record, arrays

    def _own(self) -> str:
        # Short training never needs it.
        self._fingerprint = self._fingerprint or fingerprint(self.about, self.read)
        return self._fingerprint

    def _variables(self) -> dict[str, Any]:
        own = {"model": self.model.variables, "optimizer": self.model.optimizer.variables}
        return {f"{kind}/{number}": one for kind, found in own.items() for number, one in enumerate(found)}

    def _state(self, epoch: int) -> tuple[dict[str, Any], file.Arrays]:
        arrays = {name: keras.ops.convert_to_numpy(one) for name, one in self._variables().items()}
        plain, lists = {}, {}
        for number, (callback, names) in enumerate(self.kept.items()):
            for name in names:
                key, value = f"{number}/{name}", getattr(callback, name)
                if isinstance(value, list):
                    lists[key] = len(value)
                    arrays |= {f"{key}/{place}": one for place, one in enumerate(value)}
                else:
                    plain[key] = value
        record = {
            "fingerprint": self._own(),
            "epoch": epoch,
            "history": self.history,
            "resumed": self.resumed,
            "seconds": self.earlier + time.monotonic() - self.started,
            "kept": plain,
            "lists": lists,
        }
        return record, arrays | _random_state()

    def _list(self, key: str, length: int) -> list[np.ndarray]:
        assert self.arrays is not None
        return [self.arrays[f"{key}/{place}"] for place in range(length)]


def _random_state() -> file.Arrays:
    state: Any = np.random.get_state(legacy=False)["state"]
    found = {"random/key": state["key"], "random/pos": np.array(state["pos"])}
    if keras.backend.backend() == "torch":
        import torch

        found["random/torch"] = torch.get_rng_state().numpy()
    return found


def _set_random_state(arrays: file.Arrays) -> None:
    state = {"key": arrays["random/key"], "pos": int(arrays["random/pos"])}
    np.random.set_state({"bit_generator": "MT19937", "state": state, "has_gauss": 0, "gauss": 0.0})
    if keras.backend.backend() == "torch":
        import torch

        torch.set_rng_state(torch.from_numpy(arrays["random/torch"]))
