"""Ultrasound-like images: speckle on layers and lesions, in a black frame with the same text burned in.

Speckle is the envelope of filtered complex noise, compressed logarithmically (Burckhardt, IEEE Trans Sonics Ultrason
25(1), 1978). Frames of one scan show the same tissue, slightly deformed, with part of the speckle renewed.
"""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

DYNAMIC_RANGE = 55.0  # dB
TEXT = ("LT BREAST 3 OCLOCK", "GEN  12 MHz  4.0 cm", "B 62  DR 55  MI 0.9")


def scan(patient: int, side: int = 320, moved: float = 0.0, renewed: float = 0.0, frame: int = 0) -> np.ndarray:
    """Return a frame of a patient's scan, uint8 (side, side).

    `moved` is the standard deviation of the tissue's displacement as a share of the side, `renewed` the share of the
    speckle that is new in this frame (0 to 1). Both are drawn by `frame`.
    """
    tissue, own = np.random.default_rng(patient), np.random.default_rng([patient, frame, 1])
    height, width = side * 4 // 5, side
    echo = _echo(tissue, height, width)
    noise = _noise(tissue, height, width)
    moves = [_smooth(own, height, width, 0.15) * moved * side for _ in range(2)]
    grid = np.mgrid[:height, :width] + np.array(moves)
    echo, real, imaginary = (ndimage.map_coordinates(one, grid, order=1, mode="reflect") for one in (echo, *noise))
    new = _noise(own, height, width)
    field = [
        np.sqrt(1 - renewed) * old + np.sqrt(renewed) * fresh for old, fresh in zip((real, imaginary), new, strict=True)
    ]
    # The point spread function is wider across the beam than along it.
    grain = side / 320
    envelope = np.hypot(*(ndimage.gaussian_filter(one * np.exp(echo), (0.8 * grain, 1.6 * grain)) for one in field))
    decibels = 20 * np.log10(envelope / np.quantile(envelope, 0.995) + 1e-6)
    grey = np.clip((decibels + DYNAMIC_RANGE) / DYNAMIC_RANGE * 255, 0, 255).astype(np.uint8)
    picture = np.zeros((side, side), np.uint8)
    picture[side // 10 : side // 10 + height] = grey
    return _labelled(picture)


def _echo(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return log echogenicity: layers of fat and glandular tissue with wavy borders, and two dark lesions."""
    y, x = np.mgrid[:height, :width] / height
    depth = y + 0.05 * _smooth(rng, height, width, 0.12)
    borders = np.sort(rng.uniform(0.1, 0.95, 5))
    echo = rng.uniform(-0.9, 0.5, 6)[np.searchsorted(borders, depth.ravel())].reshape(height, width)
    echo = echo + 0.35 * _smooth(rng, height, width, 0.02)
    for _ in range(2):
        centre, axes = rng.uniform((0.25, 0.2), (0.7, 1.0)), rng.uniform(0.05, 0.14, 2)
        echo = np.where(((y - centre[0]) / axes[0]) ** 2 + ((x - centre[1]) / axes[1]) ** 2 < 1, -2.0, echo)
    return ndimage.gaussian_filter(echo, height / 200)


def _smooth(rng: np.random.Generator, height: int, width: int, share: float) -> np.ndarray:
    """Return smooth noise of unit deviation, correlated over a share of the height."""
    coarse = rng.normal(size=(round(2 / share) + 2, round(2 / share) + 2))
    zoomed = ndimage.zoom(coarse, (height / coarse.shape[0], width / coarse.shape[1]), order=3)
    return zoomed[:height, :width] / zoomed.std()


def _noise(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    return rng.normal(size=(2, height, width))


def _labelled(picture: np.ndarray) -> np.ndarray:
    """Burn the same text and scale into an image, as a scanner does."""
    side = len(picture)
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    size = max(10, side // 28)
    draw.text((side // 30, side // 60), TEXT[0], fill=255, font_size=size)
    draw.text((side // 30, side * 92 // 100), TEXT[1], fill=230, font_size=size)
    draw.text((side // 2, side * 80 // 100), TEXT[2], fill=255, font_size=size)
    for tick in range(1, 10):
        draw.line([(side - side // 40, side * tick // 10), (side, side * tick // 10)], fill=255, width=side // 200 + 1)
    return np.asarray(image)
