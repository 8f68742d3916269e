"""Figure of the permuted-label control: what is scored with shuffled labels, beside chance and the real accuracy."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.drawing.style import FAINT, FULL_WIDTH, INK, intervals, key, looks_with_baselines

ROW = 0.29  # inches
APART = 0.17  # of a row, between shuffled and real labels


def control(table: pd.DataFrame, architectures: list[str], headline: pd.DataFrame | None = None) -> Figure | None:
    """A panel a protocol, a row an architecture or baseline, of tables/control.csv; None if it is empty.

    `architectures` are all of the study, which their colours depend on; the intervals of the real accuracies stand in
    `headline`, tables/headline.csv. Filled markers are shuffled labels, open ones the real labels, black ticks chance
    on the same shuffled labels.
    """
    if table.empty:
        return None
    style = looks_with_baselines(architectures)
    names = [name for name in style if name in set(table["architecture"])]
    protocols = table["protocol"].unique()
    real = None if headline is None else headline.set_index(["protocol", "architecture"])[["ci_low", "ci_high"]]
    size = (FULL_WIDTH, ROW * len(names) + 0.95)
    figure, panels = plt.subplots(1, len(protocols), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes, protocol in zip(panels[0], protocols, strict=True):
        rows = table[table["protocol"] == protocol].set_index("architecture")
        for y, name in enumerate(names):
            row = rows.loc[name]
            low, high = (np.nan, np.nan) if real is None else real.loc[(protocol, name)]
            axes.plot(row["chance"], y - APART, marker="|", color=INK, markersize=8, markeredgewidth=1.2)
            intervals(axes, y - APART, row["permuted"], row["ci_low"], row["ci_high"], style[name])
            intervals(axes, y + APART, row["real"], low, high, style[name], filled=False, width=1)
        axes.set(xlim=(-0.01, 1.01), ylim=(len(names) - 0.5, -0.5), xlabel="accuracy on test images")
        axes.set_yticks(range(len(names)), names)
        axes.set_title(protocol, loc="left", weight="bold")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=FAINT, linewidth=0.5)
        axes.set_axisbelow(True)
    handles = {
        "shuffled labels (95 % interval)": key("o", linestyle="-", linewidth=1.4),
        "real labels (95 % interval)": key("o", filled=False, linestyle="-", linewidth=1),
        "chance": key("|", size=8, markeredgewidth=1.2),
    }
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=3)
    return figure
