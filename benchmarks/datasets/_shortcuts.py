"""Drawing of the planted artefacts of data set `planted`. Sizes are fractions of the image side."""

import dataclasses

import numpy as np

from benchmarks.datasets._copies import transform_boxes, transform_image, transform_mask
from benchmarks.datasets._phantom_drawing import CLAHE_BACKGROUND, Picture, letters, stamped

TURNED_BY = 330  # degrees counter-clockwise; the first published copy of every benign source
LETTER_SCALE = 1 / 32  # side of one square of a letter; a letter is five squares high
LINE_WIDTH, LINE = 1 / 48, 200  # width and grey level of the border


def turn(state: str) -> int:
    """Return the rotation of an image in `state`, in degrees counter-clockwise."""
    return TURNED_BY if state == "turned" else 0


def plant(picture: Picture, shortcut: str, state: str, laterality: str, top: bool) -> Picture:
    """Return `picture`, drawn without a marker, with the artefact of `shortcut` in `state`.

    Only `rotation` moves breast and box. Labels are in the upper corner if `top`, else in the lower one.
    """
    image, side = picture.image, len(picture.image)
    if state == "turned":
        [box] = transform_boxes([picture.box], False, TURNED_BY)  # every mass stays inside the image
        breast = transform_mask(picture.breast, False, TURNED_BY)
        return Picture(transform_image(image, False, TURNED_BY), breast, box)
    if shortcut == "label":
        image = stamped(image, letters(state, round(side * LETTER_SCALE)), laterality, top)
    elif state == "present":
        block = np.ones_like(letters("B", round(side * LETTER_SCALE)))
        image = stamped(image, block, laterality, top)
    elif state == "grey":
        image = np.where(picture.breast, image, CLAHE_BACKGROUND).astype(np.uint8)
    elif state == "line":
        width, image = round(side * LINE_WIDTH), image.copy()
        image[:, slice(-width, None) if laterality == "L" else slice(width)] = LINE
    return dataclasses.replace(picture, image=image)
