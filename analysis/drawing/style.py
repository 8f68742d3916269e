"""One look for all figures: colours, markers, type, estimates with their intervals, and how a figure becomes a file."""

import base64
import io
import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from PIL import Image

from benchmarks.study.study import BASELINES

FULL_WIDTH = 7.2  # inches; a little more than the text block of the paper
INK, GREY, FAINT = "#1a1a1a", "#6b6b6b", "#d9d9d9"
WRONG = "#b2182b"  # no architecture's colour
DASHED = (0, (3, 2))

# Okabe & Ito's palette without its yellow, which white paper swallows.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#4d4d4d")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
BASELINE_LOOKS = (("#7d7d7d", "<"), ("#949494", "*"), ("#5c5c5c", ">"))
IMAGE = re.compile(r"data:image/png;base64,\s*([^\"]+)")
LETTER = re.compile(r"transform=\"translate\((\d+)\.\d+ 0\)\"")  # its place, in a twelfth of a point or less


def use_style() -> None:
    """Set matplotlib's look; texts become paths, so that a figure is the same on every machine."""
    sns.set_theme(
        context="paper",
        style="ticks",
        rc={
            "font.family": "DejaVu Sans",
            "font.size": 8,
            "axes.titlesize": 8,
            "axes.labelsize": 8,
            "axes.edgecolor": GREY,
            "axes.labelcolor": INK,
            "axes.linewidth": 0.6,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.labelsize": 7,
            "ytick.labelsize": 7,
            "xtick.color": GREY,
            "ytick.color": GREY,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "xtick.major.size": 3,
            "ytick.major.size": 3,
            "legend.fontsize": 7,
            "legend.frameon": False,
            "text.parse_math": False,
            "image.composite_image": False,
            "svg.fonttype": "path",
            "svg.hashsalt": "mammobench",
            "pdf.fonttype": 42,
        },
    )


def looks(architectures: list[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each architecture, by its place in the study's sorted list; 49 pairs before any returns."""
    n = len(COLOURS)
    return {a: (COLOURS[i % n], MARKERS[(i + i // n) % n]) for i, a in enumerate(sorted(architectures))}


def looks_with_baselines(architectures: list[str]) -> dict[str, tuple[str, str]]:
    """`looks`, and greys with markers of their own for the baselines."""
    return looks(architectures) | dict(zip(BASELINES, BASELINE_LOOKS, strict=True))


def short_names(labels: list[str]) -> dict[str, str]:
    """Abbreviate class names to capitals and digits (Density2Malignant -> D2M), or to ten letters, where that tells all
    of them apart.
    """
    capitals = {label: "".join(re.findall(r"[A-Z0-9]", label)) for label in labels}
    if len(set(capitals.values())) == len(labels) and all(capitals.values()):
        return capitals
    cut = {label: label if len(label) <= 10 else f"{label[:9]}…" for label in labels}
    return cut if len(set(cut.values())) == len(labels) else {label: label for label in labels}


def intervals(
    axes: Axes, y, x, low, high, look: tuple[str, str], filled=True, size: float = 4.5, width: float = 1.4
) -> None:
    """Draw estimates `x` at the heights `y` with intervals from `low` to `high`, markers open where not `filled`."""
    colour, marker = look
    y, x, filled = np.broadcast_arrays(*np.atleast_1d(y, x, filled))
    axes.hlines(y, low, high, color=colour, linewidth=width)
    for face, chosen in ((colour, filled.astype(bool)), ("white", ~filled.astype(bool))):
        if chosen.any():
            axes.plot(x[chosen], y[chosen], marker, color=colour, markerfacecolor=face, markersize=size)


def key(marker: str = "", filled: bool = True, size: float = 4.5, **more) -> Line2D:
    """A line, marker or both in the colour of ink, for legends of what holds for every architecture."""
    look = {"color": INK, "linestyle": "", "markerfacecolor": INK if filled else "white"} | more
    return Line2D([], [], marker=marker, markersize=size, **look)


def log_scale(axes: Axes, low: float, high: float) -> None:
    """Make the y axis logarithmic from `low` to `high`, with plain numbers that a narrow range has enough of."""
    axes.set(yscale="log", ylim=(low, high))
    axes.yaxis.set_major_locator(MaxNLocator(4) if high < 5 * low else LogLocator(subs=(1, 2, 5), numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def save(figure: Figure, folder: Path, name: str, pages: list[Figure] | None = None) -> None:
    """Write `figure` as <name>.svg and <name>.pdf without dates, and close it; `pages` make a PDF of several pages."""
    folder.mkdir(parents=True, exist_ok=True)
    if figure.get_layout_engine():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # what is laid out needs no second time for the other format
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata={"Date": None})
    (folder / f"{name}.svg").write_text(LETTER.sub(r'x="\1"', IMAGE.sub(_lean_image, content.getvalue())))
    with PdfPages(folder / f"{name}.pdf", metadata={"CreationDate": None}) as pdf:
        for page in pages or [figure]:
            pdf.savefig(page)
    for drawn in [figure, *(pages or [])]:
        plt.close(drawn)


def _lean_image(match: re.Match) -> str:
    """An opaque picture of few colours as grey or with a palette: the same pixels in a third of the bytes."""
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
