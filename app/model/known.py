"""Films that a cell was trained on or chosen by, found among uploads by the search for copies (benchmarks/copies).

An export has the descriptions of these films beside the model, in known_films.npz: spectra complex64 (N, 64, 24) as
from `rigid.describe`, size (pixels) and digest. From a study's own folder, the service computes them at its start.
"""

import dataclasses
import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from app.model.choose import ServedCell
from benchmarks import stored
from benchmarks.copies import rigid
from benchmarks.datasets._files import resize

FILE = "known_films.npz"
Part = Literal["train", "validation"]
PARTS: tuple[Part, ...] = ("train", "validation")  # an upload with copies in both was in training
# Pixels. At 48, all changed copies of 106 real films are found and no other film (tests/app/test_app_known.py); at 32,
# three of the enhanced ones are missed.
LEAST = 48
NOT_EVALUABLE = (
    f"Whether a film was in training is not evaluable: the study has no images of at least {LEAST} pixels, or the "
    f"export has no {FILE} of this cell."
)


@dataclasses.dataclass(frozen=True)
class Match:
    """The known film that an upload is a copy of.

    Its `part`, the `similarity` (0..1), whether all pixels are identical, and what gives the upload: the film mirrored
    or not, then rotated by `rotation` degrees counter-clockwise (0 to below 360).
    """

    part: Part
    similarity: float
    identical_pixels: bool
    mirrored: bool
    rotation: float


class KnownFilms:
    """The training and validation films of a cell.

    `samples` are their rows with part and md5 (of the native pixels), `spectra` complex64 (N, 64, 24) their
    descriptions, made at `size` pixels a side.
    """

    def __init__(self, samples: pd.DataFrame, spectra: np.ndarray, size: int):
        self.parts, self.spectra, self.size = samples["part"].to_numpy(str), spectra, size
        self.md5 = {part: frozenset(samples.loc[self.parts == part, "md5"]) for part in PARTS}

    def find(self, film: np.ndarray) -> Match | None:
        """Return the known film of which `film`, uint8 (H, W), is a copy; None if there is none."""
        md5 = hashlib.md5(film.tobytes(), usedforsecurity=False).hexdigest()
        asked = rigid.describe([resize(film, self.size)])
        found = rigid.search(asked, self.spectra)
        for part in PARTS:
            if md5 in self.md5[part]:
                return Match(part, 1.0, True, False, 0.0)
            own = found[self.parts[found["b"]] == part]
            if len(own):
                best = own.loc[own["similarity"].idxmax()]
                mirrored = bool(best["mirrored"])
                rotation, similarity = rigid.rotation(self.spectra[best["b"]], asked[0], mirrored)
                return Match(part, min(similarity, 1.0), False, mirrored, rotation)
        return None

    def about(self) -> dict[str, int]:
        """Return the number of films of each part and the image size, for the model card."""
        return {part: int((self.parts == part).sum()) for part in PARTS} | {"image_size": self.size}


def known_films(cell: ServedCell) -> KnownFilms | None:
    """Return the films that `cell` knows; None if they have no descriptions and no images of LEAST pixels or more."""
    samples = _samples(cell)
    path = cell.folder / FILE
    if path.is_file():
        found = stored.arrays(path)
        if found["digest"] == _digest(samples):
            return KnownFilms(samples, found["spectra"], int(found["size"]))
    size = _size(cell.results)
    if size is None:
        return None
    images = stored.array(cell.results / f"images_{size}.npy")
    return KnownFilms(samples, rigid.describe(images[row] for row in samples["row"]), size)


def store(cell: ServedCell, folder: Path) -> None:
    """Write the descriptions of the films that `cell` knows into `folder`, without the films; nothing without any."""
    if known := known_films(cell):
        with stored.replacing(folder / FILE) as path, path.open("wb") as stream:
            np.savez(stream, spectra=known.spectra, size=known.size, digest=_digest(_samples(cell)))


def _size(results: Path) -> int | None:
    """Return the size of the study's images to describe: the least that loses nothing, else the largest."""
    names = (path.stem.removeprefix("images_") for path in results.glob("images_*.npy"))
    enough = sorted(size for size in map(int, filter(str.isdecimal, names)) if size >= LEAST)
    return next((size for size in enough if size >= rigid.SIDE), enough[-1]) if enough else None


def _samples(cell: ServedCell) -> pd.DataFrame:
    samples = cell.samples
    return samples[samples["part"].isin(PARTS)]


def _digest(samples: pd.DataFrame) -> str:
    """Return a digest of the films, of their parts and of the code that describes them."""
    digest = hashlib.sha256(Path(rigid.__file__).read_bytes())
    for row in samples[["sample", "part", "md5"]].itertuples(index=False):
        digest.update("\t".join(row).encode() + b"\n")
    return digest.hexdigest()
