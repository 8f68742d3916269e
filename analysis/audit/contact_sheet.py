"""Contact sheet of copies: an image of one part, the image transformed like its copy, and the copy in another part."""

import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.drawing.sheets import Sheet, film
from analysis.drawing.style import FULL_WIDTH, GREY
from benchmarks.copies import rigid, warped
from benchmarks.copies.rigid import central_square

ACROSS = 2  # pairs side by side
WIDTH, PITCH = FULL_WIDTH / ACROSS, 1.15  # inches of a pair, of an image
LETTERS = 68  # in a line of text
RIGID = {"scale": 1, "shift": 0, "overlap": 1}  # of a copy that was only turned or mirrored
SHARP = 112  # pixels a side of an image: enough to recognise a copy


def signature(transform: str) -> str:
    """Return the kind of a transform: its text without numbers."""
    return re.sub(r" by [\d.e+-]+( degrees| %)?| to \d+ %| from \d+ to \d+ px", "", transform)


def strongest(pairs: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return up to `n` of the most similar pairs, each kind of transform in turn, every image at most once.

    `pairs` has the columns sample_a, sample_b, similarity and transform.
    """
    ordered = pairs.sort_values(["similarity", "sample_b"], ascending=[False, True])
    ordered = ordered.drop_duplicates("sample_b").drop_duplicates("sample_a")
    turn = ordered.groupby(ordered["transform"].map(signature)).cumcount()
    return ordered.assign(turn=turn).sort_values(["turn", "similarity"], ascending=[True, False]).head(n)


def contact_sheet(pairs: pd.DataFrame, read: Callable[[str], np.ndarray]) -> Figure:
    """Draw pairs from `strongest`, with part_a, part_b, mirrored, rotation, scale, shift and overlap.

    `read(name)` returns uint8 (H, W).
    """
    texts = [_lines(pair) for pair in pairs.itertuples()]
    rows = [texts[start : start + ACROSS] for start in range(0, len(texts), ACROSS)]
    heights = [0.12 * max(len(lines) for lines in row) + PITCH + 0.2 for row in rows]
    sheet = Sheet(FULL_WIDTH, sum(heights))
    for place, pair in enumerate(pairs.itertuples()):
        row, column = divmod(place, ACROSS)
        left, top = 0.04 + WIDTH * column, sum(heights[:row])
        for number, line in enumerate(texts[place]):
            sheet.text(left, top + 0.12 * (number + 1), line, weight="bold" if number == 0 else "normal")
        top += heights[row] - PITCH
        a, b = read(pair.sample_a), read(pair.sample_b)
        like = brought(a, b, pair.mirrored, pair.rotation, is_warped(pair._asdict()))
        images = tuple(map(central_square, (a, like, b)))
        for number, (image, title) in enumerate(zip(images, ("seen in", "brought to", "found in"), strict=True)):
            sheet.text(left + PITCH * number, top - 0.03, title, colour=GREY)
            sheet.picture(left + PITCH * number, top, PITCH - 0.05, film(image, SHARP))
    return sheet.figure


def is_warped(facts: Mapping[str, Any]) -> bool:
    """Return whether more than a rotation and mirroring relates two images, by their scale, shift and overlap."""
    return any(facts[name] != value for name, value in RIGID.items())


def brought(a: np.ndarray, b: np.ndarray, mirrored: bool, rotation: float, warp: bool) -> np.ndarray:
    """Return image `a` transformed like its copy `b`, both uint8 (H, W); `warp` is from `is_warped`."""
    return warped.repeat(a, b, mirrored) if warp else rigid.repeat(a, mirrored, rotation, min(b.shape))


def _lines(pair: Any) -> list[str]:
    texts = [f"{pair.transform}, similarity {pair.similarity:.3f}"]
    texts += [f"{pair.part_a}: {pair.sample_a}", f"{pair.part_b}: {pair.sample_b}"]
    return [line for text in texts for line in textwrap.wrap(text, LETTERS, subsequent_indent="    ")]
