"""Choice of the cell to serve: the one in the settings, or the best honest cell of the last finished study."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
import pandas as pd

from app.settings import Settings
from benchmarks import protocols, stored
from benchmarks.errors import BadInput
from benchmarks.study.study import BASELINES

HONEST = (protocols.BY_PATIENT, "by_source", protocols.EXTERNAL)  # the strictest first


@dataclasses.dataclass(frozen=True)
class ServedCell:
    """A trained cell in its folder <results>/<study>/cells/<architecture>/<protocol>/<fold>."""

    folder: Path

    @property
    def results(self) -> Path:
        """Return the results folder of the study."""
        return self.folder.parents[3]

    @functools.cached_property
    def runtime(self) -> dict:
        """Return the content of runtime.json."""
        return stored.record(self.folder / "runtime.json")

    @functools.cached_property
    def classes(self) -> list[str]:
        """Return the study's classes, in the order of the model's outputs."""
        return stored.record(self.results / "dataset.json")["classes"]

    @functools.cached_property
    def samples(self) -> pd.DataFrame:
        """Return the rows of samples.parquet in the cell's fold, with their part."""
        folds = stored.table(self.results / "folds" / f"{self.runtime['protocol']}.parquet")
        known = stored.table(self.results / "samples.parquet")
        return protocols.labelled(folds[folds["fold"] == self.runtime["fold"]], known)

    @property
    def images(self) -> np.ndarray:
        """Return all images of the study at the cell's size, uint8 (N, S, S), memory-mapped."""
        return stored.array(self.results / f"images_{self.runtime['image_size']}.npy")


def choose(settings: Settings) -> ServedCell:
    """Return the cell to serve. Raises BadInput if there is none."""
    if settings.model:
        if not (settings.model / "model.keras").is_file() or len(settings.model.absolute().parents) < 4:
            raise BadInput(
                f"MODEL={settings.model}: no trained cell; give a folder with a model.keras, such as "
                f"results/demo/cells/simple/by_patient/0"
            )
        return ServedCell(settings.model.absolute())
    return best(last_study(settings.results))


def last_study(results: Path) -> Path:
    """Return the folder of the study below `results` that finished last, by provenance.json."""
    finished = {path.parent: stored.record(path)["finished"] for path in results.glob("*/provenance.json")}
    if not finished:
        raise BadInput(f"{results}: no study with a report; run one (make reproduce), or name a cell with MODEL=...")
    return max(finished, key=lambda study: finished[study])


def best(study: Path) -> ServedCell:
    """Return the cell with the best validation loss under the strictest honest protocol of a study.

    The architecture has the lowest validation loss, averaged over its folds; the fold has the lowest of these. The test
    part is not used. Cells whose features are the same for all images are excluded. Raises BadInput if no cell is left.
    """
    for protocol in HONEST:
        rows = []
        for path in sorted(study.glob(f"cells/*/{protocol}/*/model.keras")):
            cell = ServedCell(path.parent.absolute())
            if cell.runtime["architecture"] in BASELINES or cell.runtime["dead_features"] == 1:
                continue
            trials = stored.table(path.parent / "trials.csv")
            loss = trials.loc[trials["best"].astype(bool), "score"].iloc[0]
            rows.append({"cell": cell, "architecture": cell.runtime["architecture"], "loss": loss})
        table = pd.DataFrame(rows, columns=["cell", "architecture", "loss"]).dropna(subset="loss")
        if len(table):
            means = table.groupby("architecture")["loss"].mean()
            own = table[table["architecture"] == means.idxmin()]
            return own.loc[own["loss"].idxmin(), "cell"]
    raise BadInput(f"{study}: no usable cell under {', '.join(HONEST)}; name another with MODEL=...")
