"""Figures of severity: ROC curves with bands, and reliability diagrams."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.style import FAINT, FULL_WIDTH, GREY, looks

COLUMNS = 3
BASELINE = "thumbnail_logistic"  # drawn beside every ROC curve


def roc(table: pd.DataFrame, architectures: list[str]) -> Figure | None:
    """ROC curves of malignancy with pointwise 95 % bands; None where no curve could be computed.

    `table` holds one protocol's rows of tables/roc.csv.
    """
    figure = _panels(table, architectures, _roc, "1 - specificity", "sensitivity")
    baseline = table[table["architecture"] == BASELINE]
    if figure and len(baseline):
        line = {"color": GREY, "linewidth": 0.9, "linestyle": (0, (1, 1))}
        for axes in figure.axes:
            axes.plot(baseline["false_positive_rate"], baseline["sensitivity"], **line)
        figure.legend([Line2D([], [], **line)], [BASELINE], loc="outside upper left")
    return figure


def reliability(table: pd.DataFrame, architectures: list[str]) -> Figure | None:
    """Share of malignant images against their mean predicted probability, a point a bin, larger with more images.

    `table` holds one protocol's rows of tables/reliability.csv.
    """
    return _panels(table, architectures, _reliability, "predicted probability of malignant", "share malignant")


def _panels(table: pd.DataFrame, architectures: list[str], draw, x: str, y: str) -> Figure | None:
    names = [name for name in sorted(architectures) if name in set(table["architecture"])]
    if not names:
        return None
    style = looks(architectures)
    columns, rows = min(COLUMNS, len(names)), math.ceil(len(names) / COLUMNS)
    figure, grid = plt.subplots(
        rows, columns, figsize=(FULL_WIDTH, 2.45 * rows + 0.3), sharex=True, sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for place, axes in enumerate(grid.flat):
        if place >= len(names):
            axes.remove()
            continue
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (3, 2)))
        draw(axes, table[table["architecture"] == names[place]], *style[names[place]])
        axes.set_title(names[place], loc="left", weight="bold")
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axes.set_xlabel(x if place + columns >= len(names) else "")
        axes.set_ylabel(y if place % columns == 0 else "")
    return figure


def _roc(axes: Axes, curve: pd.DataFrame, colour: str, _: str) -> None:
    x = curve["false_positive_rate"]
    axes.fill_between(x, curve["ci_low"], curve["ci_high"], color=colour, alpha=0.18, linewidth=0)
    axes.plot(x, curve["sensitivity"], color=colour, linewidth=1.4)


def _reliability(axes: Axes, bins: pd.DataFrame, colour: str, marker: str) -> None:
    axes.vlines(bins["probability"], bins["ci_low"], bins["ci_high"], color=colour, linewidth=0.9)
    size = 90 * np.sqrt(bins["n"] / bins["n"].sum())
    axes.scatter(bins["probability"], bins["share"], s=size, color=colour, marker=marker, edgecolor="white", zorder=3)
