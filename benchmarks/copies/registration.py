"""Register two images on their keypoints, and compare their tissue pixel by pixel."""

import dataclasses

import cv2
import numpy as np

from benchmarks.copies.keypoints import Film

RATIO = 0.9  # of a keypoint's distance to its match and to the next one
REACH = 3.0  # pixels between a keypoint and its match after registration
LEAST_INLIERS = 8
LEAST_OF_HOMOGRAPHY = 20  # matches
SCALES = (0.3, 3.5)
MOST_ANISOTROPY = 1.6
SMOOTHING = 6.0  # pixels: standard deviation of the local mean and local standard deviation
FLOOR = 3.0  # grey levels: noise below is not amplified
BLUR = 1.0  # pixels: removes what compression and interpolation change
LEAST_SEEN = 1000  # pixels of tissue seen in both images
CELL = 28  # pixels: inliers have to lie in LEAST_CELLS squares of this side
LEAST_CELLS = 4
COPY, SAME_SCAN = "copy", "same_scan"  # kinds of pairs
# Bounds between copies, frames of one scan and other images (benchmarks/reference/warped_copies.csv)
LEAST_OF_COPY, LEAST_OF_SCAN, MOST_OF_SCAN = 0.6, 0.5, 0.8  # similarity
INLIERS_OF_SCAN = 12  # or more
FLOW, FAR_FLOW, RESIDUAL = 0.48, 2.0, 0.55  # pixels: the tissue of one scan moves more, but not farther than FAR_FLOW
PLAUSIBLE = 0.25  # correlation after the affine registration from which the registration is refined


@dataclasses.dataclass(frozen=True)
class Registration:
    """How image a, first mirrored or not, becomes image b.

    `matrix` (3, 3) maps coordinates in the pixels of film a (after mirroring) to those of film b. `similarity` is the
    correlation of the tissue seen in both, `inliers` the number of keypoints that agree. `flow` is
    the median of how far parts of the tissue have moved against the others, `residual` the median distance of matching
    keypoints, both in pixels (0 below LEAST_OF_SCAN, where they aren't needed).
    """

    matrix: np.ndarray
    inliers: int
    similarity: float
    flow: float = 0.0
    residual: float = 0.0


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
    found = Registration(matrix, int(inside.sum()), similarity(a, b, matrix))
    if found.similarity < PLAUSIBLE:
        return found
    start, goal = a.points[one], b.points[other]
    for refine in (lambda matrix: _homography(start, goal, matrix), lambda matrix: _refined(a, b, matrix)):
        refined = refine(found.matrix)
        if refined is not None and _plausible(refined):
            better = Registration(refined, found.inliers, similarity(a, b, refined))
            found = max(found, better, key=lambda one: one.similarity)
    if found.similarity < LEAST_OF_SCAN:
        return found
    distances = _distances(start, goal, found.matrix)
    residual = float(np.median(distances[distances < 2 * REACH]))
    return dataclasses.replace(found, flow=_flow(a, b, found.matrix), residual=residual)


def judged(registration: Registration, alike: bool = False) -> str | None:
    """Return COPY or SAME_SCAN, None for unrelated images; `alike` says that another search found the pair.

    One transform of the whole image explains a copy, up to sharpness and contrast. In frames of one scan, parts of the
    tissue move against each other, and some of the speckle is new.
    """
    similar, flow = registration.similarity, registration.flow
    moved = flow > FLOW and registration.residual > RESIDUAL
    if similar >= (MOST_OF_SCAN if moved else LEAST_OF_COPY):
        return COPY
    near = moved and flow <= FAR_FLOW and (alike or registration.inliers >= INLIERS_OF_SCAN)
    return SAME_SCAN if near and similar >= LEAST_OF_SCAN else None


def _matches(a: Film, b: Film) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of keypoints in `a` and `b` that are each other's nearest and clearly nearer than the next."""
    if min(len(a.points), len(b.points)) < LEAST_INLIERS:
        return np.zeros(0, int), np.zeros(0, int)
    x, y = a.descriptors.astype(np.float32), b.descriptors.astype(np.float32)
    distance: np.ndarray = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T  # whole numbers: exact
    forth, back = distance.argmin(axis=1), distance.argmin(axis=0)
    own = np.arange(len(x))
    two = np.partition(distance, 1, axis=1)[:, :2]
    kept = (back[forth] == own) & (two[:, 0] < RATIO**2 * two[:, 1])
    return own[kept], forth[kept]


def _plausible(matrix: np.ndarray) -> bool:
    """Return whether scale and anisotropy of a matrix, (2, 3) or (3, 3), can be those of a copy."""
    large, small = np.linalg.svd(matrix[:2, :2], compute_uv=False)
    positive = np.linalg.det(matrix[:2, :2]) > 0
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
    """Return the correlation of the tissue seen in both images after local normalisation.

    The correlation is 0 if fewer than LEAST_SEEN pixels are seen.
    """
    one, other, seen = brought(a, b, matrix)
    if seen.sum() < LEAST_SEEN:
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


def _homography(start: np.ndarray, goal: np.ndarray, matrix: np.ndarray) -> np.ndarray | None:
    """Return the homography of the matches near those of `matrix`, None if there are too few."""
    near = _distances(start, goal, matrix) < 2 * REACH
    if near.sum() < LEAST_OF_HOMOGRAPHY:
        return None
    found, _ = cv2.findHomography(start[near], goal[near], cv2.RANSAC, REACH / 2)
    return found


def _distances(start: np.ndarray, goal: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the distances in pixels between the points `start` mapped by `matrix` and `goal`, both (k, 2)."""
    mapped = np.column_stack([start, np.ones(len(start))]) @ matrix.T
    return np.hypot(*(mapped[:, :2] / mapped[:, 2:] - goal).T)


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


def _flow(a: Film, b: Film, matrix: np.ndarray) -> float:
    """Return how far tissue moves against the median movement after registration, in pixels: the median.

    The movement is the optical flow of the locally normalised images (Farneback, SCIA 2003,
    doi 10.1007/3-540-45103-X_50).
    """
    one, other, seen = brought(a, b, matrix)
    x, y = (np.clip(128 + 50 * normalised(pixels, seen), 0, 255).astype(np.uint8) for pixels in (one, other))
    flow = cv2.calcOpticalFlowFarneback(x, y, None, 0.5, 2, 21, 3, 7, 1.5, 0)[seen]  # type: ignore[call-overload]
    return float(np.median(np.hypot(*(flow - np.median(flow, axis=0)).T)))
