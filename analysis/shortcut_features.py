"""What can be read off an image file without looking at the breast: the features of the shortcut audit's probes."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from analysis import copies
from benchmarks.baselines import thumbnails
from benchmarks.datasets import Dataset

BORDER = 0.02  # of the side
FIRST_COPIES = 24  # of a source, enough to see how they turn
NONE = "not evaluable"


def border(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Mean and standard deviation of the four strips along the edges, grey levels."""
    width = max(1, round(BORDER * len(image)))
    strips = (image[:width], image[-width:], image[:, :width], image[:, -width:])
    return [value for strip in strips for value in (float(strip.mean()), float(strip.std()))]


def corners(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Mean of a patch in each corner, grey levels."""
    width = max(1, round(2 * BORDER * len(image)))
    ends = (slice(None, width), slice(-width, None))
    return [float(image[rows, columns].mean()) for rows in ends for columns in ends]


def background(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Three low percentiles and the most frequent grey level."""
    return [*np.percentile(image, [1, 5, 10]), float(np.bincount(image.ravel(), minlength=256).argmax())]


def orientation(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Where the breast lies about the centre, and which way it is long: sines and cosines."""
    rows, columns = np.nonzero(breast)
    if not len(rows):
        return [0.0] * 5
    y, x = (place - (len(breast) - 1) / 2 for place in (rows, columns))
    angle, reach = np.arctan2(-y.mean(), x.mean()), np.hypot(y.mean(), x.mean()) / len(breast)
    axis = np.arctan2(-2 * np.cov(x, y)[0, 1], np.var(x) - np.var(y)) if len(rows) > 1 else 0.0
    return [float(v) for v in (np.sin(angle), np.cos(angle), reach, np.sin(axis), np.cos(axis))]


def resampling(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """What interpolation leaves: second over first differences along rows, columns and both diagonals."""
    pixels = image.astype(np.float32)
    ratios = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        first = pixels - np.roll(pixels, (down, right), (0, 1))
        second = first - np.roll(first, (down, right), (0, 1))
        ratios.append(float(np.abs(second).mean() / max(np.abs(first).mean(), 1e-6)))
    return ratios


def breast_area(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Share of the image that the breast covers."""
    return [float(breast.mean())]


def thumbnail(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """The image, shrunk to 16 x 16 pixels."""
    return thumbnails(image[np.newaxis])[0].tolist()


# probe -> its numbers, from an image uint8 (S, S) and the mask of its breast, bool (S', S')
OF_IMAGE: dict[str, Callable[[np.ndarray, np.ndarray], list[float]]] = {
    "border": border,
    "corners": corners,
    "background": background,
    "orientation": orientation,
    "resampling": resampling,
    "breast_area": breast_area,
    "thumbnail": thumbnail,
}


def features(samples: pd.DataFrame, dataset: Dataset, masks: np.ndarray) -> dict[str, np.ndarray | str]:
    """Features (N, k) of every probe for `samples`, or the reason why a probe is not evaluable.

    `samples` has the columns row, source and copy; `masks` is uint8 (all rows, S, S), 1 in the breast.
    """
    numbers: dict[str, list] = {probe: [] for probe in OF_IMAGE}
    spectra = []
    for row in samples["row"]:
        image = copies.central_square(dataset.native(row))
        for probe, function in OF_IMAGE.items():
            numbers[probe].append(function(image, masks[row].astype(bool)))
        spectra.append(copies.describe([image])[0])
    found: dict[str, np.ndarray | str] = {probe: np.array(values) for probe, values in numbers.items()}
    found["file_size"] = f"{NONE}: the images are generated, not read from files"
    if dataset.file_size:
        found["file_size"] = np.array([[dataset.file_size(row)] for row in samples["row"]], dtype=float)
    if samples["source"].isna().any() or samples.groupby("source").size().max() < 2:
        found["copy_number"] = found["copy_order"] = f"{NONE}: no source has several numbered copies"
    else:
        found["copy_number"] = samples["copy"].to_numpy(dtype=float)[:, None]
        found["copy_order"] = _copy_order(samples.reset_index(drop=True), np.array(spectra))
    return found


def _copy_order(samples: pd.DataFrame, spectra: np.ndarray) -> np.ndarray:
    """How far, on average, each next copy of a source is turned from the one before, degrees -180..180: (N, 1)."""
    steps = {source: list(_steps(own, spectra)) for source, own in samples.groupby("source")}
    mean = {source: float(np.mean(found)) if found else 0.0 for source, found in steps.items()}
    return samples["source"].map(mean).to_numpy(dtype=float)[:, None]


def _steps(own: pd.DataFrame, spectra: np.ndarray) -> Iterator[float]:
    rows = own.sort_values("copy").index[:FIRST_COPIES]
    for one, other in itertools.pairwise(rows):
        degrees, similarity = copies.rotation(spectra[one], spectra[other], mirrored=False)
        if similarity >= copies.THRESHOLD:
            yield (degrees + 180) % 360 - 180
