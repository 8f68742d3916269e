"""Crops: the part of a film that a view shows, found on the film's own pixels.

A window is (left, top, width, height) in whole pixels of the film; it may reach beyond the film's edges. Boxes are
[x, y, w, h] in fractions of an image's width and height.
"""

from typing import Literal

import numpy as np

MARGIN = 1.6  # side of a box crop, as a multiple of the longer side of the largest lesion
LEAST = 40  # pixels: smallest side of a box crop

Window = tuple[int, int, int, int]


def whole(shape: tuple[int, int]) -> Window:
    """Return the window that is the whole film of `shape` (H, W)."""
    return 0, 0, shape[1], shape[0]


def around_boxes(boxes: list[list[float]], shape: tuple[int, int]) -> Window:
    """Return the square around the largest of `boxes`, at least one, of a film of `shape` (H, W).

    The side is MARGIN times the longer side of the box, at least LEAST, and even. The square is shifted into the film;
    where the square is longer than the film, the film lies inside the square.
    """
    film = np.array(shape[::-1])
    x, y, width, height = max(boxes, key=lambda box: box[2] * box[3])
    longer = max(width * film[0], height * film[1])
    side = max(2 * round(MARGIN * longer / 2), LEAST)
    centre = np.array([x + width / 2, y + height / 2]) * film
    room = film - side
    start = np.clip(np.round(centre - side / 2), np.minimum(room, 0), np.maximum(room, 0))
    return int(start[0]), int(start[1]), side, side


def surroundings(part: Window) -> Window:
    """Return the square of twice the side of the square `part`, around the same centre."""
    left, top, side, _ = part
    return left - side // 2, top - side // 2, 2 * side, 2 * side


def around_breast(breast: np.ndarray) -> Window:
    """Return the bounding box of the mask `breast`, bool (H, W); the whole film for an empty mask."""
    if not breast.any():
        return whole(breast.shape)
    rows, columns = np.flatnonzero(breast.any(axis=1)), np.flatnonzero(breast.any(axis=0))
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def cropped(image: np.ndarray, part: Window, beyond: Literal["constant", "reflect"] = "constant") -> np.ndarray:
    """Return the window `part` of `image`, (H, W) of any dtype.

    Pixels `beyond` the film are zero (constant), or the part inside the film is continued by reflection.
    """
    left, top, width, height = part
    inside = image[max(top, 0) : top + height, max(left, 0) : left + width]
    missing = [
        (max(-start, 0), max(start + long - has, 0))
        for start, long, has in zip((top, left), (height, width), image.shape, strict=True)
    ]
    return np.pad(inside, missing, mode=beyond)


def fractions(part: Window, shape: tuple[int, int]) -> list[float]:
    """Return the window as fractions [x, y, w, h] of a film of `shape` (H, W)."""
    return [pixels / shape[axis] for pixels, axis in zip(part, (1, 0, 1, 0), strict=True)]


def moved(boxes: list[list[float]], part: list[float]) -> list[list[float]]:
    """Return `boxes` of a film as boxes of its `part`, in `fractions`; cut at its edges, left out beyond them."""
    kept = []
    for box in boxes:
        low, high = (
            np.clip((np.array(end) - part[:2]) / part[2:], 0, 1) for end in (box[:2], np.add(box[:2], box[2:]))
        )
        if (high > low).all():
            kept.append([float(value) for value in (*low, *(high - low))])
    return kept
