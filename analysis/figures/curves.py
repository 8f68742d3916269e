"""Figures of severity: ROC curves with bands, and reliability diagrams."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.drawing.style import DASHED, FAINT, FULL_WIDTH, GREY, INK, key, looks

COLUMNS = 3
QUARTERS = (0, 0.25, 0.5, 0.75, 1)
BASELINE = "thumbnail_logistic"  # drawn beside every ROC curve
DOTTED = {"color": INK, "linewidth": 0.9, "linestyle": (0, (1, 1))}
DIAGONAL = {"color": "#a8a8a8", "linewidth": 0.8, "linestyle": DASHED}


def roc(table: pd.DataFrame, architectures: list[str]) -> Figure | None:
    """ROC curves of malignancy with pointwise 95 % bands; None where no curve could be computed.

    `table` holds one protocol's rows of tables/roc.csv.
    """
    handles = {"curve": key(linestyle="-", linewidth=1.4), "95 % band": Patch(color=GREY, alpha=0.25, linewidth=0)}
    baseline = table[table["architecture"] == BASELINE]
    if len(baseline):
        handles[BASELINE] = key(**DOTTED)

    def draw(axes: Axes, curve: pd.DataFrame, colour: str, _: str) -> None:
        x = curve["false_positive_rate"]
        axes.fill_between(x, curve["ci_low"], curve["ci_high"], color=colour, alpha=0.22, linewidth=0)
        axes.plot(x, curve["sensitivity"], color=colour, linewidth=1.4)
        if len(baseline):
            axes.plot(baseline["false_positive_rate"], baseline["sensitivity"], **DOTTED)

    handles["chance"] = key(**DIAGONAL)
    return _panels(table, architectures, draw, ("1 - specificity", "sensitivity"), handles)


def reliability(table: pd.DataFrame, architectures: list[str]) -> Figure | None:
    """Share of malignant images against their mean predicted probability, a point a bin, larger with more images.

    `table` holds one protocol's rows of tables/reliability.csv. Open points have no interval.
    """
    handles = {
        "a bin (95 % interval; larger: more images)": key("o", linestyle="-", linewidth=0.9),
        "too few patients for an interval": key("o", filled=False),
        "calibrated": key(**DIAGONAL),
    }
    return _panels(
        table, architectures, _reliability, ("predicted probability of malignant", "share malignant"), handles
    )


def _panels(
    table: pd.DataFrame, architectures: list[str], draw, labels: tuple[str, str], handles: dict
) -> Figure | None:
    names = [name for name in sorted(architectures) if name in set(table["architecture"])]
    if not names:
        return None
    style = looks(architectures)
    columns, rows = min(COLUMNS, len(names)), math.ceil(len(names) / COLUMNS)
    figure, grid = plt.subplots(
        rows, columns, figsize=(FULL_WIDTH, 2.02 * rows + 0.35), sharex=True, sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for place, axes in enumerate(grid.flat):
        if place >= len(names):
            axes.remove()
            continue
        axes.plot([0, 1], [0, 1], **DIAGONAL)
        draw(axes, table[table["architecture"] == names[place]], *style[names[place]])
        axes.set_title(names[place], loc="left", weight="bold")
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=QUARTERS, yticks=QUARTERS, aspect="equal")
        axes.grid(color=FAINT, linewidth=0.5)
        axes.set_axisbelow(True)
        axes.set_xlabel(labels[0] if place + columns >= len(names) else "")
        axes.set_ylabel(labels[1] if place % columns == 0 else "")
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=4)
    return figure


def _reliability(axes: Axes, bins: pd.DataFrame, colour: str, marker: str) -> None:
    axes.vlines(bins["probability"], bins["ci_low"], bins["ci_high"], color=colour, linewidth=0.9)
    size = 12 + 60 * np.sqrt(bins["n"] / bins["n"].sum())
    face = np.where(bins["ci_low"].notna(), colour, "white")
    axes.scatter(
        bins["probability"], bins["share"], s=size, color=face, marker=marker, edgecolor=colour, linewidth=0.8,
        clip_on=False, zorder=3,
    )  # fmt: skip
