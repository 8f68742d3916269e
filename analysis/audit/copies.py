"""Copies of an image, found from pixels alone: turned by any angle, mirrored, with other contrast, size or compression.

An image is resized, freed of brightness and contrast by local normalisation, and sampled on rings about its centre.
Turning the image then shifts the samples along the rings, and mirroring it reverses them, so that the correlation of
two images over all angles is a product of their Fourier transforms. Its amplitudes bound the correlation at every
angle: pairs are ruled out exactly, and no copy can be missed for want of a place on a shortlist.

The shift theorem in polar coordinates is that of De Castro & Morandi, IEEE TPAMI 9(5), 1987, 700-703; local
normalisation that of Jarrett et al., ICCV 2009, doi 10.1109/ICCV.2009.5459469.

What it can't see: copies that were cropped, shifted or zoomed, for the centre must stay where it was to within about a
hundredth of the side; images without texture. benchmarks/reference/copies.csv has the measured figures.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from PIL import Image
from scipy import fft, ndimage

from benchmarks.datasets._files import resize

SIDE = 96  # pixels: keeps the texture of tissue, loses that of JPEG blocks and interpolation
SMOOTHING = 2.0  # standard deviation in pixels of the local mean and local standard deviation
FLOOR = 4.0  # grey levels: what varies less counts as flat, so that noise of the background isn't blown up
RINGS = 24
ANGLES = 192
FREQUENCIES = 64  # of ANGLES / 2: more of them is interpolation noise
FINE_ANGLES = 2880  # steps of an eighth of a degree, for a pair already found
EDGE = 2  # pixels at the rim of the disc, where interpolation meets the black outside
BLOCK = 1024  # images of either side compared at once: about 30 MB
PAIRS = 4096  # pairs looked at closely at once: about 200 MB
# Between the least similar copies and the most similar other images of the real data; benchmarks/reference/copies.csv.
THRESHOLD = 0.65


def central_square(image: np.ndarray) -> np.ndarray:
    """The central square of an image (H, W), as wide as its shorter side."""
    height, width = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def describe(images: Iterable[np.ndarray]) -> np.ndarray:
    """Describe images, each uint8 (H, W), by the Fourier transform along rings about the centre.

    Returns complex64 (N, FREQUENCIES, RINGS) of unit energy, all zero for an image without texture. Of an image that
    isn't square only the central square is seen.
    """
    radius = (np.arange(RINGS) + 0.5) / RINGS * (SIDE / 2 - 1)
    angle = np.arange(ANGLES) * (2 * np.pi / ANGLES)
    centre = (SIDE - 1) / 2
    rings = np.stack([centre - np.outer(radius, np.sin(angle)), centre + np.outer(radius, np.cos(angle))])
    found = []
    for image in images:
        samples = ndimage.map_coordinates(_normalised(image), rings, order=1)
        # The root of the radius weights every pixel of the disc alike.
        spectrum = fft.rfft(samples * np.sqrt(radius)[:, None], axis=1)[:, 1 : FREQUENCIES + 1].T
        energy = np.sqrt(2 * np.sum(np.abs(spectrum) ** 2))
        found.append(spectrum / energy if energy > 0 else spectrum)
    return np.array(found, dtype=np.complex64).reshape(-1, FREQUENCIES, RINGS)


def _normalised(image: np.ndarray) -> np.ndarray:
    """Less the local mean, over the local standard deviation: float32 (SIDE, SIDE)."""
    pixels = resize(central_square(image), SIDE).astype(np.float32)
    mean = ndimage.gaussian_filter(pixels, SMOOTHING)
    variance = np.maximum(ndimage.gaussian_filter(pixels**2, SMOOTHING) - mean**2, 0)
    return (pixels - mean) / np.sqrt(variance + FLOOR**2)


def search(a: np.ndarray, b: np.ndarray | None = None, least: float = THRESHOLD) -> pd.DataFrame:
    """Every pair of an image of `a` and one of `b` (both from `describe`) that are copies of one picture.

    Without `b`, every pair within `a`. Columns a, b (indices), similarity (the highest correlation over all angles,
    `least`..1) and mirrored (whether it is reached by the mirrored image).
    """
    within = b is None
    b = a if within else b
    found = []
    # One contiguous matrix a frequency: the products below are the whole cost.
    rows, columns = np.ascontiguousarray(a.transpose(1, 0, 2)), np.ascontiguousarray(b.transpose(1, 2, 0))
    for b_start in range(0, len(b), BLOCK):
        b_block = columns[:, :, b_start : b_start + BLOCK]
        for a_start in range(0, b_start + 1 if within else len(a), BLOCK):
            a_block = rows[:, a_start : a_start + BLOCK]
            likely = (_bound(a_block.conj(), b_block) >= least) | (_bound(a_block, b_block) >= least)
            i, j = (place + start for place, start in zip(np.nonzero(likely), (a_start, b_start), strict=True))
            kept = i < j if within else slice(None)
            found += [_exact(a, b, i[kept][n : n + PAIRS], j[kept][n : n + PAIRS]) for n in range(0, len(i), PAIRS)]
    table = pd.concat([_exact(a, b, *np.zeros((2, 0), dtype=int)), *found], ignore_index=True)
    return table[table["similarity"] >= least].reset_index(drop=True)


def _bound(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The most that the correlation can reach at any angle, (N, M): the sum of its amplitudes.

    `a` is (FREQUENCIES, N, RINGS), `b` (FREQUENCIES, RINGS, M). Between unlike images phases and rings cancel so well
    that hardly any pair is left to be looked at. A mirrored image's amplitudes are those of its spectrum's conjugate.
    """
    bound = np.zeros((a.shape[1], b.shape[2]), dtype=np.float32)
    for one, other in zip(a, b, strict=True):
        bound += np.abs(one @ other)
    return 2 * bound


def _exact(a: np.ndarray, b: np.ndarray, i: np.ndarray, j: np.ndarray) -> pd.DataFrame:
    """Similarity of the pairs of image `i` of `a` and image `j` of `b`: columns a, b, similarity, mirrored."""
    one, other = (spectra.transpose(1, 0, 2) for spectra in (a[i], b[j]))
    straight, turned = (
        _over_angles(np.sum(spectra.conj() * other, axis=2), ANGLES).max(axis=0) for spectra in (one, _mirrored(one))
    )
    return pd.DataFrame({"a": i, "b": j, "similarity": np.maximum(straight, turned), "mirrored": turned > straight})


def rotation(a: np.ndarray, b: np.ndarray, mirrored: bool) -> tuple[float, float]:
    """Degrees counter-clockwise, 0 to below 360, that turn image `a`, mirrored left to right or not, into image `b`.

    Both are one image's spectrum (FREQUENCIES, RINGS) from `describe`. The second number is the similarity there.
    """
    product = np.sum((_mirrored(a) if mirrored else a).conj() * b, axis=1)
    correlation = _over_angles(product, FINE_ANGLES)
    best = int(correlation.argmax())
    return best * (360 / FINE_ANGLES), float(correlation[best])


def repeat(a: np.ndarray, mirrored: bool, degrees: float, side: int) -> np.ndarray:
    """Mirror image `a`, uint8 (H, W), or not, turn its central square counter-clockwise and resize it: (side, side)."""
    square = central_square(a)
    picture = Image.fromarray(square[:, ::-1] if mirrored else square)
    return resize(np.asarray(picture.rotate(degrees, resample=Image.Resampling.BILINEAR)), side)


def grey_difference(a: np.ndarray, b: np.ndarray, mirrored: bool, degrees: float) -> float:
    """Mean absolute difference in grey levels between image `b` and image `a` brought to it by `repeat`.

    Taken over the disc that no rotation leaves.
    """
    b = central_square(b)
    side = len(b)
    offset = np.arange(side) - (side - 1) / 2
    disc = np.hypot(offset[:, None], offset) < side / 2 - EDGE
    return float(np.abs(repeat(a, mirrored, degrees, side)[disc].astype(float) - b[disc]).mean())


def _mirrored(spectra: np.ndarray) -> np.ndarray:
    """The spectra of the images mirrored left to right; frequencies 1, 2, ... lie along the first axis."""
    sign = np.where(np.arange(1, FREQUENCIES + 1) % 2, -1, 1).astype(np.float32)
    return spectra.conj() * sign.reshape(-1, *[1] * (spectra.ndim - 1))


def _over_angles(product: np.ndarray, angles: int) -> np.ndarray:
    """Correlation at each of `angles` rotations, along the first axis; `product` is over FREQUENCIES there."""
    padded = np.zeros((angles // 2 + 1, *product.shape[1:]), dtype=np.complex64)
    padded[1 : FREQUENCIES + 1] = product
    return fft.irfft(padded, n=angles, axis=0, norm="forward", overwrite_x=True)
