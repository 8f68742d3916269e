"""Figure of the search: which hyperparameters mattered."""

import math

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from analysis.importance import MATTERS
from analysis.style import COLOURS, FAINT, FULL_WIDTH, GREY

COLUMNS = 2


def importance(table: pd.DataFrame) -> Figure | None:
    """A panel an architecture, a row a hyperparameter, of tables/importance.csv; None if no fit explains anything."""
    known = table.dropna(subset=["importance"])
    if known.empty:
        return None
    parts = {name: rows.sort_values("importance", ascending=False) for name, rows in known.groupby("architecture")}
    columns, n_rows = min(COLUMNS, len(parts)), math.ceil(len(parts) / COLUMNS)
    most = max(len(rows) for rows in parts.values())
    size = (FULL_WIDTH, n_rows * (0.21 * most + 0.55) + 0.2)
    figure, grid = plt.subplots(n_rows, columns, figsize=size, squeeze=False, sharex=True, layout="constrained")
    for place, axes in enumerate(grid.flat):
        if place >= len(parts):
            axes.set_axis_off()
            continue
        name = list(parts)[place]
        rows = parts[name]
        axes.axvline(0, color=GREY, linewidth=0.8)
        for y, row in enumerate(rows.itertuples()):
            colour = COLOURS[0] if row.verdict == MATTERS else GREY
            axes.plot([row.low, row.high], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
            axes.plot(row.importance, y, "o", color=colour, markersize=4)
        axes.set_yticks(range(len(rows)), rows["hyperparameter"])
        axes.set_ylim(most - 0.5, -0.5)
        axes.set_title(f"{name}  (R2 {rows['r2'].iloc[0]:.2f}, {rows['n_trials'].iloc[0]} trials)", loc="left")
        axes.set_xlabel("fall of R2 when shuffled" if place + columns >= len(parts) else "")
        axes.tick_params(axis="x", labelbottom=place + columns >= len(parts))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=FAINT, linewidth=0.5)
        axes.set_axisbelow(True)
    return figure
