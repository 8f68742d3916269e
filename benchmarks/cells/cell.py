"""One cell of a study: its names, seed and folders, and the result of its training."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import protocols
from benchmarks.study.study import Study

if TYPE_CHECKING:
    import keras
    import pandas as pd


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell of a study: an architecture or baseline under one protocol in one fold."""

    study: Study
    architecture: str
    protocol: str
    fold: int

    @property
    def folder(self) -> Path:
        """Folder of the cell's files."""
        return self.study.cell_folder(self.architecture, self.protocol, self.fold)

    @property
    def seed(self) -> int:
        """Random seed of the cell: folds and repeats differ, architectures and protocols share it."""
        return self.study.seed + self.fold

    @property
    def variant(self) -> str:
        """Form that the protocol asks for: `published` or `corrected`."""
        return protocols.variant(self.protocol)

    @property
    def identity(self) -> dict[str, Any]:
        """Names and settings of the cell."""
        names = {"architecture": self.architecture, "protocol": self.protocol, "fold": self.fold}
        return names | self.study.cell_settings(self.architecture, self.protocol)

    def search_state(self, digest: str) -> Path:
        """Return the folder of an unfinished search or training, for data of that digest.

        Each setting of the cell has its own folder, so that a changed study never resumes an old search.
        """
        settings = self.study.cell_settings(self.architecture, self.protocol) | {"data": digest}
        key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
        return self.study.results() / "search" / self.architecture / self.protocol / f"{self.fold}-{key}"


@dataclasses.dataclass
class Fitted:
    """The best model of a cell with its hyperparameters, its history and the table of all trials.

    `load_default` returns the model of the default configuration, None if it was not tried or did not complete.
    Answers are averaged over `mirrored` mirror images (the image itself is the first). `held_out` is False if the
    validation part was trained on. `resumed` lists the epochs after which training was continued from a checkpoint, and
    `earlier` is the time in seconds that killed processes had spent until then.
    """

    model: "keras.Model"
    hyperparameters: dict[str, Any]
    history: "pd.DataFrame"
    trials: "pd.DataFrame"
    load_default: Callable[[], "keras.Model | None"]
    mirrored: int = 1
    held_out: bool = True
    resumed: list[int] = dataclasses.field(default_factory=list)
    earlier: float = 0.0
