"""Which cell is served: the one that is named, or the best honest one of the study that finished last."""

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
        """The results of its study."""
        return self.folder.parents[3]

    @functools.cached_property
    def runtime(self) -> dict:
        """Its runtime.json."""
        return stored.record(self.folder / "runtime.json")

    @functools.cached_property
    def classes(self) -> list[str]:
        """The study's classes, in the order of the model's outputs."""
        return stored.record(self.results / "dataset.json")["classes"]

    @functools.cached_property
    def samples(self) -> pd.DataFrame:
        """The samples of its fold: those of samples.parquet with their part in the fold."""
        folds = stored.table(self.results / "folds" / f"{self.runtime['protocol']}.parquet")
        known = stored.table(self.results / "samples.parquet")
        return protocols.labelled(folds[folds["fold"] == self.runtime["fold"]], known)

    @property
    def images(self) -> np.ndarray:
        """All images of the study as the cell saw them, uint8 (N, S, S), mapped."""
        return stored.array(self.results / f"images_{self.runtime['image_size']}.npy")


def choose(settings: Settings) -> ServedCell:
    """The cell to serve. Raises BadInput if there is none."""
    if settings.model:
        if not (settings.model / "model.keras").is_file() or len(settings.model.absolute().parents) < 4:
            raise BadInput(
                f"MODEL={settings.model}: no trained cell; name a folder with a model.keras, such as "
                f"results/demo/cells/simple/by_patient/0"
            )
        return ServedCell(settings.model.absolute())
    return best(last_study(settings.results))


def last_study(results: Path) -> Path:
    """The folder of the study below `results` whose last cell was finished last, by its provenance.json."""
    finished = {path.parent: stored.record(path)["finished"] for path in results.glob("*/provenance.json")}
    if not finished:
        raise BadInput(f"{results}: no study with a report; run one (make reproduce), or name a cell with MODEL=...")
    return max(finished, key=finished.get)


def best(study: Path) -> ServedCell:
    """The best cell of the strictest honest protocol that a study ran, by validation alone: the test part has no say.

    Of the architectures, the one with the lowest validation loss, averaged over its folds; of its folds, the lowest.
    Cells whose classifier sees the same of every image are left out. Raises BadInput if no cell is left.
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
