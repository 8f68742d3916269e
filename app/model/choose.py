"""Choice of the cell to serve: the one in the settings, or the best honest cell of the last finished study."""

import functools
from pathlib import Path

import numpy as np
import pandas as pd

from app.settings import Settings
from benchmarks import protocols, stored
from benchmarks.errors import BadInput
from benchmarks.study.names import BASELINES
from benchmarks.study.views import WHOLE

HONEST = (protocols.BY_PATIENT, protocols.OFFICIAL, "by_source", protocols.EXTERNAL)  # the strictest first


class ServedCell:
    """A trained cell: its folder, the folder `results` of its study, and the content `runtime` of runtime.json.

    The folder is <results>/cells/<architecture>/<protocol>/<fold>.
    """

    def __init__(self, folder: Path):
        self.folder, self.results, self.runtime = folder, folder.parents[3], stored.record(folder / "runtime.json")

    @functools.cached_property
    def classes(self) -> list[str]:
        """Return the study's classes, in the order of the model's outputs."""
        return stored.record(self.results / "dataset.json")["classes"]

    def check_films(self) -> None:
        """Raise BadInput if the study's images are crops: the service gets whole films."""
        crop = stored.record(self.results / "dataset.json").get("crop", WHOLE)
        if crop != WHOLE:
            raise BadInput(
                f"{self.folder}: trained on crops ({crop}), but the service gets whole films; name a cell of a study "
                "without `crop` with MODEL=..."
            )

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
    """Return the cell in `settings`, else the best of the study that finished last. Raises BadInput without a cell."""
    if settings.model:
        if not (settings.model / "model.keras").is_file() or len(settings.model.absolute().parents) < 4:
            raise BadInput(
                f"MODEL={settings.model}: no trained cell; give a folder with a model.keras, such as "
                f"results/demo/cells/simple/by_patient/0"
            )
        return ServedCell(settings.model.absolute())
    results = settings.results
    finished = {path.parent: stored.record(path)["finished"] for path in results.glob("*/provenance.json")}
    if not finished:
        raise BadInput(f"{results}: no study with a report; run one (make reproduce), or name a cell with MODEL=...")
    return best(max(finished, key=lambda study: finished[study]))


def best(study: Path) -> ServedCell:
    """Return the cell with the best validation loss under the strictest honest protocol of a study.

    The architecture has the lowest validation loss, averaged over its folds; the fold has the lowest of these. The test
    part is not used. Cells whose features are the same for all images are excluded. Raises BadInput if no cell is left.
    """
    for protocol in HONEST:
        rows = []
        for path in sorted(study.glob(f"cells/*/{protocol}/*/model.keras")):
            cell = ServedCell(path.parent.absolute())
            architecture = cell.runtime["architecture"]
            if architecture not in BASELINES and cell.runtime["dead_features"] != 1:
                trials = stored.table(path.parent / "trials.csv")
                rows.append((cell, architecture, trials.loc[trials["best"].astype(bool), "score"].iloc[0]))
        table = pd.DataFrame(rows, columns=["cell", "architecture", "loss"]).dropna(subset="loss")
        if len(table):
            own = table[table["architecture"] == table.groupby("architecture")["loss"].mean().idxmin()]
            return own.loc[own["loss"].idxmin(), "cell"]
    raise BadInput(f"{study}: no usable cell under {', '.join(HONEST)}; name another with MODEL=...")
