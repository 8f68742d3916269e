"""Regions of a film, and for each region a similar place elsewhere as a control.

All masks are bool (S, S).
"""

import numpy as np
from scipy.ndimage import binary_dilation, distance_transform_edt, find_objects, gaussian_filter, label
from scipy.signal import fftconvolve

BORDER = 0.03  # of the side: the frame's width
CORNER = 0.1  # of the side: a corner square's side

LABEL_CONTRAST = 40  # grey levels above the background: more than the even grey that CLAHE makes of black
LABEL_GAP = 0.06  # of the side: letters no further apart are one label
LABEL_AREA = (0.001, 0.12)  # of the image: the bounding box, from a small letter to a line of large ones
SKIN = 2  # pixels around the breast mask that belong to its outline
DIAGONAL = np.ones((3, 3), bool)  # pixels that touch at a corner are neighbours

WALL = 0.05  # of the side: how near to an edge of the image the breast comes at the chest wall
MUSCLE_WIDTH = (0.1, 0.75)  # of the side, along the top
MUSCLE_HEIGHT = (0.2, 1.3)  # of the side, along the chest wall, which may end before
SLOPE = (40, 80)  # degrees of the muscle's edge to the horizontal
LINES, POINTS = 32, 32  # widths and heights tried, and points looked at along a line
REACH = 0.035  # of the side: how far to either side of a line grey levels are read
NEAR_SKIN = 0.05  # of the side: so near to the skin the breast gets thin and dark
LINE_SHARE = 0.5  # of a line's points, at least, lie in the breast
SOFT_EDGE = 0.015  # of the side: half the width of the muscle's edge, which belongs to it
MUSCLE_CONTRAST = 5.0  # grey levels, at least, between the muscle and what is beside it

FIT = 0.8  # of a region, at least, must find room elsewhere


def regions(image: np.ndarray, breast: np.ndarray, boxes: list, view: str | None) -> dict[str, np.ndarray]:
    """Return the masks of the regions breast, background, border, corners, labels, lesion and pectoral, if present.

    `image` is uint8 or float32 (S, S), 0..255, `breast` the breast's mask, bool (S, S), `boxes` the lesions'
    [x, y, w, h], fractions of the side. `view` is CC, MLO or unknown (None, NaN). Only MLO has a muscle, which is
    looked for in an upper corner: give no view of a turned film. The background is all but breast and labels.
    """
    side = len(image)
    labels = _labels(image, breast)
    found = {
        "breast": breast,
        "background": ~breast & ~labels,
        "border": _border(side),
        "corners": _corners(side),
        "labels": labels,
        "lesion": box_mask(boxes, side),
    }
    # An unknown view may be pandas' NA, which is neither equal to "MLO" nor not.
    if isinstance(view, str) and view == "MLO":
        found["pectoral"] = _pectoral(image, breast)
    return {name: mask for name, mask in found.items() if mask.any()}


def box_mask(boxes: list, side: int) -> np.ndarray:
    """Return the union of `boxes` [x, y, w, h], fractions of the image: bool (side, side), by pixel centres."""
    centre = (np.arange(side) + 0.5) / side
    mask = np.zeros((side, side), bool)
    for x, y, width, height in boxes:
        rows, columns = (centre >= y) & (centre < y + height), (centre >= x) & (centre < x + width)
        mask |= np.outer(rows, columns)
    return mask


def elsewhere(name: str, masks: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray | None:
    """Return a region as large as `masks[name]` in the same kind of place, without a common pixel, or None.

    `masks` are a film's `regions`. Labels are moved within the background, lesion and muscle within the breast, to a
    place drawn from those where most of the region fits, clear of skin, lesion and muscle if it fits so; the muscle may
    be turned upside down. Pixels that do not fit are made up by the nearest that do. For the border it is the frame
    inside it, for the corners the squares moved inwards along the diagonals. None for breast and background, and where
    less than FIT of the region finds room.
    """
    if name in ("breast", "background"):
        return None
    region = masks[name]
    size = int(np.count_nonzero(region))
    if name == "corners":
        return _corners(len(region), inwards=1)
    if name == "border":
        return _nearest(~region, region, size)
    kind = "background" if name == "labels" else "breast"
    if kind not in masks:
        return None
    room = masks[kind] & ~region
    clear = room & _inner(masks[kind])
    for other in {"lesion", "pectoral"} & masks.keys():
        clear &= ~masks[other]
    shapes = [region, region[::-1]] if name == "pectoral" else [region]
    for ground in (clear, room):
        moved = max((_moved(shape, ground, rng) for shape in shapes), key=lambda mask: np.count_nonzero(mask & ground))
        if np.count_nonzero(moved & ground) >= FIT * size and np.count_nonzero(ground) >= size:
            return _nearest(ground, moved, size)
    return None


def _border(side: int) -> np.ndarray:
    mask = np.ones((side, side), bool)
    width = max(1, round(BORDER * side))
    mask[width:-width, width:-width] = False
    return mask


def _corners(side: int, inwards: int = 0) -> np.ndarray:
    """Return four squares in the corners, moved `inwards` along the diagonals by that many side lengths."""
    square = max(2, round(CORNER * side))
    start, stop = inwards * square, (inwards + 1) * square
    near = np.zeros(side, bool)
    near[start:stop] = near[side - stop : side - start] = True
    return np.outer(near, near)


def _labels(image: np.ndarray, breast: np.ndarray) -> np.ndarray:
    """Return the film labels: filled bounding boxes, grown by one pixel, of bright, compact, isolated objects.

    What touches the image's edge is a line along it or another part of the body, what touches the breast its skin.
    """
    side = len(image)
    mask = np.zeros(image.shape, bool)
    if breast.all():
        return mask
    bright = ~breast & (image > np.median(image[~breast]) + LABEL_CONTRAST)
    parts, _ = label(bright, DIAGONAL)
    bound = binary_dilation(breast, DIAGONAL, iterations=SKIN)
    bound[[0, -1]] = bound[:, [0, -1]] = True
    bright &= ~np.isin(parts, parts[bound])
    groups, _ = label(binary_dilation(bright, DIAGONAL, iterations=max(1, round(LABEL_GAP * side / 2))))
    for rows, columns in find_objects(groups * bright):
        area = (rows.stop - rows.start) * (columns.stop - columns.start) / side**2
        if LABEL_AREA[0] <= area <= LABEL_AREA[1]:
            mask[rows.start - 1 : rows.stop + 1, columns.start - 1 : columns.stop + 1] = True
    return mask & ~breast


def _pectoral(image: np.ndarray, breast: np.ndarray) -> np.ndarray:
    """Return the chest muscle: the triangle between a straight line and the upper corner at the chest wall.

    The straight line with limits on its place and slope is that of Karssemeijer (Phys Med Biol 1998, 43, 365) and Kwok
    et al. (IEEE Trans Med Imaging 2004, 23, 1129). All lines are tried, and that with the largest product of step from
    bright to dark and root of its length is taken. All False if its step is below MUSCLE_CONTRAST.
    """
    side, wall = len(image), max(1, round(WALL * len(image)))
    left, right = breast[:, :wall].any(axis=1), breast[:, -wall:].any(axis=1)
    if right.sum() > left.sum():
        return _pectoral(image[:, ::-1], breast[:, ::-1])[:, ::-1]
    if not left.any():
        return np.zeros_like(breast)
    top = left.argmax()
    limits = (MUSCLE_WIDTH, MUSCLE_HEIGHT)
    width, height = (edge.ravel() * side for edge in np.meshgrid(*(np.linspace(*limit, LINES) for limit in limits)))
    slope = np.rad2deg(np.arctan2(height, width))
    allowed = (slope >= SLOPE[0]) & (slope <= SLOPE[1])
    width, height = width[allowed], height[allowed]
    step, length = _steps(image, breast, int(top), width, height)
    best = np.argmax(step * np.sqrt(length))
    if step[best] < MUSCLE_CONTRAST:
        return np.zeros_like(breast)
    across, down = width[best], height[best]
    rows, columns = np.indices(breast.shape) + 0.5
    beyond = (columns * down + (rows - top) * across - across * down) / np.hypot(across, down)
    return breast & (beyond < SOFT_EDGE * side)


def _steps(
    image: np.ndarray, breast: np.ndarray, top: int, width: np.ndarray, height: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the brightness step across lines from (row `top`, column `width`) to (row `top` + `height`, column 0).

    Width and height are pixels, (L,). Returns the lower quartile of the steps along each line, grey levels (L,), for
    which a bright gland beside a part of the line is not enough, and the length of its part in the breast, pixels (L,).
    The step is 0 of a line with too small a part there.
    """
    side = len(image)
    smooth = gaussian_filter(image.astype(np.float32), side / 64)
    inner = _inner(breast)
    along = (np.arange(POINTS) + 0.5) / POINTS
    length = np.hypot(width, height)
    levels, within = [], np.ones((len(width), POINTS), bool)
    for reach in (-REACH * side, REACH * side):
        rows = np.floor(top + np.outer(height, along) + (reach * width / length)[:, None]).astype(int)
        columns = np.floor(np.outer(width, 1 - along) + (reach * height / length)[:, None]).astype(int)
        within &= (rows >= 0) & (rows < side) & (columns >= 0) & (columns < side)
        rows, columns = rows.clip(0, side - 1), columns.clip(0, side - 1)
        within &= inner[rows, columns]
        levels.append(smooth[rows, columns])
    number = within.sum(axis=1)
    steps = np.sort(np.where(within, levels[0] - levels[1], np.inf), axis=1)
    quartile = steps[np.arange(len(steps)), number // 4]
    return np.where(number >= LINE_SHARE * POINTS, quartile, 0.0), length * number / POINTS


def _inner(mask: np.ndarray) -> np.ndarray:
    """Return the part of `mask`, breast or background, away from the skin. The image edge does not count as skin."""
    return distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1] > NEAR_SKIN * len(mask)


def _moved(region: np.ndarray, ground: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return `region` shifted to lie on `ground` as far as possible; equal places are drawn at random."""
    side = len(region)
    # Entry (side - 1 + down, side - 1 + right) is the number of pixels on the ground after that shift.
    fits = np.round(fftconvolve(ground.astype(float), region[::-1, ::-1].astype(float)))
    down, right = rng.choice(np.argwhere(fits == fits.max())) - (side - 1)
    rows, columns = np.nonzero(region)
    rows, columns = rows + down, columns + right
    kept = (rows >= 0) & (rows < side) & (columns >= 0) & (columns < side)
    moved = np.zeros_like(region)
    moved[rows[kept], columns[kept]] = True
    return moved


def _nearest(ground: np.ndarray, region: np.ndarray, size: int) -> np.ndarray:
    """Return the `size` pixels of `ground` nearest to `region` or inside it."""
    distance = np.where(ground, distance_transform_edt(~region), np.inf)
    mask = np.zeros(region.size, bool)
    mask[distance.ravel().argsort(kind="stable")[:size]] = True
    return mask.reshape(region.shape)
