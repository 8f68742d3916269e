"""Figure of the data: how much of each class there is, in sources, patients and files."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from analysis.drawing.style import FAINT, FULL_WIDTH, INK

TOTAL = "all"  # label of the last row of tables/data.csv
# (columns with their labels, markers and whether these are filled) of each panel
PANELS = (
    ("independent units", (("patients", "patients", "D", True), ("sources", "source images", "o", False))),
    ("files", (("before_files", "un-augmented", "s", True), ("after_files", "augmented copies", "^", False))),
)


def data(table: pd.DataFrame) -> Figure:
    """Patients and source images of each class beside the files made of them. `table` is tables/data.csv."""
    classes = table[table["label"] != TOTAL]
    height = 0.19 * len(classes) + 0.85
    figure, both = plt.subplots(1, 2, figsize=(FULL_WIDTH, height), sharey=True, layout="constrained")
    for axes, (title, columns) in zip(both, PANELS, strict=True):
        shown = [column for column in columns if classes[column[0]].notna().any() and classes[column[0]].sum() > 0]
        for column, label, marker, filled in shown:
            size, face = (4.5, INK) if filled else (6.5, "none")  # where two are as many, both are seen
            axes.plot(
                classes[column], classes["label"], marker, color=INK, markerfacecolor=face, markersize=size, label=label
            )
        axes.set_xlabel(f"{title} of the class (logarithmic scale)")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.grid(axis="both", color=FAINT, linewidth=0.5)
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1, handletextpad=0.2)
    both[0].set_ylim(len(classes) - 0.4, -0.6)
    return figure
