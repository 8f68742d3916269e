"""Figure of the permuted-label control: what is scored with shuffled labels, beside chance and the real accuracy."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.style import FAINT, FULL_WIDTH, INK, looks_with_baselines

ROW = 0.24  # inches


def control(table: pd.DataFrame, architectures: list[str]) -> Figure | None:
    """A panel a protocol, a row an architecture or baseline, of tables/control.csv; None if it is empty.

    `architectures` are all of the study, which their colours depend on. Filled markers with 95 % intervals are
    shuffled labels, open ones the real labels, black ticks chance on the same shuffled labels.
    """
    if table.empty:
        return None
    style = looks_with_baselines(architectures)
    names = [name for name in style if name in set(table["architecture"])]
    protocols = table["protocol"].unique()
    size = (FULL_WIDTH, ROW * len(names) + 0.95)
    figure, panels = plt.subplots(1, len(protocols), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes, protocol in zip(panels[0], protocols, strict=True):
        rows = table[table["protocol"] == protocol].set_index("architecture")
        for place, name in enumerate(names):
            _row(axes, place, rows.loc[name], style[name])
        axes.set(xlim=(-0.01, 1.01), ylim=(len(names) - 0.5, -0.5), xlabel="accuracy on test images")
        axes.set_yticks(range(len(names)), names)
        axes.set_title(protocol, loc="left", weight="bold")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=FAINT, linewidth=0.5)
        axes.set_axisbelow(True)
    handles = [
        Line2D([], [], color=INK, marker="o", markersize=4.5, linewidth=1.4),
        Line2D([], [], color=INK, marker="o", markersize=4.5, markerfacecolor="white", linestyle=""),
        Line2D([], [], color=INK, marker="|", markersize=8, markeredgewidth=1.2, linestyle=""),
    ]
    texts = ["shuffled labels (95 % CI)", "real labels", "chance"]
    figure.legend(handles, texts, loc="outside upper left", ncols=3)
    return figure


def _row(axes: Axes, y: int, row: pd.Series, look: tuple[str, str]) -> None:
    colour, marker = look
    axes.plot([row["permuted"], row["real"]], [y, y], color=FAINT, linewidth=0.9, zorder=1)
    axes.plot([row["ci_low"], row["ci_high"]], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
    axes.plot(row["chance"], y, marker="|", color=INK, markersize=9, markeredgewidth=1.2)
    axes.plot(row["real"], y, marker=marker, color=colour, markerfacecolor="white", markersize=4.5)
    axes.plot(row["permuted"], y, marker=marker, color=colour, markersize=4.5)
