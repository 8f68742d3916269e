"""Load the data of a fold: the samples and images of its fold's parts, and the classes."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import protocols, stored
from benchmarks.cells.cell import Cell
from benchmarks.cells.heads import Heads, heads
from benchmarks.errors import BadInput
from benchmarks.samples import lesion
from benchmarks.study.study import Study


@dataclasses.dataclass(frozen=True)
class Part:
    """Images uint8 (N, S, S, 1) with their class numbers int (N,)."""

    x: np.ndarray
    y: np.ndarray


@dataclasses.dataclass(frozen=True)
class Data:
    """Samples of one fold with columns part and repeat, the images of each part, the classes and the data's digest.

    `heads` are those of the classes: severity and density if each class has one of both.
    """

    samples: pd.DataFrame
    parts: dict[str, Part]
    classes: list[str]
    heads: Heads
    digest: str = ""

    def rows(self, part: str) -> pd.DataFrame:
        """Return the samples of one part, in the order of its images."""
        return self.samples[self.samples["part"] == part]


def load(cell: Cell) -> Data:
    """Load the parts train, validation and test of a cell. Raises BadInput if an earlier stage has not run."""
    return load_fold(cell.study, cell.protocol, cell.fold, cell.study.size_of(cell.architecture))


def load_fold(study: Study, protocol: str, fold: int, size: int) -> Data:
    """Load the parts train, validation and test of a fold, with images of `size` px.

    Raises BadInput if an earlier stage has not run.
    """
    results = study.results()
    about: Any = stored.record(results / "dataset.json")
    folds = stored.table(results / "folds" / f"{protocol}.parquet")
    folds = folds[folds["fold"] == fold]
    if folds.empty:
        raise BadInput(f"{results}/folds/{protocol}.parquet has no fold {fold}")
    known = stored.table(results / "samples.parquet")
    samples = protocols.labelled(folds, known)
    images = stored.array(results / f"images_{size}.npy")[samples["row"].to_numpy()]
    if "lesion" in samples:
        images = _with_lesions(images, samples, stored.array(results / f"masks_{size}.npy"), study.seed)
    numbers = samples["label"].map({label: number for number, label in enumerate(about["classes"])}).to_numpy()
    parts = {}
    for part in ("train", "validation", "test"):
        chosen = (samples["part"] == part).to_numpy()
        parts[part] = Part(images[chosen][..., np.newaxis], numbers[chosen])
    return Data(samples, parts, about["classes"], heads(known, about["classes"]), about.get("digest", ""))


def _with_lesions(images: np.ndarray, samples: pd.DataFrame, masks: np.ndarray, seed: int) -> np.ndarray:
    """Return `images`, uint8 (N, S, S), with the lesions of the column `lesion` of `samples` (N)."""
    planted = images.copy()
    for place, row in enumerate(samples.itertuples()):
        if row.lesion:
            planted[place] = lesion.plant(images[place], masks[row.row], row.lesion, seed, row.sample)
    return planted
