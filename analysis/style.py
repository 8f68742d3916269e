"""One look for all figures: colours, markers, type, and how a figure becomes a file."""

import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from benchmarks.study import BASELINES

FULL_WIDTH = 7.2  # inches; a little more than the text block of the paper
INK, GREY, FAINT = "#1a1a1a", "#6b6b6b", "#d9d9d9"
WRONG = "#d55e00"

# Okabe & Ito's palette without its yellow, which white paper swallows.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#4d4d4d")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
BASELINE_LOOKS = (("#8c8c8c", "<"), ("#b8b8b8", "*"), ("#666666", ">"))


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
    """Abbreviate class names to capitals and digits (Density2Malignant -> D2M), where that tells all of them apart."""
    short = {label: "".join(re.findall(r"[A-Z0-9]", label)) for label in labels}
    if len(set(short.values())) == len(labels) and all(short.values()):
        return short
    return {label: label if len(label) <= 10 else f"{label[:9]}…" for label in labels}


def log_scale(axes: Axes, low: float, high: float) -> None:
    """Make the y axis logarithmic from `low` to `high`, with plain numbers that a narrow range has enough of."""
    axes.set(yscale="log", ylim=(low, high))
    axes.yaxis.set_major_locator(MaxNLocator(4) if high < 5 * low else LogLocator(subs=(1, 2, 5), numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def save(figure: Figure, folder: Path, name: str, pages: list[Figure] | None = None) -> None:
    """Write `figure` as <name>.svg and <name>.pdf without dates, and close it; `pages` make a PDF of several pages."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # what is laid out needs no second time for the other format
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    with PdfPages(folder / f"{name}.pdf", metadata={"CreationDate": None}) as pdf:
        for page in pages or [figure]:
            pdf.savefig(page)
    for drawn in [figure, *(pages or [])]:
        plt.close(drawn)
