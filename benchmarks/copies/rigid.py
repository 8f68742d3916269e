"""Find copies of an image from pixels alone: rotated, mirrored, with other contrast, size or compression.

An image is resized, normalised locally for brightness and contrast, and sampled on rings about its centre. Rotation
shifts the samples along the rings and mirroring reverses them, so the correlation of two images over all angles is a
product of their Fourier transforms. The amplitudes of the product bound the correlation at every angle, so pairs are
ruled out without missing a copy.

Shift theorem in polar coordinates: De Castro & Morandi, IEEE TPAMI 9(5), 1987, 700-703. Local normalisation: Jarrett et
al., ICCV 2009, doi 10.1109/ICCV.2009.5459469.

Not found are images without texture, and copies whose centre moved by more than about a hundredth of the side, as by
crops, shifts or zooms (warped.py finds these). benchmarks/reference/copies.csv has the measured accuracy.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from PIL import Image
from scipy import fft, ndimage

from benchmarks.datasets._files import resize

SIDE = 96  # pixels: keeps the texture of tissue, but not of JPEG blocks and interpolation
SMOOTHING = 2.0  # standard deviation in pixels of the local mean and local standard deviation
FLOOR = 4.0  # grey levels: areas with a lower standard deviation count as flat, so that noise is not amplified
RINGS = 24
ANGLES = 192
FREQUENCIES = 64  # of ANGLES / 2: higher frequencies are interpolation noise
FINE_ANGLES = 2880  # steps of an eighth of a degree, for pairs already found
EDGE = 2  # pixels at the rim of the disc, which interpolation mixes with the black outside
BLOCK = 1024  # images of either side compared at once: about 30 MB
PAIRS = 4096  # pairs correlated over all angles at once: about 200 MB
# Between the least similar copies and the most similar other images of the real data (benchmarks/reference/copies.csv).
THRESHOLD = 0.65


def central_square(image: np.ndarray) -> np.ndarray:
    """Return the central square of an image (H, W), as wide as the shorter side."""
    height, width = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def describe(images: Iterable[np.ndarray]) -> np.ndarray:
    """Describe the central square of images, each uint8 (H, W), by the Fourier transform along rings about the centre.

    Returns complex64 (N, FREQUENCIES, RINGS) of unit energy, or all zero for an image without texture.
    """
    radius = (np.arange(RINGS) + 0.5) / RINGS * (SIDE / 2 - 1)
    angle = np.arange(ANGLES) * (2 * np.pi / ANGLES)
    centre = (SIDE - 1) / 2
    rings = np.stack([centre - np.outer(radius, np.sin(angle)), centre + np.outer(radius, np.cos(angle))])
    found = []
    for image in images:
        samples = ndimage.map_coordinates(_normalised(image), rings, order=1)
        # The root of the radius gives every pixel of the disc the same weight.
        spectrum = fft.rfft(samples * np.sqrt(radius)[:, None], axis=1)[:, 1 : FREQUENCIES + 1].T
        energy = np.sqrt(2 * np.sum(np.abs(spectrum) ** 2))
        found.append((spectrum / energy if energy > 0 else spectrum).astype(np.complex64))
    return np.array(found, dtype=np.complex64).reshape(-1, FREQUENCIES, RINGS)


def _normalised(image: np.ndarray) -> np.ndarray:
    """Subtract the local mean and divide by the local standard deviation: float32 (SIDE, SIDE)."""
    pixels = resize(central_square(image), SIDE).astype(np.float32)
    mean = ndimage.gaussian_filter(pixels, SMOOTHING)
    variance = np.maximum(ndimage.gaussian_filter(pixels**2, SMOOTHING) - mean**2, 0)
    return (pixels - mean) / np.sqrt(variance + FLOOR**2)


def search(a: np.ndarray, b: np.ndarray | None = None, least: float = THRESHOLD) -> pd.DataFrame:
    """Find every pair of copies with an image in `a` and an image in `b`, or both in `a`; both as from `describe`.

    Returns the columns a, b (indices), similarity (highest correlation over all angles, from `least` to 1) and mirrored
    (bool: the mirrored image is more similar).
    """
    within = b is None
    if b is None:
        b = a
    found = []
    # One contiguous matrix for each frequency makes the matrix products fast; they take nearly all of the time.
    for b_start in range(0, len(b), BLOCK):
        b_block = np.ascontiguousarray(b[b_start : b_start + BLOCK].transpose(1, 2, 0))
        for a_start in range(0, b_start + 1 if within else len(a), BLOCK):
            a_block = np.ascontiguousarray(a[a_start : a_start + BLOCK].transpose(1, 0, 2))
            likely = (_bound(a_block.conj(), b_block) >= least) | (_bound(a_block, b_block) >= least)
            i, j = (place + start for place, start in zip(np.nonzero(likely), (a_start, b_start), strict=True))
            kept = i < j if within else slice(None)
            found += [_exact(a, b, i[kept][n : n + PAIRS], j[kept][n : n + PAIRS]) for n in range(0, len(i), PAIRS)]
    table = pd.concat([_exact(a, b, *np.zeros((2, 0), dtype=int)), *found], ignore_index=True)
    return table[table["similarity"] >= least].reset_index(drop=True)


def _bound(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return an upper bound of the correlation over all angles (N, M): the sum of its amplitudes.

    `a` is (FREQUENCIES, N, RINGS), `b` (FREQUENCIES, RINGS, M). The bound of different images is low, as their rings
    cancel. A mirrored image has the amplitudes of its conjugate spectrum.
    """
    bound = np.zeros((a.shape[1], b.shape[2]), dtype=np.float32)
    for one, other in zip(a, b, strict=True):
        bound += np.abs(one @ other)
    return 2 * bound


def _exact(a: np.ndarray, b: np.ndarray, i: np.ndarray, j: np.ndarray) -> pd.DataFrame:
    """Return the similarity of the pairs of images `i` of `a` and `j` of `b`: columns a, b, similarity, mirrored."""
    one, other = (spectra.transpose(1, 0, 2) for spectra in (a[i], b[j]))
    straight, turned = (
        _over_angles(np.sum(spectra.conj() * other, axis=2), ANGLES).max(axis=0) for spectra in (one, _mirrored(one))
    )
    return pd.DataFrame({"a": i, "b": j, "similarity": np.maximum(straight, turned), "mirrored": turned > straight})


def rotation(a: np.ndarray, b: np.ndarray, mirrored: bool) -> tuple[float, float]:
    """Return the rotation of image `a`, first mirrored or not, that gives image `b`, and their similarity.

    Degrees counter-clockwise, from 0 to below 360. `a` and `b` are spectra (FREQUENCIES, RINGS) from `describe`.
    """
    product = np.sum((_mirrored(a) if mirrored else a).conj() * b, axis=1)
    correlation = _over_angles(product, FINE_ANGLES)
    best = int(correlation.argmax())
    return best * (360 / FINE_ANGLES), float(correlation[best])


def repeat(a: np.ndarray, mirrored: bool, degrees: float, side: int) -> np.ndarray:
    """Mirror the central square of `a`, uint8 (H, W), or not, turn it counter-clockwise, resize it to (side, side)."""
    square = central_square(a)
    picture = Image.fromarray(square[:, ::-1] if mirrored else square)
    return resize(np.asarray(picture.rotate(degrees, resample=Image.Resampling.BILINEAR)), side)


def grey_difference(a: np.ndarray, b: np.ndarray, mirrored: bool, degrees: float) -> float:
    """Return the mean absolute difference in grey levels between `b` and `a` transformed by `repeat`, inside a disc."""
    b = central_square(b)
    side = len(b)
    offset = np.arange(side) - (side - 1) / 2
    disc = np.hypot(offset[:, None], offset) < side / 2 - EDGE
    return float(np.abs(repeat(a, mirrored, degrees, side)[disc].astype(float) - b[disc]).mean())


def _mirrored(spectra: np.ndarray) -> np.ndarray:
    """Return the spectra of images mirrored left to right; frequencies 1, 2, ... are along the first axis."""
    sign = np.where(np.arange(1, FREQUENCIES + 1) % 2, -1, 1).astype(np.float32)
    return spectra.conj() * sign.reshape(-1, *[1] * (spectra.ndim - 1))


def _over_angles(product: np.ndarray, angles: int) -> np.ndarray:
    """Return the correlation at each of `angles` rotations from `product` (FREQUENCIES, ...): (angles, ...)."""
    padded = np.zeros((angles // 2 + 1, *product.shape[1:]), dtype=np.complex64)
    padded[1 : FREQUENCIES + 1] = product
    return fft.irfft(padded, n=angles, axis=0, norm="forward", overwrite_x=True)
