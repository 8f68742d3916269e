"""Out-of-distribution check: distance of an image from the training films of a cell.

The score of an image is its distance to the nearest training film (Sun et al., "Out-of-distribution detection with deep
nearest neighbors", ICML 2022) in statistics of brightness and texture, each divided by the standard deviation of the
training films. Features of the model are not used, as a model may have collapsed. The threshold is a quantile of the
scores of training and validation films, each compared with films of other patients; test patients are not used. The
check detects photographs, pages of text and noise; other X-ray images may pass.
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage
from scipy.spatial.distance import cdist

from app.model.choose import ServedCell
from benchmarks import stored
from benchmarks.datasets._files import resize
from benchmarks.protocols import unit_of

FILE = "familiar.npz"  # in an export, beside the model
METHOD = "distance to the nearest training film (k = 1; Sun et al., ICML 2022) in standardised statistics of "
METHOD += "brightness and texture"
SIDE = 64  # pixels at which all films are compared
QUANTILE = 0.99
MOST = 1000  # training films to compare with
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)  # quantiles of brightness
EDGES = (0.25, 0.5, 0.75, 0.9, 0.99)  # and of its gradient
BLOCKS = (1, 2, 4, 8, 16)  # pixels: ends of the bands of detail
DARK, BRIGHT = 0.06, 0.1  # of white: air is below DARK, tissue and labels are above BRIGHT
FLAT = 1e-3  # added before logarithms
FLOOR = 0.01  # added to the standard deviation of a statistic


def statistics(image: np.ndarray) -> np.ndarray:
    """Return statistics float (20,) of a film uint8 (S, S), unchanged by 90 degree rotations and reflections."""
    film = resize(image, SIDE).astype("float32") / 255
    slopes = np.hypot(*np.gradient(film))
    # The variance of block means at one size minus that at the next size is the detail between the two sizes.
    variances = [film.reshape(SIDE // block, block, -1, block).mean(axis=(1, 3)).var() for block in BLOCKS]
    bands = np.sqrt(np.maximum(-np.diff(variances), 0))
    parts, n_parts = ndimage.label(film > BRIGHT)
    largest = np.bincount(parts.ravel())[1:].max(initial=0) / film.size
    return np.concatenate(
        [
            np.quantile(film, LEVELS),
            np.log10(np.quantile(slopes, EDGES) + FLAT),
            np.log10(bands + FLAT),
            [np.mean(film < DARK), largest, np.log1p(n_parts)],
        ]
    )


@dataclasses.dataclass(frozen=True)
class Familiar:
    """Training films of a cell: their statistics `films` float (N, 20), each less its `mean`, divided by its `spread`.

    Images above `threshold`, the quantile of `n_scores` films compared with films of other units (`unit`), are out of
    distribution.
    """

    films: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    threshold: float
    n_scores: int
    unit: str

    @classmethod
    def of(cls, samples: pd.DataFrame, images: np.ndarray, seed: int = 0) -> "Familiar":
        """Return those of `samples`, the rows of a fold with their part; `images` are uint8 (N, S, S) by row."""
        unit = unit_of(samples)
        own = samples[samples["part"].isin(["train", "validation"])]
        own = own.sample(min(len(own), MOST), random_state=seed)
        found = np.stack([statistics(images[row]) for row in own["row"]])
        training = (own["part"] == "train").to_numpy()
        mean, spread = found[training].mean(axis=0), found[training].std(axis=0) + FLOOR
        scaled = _scaled(found, mean, spread)
        apart = own[unit].to_numpy()[:, None] != own.loc[training, unit].to_numpy()[None]
        nearest = np.where(apart, cdist(scaled, scaled[training]), np.inf).min(axis=1)
        threshold = float(np.quantile(nearest[np.isfinite(nearest)], QUANTILE, method="higher"))
        return cls(scaled[training], mean, spread, threshold, len(own), unit)

    def distance(self, image: np.ndarray) -> float:
        """Return the score of a film uint8 (S, S); films above `threshold` are out of distribution."""
        return float(cdist(_scaled(statistics(image)[None], self.mean, self.spread), self.films).min())

    def reason(self, distance: float) -> str | None:
        """Return why an image at `distance` gets no verdict, None for an image in distribution."""
        if distance <= self.threshold:
            return None
        return (
            f"The image is out of distribution: its distance from the training films is "
            f"{distance / self.threshold:.1f} times the {100 * QUANTILE:.0f}% quantile of films of other {self.unit}s."
        )

    def about(self) -> dict:
        """Return the description of the check for the model card."""
        words = f"{QUANTILE:.0%} quantile over {self.n_scores} training and validation films, each compared with films "
        words += f"of other {self.unit}s; no test film was used"
        threshold = {"threshold": round(self.threshold, 4), "threshold_is": words}
        return {"method": METHOD, **threshold, "training_films": len(self.films)}


def familiar(cell: ServedCell) -> Familiar:
    """Return the training films of `cell`: those that an export has stored, else computed from the study's images."""
    path = cell.folder / FILE
    if not path.is_file():
        return Familiar.of(cell.samples, cell.images)
    fields: dict[str, Any] = {
        name: value if value.ndim else value.item() for name, value in stored.arrays(path).items()
    }
    return Familiar(**fields)


def store(cell: ServedCell, folder: Path) -> None:
    """Write the statistics of the training films of `cell` into `folder`, without the films."""
    with stored.replacing(folder / FILE) as path, path.open("wb") as stream:
        np.savez(stream, **dataclasses.asdict(familiar(cell)))


def _scaled(found: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    # The distance is then the root mean square over the statistics, in standard deviations.
    return (found - mean) / spread / np.sqrt(len(mean))
