"""Register two images on their keypoints, and compare their tissue pixel by pixel."""

import dataclasses

import cv2
import numpy as np

from benchmarks.copies.keypoints import Film

RATIO = 0.9  # of a keypoint's distance to its match and to the next one
REACH = 3.0  # pixels between a keypoint and its match after registration
LEAST_INLIERS = 6
SCALES = (0.3, 3.5)
MOST_ANISOTROPY = 1.6
SMOOTHING = 6.0  # pixels: standard deviation of the local mean and local standard deviation
FLOOR = 3.0  # grey levels: noise below is not amplified
BLUR = 1.0  # pixels: removes what compression and interpolation change
LEAST_OVERLAP = 2500  # pixels of tissue seen in both images
CELL = 28  # pixels: inliers have to lie in LEAST_CELLS squares of this side
LEAST_CELLS = 4
COPY, SAME_SCAN = "copy", "same_scan"  # kinds of pairs
LEAST_SIMILARITY = 0.5  # of a copy, and of frames of one scan
PLAUSIBLE = 0.25  # correlation after the affine registration from which the registration is refined


@dataclasses.dataclass(frozen=True)
class Registration:
    """How image a, first mirrored or not, becomes image b.

    `matrix` (3, 3) maps coordinates in the pixels of film a (after mirroring) to those of film b. `similarity` is the
    correlation of the tissue seen in both, `inliers` the number of keypoints that agree.
    """

    mirrored: bool
    matrix: np.ndarray
    inliers: int
    similarity: float


def register(a: Film, b: Film, mirrored: bool) -> Registration | None:
    """Register film `a`, mirrored or not, on film `b`. None if too few keypoints agree on one plausible transform."""
    if mirrored:
        a = a.mirrored()
    one, other = _matches(a, b)
    if len(one) < LEAST_INLIERS:
        return None
    affine, inlier = cv2.estimateAffine2D(
        a.points[one], b.points[other], method=cv2.RANSAC, ransacReprojThreshold=REACH, maxIters=2000, confidence=0.999
    )
    if affine is None:
        return None
    inside = inlier.ravel().astype(bool)
    spread = len(np.unique(b.points[other][inside] // CELL, axis=0))
    if inside.sum() < LEAST_INLIERS or spread < LEAST_CELLS or not _plausible(affine):
        return None
    matrix = np.vstack([affine, [0, 0, 1]])
    found = Registration(mirrored, matrix, int(inside.sum()), similarity(a, b, matrix))
    if found.similarity < PLAUSIBLE or (refined := _refined(a, b, matrix)) is None:
        return found
    better = similarity(a, b, refined)
    return found if better <= found.similarity else Registration(mirrored, refined, found.inliers, better)


def judged(registration: Registration) -> str | None:
    """Return COPY or SAME_SCAN, None for unrelated images."""
    return COPY if registration.similarity >= LEAST_SIMILARITY else None


def _matches(a: Film, b: Film) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of keypoints in `a` and `b` that are each other's nearest and clearly nearer than the next."""
    if min(len(a.points), len(b.points)) < LEAST_INLIERS:
        return np.zeros(0, int), np.zeros(0, int)
    x, y = a.descriptors.astype(np.float32), b.descriptors.astype(np.float32)
    distance = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
    forth, back = distance.argmin(axis=1), distance.argmin(axis=0)
    own = np.arange(len(x))
    two = np.partition(distance, 1, axis=1)[:, :2]
    kept = (back[forth] == own) & (two[:, 0] < RATIO**2 * two[:, 1])
    return own[kept], forth[kept]


def _plausible(affine: np.ndarray) -> bool:
    large, small = np.linalg.svd(affine[:, :2], compute_uv=False)
    positive = np.linalg.det(affine[:, :2]) > 0
    return bool(positive and SCALES[0] <= small and large <= SCALES[1] and large <= MOST_ANISOTROPY * small)


def brought(a: Film, b: Film, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pixels of both on the coarser grid of the two, float32, and the tissue seen in both, bool."""
    scale = np.sqrt(np.linalg.det(matrix[:2, :2]))
    if scale > 1:
        a, b, matrix = b, a, np.linalg.inv(matrix)
        scale = 1 / scale
    height, width = b.pixels.shape
    source: np.ndarray = a.pixels.astype(np.float32)
    if scale < 0.95:
        source = cv2.GaussianBlur(source, (0, 0), 0.5 * np.sqrt(1 / scale**2 - 1))
    warped = cv2.warpPerspective(source, matrix, (width, height), flags=cv2.INTER_LINEAR)
    seen = cv2.warpPerspective(a.tissue.astype(np.uint8), matrix, (width, height), flags=cv2.INTER_NEAREST)
    return warped, b.pixels.astype(np.float32), (seen > 0) & b.tissue


def similarity(a: Film, b: Film, matrix: np.ndarray) -> float:
    """Return the correlation of the tissue seen in both images after local normalisation, 0 if too little is seen."""
    one, other, seen = brought(a, b, matrix)
    if seen.sum() < LEAST_OVERLAP:
        return 0.0
    x, y = (normalised(pixels, seen)[seen] for pixels in (one, other))
    energy = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / energy) if energy > 0 else 0.0


def normalised(pixels: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Subtract the local mean and divide by the local standard deviation, of the pixels in `seen` alone: float32."""
    pixels = cv2.GaussianBlur(pixels, (0, 0), BLUR)
    mask = seen.astype(np.float32)
    weight = np.maximum(cv2.GaussianBlur(mask, (0, 0), SMOOTHING), 1e-3)
    mean = cv2.GaussianBlur(pixels * mask, (0, 0), SMOOTHING) / weight
    variance = cv2.GaussianBlur((pixels - mean) ** 2 * mask, (0, 0), SMOOTHING) / weight
    return (pixels - mean) / np.sqrt(variance + FLOOR**2) * mask


def _refined(a: Film, b: Film, matrix: np.ndarray) -> np.ndarray | None:
    """Return `matrix` after maximising the correlation of the pixels, as a homography (Evangelidis & Psarakis 2008)."""
    x, y = (normalised(film.pixels.astype(np.float32), film.tissue) for film in (a, b))
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    start = np.linalg.inv(matrix).astype(np.float32)
    try:
        _, found = cv2.findTransformECC(
            y, x, start / start[2, 2], cv2.MOTION_HOMOGRAPHY, criteria, b.tissue.astype(np.uint8), 5
        )
    except cv2.error:  # the correlation doesn't converge
        return None
    result = np.linalg.inv(found.astype(float))
    return result / result[2, 2]
