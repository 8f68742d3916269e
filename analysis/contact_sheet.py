"""Contact sheet of leaked images: an image of one part, the same brought to its copy in another part, the copy."""

import re
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.copies import central_square, repeat
from analysis.style import FULL_WIDTH, GREY, INK

ROW = 1.05  # inches


def signature(transform: str) -> str:
    """A transform without its numbers: what kind it is."""
    return re.sub(r" by [\d.e+-]+ degrees| from \d+ to \d+ px", "", transform)


def strongest(pairs: pd.DataFrame, n: int) -> pd.DataFrame:
    """Up to `n` of the most similar pairs, each kind of transform in turn, every image at most once.

    `pairs` has the columns sample_a, sample_b, similarity and transform.
    """
    ordered = pairs.sort_values(["similarity", "sample_b"], ascending=[False, True])
    ordered = ordered.drop_duplicates("sample_b").drop_duplicates("sample_a")
    turn = ordered.groupby(ordered["transform"].map(signature)).cumcount()
    return ordered.assign(turn=turn).sort_values(["turn", "similarity"], ascending=[True, False]).head(n)


def contact_sheet(pairs: pd.DataFrame, read: Callable[[str], np.ndarray]) -> Figure:
    """One row a pair; `pairs` as `strongest` gives it, with part_a, part_b, mirrored and rotation.

    `read(name)` gives uint8 (H, W).
    """
    figure, grid = plt.subplots(
        len(pairs), 4, figsize=(FULL_WIDTH, ROW * len(pairs) + 0.25), squeeze=False, layout="constrained",
        width_ratios=[1, 1, 1, 3.6],
    )  # fmt: skip
    for axes, title in zip(grid[0], ("seen in", "brought to", "found in"), strict=False):
        axes.set_title(title)
    for row, pair in zip(grid, pairs.itertuples(), strict=True):
        a, b = read(pair.sample_a), central_square(read(pair.sample_b))
        images = (central_square(a), repeat(a, pair.mirrored, pair.rotation, len(b)), b)
        for axes, image in zip(row, images, strict=False):
            axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        for axes in row:
            axes.set_axis_off()
        text = f"{pair.transform}\nsimilarity {pair.similarity:.3f}"
        row[3].text(0, 0.95, text, va="top", color=INK, transform=row[3].transAxes)
        names = "\n".join(
            f"{part}: {_wrapped(name)}" for part, name in ((pair.part_a, pair.sample_a), (pair.part_b, pair.sample_b))
        )
        row[3].text(0, 0.58, names, va="top", color=GREY, size=6, transform=row[3].transAxes)
    return figure


def _wrapped(name: str, width: int = 60) -> str:
    """A long path, from its end, on as many lines as it takes."""
    return "\n    ".join(name[start : start + width] for start in range(0, len(name), width))
