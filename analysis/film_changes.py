"""Changes of films that data sets and augmentation make: geometry drawn at random, and what comes with it."""

import io
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image
from skimage import exposure

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Compress and decode an image, uint8 (H, W)."""
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


def turn(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rotate an image by any angle, with black corners."""
    return np.asarray(Image.fromarray(image).rotate(rng.uniform(0, 360), resample=Image.Resampling.BILINEAR))


def clahe(image: np.ndarray) -> np.ndarray:
    """Enhance the contrast of an image by CLAHE with a clip limit of 0.03."""
    return np.round(exposure.equalize_adapthist(image, clip_limit=0.03) * 255).astype(np.uint8)


def crop(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Keep 60% to 100% of the area, at any place, in sides of a ratio changed by at most 1.25; half are resized."""
    height, width = image.shape
    area, ratio = rng.uniform(0.6, 1), np.exp(rng.uniform(-1, 1) * np.log(1.25))
    rows = min(1, np.sqrt(area * ratio))
    columns = min(1, area / rows)
    h, w = round(height * area / columns), round(width * columns)
    top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    kept = image[top : top + h, left : left + w]
    return kept if rng.random() < 0.5 else np.asarray(Image.fromarray(kept).resize((width, height)))


def zoom(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Zoom about the centre by 0.7 to 1.4, in the same frame."""
    return _affine(image, np.eye(2) * rng.uniform(0.7, 1.4))


def shift(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift along both axes by up to 20% of the side, in the same frame."""
    return _affine(image, np.eye(2), rng.uniform(-0.2, 0.2, 2))


def shear(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shear along one axis by up to 8 degrees, in the same frame."""
    matrix = np.eye(2)
    matrix[(0, 1) if rng.random() < 0.5 else (1, 0)] = np.tan(np.radians(rng.uniform(-8, 8)))
    return _affine(image, matrix)


def perspective(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move each corner by up to 3% of the side."""
    height, width = image.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    moved = corners + rng.uniform(-0.03, 0.03, (4, 2)).astype(np.float32) * (width, height)
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_LINEAR)


GEOMETRY: dict[str, Change] = {
    "cropped": crop,
    "zoomed": zoom,
    "shifted": shift,
    "sheared": shear,
    "perspective": perspective,
}
WITH: dict[str, Change] = {
    "alone": lambda image, rng: image,
    "rotated": turn,
    "mirrored": lambda image, rng: image[:, ::-1],
    "CLAHE": lambda image, rng: clahe(image),
    "JPEG 60": lambda image, rng: jpeg(image, 60),
    "halved": lambda image, rng: np.asarray(Image.fromarray(image).resize([side // 2 for side in image.shape[::-1]])),
}


def _affine(image: np.ndarray, matrix: np.ndarray, moved: np.ndarray | tuple[float, float] = (0, 0)) -> np.ndarray:
    """Transform an image about its centre, then shift it by shares of its width and height, in the same frame."""
    size = np.array(image.shape[::-1])
    centre = (size - 1) / 2
    offset = centre - matrix @ centre + np.asarray(moved) * size
    whole = np.column_stack([matrix, offset])
    return cv2.warpAffine(image, whole, tuple(map(int, size)), flags=cv2.INTER_LINEAR)
