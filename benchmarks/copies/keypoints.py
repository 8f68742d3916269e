"""Describe an image for the search for warped copies: its keypoints, and where it shows tissue.

Keypoints are SIFT (Lowe, IJCV 60, 2004, doi 10.1023/B:VISI.0000029664.99615.94) on the image after CLAHE, with
descriptors as square roots (RootSIFT: Arandjelovic & Zisserman, CVPR 2012, doi 10.1109/CVPR.2012.6248018). Keypoints
lie on tissue: text and marks burned into the background are alike in unlike images.
"""

import dataclasses
import functools
from typing import Any

import cv2
import numpy as np

SIDE = 224  # pixels of the longer side
KEYPOINTS = 200
DETECTED = 300  # before those outside the tissue are left out
BIAS = np.float32(0.25)  # pixels: OpenCV's SIFT doubles the image without regard to the centres of pixels
STROKE = 7  # pixels: bright structures narrower than this are no tissue but text, scales and film edges
AROUND = 9  # pixels of the area whose range of grey levels tells whether it is empty
CONSTANT = 1  # grey levels: an area with a smaller range is empty
FLAT, DARK, BRIGHT = 4, 32, 250  # grey levels: the same in dark and in saturated areas
RIM = 5  # pixels at the border of the tissue, whose outline is alike in unlike images
UNIT = 512  # of a descriptor: its square roots, 0 to 1, are kept as bytes in steps of 1 / UNIT
MOST_CLIP = 3.0  # CLAHE: contrast limit
# A descriptor has 4 x 4 cells of 8 directions; mirroring reverses the cells across the keypoint's direction.
MIRRORED = np.arange(128).reshape(4, 4, 8)[::-1, :, -np.arange(8) % 8].ravel()


@dataclasses.dataclass(frozen=True)
class Film:
    """A described image.

    `pixels` is uint8 (h, w) with a longer side of SIDE, `tissue` bool (h, w), `shape` the (height, width) of the image
    before. `points` is float32 (k, 2), x and y in `pixels`; `descriptors` is uint8 (k, 128).
    """

    pixels: np.ndarray
    tissue: np.ndarray
    shape: tuple[int, int]
    points: np.ndarray
    descriptors: np.ndarray

    def mirrored(self) -> "Film":
        """Return the description of the image mirrored left to right, without a second extraction."""
        flipped = self.points * (-1, 1) + (self.pixels.shape[1] - 1, 0)
        return Film(
            np.ascontiguousarray(self.pixels[:, ::-1]),
            np.ascontiguousarray(self.tissue[:, ::-1]),
            self.shape,
            flipped.astype(np.float32),
            self.descriptors[:, MIRRORED],
        )

    def to_image(self) -> np.ndarray:
        """Matrix (3, 3) from coordinates in `pixels` to coordinates in the image before, pixel centres on integers."""
        y, x = (before / now for before, now in zip(self.shape, self.pixels.shape, strict=True))
        return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])


def describe(image: np.ndarray) -> Film:
    """Describe an image, uint8 (H, W)."""
    height, width = image.shape
    factor = SIDE / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    pixels = cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    tissue = _tissue(pixels)
    clahe, sift = _tools()
    keypoints, raw = sift.detectAndCompute(clahe.apply(pixels), tissue.astype(np.uint8))
    best = np.argsort([-keypoint.response for keypoint in keypoints], kind="stable")[:KEYPOINTS]
    points = np.array([keypoints[n].pt for n in best], dtype=np.float32).reshape(-1, 2) - BIAS
    chosen = raw[best] if len(best) else np.zeros((0, 128), np.float32)
    roots = np.sqrt(chosen / np.maximum(chosen.sum(axis=1, keepdims=True), 1))
    return Film(pixels, tissue, (height, width), points, np.minimum(np.round(roots * UNIT), 255).astype(np.uint8))


@functools.cache
def _tools() -> tuple[Any, Any]:
    clahe = cv2.createCLAHE(MOST_CLIP, (8, 8))
    return clahe, cv2.SIFT.create(nfeatures=DETECTED, contrastThreshold=0.005, edgeThreshold=20)


def _tissue(pixels: np.ndarray) -> np.ndarray:
    """Return where an image, uint8 (h, w), shows tissue: bool (h, w), without flat areas, text and their rims."""
    disc = _disc(STROKE)
    opened = cv2.morphologyEx(pixels, cv2.MORPH_OPEN, disc)
    around = _disc(AROUND)
    span, opened_span = (cv2.dilate(one, around) - cv2.erode(one, around) for one in (pixels, opened))
    empty = (span <= CONSTANT) | ((opened_span <= FLAT) & ((opened <= DARK) | (opened >= BRIGHT)))
    # An island narrower than the rim is an edge between two empty areas.
    shown = cv2.morphologyEx((~empty).astype(np.uint8), cv2.MORPH_CLOSE, disc)
    inner = cv2.erode(shown, _disc(2 * RIM + AROUND), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    # Film edges and frames run along the border of the image.
    inner[:RIM] = inner[-RIM:] = inner[:, :RIM] = inner[:, -RIM:] = 0
    return inner.astype(bool)


def _disc(side: int) -> np.ndarray:
    side = side | 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
