"""Load the data of a fold: the samples and images of its fold's parts, and the classes.

Images stay in their memory-mapped file until a batch is asked for, so a data set may be larger than memory.
"""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import protocols, stored
from benchmarks.cells.cell import Cell
from benchmarks.cells.heads import Heads, heads
from benchmarks.errors import BadInput
from benchmarks.samples import lesion
from benchmarks.stored import Images, Rows
from benchmarks.study.study import Study


@dataclasses.dataclass(frozen=True)
class Part:
    """Images uint8 (N, S, S, 1) with their class numbers int (N,)."""

    x: Images
    y: np.ndarray


def joined(one: Part, other: Part) -> Part:
    """Return the images of two parts of a fold as one part."""
    y = np.concatenate([one.y, other.y])
    if isinstance(one.x, Rows) and isinstance(other.x, Rows):  # of the same file
        return Part(Rows(one.x.stored, np.concatenate([one.x.rows, other.x.rows])), y)
    return Part(np.concatenate([one.x, other.x]), y)


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
    images, rows = stored.array(results / f"images_{size}.npy"), samples["row"].to_numpy()
    if "lesion" in samples:
        images = _with_lesions(images, samples, stored.array(results / f"masks_{size}.npy"), study.seed, results)
        rows = np.arange(len(samples))
    numbers = samples["label"].map({label: number for number, label in enumerate(about["classes"])}).to_numpy()
    parts = {}
    for part in ("train", "validation", "test"):
        chosen = (samples["part"] == part).to_numpy()
        parts[part] = Part(Rows(images[..., np.newaxis], rows[chosen]), numbers[chosen])
    return Data(samples, parts, about["classes"], heads(known, about["classes"]), about.get("digest", ""))


def _with_lesions(images: np.ndarray, samples: pd.DataFrame, masks: np.ndarray, seed: int, folder: Path) -> np.ndarray:
    """Return the images of `samples` (N) with the lesions of their column `lesion`: uint8 (N, S, S), memory-mapped.

    `images` and `masks` are those of all rows. The file lies in `folder`, without a name, and goes with the process.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        planted = np.memmap(file, np.uint8, "w+", shape=(len(samples), *images.shape[1:]))
    for place, row in enumerate(samples.itertuples()):
        image = images[row.row]
        planted[place] = lesion.plant(image, masks[row.row], row.lesion, seed, row.sample) if row.lesion else image
    return planted
