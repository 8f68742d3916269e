"""Style that all figures share: colours, markers, fonts, legends and estimates with intervals."""

import re
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from benchmarks.study.names import BASELINES

FULL_WIDTH = 7.2  # inches; a little more than the text width of the paper
INK, GREY, FAINT = "#1a1a1a", "#6b6b6b", "#d9d9d9"
WRONG = "#b2182b"  # not a colour of an architecture
DASHED = (0, (3, 2))

# Okabe & Ito's palette without yellow, which is hardly visible on white.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#4d4d4d")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
BASELINE_LOOKS = (("#7d7d7d", "<"), ("#949494", "*"), ("#5c5c5c", ">"), ("#6e6e6e", "h"))


def use_style() -> None:
    """Set the style of Matplotlib. Text becomes paths, so that a figure is the same on every machine."""
    rc = {
        "font.family": "DejaVu Sans",
        **dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize"), 8),
        **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), 7),
        **dict.fromkeys(("axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), INK),
        **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), GREY),
        **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.6),
        **dict.fromkeys(("xtick.major.size", "ytick.major.size"), 3),
        **dict.fromkeys(("axes.spines.top", "axes.spines.right", "legend.frameon"), False),
        **dict.fromkeys(("text.parse_math", "image.composite_image"), False),
        **{"axes.titlelocation": "left", "axes.titleweight": "bold", "grid.color": FAINT, "grid.linewidth": 0.5},
        **{"svg.fonttype": "path", "svg.hashsalt": "mammobench", "pdf.fonttype": 42},
    }
    sns.set_theme(context="paper", style="ticks", rc=rc)


def looks(architectures: list[str]) -> dict[str, tuple[str, str]]:
    """Return colour and marker of each architecture, by its place in sorted order; 49 pairs differ."""
    n = len(COLOURS)
    return {a: (COLOURS[i % n], MARKERS[(i + i // n) % n]) for i, a in enumerate(sorted(architectures))}


def looks_with_baselines(architectures: list[str]) -> dict[str, tuple[str, str]]:
    """Return `looks`, and a grey and a marker of its own for each baseline."""
    return looks(architectures) | dict(zip(BASELINES, BASELINE_LOOKS, strict=True))


def short_names(labels: list[str]) -> dict[str, str]:
    """Abbreviate class names to capitals and digits (Density2Malignant: D2M), else to ten letters, else not at all.

    The first of these under which all names differ is used.
    """
    capitals = {label: "".join(re.findall(r"[A-Z0-9]", label)) for label in labels}
    if len(set(capitals.values())) == len(labels) and all(capitals.values()):
        return capitals
    cut = {label: label if len(label) <= 10 else f"{label[:9]}…" for label in labels}
    return cut if len(set(cut.values())) == len(labels) else {label: label for label in labels}


def intervals(
    axes: Axes, y, x, low, high, look: tuple[str, str], filled=True, size: float = 4.5, width: float = 1.4
) -> None:
    """Draw estimates `x` at heights `y` with intervals from `low` to `high`; markers are open where not `filled`."""
    colour, marker = look
    y, x, filled = np.broadcast_arrays(*np.atleast_1d(y, x, filled))
    axes.hlines(y, low, high, color=colour, linewidth=width)
    for face, chosen in ((colour, filled.astype(bool)), ("white", ~filled.astype(bool))):
        if chosen.any():
            axes.plot(x[chosen], y[chosen], marker, color=colour, markerfacecolor=face, markersize=size)


def key(marker: str = "", filled: bool = True, size: float = 4.5, **more: Any) -> Line2D:
    """Return a legend entry in the colour of ink: a line, a marker or both; the options are those of Line2D."""
    look = {"color": INK, "linestyle": "", "markerfacecolor": INK if filled else "white"} | more
    return Line2D([], [], marker=marker, markersize=size, **look)
