"""Figures of severity: ROC curves with bands, and reliability diagrams."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.drawing.panels import grid_of_panels
from analysis.drawing.style import DASHED, GREY, INK, key, looks
from analysis.names import named
from benchmarks.study.names import IMAGENET_LOGISTIC

QUARTERS = (0, 0.25, 0.5, 0.75, 1)
BASELINE = IMAGENET_LOGISTIC  # drawn in every panel of ROC curves
DOTTED: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": (0, (1, 1))}
DIAGONAL: dict[str, Any] = {"color": "#a8a8a8", "linewidth": 0.8, "linestyle": DASHED}


def roc(table: pd.DataFrame, architectures: list[str]) -> Figure | None:
    """ROC curves of malignancy with pointwise 95% bands; None if no curve could be computed.

    `table` holds the rows of one protocol of tables/roc.csv.
    """
    handles = {"curve": key(linestyle="-", linewidth=1.4), "95% band": Patch(color=GREY, alpha=0.25, linewidth=0)}
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
    """Reliability diagrams of malignancy, a point for each bin; None if no bin could be computed.

    `table` holds the rows of one protocol of tables/reliability.csv. Open points have no interval.
    """
    handles = {
        "a bin (95% CI; larger: more images)": key("o", linestyle="-", linewidth=0.9),
        "too few patients for an interval": key("o", filled=False),
        "calibrated": key(**DIAGONAL),
    }
    labels = ("predicted probability of malignant", "share malignant")
    return _panels(table, architectures, _bins, labels, handles)


def _panels(
    table: pd.DataFrame,
    architectures: list[str],
    draw: Callable[[Axes, pd.DataFrame, str, str], None],
    labels: tuple[str, str],
    handles: dict,
) -> Figure | None:
    """A panel for each architecture, filled by `draw(axes, rows, colour, marker)`; `labels` are those of x and y."""
    names = [name for name in sorted(architectures) if name in set(table["architecture"])]
    if not names:
        return None
    style = looks(architectures)
    figure, panels, columns = grid_of_panels(len(names), 3, 2.02, 0.35, sharex=True, sharey=True)
    for place, (name, axes) in enumerate(zip(names, panels, strict=True)):
        axes.plot([0, 1], [0, 1], **DIAGONAL)
        draw(axes, table[table["architecture"] == name], *style[name])
        axes.set_title(named(name))
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=QUARTERS, yticks=QUARTERS, aspect="equal")
        axes.grid()
        axes.set_xlabel(labels[0] if place + columns >= len(names) else "")
        axes.set_ylabel(labels[1] if place % columns == 0 else "")
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=4)
    return figure


def _bins(axes: Axes, bins: pd.DataFrame, colour: str, marker: str) -> None:
    axes.vlines(bins["probability"], bins["ci_low"], bins["ci_high"], color=colour, linewidth=0.9)
    size = 12 + 60 * np.sqrt(bins["n"] / bins["n"].sum())
    face = np.where(bins["ci_low"].notna(), colour, "white")
    axes.scatter(
        bins["probability"], bins["share"], s=size, color=face, marker=marker, edgecolor=colour, linewidth=0.8,
        clip_on=False, zorder=3,
    )  # fmt: skip
