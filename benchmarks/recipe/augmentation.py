"""Random views of films for training."""

import numpy as np
from PIL import Image

# At strength 1.
ROTATION = 20  # degrees, either way
SCALE = 0.2  # of the logarithm of the scale
SHIFT = 0.1  # of the side
GAMMA = 0.3  # of the logarithm of the exponent
BRIGHTNESS = 0.15  # of the factor


def augmented(
    image: np.ndarray, strength: float, rng: np.random.Generator, around: np.ndarray | None = None
) -> np.ndarray:
    """Return a random view of `image`, uint8 (S, S): moved, mirrored, with other grey levels.

    `around`, uint8 (2 S, 2 S), shows the image with its surroundings; without it, the image is continued by reflection,
    so that no new edges appear.

    At strength 1: rotation by up to 20 degrees, scale e^(+-0.2), shift by up to 10 % of the side, both mirrorings with
    probability 1/2, gamma e^(+-0.3), brightness 0.85 to 1.15. At strength 0 the image itself.
    """
    if strength == 0:
        return image
    drawn = strength * rng.uniform(-1, 1, 6)
    mirrored = rng.random(2) < 0.5
    angle, scale = np.deg2rad(ROTATION * drawn[0]), np.exp(SCALE * drawn[1])
    side = len(image)
    # From a place in the view to its place in the image, around the centre.
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    turn = turn * np.where(mirrored, -1, 1)
    centre = np.full(2, (side - 1) / 2)
    margin = side // 2
    start = centre + SHIFT * side * drawn[2:4] - turn @ centre + margin
    rows = [(*turn[0], start[0]), (*turn[1], start[1])]
    moved = Image.fromarray(np.pad(image, margin, "reflect") if around is None else around).transform(
        (side, side), Image.Transform.AFFINE, [number for row in rows for number in row], Image.Resampling.BICUBIC
    )
    levels = np.linspace(0, 1, 256) ** np.exp(GAMMA * drawn[4]) * (1 + BRIGHTNESS * drawn[5])
    return (np.clip(levels, 0, 1) * 255).round().astype(np.uint8)[np.asarray(moved)]
