"""Figure of the learning curves: accuracy against the number of training patients."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from analysis.drawing.style import FAINT, FULL_WIDTH, looks_with_baselines

SPREAD = 0.03  # of a doubling: how far the points of two curves stand apart, so that intervals don't hide each other


def learning_curve(table: pd.DataFrame, architectures: list[str]) -> Figure | None:
    """A curve with 95 % intervals for each architecture and baseline of tables/learning_curve.csv; None if empty.

    `architectures` are all of the study, which their colours depend on.
    """
    if table.empty:
        return None
    style = looks_with_baselines(architectures)
    names = [name for name in style if name in set(table["architecture"])]
    figure, axes = plt.subplots(figsize=(0.75 * FULL_WIDTH, 2.9), layout="constrained")
    for place, name in enumerate(names):
        rows = table[table["architecture"] == name].sort_values("n_patients")
        colour, marker = style[name]
        x = rows["n_patients"] * 2 ** (SPREAD * (place - (len(names) - 1) / 2))
        axes.vlines(x, rows["ci_low"], rows["ci_high"], color=colour, linewidth=1)
        dashes = "-" if name in architectures else (0, (3, 1.5))
        axes.plot(x, rows["accuracy"], color=colour, marker=marker, markersize=4.5, linestyle=dashes, label=name)
    ticks = np.sort(table["n_patients"].unique())
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [f"{n:.3g}" for n in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(ylim=(0, 1), xlabel="training patients a fold", ylabel="accuracy on test images")
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    figure.legend(loc="outside right upper")
    return figure
