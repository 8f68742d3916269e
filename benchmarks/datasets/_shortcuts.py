"""Draws the planted artefacts of data set `planted` onto a phantom. Sizes are fractions of the image's side."""

import dataclasses

import numpy as np

from benchmarks.datasets._copies import transform_boxes, transform_image
from benchmarks.datasets._phantom_drawing import CLAHE_BACKGROUND, Picture, letters, stamped

TURNED_BY = 330  # degrees counter-clockwise; the first published copy of every benign source
LETTER_SCALE = 1 / 32  # of a pixel of a letter, which is five of them high: 20 px of 128
LINE_WIDTH, LINE = 1 / 48, 200  # of the border, and its grey level


def turn(state: str) -> int:
    """By how many degrees counter-clockwise an image in `state` is turned."""
    return TURNED_BY if state == "turned" else 0


def plant(picture: Picture, shortcut: str, state: str, laterality: str, top: bool) -> Picture:
    """`picture`, drawn without a marker, with the artefact of `shortcut` in `state`.

    Only `rotation` moves breast and box. `top` says in which corner labels stand.
    """
    image, side = picture.image, len(picture.image)
    if state == "turned":
        breast = transform_image(picture.breast.astype(np.uint8) * 255, False, TURNED_BY) >= 128
        # No mass lies so far out that it leaves the image.
        [box] = transform_boxes([picture.box], False, TURNED_BY)
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
