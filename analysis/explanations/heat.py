"""Location of the saliency, against the region's area and against maps that are independent of the model."""

from collections.abc import Iterator

import numpy as np
from PIL import Image
from skimage.filters import sobel

from analysis.explanations.gradcam import enlarged

# Maps that know neither lesion nor model. Contrast is what stands out: convolutions answer to it, trained or not.
CENTRE, BREAST_MASK, CONTRAST, RANDOM = BLIND = ("centre", "breast_mask", "contrast", "random")
SPREAD = 0.25  # of the side: the standard deviation of the central Gaussian
DRAWS = 20  # random maps a film


def random_maps(grid: tuple[int, int], side: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return random maps as coarse as a feature map of size `grid`: float32 (n, side, side), 0..1."""
    return enlarged(rng.random((n, *grid), np.float32), side)


def blind_maps(
    image: np.ndarray, breast: np.ndarray, grid: tuple[int, int], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the maps of BLIND, float (n, S, S) >= 0, of a film (S, S) with breast mask bool (S, S); DRAWS are random.

    Contrast is the image's gradient, as coarse as the feature map of size `grid`.
    """
    side = len(breast)
    edges = Image.fromarray(sobel(image / 255).astype(np.float32)).resize(grid[::-1], Image.Resampling.BOX)
    away = ((np.arange(side) + 0.5) / side - 0.5) / SPREAD
    bell = np.exp(-(away**2) / 2)
    random = random_maps(grid, side, DRAWS, rng)
    known = {CENTRE: np.outer(bell, bell), BREAST_MASK: breast.astype(float)}
    known[CONTRAST] = enlarged(np.asarray(edges)[None], side)[0]
    return {name: heat[None] for name, heat in known.items()} | {RANDOM: random}


def share(heat: np.ndarray, region: np.ndarray) -> float:
    """Return the share of `heat` (S, S) in `region`, bool (S, S); NaN for a zero map."""
    total = heat.sum()
    return float(heat[region].sum() / total) if total > 0 else np.nan


def hits(heat: np.ndarray, region: np.ndarray) -> float:
    """Return whether the maximum lies in `region` (pointing game, Zhang et al., ECCV 2016); mean of equal maxima."""
    return float(region[heat == heat.max()].mean()) if heat.sum() > 0 else np.nan


def measures(maps: dict[str, np.ndarray], regions: dict[str, np.ndarray]) -> Iterator[dict]:
    """Return rows region, map, share, area, hit of every region, bool (S, S), averaged over maps (n, S, S) by name."""
    for region, mask in regions.items():
        area = float(mask.mean())
        for name, heats in maps.items():
            row = {"region": region, "map": name, "area": area}
            row["share"] = float(np.mean([share(heat, mask) for heat in heats]))
            yield row | {"hit": float(np.mean([hits(heat, mask) for heat in heats]))}
