"""One benchmark cell: what it is, its folder, its data, and the table of its predictions."""

import dataclasses
import datetime
import hashlib
import json
import resource
import shlex
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import backend, protocols, stored
from benchmarks.errors import BadInput
from benchmarks.study.study import Study


@dataclasses.dataclass(frozen=True)
class Part:
    """Images uint8 (N, S, S, 1) with their class numbers int (N,)."""

    x: np.ndarray
    y: np.ndarray


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell of a study: an architecture or baseline under one protocol in one fold."""

    study: Study
    architecture: str
    protocol: str
    fold: int

    @property
    def folder(self) -> Path:
        """Where the cell's files go."""
        return self.study.cell_folder(self.architecture, self.protocol, self.fold)

    @property
    def seed(self) -> int:
        """The cell's seed: folds and repeats differ, architectures and protocols share it."""
        return self.study.seed + self.fold

    @property
    def variant(self) -> str:
        """The architecture's form, if it has both: `published` or `corrected`."""
        return protocols.variant(self.protocol)

    def search_state(self, digest: str) -> Path:
        """KerasTuner's folder, one for each setting of the search, so that a changed study never resumes an old one."""
        settings = self.study.cell_settings(self.architecture, self.protocol) | {"data": digest}
        key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
        return self.study.results() / "search" / self.architecture / self.protocol / f"{self.fold}-{key}"

    def parts(self, classes: list[str]) -> tuple[pd.DataFrame, dict[str, Part]]:
        """The samples of the cell's fold, with columns part and repeat, and the images of each part in their order.

        Raises BadInput if an earlier stage has not run.
        """
        results = self.study.results()
        folds = stored.table(results / "folds" / f"{self.protocol}.parquet")
        folds = folds[folds["fold"] == self.fold]
        if folds.empty:
            raise BadInput(f"{results}/folds/{self.protocol}.parquet has no fold {self.fold}")
        samples = protocols.labelled(folds, stored.table(results / "samples.parquet"))
        images = stored.array(results / f"images_{self.study.size_of(self.architecture)}.npy")
        numbers = samples["label"].map({label: number for number, label in enumerate(classes)}).to_numpy()
        parts = {}
        for part in ("train", "validation", "test"):
            chosen = (samples["part"] == part).to_numpy()
            parts[part] = Part(images[samples["row"].to_numpy()[chosen]][..., np.newaxis], numbers[chosen])
        return samples, parts

    def about(self, threads: int, module: str) -> dict:
        """What runtime.json says of every cell, whatever was fitted in it; call it when the cell is done."""
        return {
            "architecture": self.architecture,
            "protocol": self.protocol,
            "fold": self.fold,
            "image_size": self.study.size_of(self.architecture),
            "seed": self.seed,
            "threads": threads,
            "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "versions": backend.versions(),
            "hardware": backend.hardware(),
            "command": shlex.join(["python", "-m", module, *sys.argv[1:]]),
            "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }


def predictions_table(probabilities: np.ndarray, samples: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """One row a sample with its probabilities p_<class>, from float (N, classes).

    `predicted` is empty where a probability is not finite: such a sample counts as wrong, not as the first class.
    """
    probabilities = probabilities.astype("float32")
    table = samples[["sample", "source", "patient", "label"]].reset_index(drop=True)
    predicted = np.array(classes)[probabilities.argmax(axis=1)]
    table["predicted"] = np.where(np.isfinite(probabilities).all(axis=1), predicted, "")
    return pd.concat([table, pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])], axis=1)


def write_json(path: Path, content: dict) -> None:
    """Write `content` to `path`, indented."""
    path.write_text(json.dumps(content, indent=2) + "\n")
