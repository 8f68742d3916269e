"""Network and segmentation of MammoFlow."""

import cv2
import numpy as np
from skimage import measure

ABOVE = 10  # grey levels of the threshold above the mean of the regions


def segmented(image):
    """Return the binary mask of a film, uint8 (S, S) of 0 and 255.

    Connected regions of equal grey level are found, and what is brighter than the mean of the regions' intensities,
    each counted once, plus 10 remains; then an opening by 3 x 3.
    """
    regions, first = np.unique(measure.label(image), return_index=True)
    levels = image.ravel()[first][regions > 0]
    mask = (image > (levels.mean() if len(levels) else 0) + ABOVE).astype(np.uint8) * 255
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))


def vgg16(inputs, classes, *, width=1.0):
    """Softmax outputs (N, classes) from masks (N, S, S, 1). `width` scales the channels."""
    from architectures.vgg16 import vgg16 as network

    return network.build_published(inputs, classes, width=width)
