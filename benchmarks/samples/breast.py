"""Segmentation of the breast in a mammogram."""

import numpy as np
from PIL import Image
from scipy.ndimage import binary_fill_holes, binary_opening
from skimage.filters import threshold_otsu
from skimage.measure import label

WORKING_SIDE = 128  # pixels; enough for the outline
FLAT_SHARE = 0.01  # of the image: a dark grey level this frequent is background, not tissue
RISE = 0.15  # threshold of the breast, as a share of the difference from background to tissue
MARGIN = 4  # grey levels of noise and resampling around a flat background


def segment_breast(image: np.ndarray) -> np.ndarray:
    """Return the breast mask of `image`.

    `image` is uint8 (H, W). The mask is bool (H, W): the largest connected component, with filled holes, of the pixels
    brighter than the background. The background may be black, the uniform grey (about 23) that CLAHE makes of black, or
    both, in enhanced images with black corners after a rotation. An image without contrast has an empty mask.
    """
    height, width = image.shape
    scale = min(1.0, WORKING_SIDE / max(height, width))
    small = Image.fromarray(image)
    if scale < 1:
        small = small.resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BOX)
    pixels = np.asarray(small)
    if pixels.min() == pixels.max():
        return np.zeros(image.shape, bool)
    bright = binary_opening(pixels > _breast_threshold(pixels))
    components = label(bright, connectivity=1)
    sizes = np.bincount(components.ravel())[1:]
    if not sizes.size:
        return np.zeros(image.shape, bool)
    mask = binary_fill_holes(components == sizes.argmax() + 1)
    return np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))


def _breast_threshold(pixels: np.ndarray) -> float:
    otsu = threshold_otsu(pixels)
    counts = np.bincount(pixels.ravel(), minlength=256)
    frequent = np.flatnonzero(counts[: int(otsu) + 1] >= FLAT_SHARE * pixels.size)
    background = frequent.max() if frequent.size else np.median(pixels[pixels <= otsu])
    tissue = np.median(pixels[pixels > otsu])
    return background + max(MARGIN, RISE * (tissue - background))
