"""Features of an image file that do not show the breast: the input of the probes of the shortcut audit."""

import itertools

import numpy as np
import pandas as pd
from scipy import ndimage

from benchmarks.baselines.baselines import thumbnails
from benchmarks.copies import rigid
from benchmarks.datasets import Dataset
from benchmarks.datasets._files import resize
from benchmarks.samples.breast import MARGIN

BORDER = 0.02  # of the side
OUTSIDE = 32  # pixels
SKIN = 0.05  # of the side, around the mask: the skin fades over up to 0.02 of the side, and a small mask is coarse
SPREADS = 5  # times the distance from median to upper quartile of the background: noise is hardly ever brighter
FIRST_COPIES = 24  # of a source: enough to measure how copies are turned
NONE = "not evaluable"


def border(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Return mean and standard deviation of the four strips along the edges, grey levels."""
    width = max(1, round(BORDER * len(image)))
    strips = (image[:width], image[-width:], image[:, :width], image[:, -width:])
    return [value for strip in strips for value in (float(strip.mean()), float(strip.std()))]


def corners(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Return the mean of a patch in each corner, grey levels."""
    width = max(1, round(2 * BORDER * len(image)))
    ends = (slice(None, width), slice(-width, None))
    return [float(image[rows, columns].mean()) for rows in ends for columns in ends]


def background(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Return three low percentiles and the most frequent grey level."""
    return [*np.percentile(image, [1, 5, 10]), float(np.bincount(image.ravel(), minlength=256).argmax())]


def orientation(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Return direction and distance of the breast from the centre, and its long axis; angles as sine and cosine."""
    rows, columns = np.nonzero(breast)
    if not len(rows):
        return [0.0] * 5
    y, x = (place - (len(breast) - 1) / 2 for place in (rows, columns))
    angle, reach = np.arctan2(-y.mean(), x.mean()), np.hypot(y.mean(), x.mean()) / len(breast)
    axis = np.arctan2(-2 * np.cov(x, y)[0, 1], np.var(x) - np.var(y)) if len(rows) > 1 else 0.0
    return [float(v) for v in (np.sin(angle), np.cos(angle), reach, np.sin(axis), np.cos(axis))]


def resampling(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Return second over first differences along rows, columns and both diagonals, which show interpolation."""
    pixels = image.astype(np.float32)
    ratios = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        first = pixels - np.roll(pixels, (down, right), (0, 1))
        second = first - np.roll(first, (down, right), (0, 1))
        ratios.append(float(np.abs(second).mean() / max(np.abs(first).mean(), 1e-6)))
    return ratios


def breast_area(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Return the share of the image that the breast covers."""
    return [float(breast.mean())]


def thumbnail(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Return the image resized to 16 x 16 pixels."""
    return thumbnails(image[np.newaxis])[0].tolist()


def outside(image: np.ndarray, breast: np.ndarray) -> list[float]:
    """Return objects outside the breast, such as labels: brightness above the background, 32 x 32 pixels in 0 to 1.

    All 0 if no breast is found, or if the breast leaves no background.
    """
    if not breast.any():
        return [0.0] * OUTSIDE**2
    # The skin, noise, and the black corners of a turned image would show the outline of the breast. All of them are
    # next to the mask, or not brighter than the background.
    near = ndimage.distance_transform_edt(~breast) <= SKIN * len(breast)
    place = (np.arange(len(image)) * len(breast)) // len(image)
    hidden = near[np.ix_(place, place)]
    if hidden.all():
        return [0.0] * OUTSIDE**2
    level, quartile = np.percentile(image[~hidden], [50, 75])
    top = level + MARGIN + SPREADS * (quartile - level)
    # The level of the background is subtracted: another probe sees it, and the regression would not converge.
    picture = np.where(hidden | (image <= top), 0, image - level).astype(np.uint8)
    return (resize(picture, OUTSIDE).ravel() / 255).tolist()


# Each computes features from a square image, uint8 (S, S), and the mask of the breast, bool (S', S').
OF_IMAGE = (border, corners, background, orientation, resampling, breast_area, thumbnail, outside)


def features(samples: pd.DataFrame, dataset: Dataset, masks: np.ndarray) -> dict[str, np.ndarray | str]:
    """Return the features (N, k) of every probe for `samples`, or the reason why a probe is not evaluable.

    `samples` has the columns row, source, copy and dataset; `masks` is uint8 (all rows, S, S), 1 in the breast.
    """
    numbers: dict[str, list[np.ndarray]] = {function.__name__: [] for function in OF_IMAGE}
    spectra = []
    for row in samples["row"]:
        native = dataset.native(row)
        image, breast = rigid.central_square(native), in_square(masks[row].astype(bool), native.shape)
        for function in OF_IMAGE:
            # Lists of a thousand floats take four times the memory.
            numbers[function.__name__].append(np.array(function(image, breast), dtype=float))
        spectra.append(rigid.describe([image])[0])
    found: dict[str, np.ndarray | str] = {probe: np.array(values) for probe, values in numbers.items()}
    found["file_size"] = f"{NONE}: the images are generated, not read from files"
    if dataset.file_size:
        found["file_size"] = np.array([[dataset.file_size(row)] for row in samples["row"]], dtype=float)
    if samples["source"].isna().any() or samples.groupby("source").size().max() < 2:
        found["copy_number"] = found["copy_order"] = f"{NONE}: no source has several numbered copies"
    else:
        found["copy_number"] = samples["copy"].to_numpy(dtype=float)[:, None]
        found["copy_order"] = _copy_order(samples.reset_index(drop=True), np.array(spectra))
    if samples["dataset"].nunique() > 1:
        found["data_set"] = pd.get_dummies(samples["dataset"]).to_numpy(dtype=float)
    return found


def in_square(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Cut a `mask` (S, S) of a whole image of `shape` (H, W) to the central square of the image: (S, S)."""
    n = len(mask)
    rows, columns = (((np.arange(n) + 0.5) / n * min(shape) + (side - min(shape)) / 2) * n / side for side in shape)
    return mask[np.ix_(rows.astype(int), columns.astype(int))]


def _copy_order(samples: pd.DataFrame, spectra: np.ndarray) -> np.ndarray:
    """Return the mean rotation from a copy of a source to the next copy, degrees -180 to 180: (N, 1)."""
    mean = {}
    for source, own in samples.groupby("source"):
        pairs = itertools.pairwise(own.sort_values("copy").index[:FIRST_COPIES])
        found = [rigid.rotation(spectra[one], spectra[other], mirrored=False) for one, other in pairs]
        steps = [(degrees + 180) % 360 - 180 for degrees, similarity in found if similarity >= rigid.THRESHOLD]
        mean[source] = float(np.mean(steps)) if steps else 0.0
    return samples["source"].map(mean).to_numpy(dtype=float)[:, None]
