"""Panels of a figure, and figures as SVG and PDF files."""

import base64
import io
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from PIL import Image

from analysis.drawing.style import FULL_WIDTH, GREY

IMAGE = re.compile(r"data:image/png;base64,\s*([^\"]+)")
LETTER = re.compile(r"transform=\"translate\((\d+)\.\d+ 0\)\"")  # place of a letter of a path, to a twelfth of a point


def grid_of_panels(
    n: int, columns: int, row: float, rest: float, sharex: bool = False, sharey: bool = False
) -> tuple[Figure, list[Axes], int]:
    """Return a figure, its first `n` panels and the number of columns, `columns` at most; other panels are hidden.

    `row` and `rest` are the heights of a row and of everything else, inches.
    """
    columns, rows = min(columns, n), math.ceil(n / columns)
    size = (FULL_WIDTH, row * rows + rest)
    figure, grid = plt.subplots(
        rows, columns, figsize=size, sharex=sharex, sharey=sharey, squeeze=False, layout="constrained"
    )
    for unused in grid.flat[n:]:
        unused.set_axis_off()
    return figure, list(grid.flat[:n]), columns


def row_of_panels(n: int, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure of `height` inches and its `n` panels side by side, with the same y axis."""
    size = (FULL_WIDTH, height)
    figure, grid = plt.subplots(1, n, figsize=size, sharey=True, squeeze=False, layout="constrained")
    return figure, list(grid[0])


def label_rows(axes: Axes, names: Sequence[str], heights: Sequence[float] | np.ndarray | None = None) -> None:
    """Write `names` beside the rows of a panel, at `heights` (default: 0, 1, ...), and draw a grid along x."""
    axes.set_yticks(np.arange(len(names)) if heights is None else heights, names)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def not_evaluable(text: str = "not evaluable") -> Figure:
    """Return a figure with the reason why nothing is drawn."""
    figure, axes = plt.subplots(figsize=(FULL_WIDTH, 0.6))
    axes.text(0.5, 0.5, text, ha="center", color=GREY)
    axes.set_axis_off()
    return figure


def log_ticks(axis: Axis, few: bool = False) -> None:
    """Give a logarithmic axis plain numbers; `few`: for a range of less than a factor of five."""
    axis.set_major_locator(MaxNLocator(4) if few else LogLocator(subs=(1, 2, 5), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def in_pages(draw: Callable[[Any], Figure], items: Any, a_page: int) -> tuple[Figure, list[Figure]]:
    """Draw all `items`, a list or table, as one long figure, and as pages of `a_page` items each.

    The long figure itself is the page if all items fit on one page.
    """
    long = draw(items)
    if len(items) <= a_page:
        return long, [long]
    return long, [draw(items[start : start + a_page]) for start in range(0, len(items), a_page)]


def save(path: Path, figure: Figure | None, pages: list[Figure] | None = None) -> None:
    """Write `figure`, if there is one, as `path`.svg and `path`.pdf without dates, and close it.

    `pages` are the pages of the PDF, instead of `figure`.
    """
    if figure is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if figure.get_layout_engine():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # the second format needs no second layout
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata={"Date": None})
    svg = LETTER.sub(r'x="\1"', IMAGE.sub(_lean_image, content.getvalue()))
    path.with_name(f"{path.name}.svg").write_text(svg)
    with PdfPages(path.with_name(f"{path.name}.pdf"), metadata={"CreationDate": None}) as pdf:
        for page in pages or [figure]:
            pdf.savefig(page)
    for drawn in [figure, *(pages or [])]:
        plt.close(drawn)


def _lean_image(match: re.Match) -> str:
    """Encode an image of at most 256 colours as grey or with a palette: the same pixels in a third of the bytes."""
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(match[1]))).convert("RGB"))
    colours, place = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    if len(colours) > 256:
        return match[0]
    if (colours == colours[:, :1]).all():
        image = Image.fromarray(pixels[..., 0])
    else:
        image = Image.fromarray(place.reshape(pixels.shape[:2]).astype(np.uint8), "P")
        image.putpalette(colours.tobytes())
    content = io.BytesIO()
    image.save(content, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
