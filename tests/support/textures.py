"""Different images with texture, and transforms that a data set may apply."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage


def texture(seed: int, side: int = 128) -> np.ndarray:
    """Return blotches a few pixels wide, uint8 (side, side)."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    smooth = ndimage.gaussian_filter(noise, 3, mode="wrap")
    return np.clip(120 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def turned(image: np.ndarray, degrees: float) -> np.ndarray:
    """Rotate counter-clockwise about the centre, with black corners."""
    return np.asarray(Image.fromarray(image).rotate(degrees, resample=Image.Resampling.BILINEAR))


def resized(image: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))


def recompressed(image: np.ndarray, quality: int) -> np.ndarray:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))
