"""Synthetic lesions of known contrast, planted into films for the positive control.

The lesion is a bright mass with a soft edge and a slightly irregular outline. Its place and outline depend on the
study's seed, the sample and the breast mask, never on the label. Lengths are fractions of the side, so the lesion is
the same at every image size.
"""

import hashlib

import numpy as np

RADIUS = (0.04, 0.07)  # of the side
INNER = (0.2, 0.8)  # share of the breast's area above the centre, and of the row's breast to the left of it
WAVES, AMPLITUDE = (2, 3, 4, 5), 0.08  # waves around the outline and the largest amplitude of each, of the radius
SOFTNESS = 0.12  # width of the edge, of the radius


def plant(image: np.ndarray, breast: np.ndarray, contrast: float, seed: int, sample: str) -> np.ndarray:
    """Return `image` with a lesion that adds `contrast` percent of 255 grey levels at its centre.

    `image` is uint8 (S, S); `breast` (S, S) is its mask, 1 in the breast, and the whole image if empty. Pixels outside
    the breast keep their values. Sums above 255 become 255.
    """
    inside = breast.astype(bool) if breast.any() else np.ones_like(breast, bool)
    own = int.from_bytes(hashlib.sha256(sample.encode()).digest()[:8], "little")
    added = 2.55 * contrast * _mass(inside, np.random.default_rng([seed, own]))
    return np.where(inside, np.clip(np.round(image + added), 0, 255), image).astype(np.uint8)


def _mass(inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the mass, 0..1 (S, S), centred in the mask `inside`, bool (S, S)."""
    side = len(inside)
    radius, down, across = rng.uniform(*RADIUS), rng.uniform(*INNER), rng.uniform(*INNER)
    amplitudes, phases = rng.uniform(0, AMPLITUDE, len(WAVES)), rng.uniform(0, 2 * np.pi, len(WAVES))
    row = _quantile(inside.sum(axis=1), down)
    column = _quantile(inside[int(row * side)], across)
    axis = (np.arange(side) + 0.5) / side
    dx, dy = axis - column, axis[:, None] - row
    angle = np.arctan2(dy, dx)
    waves = zip(amplitudes, WAVES, phases, strict=True)
    outline = radius * (1 + sum(amplitude * np.cos(n * angle + phase) for amplitude, n, phase in waves))
    return 1 / (1 + np.exp((np.hypot(dx, dy) / outline - 1) / SOFTNESS))


def _quantile(counts: np.ndarray, share: float) -> float:
    """Return the place in 0..1, along the axis of `counts` (S,), with `share` of their sum before it."""
    before = np.concatenate([[0], np.cumsum(counts)])
    after = np.searchsorted(before, share * before[-1], side="right")
    return (after - 1 + (share * before[-1] - before[after - 1]) / counts[after - 1]) / len(counts)
