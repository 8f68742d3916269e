"""Figure of the search: which hyperparameters mattered."""

import math

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from analysis.comparison.importance import MATTERS
from analysis.drawing.style import FAINT, FULL_WIDTH, GREY, INK, intervals, key, looks

COLUMNS = 2


def importance(table: pd.DataFrame) -> Figure | None:
    """A panel an architecture, a row a hyperparameter, of tables/importance.csv; None if no fit explains anything.

    Filled: it matters. The table names all architectures, which their colours depend on.
    """
    style = looks(list(table["architecture"].unique()))
    known = table.dropna(subset=["importance"])
    if known.empty:
        return None
    parts = {name: rows.sort_values("importance", ascending=False) for name, rows in known.groupby("architecture")}
    columns, n_rows = min(COLUMNS, len(parts)), math.ceil(len(parts) / COLUMNS)
    most = max(len(rows) for rows in parts.values())
    size = (FULL_WIDTH, n_rows * (0.19 * most + 0.5) + 0.45)
    figure, grid = plt.subplots(n_rows, columns, figsize=size, squeeze=False, sharex=True, layout="constrained")
    for place, axes in enumerate(grid.flat):
        if place >= len(parts):
            axes.set_axis_off()
            continue
        name = list(parts)[place]
        rows = parts[name]
        y = pd.RangeIndex(len(rows))
        axes.axvline(0, color=GREY, linewidth=0.8)
        filled = (rows["verdict"] == MATTERS).to_numpy()
        intervals(axes, y, rows["importance"], rows["low"], rows["high"], style[name], filled, size=4)
        axes.set_yticks(y, rows["hyperparameter"])
        axes.set_ylim(most - 0.5, -0.5)
        about = f"R2 {rows['r2'].iloc[0]:.2f}, {rows['n_trials'].iloc[0]} trials"
        axes.set_title(f"{name}  ({about})", loc="left", weight="bold")
        axes.tick_params(axis="x", labelbottom=place + columns >= len(parts))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=FAINT, linewidth=0.5)
        axes.set_axisbelow(True)
    figure.supxlabel("fall of R2 when shuffled (95 % of the shuffles)", fontsize=8, color=INK)
    handles = {
        "it matters": key("o", linestyle="-", linewidth=1.4),
        "no effect shown": key("o", filled=False, linestyle="-", linewidth=1.4),
    }
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=2)
    return figure
