"""Find copies of an image that were cropped, zoomed, shifted, sheared or seen in mild perspective, from pixels alone.

Three steps: describe each image by its keypoints (keypoints.py); ask an index for the images with the most similar
ones (candidates.py); register each pair on its keypoints and correlate the tissue of both (registration.py).
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd

from benchmarks.copies.candidates import candidates
from benchmarks.copies.keypoints import SIDE, Film, describe
from benchmarks.copies.registration import brought, judged, register

COLUMNS = ["a", "b", "similarity", "mirrored", "kind"]


def search(films: Sequence[Film], n_first: int | None = None) -> pd.DataFrame:
    """Return every pair of copies, and of frames of one scan, among described images.

    With `n_first`, only pairs of one of the first `n_first` and one of the others. Columns a, b (numbers, a < b),
    similarity (correlation of the tissue after registration), mirrored (bool) and kind (copy or same_scan), each pair
    once.
    """
    found = []
    for a, b, mirrored in candidates(films, n_first).itertuples(index=False):
        registration = register(films[a], films[b], bool(mirrored))
        if registration is not None and (kind := judged(registration)):
            found.append((a, b, registration.similarity, bool(mirrored), kind))
    table = pd.DataFrame(found, columns=COLUMNS).astype({"a": int, "b": int, "similarity": float, "mirrored": bool})
    best = table.sort_values("similarity", ascending=False).drop_duplicates(["a", "b"])
    return best.sort_values(["a", "b"]).reset_index(drop=True)


@dataclasses.dataclass(frozen=True)
class Relation:
    """What makes image b of image a, after mirroring or not.

    `rotation` is in degrees counter-clockwise, 0 to below 360. `scale` is the zoom in frames of equal size, `shift` how
    far the frame's centre moves as a share of the longer side, `overlap` the share of a's frame that b shows, `stretch`
    the ratio of the zooms along two axes, and `perspective` the change of zoom across the frame. `matrix` (3, 3) maps
    coordinates in the mirrored image a to image b, with pixel centres on integers. `grey_difference` is the mean
    absolute difference of the tissue seen in both.
    """

    mirrored: bool
    rotation: float
    scale: float
    shift: float
    overlap: float
    stretch: float
    perspective: float
    similarity: float
    grey_difference: float
    matrix: np.ndarray


def relation(a: Film, b: Film, mirrored: bool) -> Relation | None:
    """Return what makes film `b` of film `a`, None if they can't be registered."""
    found = register(a, b, mirrored)
    if found is None:
        return None
    if mirrored:
        a = a.mirrored()
    (height, width), matrix = a.pixels.shape, found.matrix
    centre = matrix @ ((width - 1) / 2, (height - 1) / 2, 1)
    # The derivative at the centre is the affine transform closest to the homography there.
    local = (matrix[:2, :2] - np.outer(centre[:2] / centre[2], matrix[2, :2])) / centre[2]
    left, stretches, right = np.linalg.svd(local)
    turn = left @ right
    moved = centre[:2] / centre[2] - (np.array(b.pixels.shape[::-1]) - 1) / 2
    frame = cv2.warpPerspective(np.ones(a.pixels.shape, np.uint8), matrix, b.pixels.shape[::-1])
    one, other, seen = brought(a, b, matrix)
    return Relation(
        mirrored=mirrored,
        rotation=float(np.degrees(np.arctan2(-turn[1, 0], turn[0, 0])) % 360),
        scale=float(np.sqrt(stretches.prod())),
        shift=float(np.hypot(*moved) / SIDE),
        overlap=float(min(1, frame.sum() / (a.pixels.size * stretches.prod()))),
        stretch=float(stretches[0] / stretches[1]),
        perspective=float(np.hypot(*matrix[2, :2]) * SIDE),
        similarity=found.similarity,
        grey_difference=float(np.abs(one - other)[seen].mean()) if seen.any() else np.nan,
        matrix=b.to_image() @ matrix @ np.linalg.inv(a.to_image()),
    )


def repeat(a: np.ndarray, b: np.ndarray, mirrored: bool) -> np.ndarray:
    """Return image `a`, uint8 (H, W), mirrored or not and warped onto image `b`, in the shape of `b`.

    Parts of `b` that `a` doesn't show are black, and so is all if the images can't be registered.
    """
    found = relation(describe(a), describe(b), mirrored)
    if found is None:
        return np.zeros_like(b)
    image = np.ascontiguousarray(a[:, ::-1]) if mirrored else a
    return cv2.warpPerspective(image, found.matrix, b.shape[::-1], flags=cv2.INTER_AREA)
