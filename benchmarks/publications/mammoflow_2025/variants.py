"""Network and segmentation of MammoFlow."""

import cv2
import numpy as np
from skimage import measure

import architectures

ABOVE = 10  # grey levels of the threshold above the mean of the regions


def segmented(image):
    """Return the binary mask of a film, uint8 (S, S) of 0 and 255.

    Connected regions of equal grey level are found; grey level 0 is background, pixels that touch at a corner are
    connected. Pixels brighter than the mean of the regions' grey levels, each region counted once, plus 10 remain; then
    follows an opening by 3 x 3.
    """
    regions, first = np.unique(measure.label(image), return_index=True)
    levels = image.ravel()[first][regions > 0]
    mask = (image > (levels.mean() if len(levels) else 0) + ABOVE).astype(np.uint8) * 255
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))


def vgg16(inputs, classes, *, width=1.0, blocks=(2, 2, 3, 3, 3)):
    """Softmax outputs (N, classes) from masks (N, S, S, 1). `width` scales the channels, `blocks` are convolutions."""
    return architectures.load("vgg16").build_published(inputs, classes, width=width, blocks=blocks)
