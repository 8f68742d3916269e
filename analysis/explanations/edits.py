"""Edits of one region of a film, to test whether the prediction changes.

Images are float32 (S, S), 0..255, and stay as they are: every change is a new image. Regions are bool (S, S).
"""

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.filters import threshold_otsu

from benchmarks.datasets._copies import transform_image

BLUR = 1 / 16  # of the side: standard deviation of the blur
SMOOTHING = 1 / 32  # of the side: of what fills an erased region
FEATHER = 1 / 48  # of the side: how far inside its edge a patch gets solid


def erase(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Fill `region` with the nearest pixels outside it, smoothed; with the mean if the region covers the image."""
    if region.all():
        return np.full_like(image, image.mean())
    rows, columns = distance_transform_edt(region, return_distances=False, return_indices=True)
    filled = image[rows, columns]
    return np.where(region, gaussian_filter(filled, SMOOTHING * len(image), mode="nearest"), image)


def blur(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Apply a Gaussian blur inside `region`."""
    return np.where(region, gaussian_filter(image, BLUR * len(image), mode="nearest"), image)


def swap(image: np.ndarray, region: np.ndarray, donor: np.ndarray, donor_region: np.ndarray) -> np.ndarray:
    """Replace `region` by the content of `donor_region` of another film, `donor`.

    Between different regions, the donor's bounding box is resized to the region's, mirrored if their shapes match
    better so, and feathered at the region's edge. The same region of both is copied pixel by pixel; to spare the
    breasts, leave them out of it.
    """
    if np.array_equal(region, donor_region):
        return np.where(region, donor, image)
    place, source = _bounding_box(region), _bounding_box(donor_region)
    height, width = region[place].shape
    shape = np.asarray(Image.fromarray(donor_region[source]).resize((width, height), Image.Resampling.NEAREST))
    patch = np.asarray(Image.fromarray(donor[source]).resize((width, height), Image.Resampling.BILINEAR))
    flips = [(slice(None, None, down), slice(None, None, right)) for down in (1, -1) for right in (1, -1)]
    flip = max(flips, key=lambda flip: np.count_nonzero(shape[flip] & region[place]))
    changed = image.copy()
    changed[place] += _feather(region)[place] * (patch[flip] - image[place])
    return changed


def move(image: np.ndarray, region: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Erase `region` and copy its content to `target`."""
    return swap(erase(image, region), target, image, region)


def level(image: np.ndarray, region: np.ndarray) -> float:
    """Return the median grey level of `region`."""
    return float(np.median(image[region]))


def shift_level(image: np.ndarray, region: np.ndarray, change: float) -> np.ndarray:
    """Add `change` grey levels inside `region`, clipped to 0..255."""
    return np.where(region, np.clip(image + np.float32(change), 0, 255), image)


def matched_area(breast: np.ndarray, n_pixels: int, rng: np.random.Generator) -> np.ndarray:
    """Return the `n_pixels` of the breast nearest to a random pixel of the breast; at most the whole breast."""
    rows, columns = np.nonzero(breast)
    if n_pixels >= len(rows):
        return breast.copy()
    centre = rng.integers(len(rows))
    near = np.hypot(rows - rows[centre], columns - columns[centre]).argsort(kind="stable")[:n_pixels]
    area = np.zeros_like(breast)
    area[rows[near], columns[near]] = True
    return area


def turn(image: np.ndarray, degrees: int, reflected: bool) -> np.ndarray:
    """Mirror and rotate counter-clockwise as in the published copies, but fill free corners with the background.

    Grey levels are rounded before. The background's is the median of the dark side of Otsu's threshold.
    """
    pixels = np.round(image).astype(np.uint8)
    covered = transform_image(np.full_like(pixels, 255), reflected, degrees) > 0
    dark = float(np.median(pixels[pixels <= threshold_otsu(pixels)]))
    return np.where(covered, transform_image(pixels, reflected, degrees), dark).astype(np.float32)


def empty_film(image: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return an empty film with the grey level of `background`."""
    return np.full_like(image, level(image, background))


def marker_alone(image: np.ndarray, labels: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return a film that is empty except for its labels."""
    return np.where(labels, image, empty_film(image, background))


def _bounding_box(region: np.ndarray) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _feather(region: np.ndarray) -> np.ndarray:
    """Return weights 0..1 of a patch, float32 (S, S), rising from the region's edge, but not from the image's edge."""
    inside = distance_transform_edt(np.pad(region, 1, mode="edge"))[1:-1, 1:-1]
    return np.clip(inside / min(1 + FEATHER * len(region), inside.max()), 0, 1).astype(np.float32)
